//! Credentials of the gateway's own, and whose calls are made with them, as arguments.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use contract::auth::CreateToken;
use contract::operation::Operation as _;
use gateway::admission::{Admission, Admitted, IdentityPattern, Tokens};
use gateway::credentials::{LoginConfig, Proof, Secret, SecretSource};
use http::Uri;

/// The environment variables with the secrets themselves. There is no argument for them:
/// everybody on the machine reads those.
const PASSWORD: &str = "WEB1ON1_CREDENTIALS_PASSWORD";
const REFRESH_TOKEN: &str = "WEB1ON1_CREDENTIALS_REFRESH_TOKEN";

/// The service that gives out tokens. Where the gateway has credentials, a token of a
/// caller is of no use, and guessing passwords would be put down to the gateway.
const TOKEN_SERVICE: &str = "web1on1.v2.AuthService";

/// What the gateway logs in upstream with, and whose calls it makes then.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Credentials of the gateway")]
pub(crate) struct CredentialsArgs {
    /// E-mail address of the user as whom the gateway makes all calls. Its password is in
    /// the file of --credentials-password-file or in the variable
    /// `WEB1ON1_CREDENTIALS_PASSWORD`. By default callers show tokens of the upstream
    #[arg(long, value_name = "EMAIL")]
    credentials_email: Option<String>,

    /// The file with that password, which is read at each login
    #[arg(long, value_name = "FILE", requires = "credentials_email")]
    credentials_password_file: Option<PathBuf>,

    /// The file with a refresh token to log in with instead. The upstream replaces the
    /// token at each login, so the gateway has to be able to write the new one there
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["credentials_email", "credentials_password_file"]
    )]
    credentials_refresh_token_file: Option<PathBuf>,

    /// The file with the tokens, one a line, that callers show to a gateway with
    /// credentials as `authorization: Bearer TOKEN`
    #[arg(long, value_name = "FILE")]
    admit_token_file: Option<PathBuf>,

    /// A name of a client certificate whose owner may call a gateway with credentials,
    /// such as `uri:spiffe://example.com/shop` or `dns:*.example.com`; * stands for any
    /// characters. May be given more than once
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    admit_identity: Vec<IdentityPattern>,

    /// Make calls with the credentials of the gateway for everybody who can reach it
    #[arg(long)]
    admit_anyone: bool,
}

/// What a gateway with credentials of its own has to know.
#[derive(Debug)]
pub(super) struct OwnCredentials {
    pub(super) login: LoginConfig,
    pub(super) admission: Admission,
}

impl OwnCredentials {
    /// The tokens that callers are admitted by, if any.
    pub(super) fn tokens(&self) -> Option<Tokens> {
        match &self.admission.admitted {
            Admitted::Anyone => None,
            Admitted::These { tokens, .. } => Some(tokens.clone()),
        }
    }
}

/// The secrets in the environment.
#[derive(Default)]
struct Environment {
    password: Option<OsString>,
    refresh_token: Option<OsString>,
}

impl CredentialsArgs {
    /// What is needed to log in at the upstream with this base, if the gateway has
    /// credentials of its own.
    pub(super) fn own(&self, base: &Uri) -> anyhow::Result<Option<OwnCredentials>> {
        self.own_with(
            base,
            Environment {
                password: std::env::var_os(PASSWORD),
                refresh_token: std::env::var_os(REFRESH_TOKEN),
            },
        )
    }

    fn own_with(
        &self,
        base: &Uri,
        environment: Environment,
    ) -> anyhow::Result<Option<OwnCredentials>> {
        let Some(proof) = self.proof(environment)? else {
            if self.admit_token_file.is_some() || !self.admit_identity.is_empty() {
                bail!(
                    "--admit-token-file and --admit-identity say whose calls are made with \
                     credentials of the gateway, and it has none: see --credentials-email"
                );
            }
            return Ok(None);
        };
        let target = format!(
            "{}{}",
            base.to_string().trim_end_matches('/'),
            CreateToken::PATH
        );
        let target = target
            .parse()
            .context("the upstream has no place to log in at")?;
        Ok(Some(OwnCredentials {
            login: LoginConfig::new(target, proof),
            admission: self.admission()?,
        }))
    }

    fn proof(&self, environment: Environment) -> anyhow::Result<Option<Proof>> {
        let password = source(
            self.credentials_password_file.as_ref(),
            environment.password,
            ("--credentials-password-file", PASSWORD),
        )?;
        let refresh_token = source(
            self.credentials_refresh_token_file.as_ref(),
            environment.refresh_token,
            ("--credentials-refresh-token-file", REFRESH_TOKEN),
        )?;
        match (self.credentials_email.clone(), password, refresh_token) {
            (Some(email), Some(password), None) => Ok(Some(Proof::Password { email, password })),
            (None, None, Some(token)) => Ok(Some(Proof::RefreshToken(token))),
            (None, None, None) => Ok(None),
            (Some(_), None, None) => bail!(
                "--credentials-email has no password: name its file with \
                 --credentials-password-file, or set {PASSWORD}"
            ),
            (None, Some(_), None) => {
                bail!("{PASSWORD} has no user: name it with --credentials-email")
            }
            (_, _, Some(_)) => bail!(
                "the gateway logs in by password or by refresh token, and both are given: leave \
                 out {PASSWORD} and --credentials-email, or the refresh token"
            ),
        }
    }

