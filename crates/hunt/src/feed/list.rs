//! Plain lists: one value a line, hosts files, the lists of Adblock and dnsmasq. No family, no dates.

use std::borrow::Cow;

use super::record::Record;
use super::sink::Sink;
use super::{Document, Feed, FeedError};
use crate::normalize::{Hint, normalize};

/// The feed.
pub(super) struct List;

/// A list shows itself within that many lines.
const LOOKED_AT: usize = 200;

impl Feed for List {
    fn name(&self) -> &'static str {
        "list"
    }

    fn page(&self) -> &'static str {
        include_str!("list.md")
    }

    fn detect(&self, document: &Document<'_>) -> bool {
        if document.json.is_some() {
            return false;
        }
        let entries: Vec<(Hint, &str)> = document.text.lines().filter_map(entry).take(LOOKED_AT).collect();
        let good = entries.iter().filter(|(hint, value)| normalize(value, *hint).is_ok()).count();
        good > 0 && good * 2 >= entries.len()
    }

    fn parse(&self, document: &Document<'_>, sink: &mut Sink) -> Result<(), FeedError> {
        for (at, line) in document.text.lines().enumerate() {
            let Some((hint, value)) = entry(line) else { continue };
            let hint = (hint != Hint::Any).then_some(hint);
            let record = Record { values: vec![(hint, Cow::Borrowed(value))], ..Record::default() };
            sink.push(&record, &|| format!("line {}", at + 1));
        }
        Ok(())
    }
}

/// Names that hosts files give to the machine itself.
const OWN: [&str; 9] = [
    "localhost",
    "localhost.localdomain",
    "local",
    "broadcasthost",
    "ip6-localhost",
    "ip6-loopback",
    "ip6-allnodes",
    "ip6-allrouters",
    "0.0.0.0",
];

/// The value in a line, and what its form says of it; none in a comment.
fn entry(line: &str) -> Option<(Hint, &str)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with(['#', '!', ';']) || line.starts_with("//") || line.starts_with("[Adblock") {
        return None;
    }
    if let Some(rest) = line.strip_prefix("||") {
        return Some((Hint::Domain, rest.split(['^', '$']).next().unwrap_or(rest)));
    }
    for directive in ["address=/", "server=/", "local=/"] {
        if let Some(rest) = line.strip_prefix(directive) {
            return Some((Hint::Domain, rest.split('/').next().unwrap_or(rest)));
        }
    }
    // A `#` within a URL is part of it; a comment has a blank before.
    let line = line.split(" #").next().unwrap_or(line).trim();
    let mut words = line.split_whitespace();
    let (first, second) = (words.next()?, words.next());
    match second {
        Some(name)
            if matches!(
                first,
                "0.0.0.0" | "127.0.0.1" | "::" | "::1" | "255.255.255.255" | "fe80::1%lo0" | "ff02::1" | "ff02::2"
            ) =>
        {
            (!OWN.contains(&name)).then_some((Hint::Domain, name))
        }
        Some(_) => Some((Hint::Any, line)),
        None => Some((Hint::Any, first)),
    }
}

#[cfg(test)]
mod tests {
    use crate::feed::read;

    #[test]
    fn syntaxes() {
        let text = "# comment\n! comment\n127.0.0.1 localhost\n0.0.0.0 evil.shop # why\n||bad.biz^\naddress=/worse.shop/#\n\
                    hxxp://evil[.]shop/x\n93.184.216.34\nEVIL.shop.\n10.0.0.1\n";
        let intel = read(text.as_bytes(), "lists/block.txt").unwrap();
        let values: Vec<&str> = intel.indicators.iter().map(|i| i.value.as_str()).collect();
        assert_eq!(values, ["evil.shop", "bad.biz", "worse.shop", "http://evil.shop/x", "93.184.216.34"]);
        assert_eq!(intel.rejected[0].at, "line 10");
        let source = &intel.sources[0];
        assert_eq!((source.values, source.indicators, source.repeats, source.rejected), (7, 5, 1, 1));
        assert_eq!(intel.indicators[0].malware.id, "list.block");
    }
}
