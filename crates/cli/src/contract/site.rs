//! `web1on1 contract site`: the documentation as files.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::output::to_stdout;
use super::project::of_built_in;
use crate::portal;

/// Write the documentation of the API that is built in, as a static site
///
/// It has the REST reference, the gRPC reference, introductions for several languages,
/// the changelog, the reasons of errors, and the documents, schemas and protos to
/// download. Any web server can serve it, from any path.
#[derive(Args, Debug)]
pub(crate) struct SiteArgs {
    /// The directory to write to; files of the same names are replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Do it for the API that is built in, although contract.toml of this directory does not
    /// say that this is its repository
    #[arg(long)]
    built_in: bool,

    /// Where the site will be; the `$id` of each schema begins with it
    ///
    /// Without it they begin with the address of the real API.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

pub(crate) fn run(args: &SiteArgs) -> anyhow::Result<ExitCode> {
    of_built_in(args.built_in)?;
    let files = portal::files(args.url.as_deref())?;
    for file in &files {
        let path = args.out.join(&file.path);
        let cannot = || format!("{} cannot be written", path.display());
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).with_context(cannot)?;
        }
        fs::write(&path, file.bytes()?).with_context(cannot)?;
    }
    to_stdout(&format!(
        "wrote {} files; begin at {}\n",
        files.len(),
        args.out.join("index.html").display()
    ))?;
    Ok(ExitCode::SUCCESS)
}
