//! Plain lists: one value a line, hosts files, the lists of Adblock and dnsmasq. No family, no dates.

use std::borrow::Cow;

use super::record::Record;
use super::sink::{Batch, Sink};
use super::{Document, Feed, FeedError};
use crate::indicator::IndicatorType;
use crate::normalize::{Hint, leading_domain, normalize};

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
        if document.is_json() {
            return false;
        }
        let entries: Vec<(Hint, &str)> = document.text.lines().filter_map(entry).take(LOOKED_AT).collect();
        let good = entries.iter().filter(|(hint, value)| normalize(value, *hint).is_ok()).count();
        good > 0 && good * 2 >= entries.len()
    }

    fn parse(&self, document: &Document<'_>, sink: &mut Sink) -> Result<(), FeedError> {
        sink.expect_lines(document.text);
        let mut names = Batch::new(IndicatorType::Domain, sink.family("", "", &[]));
        let mut rest = document.text;
        let mut at = 0;
        while !rest.is_empty() {
            at += 1;
            // Most lines of most lists: a name and no more.
            let name = leading_domain(rest.as_bytes()).unwrap_or(0);
            if name > 0
                && let Some(next) = after_line(&rest[name..])
            {
                names.push(&rest[..name], sink);
                rest = next;
                continue;
            }
            let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
            let line = &rest[..end];
            rest = rest.get(end + 1..).unwrap_or_default();
            let Some((hint, value)) = entry(line) else { continue };
            let hint = (hint != Hint::Any).then_some(hint);
            let record = Record { values: vec![(hint, Cow::Borrowed(value))], ..Record::default() };
            names.flush(sink);
            sink.push(&record, &|| format!("line {at}"));
        }
        names.flush(sink);
        Ok(())
    }
}

/// What follows the line of which `rest` is all that is left; none if there is more on it.
pub(super) fn after_line(rest: &str) -> Option<&str> {
    let rest = rest.strip_prefix('\r').unwrap_or(rest);
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('\n') }
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
        let values: Vec<&str> = intel.indicators().map(|i| i.value()).collect();
        assert_eq!(values, ["evil.shop", "bad.biz", "worse.shop", "http://evil.shop/x", "93.184.216.34"]);
        assert_eq!(intel.rejected[0].at, "line 10");
        let source = &intel.sources[0];
        assert_eq!((source.values, source.indicators, source.repeats, source.rejected), (7, 5, 1, 1));
        assert_eq!(intel.get(0).unwrap().malware().id, "list.block");
    }
}
