//! The paths of files as messages and references write them.

/// A path without the `.` and `..` that can be left out.
pub(crate) fn normal(path: &str) -> String {
    let is_absolute = path.starts_with('/') && path.len() > 1;
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    if is_absolute {
        format!("/{path}")
    } else {
        path
    }
}

/// The path of a file that another one refers to, relative to where that lies.
pub(crate) fn beside(file: &str, relative: &str) -> String {
    match file.rsplit_once('/') {
        Some((directory, _)) => normal(&format!("{directory}/{relative}")),
        None => normal(relative),
    }
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn files_lie_beside_those_that_refer_to_them() {
        for (file, expected) in [
            ("api.yaml", "common/pet.yaml"),
            ("./api.yaml", "common/pet.yaml"),
            ("v1/api.yaml", "v1/common/pet.yaml"),
            ("../api.yaml", "../common/pet.yaml"),
            ("/api.yaml", "/common/pet.yaml"),
            ("/srv/v1/../api.yaml", "/srv/common/pet.yaml"),
        ] {
            assert_eq!(beside(file, "common/./pet.yaml"), expected, "{file}");
        }
    }
}
