//! Lists with three columns parted by tabs: family, kind, value, as made from maltrail's trails.

use std::borrow::Cow;

use super::csv::Csv;
use super::record::Record;
use super::sink::Sink;
use super::{Document, Feed, FeedError};
use crate::normalize::Reason;

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
        for (line, fields) in Csv::new(document.text, '\t').skip(1) {
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
            sink.push(&record, &at);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::feed::read;

    #[test]
    fn three_columns() {
        let intel =
            read(b"family\tkind\tvalue\n0debug\tdomain\t0debug.cc\n0debug\tip:port\t93.184.216.34:80\nx\ty\n", "m.tsv").unwrap();
        assert_eq!(intel.indicators.len(), 2);
        assert_eq!(intel.indicators[0].malware.id, "maltrail.0debug");
        assert_eq!(intel.rejected[0].at, "line 4");
    }
}