    fn admission(&self) -> anyhow::Result<Admission> {
        let file = self.admit_token_file.as_deref();
        let admitted = match (file, &*self.admit_identity, self.admit_anyone) {
            (None, [], true) => Admitted::Anyone,
            (None, [], false) => bail!(
                "the gateway would make calls with its own credentials for everybody who can reach \
                 it: say who may call with --admit-token-file or --admit-identity, or that \
                 everybody may with --admit-anyone"
            ),
            (_, _, true) => bail!(
                "--admit-anyone admits everybody, so --admit-token-file and --admit-identity \
                 would do nothing: leave out one or the other"
            ),
            (file, identities, false) => Admitted::These {
                tokens: match file {
                    Some(file) => Tokens::read(file).with_context(|| {
                        format!("--admit-token-file {} cannot be used", file.display())
                    })?,
                    None => Tokens::default(),
                },
                identities: identities.to_vec(),
            },
        };
        Ok(Admission {
            admitted,
            closed: vec![TOKEN_SERVICE.to_owned()],
        })
    }
}

/// Where a secret comes from, if it is given.
pub(super) fn source(
    file: Option<&PathBuf>,
    value: Option<OsString>,
    (flag, variable): (&str, &str),
) -> anyhow::Result<Option<SecretSource>> {
    match (file, value) {
        (Some(_), Some(_)) => bail!("{flag} and {variable} exclude each other"),
        (Some(file), None) => Ok(Some(SecretSource::File(file.clone()))),
        (None, Some(value)) => match value.into_string() {
            Ok(value) if !value.is_empty() => Ok(Some(SecretSource::Value(Secret::new(value)))),
            Ok(_) => bail!("{variable} is empty"),
            Err(_) => bail!("{variable} is no text in UTF-8"),
        },
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Arguments {
        #[command(flatten)]
        credentials: CredentialsArgs,
    }

    fn base() -> Uri {
        Uri::from_static("https://api.example.com/v2")
    }

    fn own(arguments: &[&str], environment: Environment) -> Result<Option<OwnCredentials>, String> {
        let arguments = [&["web1on1"], arguments].concat();
        let parsed = <Arguments as clap::Parser>::try_parse_from(arguments);
        let parsed = parsed.map_err(|error| error.to_string())?;
        let own = parsed.credentials.own_with(&base(), environment);
        own.map_err(|error| format!("{error:#}"))
    }

    fn password() -> Environment {
        Environment {
            password: Some("canary".into()),
            ..Environment::default()
        }
    }

    fn refresh_token() -> Environment {
        Environment {
            refresh_token: Some("canary".into()),
            ..Environment::default()
        }
    }

    #[track_caller]
    fn refuses(arguments: &[&str], environment: Environment, expected: &str) {
        let error = own(arguments, environment).expect_err("it cannot be meant");
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("canary"), "a secret is told: {error}");
    }

    const EMAIL: &[&str] = &["--credentials-email", "a@example.com"];

    #[test]
    fn without_credentials_tokens_of_callers_pass() {
        assert!(
            own(&[], Environment::default())
                .expect("no fault")
                .is_none()
        );
    }

    #[test]
    fn the_gateway_is_no_open_relay_unless_it_is_said() {
        refuses(
            EMAIL,
            password(),
            "say who may call with --admit-token-file",
        );
        refuses(
            &[],
            refresh_token(),
            "say who may call with --admit-token-file",
        );
        let anyone = [EMAIL, &["--admit-anyone"]].concat();
        let own = own(&anyone, password())
            .expect("it is said")
            .expect("credentials");
        assert!(matches!(own.admission.admitted, Admitted::Anyone));
        let expected = "https://api.example.com/v2/auth/token";
        assert_eq!(own.login.target, expected);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        refuses(
            EMAIL,
            Environment::default(),
            "--credentials-email has no password",
        );
        refuses(
            &[],
            password(),
            "has no user: name it with --credentials-email",
        );
        let both = Environment {
            refresh_token: refresh_token().refresh_token,
            ..password()
        };
        refuses(EMAIL, both, "both are given");
        let file = [EMAIL, &["--credentials-password-file", "f"]].concat();
        refuses(&file, password(), "exclude each other");
        refuses(
            &["--admit-token-file", "f"],
            Environment::default(),
            "it has none",
        );
        let anyone = [EMAIL, &["--admit-anyone", "--admit-identity", "cn:shop"]].concat();
        refuses(&anyone, password(), "would do nothing");
    }

    #[test]
    fn tokens_are_read_at_the_start() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        write!(file, "a-token-of-some-length\ncanary").expect("it is written");
        let path = file.path().to_str().expect("text");
        let arguments = [EMAIL, &["--admit-token-file", path]].concat();
        refuses(&arguments, password(), "line 2 is no token");
    }

    #[test]
    fn the_service_that_gives_out_tokens_is_served() {
        assert!(proto::v2::SERVICES.contains(&TOKEN_SERVICE));
    }
}
