//! `tallyho kql help`: what a function, operator or table is.

use std::io::Write as _;

use kql::catalog::{self, Workspace, nearest};

use crate::error::{Error, Exit};

/// What `tallyho kql help` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A function, aggregation function, plugin, operator or table
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// Tells it, in Markdown.
///
/// # Errors
/// Nothing is called so.
pub fn run(args: &Args) -> Result<Exit, Error> {
    let text = about(&args.name);
    if text.is_empty() {
        let names = || {
            let functions = catalog::functions().keys().chain(catalog::aggregates().keys());
            functions.chain(catalog::plugins().keys()).map(String::as_str)
        };
        let tables = catalog::tables().iter().map(|table| table.name.as_str());
        let near = nearest(&args.name, names().chain(tables));
        let error = Error::user(format!("nothing in KQL is called `{}`", args.name));
        return Err(if near.is_empty() { error } else { error.with_hint(format!("there is {}", near.join(", "))) });
    }
    writeln!(std::io::stdout(), "{}", text.join("\n\n"))?;
    Ok(Exit::Ran)
}

/// Everything the name can be, as hovering over it in a query would tell; behind it a plugin's page.
fn about(name: &str) -> Vec<String> {
    let workspace = Workspace::open();
    let places = [
        ("evaluate ", format!("T | evaluate {name}()")),
        ("summarize ", format!("T | summarize {name}()")),
        ("print ", format!("print {name}()")),
        ("| ", format!("T | {name}")),
        ("where x ", format!("T | where x {name} 'y'")),
        ("", format!("{name} | count")),
    ];
    let mut found: Vec<String> = Vec::new();
    for (before, query) in places {
        let at = query.find(before).map_or(0, |at| at + before.len());
        if let Some(hover) = kql::hover::hover(&query, at + 1, &workspace)
            && !found.contains(&hover.text)
        {
            found.push(hover.text);
        }
    }
    found.extend(engine::plugin::page(name).map(|page| page.trim_end().to_owned()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_be_several_things() {
        assert!(about("strlen")[0].contains("strlen(string"));
        assert!(about("DnsEvents")[0].contains("table of"));
        assert!(about("summarize")[0].contains("**summarize**"));
        assert!(about("has")[0].contains("**has**"));
        assert!(about("bag_unpack")[0].contains("plugin"));
        assert!(about("bag_unpack")[1].starts_with("# bag_unpack"));
        assert!(about("python")[1].contains("`K0610`"));
        assert!(about("nonsense").is_empty());
    }
}
