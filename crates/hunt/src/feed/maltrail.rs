//! Lists with three columns parted by tabs: family, kind, value, as made from maltrail's trails.

use std::borrow::Cow;

use super::csv::Csv;
use super::list::after_line;
use super::record::Record;
use super::sink::{Batch, Family, Sink};
use super::{Document, Feed, FeedError};
use crate::indicator::IndicatorType;
use crate::normalize::{Hint, Reason, leading};

/// The feed.
pub(super) struct Maltrail;

impl Feed for Maltrail {
    fn name(&self) -> &'static str {
        "maltrail"
    }

    fn page(&self) -> &'static str {
        include_str!("maltrail.md")
    }

    fn detect(&self, document: &Document<'_>) -> bool {
        document.text.lines().next().is_some_and(|line| line.trim_end() == "family\tkind\tvalue")
    }

    fn parse(&self, document: &Document<'_>, sink: &mut Sink) -> Result<(), FeedError> {
        sink.expect_lines(document.text);
        let mut csv = Csv::new(document.text, b'\t');
        csv.next();
        // Lines come in runs of one family and one kind, of which only the values differ.
        let mut run: Option<Run> = None;
        loop {
            if let Some(run) = &run {
                let mut values = Batch::new(run.ty, run.family, sink.judge());
                while let Some(value) = csv.line(|line| run.value(line)) {
                    values.push(value, sink);
                }
                values.flush(sink);
            }
            let Some((line, fields)) = csv.next() else { return Ok(()) };
            let at = || format!("line {line}");
            let [family, kind, value] = fields.as_slice() else {
                sink.reject(&fields.join(" "), Reason::BadRecord(format!("{} columns instead of 3", fields.len())), &at);
                continue;
            };
            let record = Record {
                values: vec![(None, Cow::Borrowed(value))],
                ty: Cow::Borrowed(kind),
                malware_id: Cow::Owned(format!("maltrail.{family}")),
                malware_name: Cow::Borrowed(family),
                ..Record::default()
            };
            let kept = sink.kept();
            sink.push(&record, &at);
            // The family has a number now, unless the value was refused.
            if sink.kept() > kept {
                run = Run::of(family, kind, value, sink.family(&record.malware_id, &record.malware_name, &[]));
            }
        }
    }
}

/// Lines of one family and one kind, whose values are of one type.
struct Run {
    /// What each of them starts with.
    head: String,
    family: Family,
    hint: Hint,
    ty: IndicatorType,
}

impl Run {
    /// The run that a line starts; none if its value is not in its one form.
    fn of(family: &str, kind: &str, value: &str, number: Family) -> Option<Run> {
        let hint = Hint::from_name(kind)?;
        let (_, ty) = leading(value.as_bytes(), hint)?;
        Some(Run { head: format!("{family}\t{kind}\t"), family: number, hint, ty })
    }

    /// The value that the text's first line holds if it is of this run and in its one form, and what follows the line.
    fn value<'a>(&self, text: &'a str) -> Option<(&'a str, &'a str)> {
        let rest = text.strip_prefix(self.head.as_str())?;
        let (length, _) = leading(rest.as_bytes(), self.hint).filter(|(_, ty)| *ty == self.ty)?;
        Some((&rest[..length], after_line(&rest[length..])?))
    }
}

#[cfg(test)]
mod tests {
    use crate::feed::read;

    #[test]
    fn three_columns() {
        let intel =
            read(b"family\tkind\tvalue\n0debug\tdomain\t0debug.cc\n0debug\tip:port\t93.184.216.34:80\nx\ty\n", "m.tsv").unwrap();
        assert_eq!(intel.len(), 2);
        assert_eq!(intel.get(0).unwrap().malware().id, "maltrail.0debug");
        assert_eq!(intel.rejected[0].at, "line 4");
    }

    #[test]
    fn runs_end_where_a_line_is_another() {
        let text = "family\tkind\tvalue\na\tdomain\tone.shop\na\tdomain\ttwo.shop\r\na\tdomain\t\"Three.shop\"\n\na\tdomain\tfour.shop\n\
                    a\tip:port\t93.184.216.34:80\na\tip:port\t10.0.0.1:80\na\tip:port\t93.184.216.34:81\textra\nb\tdomain\tone.shop\nb\tdomain\tone.shop";
        let intel = read(text.as_bytes(), "m.tsv").unwrap();
        let found: Vec<String> = intel.indicators().map(|i| format!("{} {}", i.malware().name, i.value())).collect();
        assert_eq!(found, ["a one.shop", "a two.shop", "a three.shop", "a four.shop", "a 93.184.216.34:80", "b one.shop"]);
        let rejected: Vec<&str> = intel.rejected.iter().map(|it| it.at.as_str()).collect();
        assert_eq!((rejected, intel.sources[0].repeats), (vec!["line 8", "line 9"], 1));
    }
}
