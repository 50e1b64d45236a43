//! What a scan counts besides its rows.

use std::collections::BTreeMap;

use crate::error::Error;

/// What a scan has seen so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScanStats {
    /// Rows delivered.
    pub rows: u64,
    /// Unpacked bytes passed.
    pub bytes: u64,
    /// Records kept out by the prefilter, of which no rows were made; their times count.
    pub filtered: u64,
    /// Records of other tables in the same file.
    pub elsewhere: u64,
    /// Records that no table got, whichever table the scan is for.
    pub unparsed: u64,
    /// The same by reason.
    pub unparsed_why: BTreeMap<String, u64>,
    /// The first few of them: line (0 if not known) and reason.
    pub unparsed_samples: Vec<(u64, String)>,
    /// Values that are none of their column's type, and are null in the rows; by column.
    pub unconverted: BTreeMap<String, u64>,
    /// Rows whose raw record is not UTF-8; U+FFFD stands for what is not. Known only of scans with provenance.
    pub not_utf8: u64,
    /// The least `TimeGenerated` (or `Timestamp`) of the rows in ticks, if the column was read.
    pub time_min: Option<i64>,
    /// The greatest.
    pub time_max: Option<i64>,
    /// Why the file could not be read to its end, if so.
    pub broken: Option<String>,
}

const SAMPLES_MAX: usize = 5;

impl ScanStats {
    pub(crate) fn unparsed(&mut self, line: Option<u64>, why: &str) {
        self.unparsed += 1;
        if self.unparsed_samples.len() < SAMPLES_MAX {
            self.unparsed_samples.push((line.unwrap_or(0), why.to_owned()));
        }
        match self.unparsed_why.get_mut(why) {
            Some(count) => *count += 1,
            None => {
                self.unparsed_why.insert(why.to_owned(), 1);
            }
        }
    }

    /// Counts rows of a column file that could not be read.
    pub fn lose(&mut self, rows: usize, why: &Error) {
        let why = match why {
            Error::Unreadable { why, .. } => why.clone(),
            other => other.to_string(),
        };
        let rows = rows as u64;
        self.unparsed += rows;
        *self.unparsed_why.entry(why.clone()).or_default() += rows;
        self.broken = self.broken.take().or(Some(why));
    }

    /// Widens the span of times.
    pub fn note_times(&mut self, span: Option<(i64, i64)>) {
        let (least, greatest) = span.unzip();
        self.time_min = [self.time_min, least].into_iter().flatten().min();
        self.time_max = [self.time_max, greatest].into_iter().flatten().max();
    }

    /// Adds counts of values that are none of their column's type.
    pub fn add_unconverted(&mut self, counts: &BTreeMap<String, u64>) {
        for (column, count) in counts {
            *self.unconverted.entry(column.clone()).or_default() += count;
        }
    }

    /// Adds what another scan of the same file and table has seen (another byte range).
    pub fn add(&mut self, other: &ScanStats) {
        self.rows += other.rows;
        self.bytes += other.bytes;
        self.filtered += other.filtered;
        self.elsewhere += other.elsewhere;
        self.unparsed += other.unparsed;
        self.not_utf8 += other.not_utf8;
        for (why, count) in &other.unparsed_why {
            *self.unparsed_why.entry(why.clone()).or_default() += count;
        }
        self.add_unconverted(&other.unconverted);
        self.unparsed_samples.extend(other.unparsed_samples.iter().cloned());
        self.unparsed_samples.truncate(SAMPLES_MAX);
        self.time_min = [self.time_min, other.time_min].into_iter().flatten().min();
        self.time_max = [self.time_max, other.time_max].into_iter().flatten().max();
        self.broken = self.broken.take().or_else(|| other.broken.clone());
    }
}
