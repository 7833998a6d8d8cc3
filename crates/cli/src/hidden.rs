//! Keeping secrets out of the arguments of the process, which everybody on the
//! machine can read.

use std::ffi::OsString;
use std::io;

use clap::Command;

/// An argument whose value must not be seen, and the variable that does as well.
struct Secret {
    /// The argument: `--database`.
    flag: String,
    variable: OsString,
    /// Whether the value is a URL, which is a secret only if it has a password.
    is_url: bool,
}

/// Starts the program anew, with the secrets among its arguments in its environment
/// instead. It keeps its process. Nothing happens elsewhere than on Unix.
///
/// # Errors
///
/// The program cannot be started anew.
pub(crate) fn hide_secrets(root: &Command) -> io::Result<()> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let secrets = secrets(root);
    let Some((rest, hidden)) = without_secrets(&arguments, &secrets) else {
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
        let variables = hidden
            .iter()
            .map(|(secret, value)| (&secret.variable, value));
        Err(command.args(rest).envs(variables).exec())
    }
    #[cfg(not(unix))]
    {
        let _ = (rest, hidden);
        Ok(())
    }
}

/// The secrets among the arguments of all commands.
fn secrets(command: &Command) -> Vec<Secret> {
    let own = command.get_arguments().filter_map(|argument| {
        let secret = argument.is_hide_env_values_set().then_some(argument)?;
        let placeholder = secret.get_value_names()?.first()?;
        Some(Secret {
            flag: format!("--{}", secret.get_long()?),
            variable: secret.get_env()?.to_owned(),
            is_url: matches!(placeholder.as_str(), "URL" | "PLACE"),
        })
    });
    let below = command.get_subcommands().flat_map(secrets);
    own.chain(below).collect()
}

/// The arguments without secrets, and those. `None` if there are none.
#[expect(clippy::type_complexity, reason = "it has no other use")]
fn without_secrets<'a>(
    arguments: &[OsString],
    secrets: &'a [Secret],
) -> Option<(Vec<OsString>, Vec<(&'a Secret, OsString)>)> {
    let mut rest = Vec::new();
    let mut hidden = Vec::new();
    let mut arguments = arguments.iter().peekable();
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy();
        let (flag, joined) = match text.split_once('=') {
            Some((flag, value)) => (flag, Some(value)),
            None => (&*text, None),
        };
        if let Some(secret) = secrets.iter().find(|secret| secret.flag == flag) {
            if let Some(value) = joined.filter(|value| secret.is_in(value)) {
                hidden.push((secret, value.into()));
                continue;
            }
            let next = arguments
                .next_if(|value| joined.is_none() && secret.is_in(&value.to_string_lossy()));
            if let Some(value) = next {
                hidden.push((secret, value.clone()));
                continue;
            }
        }
        rest.push(argument.clone());
    }
    (!hidden.is_empty()).then_some((rest, hidden))
}

impl Secret {
    /// Returns whether a value has something to hide.
    fn is_in(&self, value: &str) -> bool {
        // Another argument, or a variable that says nothing.
        let is_value = !value.is_empty() && !value.starts_with("--");
        is_value && (!self.is_url || has_password(value))
    }
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

    fn secrets() -> [Secret; 2] {
        [
            ("--database", "DATABASE", true),
            ("--password", "PASSWORD", false),
        ]
        .map(|(flag, variable, is_url)| Secret {
            flag: flag.to_owned(),
            variable: variable.into(),
            is_url,
        })
    }

    /// Checks which arguments stay, and which variables are set.
    #[track_caller]
    fn check(arguments: &[&str], expected: Option<(&[&str], &[(&str, &str)])>) {
        let list = |texts: &[&str]| texts.iter().map(OsString::from).collect::<Vec<_>>();
        let secrets = secrets();
        let found = without_secrets(&list(arguments), &secrets).map(|(rest, hidden)| {
            let hidden: Vec<_> = hidden
                .into_iter()
                .map(|(secret, value)| (secret.variable.clone(), value))
                .collect();
            (rest, hidden)
        });
        let expected = expected.map(|(rest, hidden)| {
            let hidden = hidden.iter();
            let hidden = hidden.map(|(variable, value)| (variable.into(), value.into()));
            (list(rest), hidden.collect::<Vec<_>>())
        });
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
        check(&separate, Some((&rest, &[("DATABASE", url)])));
        let joined = format!("--database={url}");
        let joined = ["web1on1", "serve", "--http", "127.0.0.1:0", &joined];
        check(&joined, Some((&rest, &[("DATABASE", url)])));
        let url = "postgres://host/db?user=u&password=p";
        check(
            &["web1on1", "--database", url],
            Some((&["web1on1"], &[("DATABASE", url)])),
        );
    }

    #[test]
    fn what_is_always_a_secret_leaves_the_arguments() {
        let rest = ["web1on1", "--http", "x"];
        let hidden = [("PASSWORD", "a=b")];
        check(
            &["web1on1", "--password", "a=b", "--http", "x"],
            Some((&rest, &hidden)),
        );
        check(
            &["web1on1", "--password=a=b", "--http", "x"],
            Some((&rest, &hidden)),
        );
    }

    #[test]
    fn what_has_no_password_stays() {
        for url in ["postgres://user@host/db", "sqlite:///a/b:c@d.db", "db", ""] {
            check(&["web1on1", "--database", url], None);
        }
        check(&["web1on1", "--database"], None);
        check(&["web1on1", "--password", "--http"], None);
        check(&["web1on1"], None);
    }
}
