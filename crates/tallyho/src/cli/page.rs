//! Pages of the manual on a terminal: Markdown in, the same out with its headings seen.

use std::io::Write as _;

use crate::config::Config;
use crate::error::{Error, Exit};
use crate::escape;

/// Prints Markdown.
///
/// # Errors
/// The output cannot be written.
pub(super) fn print(config: &Config, text: &str) -> Result<Exit, Error> {
    let mut out = std::io::stdout().lock();
    let mut is_code = false;
    for line in text.lines() {
        is_code ^= line.starts_with("```");
        let line = escape::terminal(line);
        match config.color && !is_code && line.starts_with('#') {
            true => writeln!(out, "\u{1b}[1m{line}\u{1b}[0m")?,
            false => writeln!(out, "{line}")?,
        }
    }
    Ok(Exit::Ran)
}

/// Prints the page called `name` of some, each with its name; without a name, what pages there are, and how to get one.
///
/// # Errors
/// No page is called so, or the output cannot be written.
pub(super) fn one_of(config: &Config, pages: &[(&str, &str)], name: Option<&str>, command: &str) -> Result<Exit, Error> {
    let Some(name) = name else {
        let lines: Vec<String> = pages.iter().map(|(name, page)| format!("{name:18} {}\n", first_sentence(page))).collect();
        return print(config, &format!("{}\n`{command} NAME` prints the page of one.", lines.concat()));
    };
    match pages.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        Some((_, page)) => print(config, page),
        None => {
            let names: Vec<&str> = pages.iter().map(|(name, _)| *name).collect();
            Err(Error::user(format!("no page is called `{name}`")).with_hint(format!("there are {}", names.join(", "))))
        }
    }
}

/// What stands first under a page's title, up to where its first sentence or clause ends.
fn first_sentence(page: &str) -> &str {
    let line = page.lines().skip(1).find(|line| !line.is_empty()).unwrap_or_default();
    let ends = [". ", ": ", "; "].iter().filter_map(|end| line.find(end)).min();
    line[..ends.unwrap_or(line.len())].trim_end_matches(['.', ':'])
}
