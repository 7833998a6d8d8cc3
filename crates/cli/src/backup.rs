//! `web1on1 backend`, and what whoever runs it does beside serving.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use ::backend::{Backend, Config, DatabaseLimits};
use anyhow::bail;
use clap::{Args, Subcommand};

use crate::log::Process;
use crate::progress::Progress;
use crate::serve::{self, KeyArgs, PlaceArgs};

/// Serve the REST API alone, or do something with what it keeps
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct BackendCommand {
    #[command(flatten)]
    serve: serve::BackendArgs,

    #[command(subcommand)]
    command: Option<Command>,
}

impl BackendCommand {
    pub(crate) fn max_blocking_threads(&self) -> NonZeroUsize {
        self.serve.max_blocking_threads()
    }
}

#[derive(Subcommand, Debug)]
enum Command {
    Backup(BackupArgs),
    Restore(RestoreArgs),
    CreateOrganization(CreateOrganizationArgs),
    RevokeTokens(RevokeTokensArgs),
    RotateKey(RotateKeyArgs),
}

/// Create another organization with its owner
///
/// It stands at the top of a tree of its own, and sees nothing of the others.
#[derive(Args, Debug)]
struct CreateOrganizationArgs {
    /// The name of the organization
    name: String,

    /// E-mail address of its owner
    #[arg(long, value_name = "EMAIL")]
    owner_email: String,

    /// Password of its owner; made up and printed if not given
    #[arg(
        long,
        value_name = "PASSWORD",
        env = "WEB1ON1_OWNER_PASSWORD",
        hide_env_values = true
    )]
    owner_password: Option<String>,

    #[command(flatten)]
    keys: KeyArgs,

    #[command(flatten)]
    place: PlaceArgs,
}

/// End all sessions of a user, and its API token
#[derive(Args, Debug)]
struct RevokeTokensArgs {
    /// E-mail address of the user
    email: String,

    #[command(flatten)]
    keys: KeyArgs,

    #[command(flatten)]
    place: PlaceArgs,
}

/// Sign tokens with a new key from now on
///
/// Tokens that an older key has signed stay valid.
#[derive(Args, Debug)]
struct RotateKeyArgs {
    #[command(flatten)]
    keys: KeyArgs,

    #[command(flatten)]
    place: PlaceArgs,
}

/// Opens the backend that is meant, to do something in it.
async fn open(place: &PlaceArgs, keys: &KeyArgs) -> anyhow::Result<Backend> {
    let mut config = Config::new(place.url()?, &place.data, "http://localhost");
    config.token_keys = Some(keys.keys(&place.data)?);
    let backend = Backend::open(config).await?;
    if let Some(first_start) = backend.first_start() {
        serve::tell(&serve::owner(first_start));
    }
    Ok(backend)
}

/// Copy a SQLite database and its pictures to one file
///
/// The backend may go on serving. Pictures in S3 are not copied. Of a PostgreSQL database
/// `pg_dump` makes a backup.
#[derive(Args, Debug)]
struct BackupArgs {
    /// The file, which must not exist
    file: PathBuf,

    #[command(flatten)]
    place: PlaceArgs,
}

/// Put what a backup has in its place
///
/// No backend may be serving what is replaced.
#[derive(Args, Debug)]
struct RestoreArgs {
    /// The backup
    file: PathBuf,

    /// Replace the database that is there
    #[arg(long)]
    overwrite: bool,

    #[command(flatten)]
    place: PlaceArgs,
}

pub(crate) async fn run(args: BackendCommand, process: Process) -> anyhow::Result<ExitCode> {
    match args.command {
        None => Box::pin(serve::backend(args.serve, process)).await,
        Some(Command::Backup(BackupArgs { file, place })) => {
            let progress = Progress::start("backing up", "pictures");
            let told = |done, all| progress.set(done, all);
            let saved = ::backend::backup(&place.url()?, &place.data, &file, &told)?;
            drop(progress);
            serve::tell(&format!(
                "backup {}\navatars {}\n",
                file.display(),
                saved.pictures
            ));
            if saved.missing > 0 {
                serve::tell(&format!("avatars kept elsewhere {}\n", saved.missing));
            }
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::CreateOrganization(args)) => {
            serve::check_owner_password(args.owner_password.as_deref())?;
            let backend = open(&args.place, &args.keys).await?;
            let made = backend
                .create_organization(&args.name, args.owner_email, args.owner_password)
                .await?;
            let password = if made.password_was_made_up {
                format!("{}   (made up just now and not shown again)", made.password)
            } else {
                "as given".to_owned()
            };
            serve::tell(&format!(
                "organization {}\ne-mail {}\npassword {password}\n",
                made.organization, made.email
            ));
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::RevokeTokens(args)) => {
            let file = args.place.data.join("web1on1.db");
            if args.place.database.is_none() && !file.exists() {
                bail!(
                    "there is no database at {}; --data names the directory of one",
                    file.display()
                );
            }
            let backend = open(&args.place, &args.keys).await?;
            let revoked = backend.revoke(&args.email).await?;
            let api_tokens = u8::from(revoked.api_token);
            serve::tell(&format!(
                "sessions {}\nAPI tokens {api_tokens}\n",
                revoked.sessions
            ));
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::RotateKey(RotateKeyArgs { keys, place })) => {
            let file = keys.file(&place.data);
            let limits = DatabaseLimits::default();
            let rotation = ::backend::rotate_key(&place.url()?, limits, &file).await?;
            serve::tell(&format!(
                "key {}\nolder keys {}\ndropped {}\n",
                rotation.newest, rotation.older, rotation.dropped
            ));
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Restore(RestoreArgs {
            file,
            overwrite,
            place,
        })) => {
            let progress = Progress::start("restoring", "pictures");
            let told = |done, all| progress.set(done, all);
            let saved = ::backend::restore(&file, &place.url()?, &place.data, overwrite, &told)?;
            drop(progress);
            serve::tell(&format!(
                "data {}\navatars {}\n",
                place.data.display(),
                saved.pictures
            ));
            Ok(ExitCode::SUCCESS)
        }
    }
}
