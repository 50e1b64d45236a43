//! `tallyho kql lsp`: a language server for editors.

use std::path::PathBuf;

use super::{Declared, workspace};
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::lsp;

/// What `tallyho kql lsp` takes.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "An editor starts it and speaks the Language Server Protocol over stdin and stdout: diagnostics, \
completion, hover, formatting, and the way to a name's declaration.\n\nExample (Neovim):\n  \
vim.lsp.start({ name = 'tallyho', cmd = { 'tallyho', 'kql', 'lsp', '--functions', 'functions' } })")]
pub struct Args {
    /// Tables to check against: {"Table": {"column": "type"}}; else those of Sentinel and Defender, and any other
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// What queries may name beside.
    #[command(flatten)]
    pub declared: Declared,
    /// Leave out warnings
    #[arg(long)]
    pub no_lint: bool,
}

/// Serves one editor until it ends.
///
/// # Errors
/// A file cannot be read, or the editor does not keep to the protocol.
pub fn run(args: &Args, config: &Config) -> Result<Exit, Error> {
    let workspace = workspace(args.schema.as_deref(), &args.declared, config)?;
    lsp::serve(&lsp::Checks { workspace, now: config.now, lint: !args.no_lint })
}
