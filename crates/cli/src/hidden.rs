//! Keeping passwords out of the arguments of the process, which everybody on the
//! machine can read.

use std::ffi::{OsStr, OsString};
use std::io;

/// The argument whose value can hold a password, and the variable that does as well.
const DATABASE: (&str, &str) = ("--database", "WEB1ON1_DATABASE");

/// Starts the program anew, with what can hold a password in its environment, if it
/// is among the arguments. It keeps its process. Nothing happens elsewhere than on
/// Unix.
///
/// # Errors
///
/// The program cannot be started anew.
pub(crate) fn hide_passwords() -> io::Result<()> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let Some((rest, url)) = without_password(&arguments) else {
        return Ok(());
    };
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        let mut rest = rest.into_iter();
        let mut command = std::process::Command::new(std::env::current_exe()?);
        if let Some(name) = rest.next() {
            command.arg0(name);
        }
        Err(command.args(rest).env(DATABASE.1, url).exec())
    }
    #[cfg(not(unix))]
    {
        let _ = (rest, url);
        Ok(())
    }
}

/// The arguments without the URL of a database that has a password, and that URL.
fn without_password(arguments: &[OsString]) -> Option<(Vec<OsString>, OsString)> {
    let mut rest = Vec::new();
    let mut hidden = None;
    let mut arguments = arguments.iter().peekable();
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy();
        let joined = text
            .strip_prefix(DATABASE.0)
            .and_then(|rest| rest.strip_prefix('='));
        if let Some(url) = joined.filter(|url| has_password(url)) {
            hidden = Some(url.into());
            continue;
        }
        if argument == OsStr::new(DATABASE.0)
            && let Some(url) = arguments.next_if(|url| has_password(&url.to_string_lossy()))
        {
            hidden = Some(url.clone());
            continue;
        }
        rest.push(argument.clone());
    }
    Some((rest, hidden?))
}

/// Returns whether a URL may have a password: in front of the host, or among its
/// parameters.
fn has_password(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else {
        return false;
    };
    if scheme == "sqlite" {
        return false;
    }
    let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let userinfo = place.rsplit_once('@').map_or("", |(userinfo, _)| userinfo);
    userinfo.contains(':') || parameters.contains("password")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(arguments: &[&str], expected: Option<(&[&str], &str)>) {
        let list = |texts: &[&str]| texts.iter().map(OsString::from).collect::<Vec<_>>();
        let found = without_password(&list(arguments));
        let expected = expected.map(|(rest, url)| (list(rest), url.into()));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_password_leaves_the_arguments() {
        let url = "postgres://user:p@ss@host/db";
        let rest = ["web1on1", "serve", "--http", "127.0.0.1:0"];
        let separate = [
            "web1on1",
            "serve",
            "--database",
            url,
            "--http",
            "127.0.0.1:0",
        ];
        check(&separate, Some((&rest, url)));
        let joined = format!("--database={url}");
        let joined = ["web1on1", "serve", "--http", "127.0.0.1:0", &joined];
        check(&joined, Some((&rest, url)));
        let url = "postgres://host/db?user=u&password=p";
        check(&["web1on1", "--database", url], Some((&["web1on1"], url)));
    }

    #[test]
    fn what_has_no_password_stays() {
        for url in ["postgres://user@host/db", "sqlite:///a/b:c@d.db", "db", ""] {
            check(&["web1on1", "--database", url], None);
        }
        check(&["web1on1", "--database"], None);
        check(&["web1on1"], None);
    }
}
