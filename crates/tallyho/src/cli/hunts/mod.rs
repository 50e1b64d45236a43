//! `tallyho hunts`: the hunts that indicators give, as documents.

use std::sync::Arc;

use clap::{Subcommand, ValueEnum};
use hunt::{Hunt, Template};

use super::intel::IntelFiles;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::intel::{self, Feeds};

pub mod build;
pub mod list;
pub mod prove;
pub mod show;

/// So many of a list are named in a message.
const SHOWN: usize = 5;

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a Markdown page and KQL files for each malware family
    Build(build::Args),
    /// List the hunts that the indicators give
    List(list::Args),
    /// Print the page of a hunt
    Show(show::Args),
    /// Prove hunts on made-up rows: contacts that they must find, near-misses that they must not
    Prove(prove::Args),
}

/// What queries are made with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TemplateName {
    /// Exactly what is meant: a domain with its subdomains, address and port, whatever the case
    #[default]
    Exact,
    /// The widespread form: a list of values and has_any; finds more and less than is meant
    Classic,
}

impl From<TemplateName> for Template {
    fn from(name: TemplateName) -> Template {
        match name {
            TemplateName::Exact => Template::Exact,
            TemplateName::Classic => Template::Classic,
        }
    }
}

/// Which hunts.
#[derive(Debug, clap::Args)]
pub struct Selection {
    /// Where the indicators come from.
    #[command(flatten)]
    pub intel: IntelFiles,
    /// Only this malware family, by its name or its key in the feed; may be repeated
    #[arg(long, value_name = "FAMILY")]
    pub family: Vec<String>,
    /// How queries are made
    #[arg(long, value_name = "NAME", default_value = "exact")]
    pub template: TemplateName,
}

/// Hunts of the families asked for.
pub struct Selected {
    /// What they are made of.
    pub intel: Arc<hunt::Intel>,
    /// The hunts.
    pub hunts: Vec<Hunt>,
    /// How a command ends that does its work with them: some of the feeds may be damaged.
    pub exit: Exit,
}

impl Selection {
    /// Reads the indicators and builds the hunts of the families asked for.
    ///
    /// # Errors
    /// A file cannot be read, or no indicator is of a family that was asked for.
    pub fn hunts(&self, config: &Config) -> Result<Selected, Error> {
        let Feeds { intel: mut read, exit } = intel::read(&self.intel.files, config)?;
        if !self.family.is_empty() {
            intel::know_families(&read, &self.family)?;
            read.retain(|indicator| self.family.iter().any(|family| intel::is_family(indicator.malware(), family)));
        }
        let intel = Arc::new(read);
        let hunts = hunt::build(&intel, self.template.into());
        Ok(Selected { intel, hunts, exit })
    }
}
