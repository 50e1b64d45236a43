//! The command line as it is typed: nouns, then verbs; one file for each verb, which calls one function of the library.

use std::path::PathBuf;

use ::engine::Cancel;
use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use serde::Deserialize;

use crate::config::Config;
use crate::error::{Error, Exit};
use crate::output::Format;

pub mod demo;
pub mod hunt;
pub mod hunts;
pub mod intel;
pub mod kql;
pub mod logs;
mod page;
pub mod reference;

const AFTER_HELP: &str = "\
Exit codes: 0 it ran, whatever it found; 1 only with --exit-code and something found; 2 the request was wrong, a file \
that it needs is missing or not what it should be, or its output cannot be written; 3 it ran, but a file or the rest of one could not be read (each is named on stderr); 70 a fault of tallyho; 130 interrupted.";

/// Turn threat intelligence into hunts, and run them over the logs you have
///
/// Indicators in, KQL hunts out, sightings with their evidence: `tallyho hunt --intel threatfox.json logs/`.
#[derive(Debug, Parser)]
#[command(name = "tallyho", version, after_help = AFTER_HELP, max_term_width = 110, disable_help_subcommand = true)]
pub struct Args {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Under what the options of every command stand in the help.
pub(crate) const GLOBAL: &str = "Global options";

/// Options of every command.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = GLOBAL)]
pub struct Global {
    /// How results are written; else by the name of --out, else a table
    #[arg(long, global = true, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// When to use color
    #[arg(long, global = true, value_name = "WHEN")]
    pub color: Option<ColorWhen>,
    /// Print nothing but errors on stderr
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Tell more on stderr
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// The moment that now() and ago() start from, else the clock's
    #[arg(long, global = true, value_name = "TIME")]
    pub now: Option<String>,
    /// Configuration file (YAML), else tallyho/config.yaml in the user's configuration folder
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// When to use color.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write sample logs with planted contacts and run the main job on them
    Demo(demo::Args),
    /// Hunt: indicators in, sightings in logs out
    Hunt(hunt::Args),
    /// Build, list, show and prove the hunts that indicators give
    #[command(subcommand)]
    Hunts(hunts::Command),
    /// Look at indicators before they are hunted
    #[command(subcommand)]
    Intel(intel::Command),
    /// Check, format and run any KQL
    #[command(subcommand)]
    Kql(kql::Command),
    /// Tell what log files are and which tables they fill
    #[command(subcommand)]
    Logs(logs::Command),
}

/// Does what was asked, until `cancel` is pulled.
///
/// # Errors
/// Whatever ends the command early.
pub fn run(args: &Args, cancel: Cancel) -> Result<Exit, Error> {
    let config = Config { cancel, ..Config::resolve(&args.global)? };
    let global = &args.global;
    match &args.command {
        Command::Demo(args) => demo::run(args, global, &config),
        Command::Kql(kql::Command::Check(args)) => kql::check::run(args, global, &config),
        Command::Hunt(args) => hunt::run(args, global, &config),
        Command::Hunts(hunts::Command::Build(args)) => hunts::build::run(args, &config),
        Command::Hunts(hunts::Command::List(args)) => hunts::list::run(args, global, &config),
        Command::Hunts(hunts::Command::Show(args)) => hunts::show::run(args, &config),
        Command::Hunts(hunts::Command::Prove(args)) => hunts::prove::run(args, global, &config),
        Command::Kql(kql::Command::Run(args)) => kql::run::run(args, global, &config),
        Command::Kql(kql::Command::Help(args)) => kql::help::run(args, &config),
        Command::Kql(kql::Command::Explain(args)) => kql::explain::run(args, global, &config),
        Command::Kql(kql::Command::Lsp(args)) => kql::lsp::run(args, &config),
        Command::Kql(kql::Command::Fmt(args)) => kql::fmt::run(args, &config),
        Command::Logs(logs::Command::Detect(args)) => logs::detect::run(args, global, &config),
        Command::Logs(logs::Command::Tables(args)) => logs::tables::run(args, global, &config),
        Command::Logs(logs::Command::Schema(args)) => logs::schema::run(args, global, &config),
        Command::Logs(logs::Command::Help(args)) => logs::help::run(args, &config),
        Command::Intel(intel::Command::Help(args)) => intel::help::run(args, &config),
        Command::Logs(logs::Command::Convert(args)) => logs::convert::run(args, &config),
        Command::Intel(intel::Command::List(args)) => intel::list::run(args, global, &config),
        Command::Intel(intel::Command::Explain(args)) => intel::explain::run(args, global, &config),
    }
}
