//! Plain lists: one value a line, hosts files, the lists of Adblock and dnsmasq. No family, no dates.

use std::borrow::Cow;

use memchr::memmem;

use super::record::Record;
use super::sink::Sink;
use super::{Document, Feed, FeedError};
use crate::in_turn::in_turn;
use crate::indicator::IndicatorType;
use crate::intel::{Judge, Judged};
use crate::normalize::{ACE, Hint, leading, normalize};

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
        let (judge, family) = (sink.judge(), sink.family("", "", &[]));
        let (mut before, mut lines_expected) = (0, Some(document.text));
        in_turn(
            chunks(document.text),
            |text| Lines::of(text, &judge),
            |lines| {
                // Others read on while memory is made ready for what they read.
                if let Some(text) = lines_expected.take() {
                    sink.expect_lines(text);
                }
                for part in &lines.parts {
                    match part {
                        Part::Values(values) => {
                            sink.keep(document);
                            sink.push_judged(values, family);
                        }
                        Part::Entry(at, hint, value) => {
                            let record = Record { values: vec![(*hint, Cow::Borrowed(*value))], ..Record::default() };
                            sink.push(&record, &|| format!("line {}", before + at));
                        }
                    }
                }
                before += lines.count;
            },
        );
        Ok(())
    }
}

/// Bytes of a list that a thread reads at once, about.
const CHUNK: usize = 32 << 10;

/// Whole lines of a text, in pieces.
fn chunks(mut text: &str) -> impl Iterator<Item = &str> + Clone {
    std::iter::from_fn(move || {
        let rest = text.as_bytes().get(CHUNK..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).map_or(text.len(), |newline| CHUNK + newline + 1);
        let (chunk, more) = text.split_at(end);
        text = more;
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// Some lines of a list.
#[derive(Default)]
struct Lines<'a> {
    parts: Vec<Part<'a>>,
    count: usize,
}

enum Part<'a> {
    /// Lines that hold a value in its one form and no more: most lines of most lists.
    Values(Vec<Judged<'a>>),
    /// Any other: its number, and what it says.
    Entry(usize, Option<Hint>, &'a str),
}

impl<'a> Lines<'a> {
    fn of(text: &'a str, judge: &Judge) -> Lines<'a> {
        let (mut lines, mut rest) = (Lines::default(), text);
        let mut international = memmem::find_iter(text.as_bytes(), ACE).peekable();
        while !rest.is_empty() {
            lines.count += 1;
            let start = text.len() - rest.len();
            if let Some((length, ty)) = leading(rest.as_bytes(), Hint::Any)
                && let Some(next) = after_line(&rest[length..])
            {
                while international.next_if(|at| *at < start).is_some() {}
                let is_international = ty == IndicatorType::Domain && international.peek().is_some_and(|at| *at < start + length);
                lines.add_value(judge.judged(ty, &rest[..length], is_international), rest.len());
                rest = next;
                continue;
            }
            let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
            if let Some((hint, value)) = entry(&rest[..end]) {
                lines.parts.push(Part::Entry(lines.count, (hint != Hint::Any).then_some(hint), value));
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        lines
    }

    /// Adds a value behind which there are `rest` bytes, itself included.
    fn add_value(&mut self, value: Judged<'a>, rest: usize) {
        if let Some(Part::Values(values)) = self.parts.last_mut() {
            return values.push(value);
        }
        // Where few lines are values, not much room is lost.
        let mut values = Vec::with_capacity(if self.parts.is_empty() { rest / 16 } else { 1 });
        values.push(value);
        self.parts.push(Part::Values(values));
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
    use super::*;
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

    #[test]
    fn a_list_may_repeat_itself() {
        for count in [10, 30_000] {
            let names: Vec<String> = (0..count).map(|n| format!("name-{n}.shop")).collect();
            let twice = names.iter().flat_map(|name| [name.clone(), name.clone()]);
            let lines: Vec<String> =
                twice.chain([".evil.shop".to_owned(), names[3].to_uppercase()]).chain(names.clone()).collect();
            let intel = read(lines.join("\n").as_bytes(), "x.txt").unwrap();
            let source = &intel.sources[0];
            assert_eq!((source.values, source.indicators, source.repeats), (3 * count + 2, count + 1, 2 * count + 1));
            let all = [names.clone(), vec!["evil.shop".to_owned()]].concat();
            assert!(intel.indicators().map(|it| it.value().to_owned()).eq(all.clone()));
            for name in &all {
                let found: Vec<&str> = intel.find(IndicatorType::Domain, name).map(|it| it.value()).collect();
                assert_eq!(found, [name]);
            }
        }
    }

    #[test]
    fn a_long_list_is_read_in_its_order() {
        let names = (0..60_000).map(|n| format!("name-{n}.shop"));
        let others = ["10.0.0.1", "name-7.shop", "# why", "co.uk", "https://evil.shop/a"].map(str::to_owned);
        let lines: Vec<String> = names.clone().chain(others).collect();
        let intel = read(lines.join("\n").as_bytes(), "x.txt").unwrap();
        assert!(intel.indicators().map(|it| it.value().to_owned()).eq(names.chain(["https://evil.shop/a".to_owned()])));
        assert_eq!(intel.rejected[0].at, "line 60001");
        let source = &intel.sources[0];
        assert_eq!((source.values, source.indicators, source.repeats, source.held_back), (60_004, 60_001, 1, 1));
    }
}
