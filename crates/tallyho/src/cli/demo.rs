//! `tallyho demo`: sample logs with planted contacts, and the main job on them.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use crate::config::Config;
use crate::demo;
use crate::error::{Error, Exit};

/// What `tallyho demo` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the files go; the folder is made if there is none
    #[arg(default_value = "tallyho-demo")]
    pub folder: PathBuf,
}

/// Writes the demo's files.
///
/// # Errors
/// A file cannot be written.
pub fn run(args: &Args, _config: &Config) -> Result<Exit, Error> {
    for file in demo::files() {
        let path = args.folder.join(file.path);
        let folder = path.parent().unwrap_or(&args.folder);
        fs::create_dir_all(folder).map_err(|error| Error::input(folder, error))?;
        fs::write(&path, &file.bytes).map_err(|error| Error::input(&path, error))?;
    }
    writeln!(std::io::stdout(), "{}", args.folder.display())?;
    Ok(Exit::Ran)
}
