//! `web1on1 backend backup` and `restore`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::serve::{self, PlaceArgs};

/// Serve the REST API alone, or back up and restore what it keeps
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct BackendCommand {
    #[command(flatten)]
    serve: serve::BackendArgs,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    Backup(BackupArgs),
    Restore(RestoreArgs),
}

/// Copy a SQLite database and all pictures but those in S3 to one file; the backend
/// may go on serving
#[derive(Args, Debug)]
struct BackupArgs {
    /// The file, which must not exist
    file: PathBuf,

    #[command(flatten)]
    place: PlaceArgs,
}

/// Put what a backup has in its place; no backend may be serving it
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

pub(crate) async fn run(args: BackendCommand) -> anyhow::Result<ExitCode> {
    match args.command {
        None => serve::backend(args.serve).await,
        Some(Command::Backup(BackupArgs { file, place })) => {
            let saved = ::backend::backup(&place.url()?, &place.data, &file)?;
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
        Some(Command::Restore(RestoreArgs {
            file,
            overwrite,
            place,
        })) => {
            let saved = ::backend::restore(&file, &place.url()?, &place.data, overwrite)?;
            serve::tell(&format!(
                "data {}\navatars {}\n",
                place.data.display(),
                saved.pictures
            ));
            Ok(ExitCode::SUCCESS)
        }
    }
}
