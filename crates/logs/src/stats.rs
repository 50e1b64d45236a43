//! What a scan counts besides its rows.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::part::Part;

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
    /// Records of a kind that belongs to no table, such as what a sensor says of itself; whichever table the scan is for.
    pub no_table: u64,
    /// Records that no table got, whichever table the scan is for.
    pub unparsed: u64,
    /// The same by reason.
    pub unparsed_why: BTreeMap<String, u64>,
    /// The first few of them.
    samples: Vec<Sample>,
    /// The lines of each range of a file that was scanned by itself, by the byte where it begins.
    range_lines: BTreeMap<u64, u64>,
    /// The bytes of the file that were not read, as the rows wanted stand elsewhere ([`Part`](crate::Part)): from where to where.
    pub left_out: BTreeMap<u64, u64>,
    /// Nothing was left out, as a record near that byte is earlier than one before it.
    pub unordered: Option<u64>,
    /// Values that are none of their column's type, and are null in the rows; by column.
    pub unconverted: BTreeMap<String, Unconverted>,
    /// Rows whose raw record is not UTF-8; U+FFFD stands for what is not. Known only of scans with provenance.
    pub not_utf8: u64,
    /// The least `TimeGenerated` (or `Timestamp`) of the rows in ticks, if the column was read.
    pub time_min: Option<i64>,
    /// The greatest.
    pub time_max: Option<i64>,
    /// Why the file could not be read to its end, if so.
    pub broken: Option<String>,
}

/// Values of a column that are none of its type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unconverted {
    /// How many there are.
    pub count: u64,
    /// The beginning of the first of them; empty where a file of columns holds it.
    pub example: String,
}

/// A record that no table got.
#[derive(Clone, Debug, PartialEq)]
struct Sample {
    /// The byte where the piece of the file begins that holds it.
    piece: u64,
    /// Its line in that piece.
    line: u64,
    why: String,
}

const SAMPLES_MAX: usize = 5;
const EXAMPLE_CHARS_MAX: usize = 60;

impl ScanStats {
    pub(crate) fn unparsed(&mut self, piece: u64, line: u64, why: &str) {
        self.unparsed += 1;
        if self.samples.len() < SAMPLES_MAX {
            self.samples.push(Sample { piece, line, why: why.to_owned() });
        }
        match self.unparsed_why.get_mut(why) {
            Some(count) => *count += 1,
            None => {
                self.unparsed_why.insert(why.to_owned(), 1);
            }
        }
    }

    /// What is known of a file of that size of which only a part is read.
    #[must_use]
    pub fn of_part(part: &Part, size: u64) -> ScanStats {
        let mut stats = ScanStats::default();
        match part {
            Part::Whole => {}
            Part::Range(range) => {
                let gaps = [(0, range.start), (range.end, size)];
                stats.left_out.extend(gaps.into_iter().filter(|(start, end)| start < end));
            }
            Part::Unordered(at) => stats.unordered = Some(*at),
        }
        stats
    }

    /// How many bytes of the file were not read.
    #[must_use]
    pub fn bytes_left_out(&self) -> u64 {
        self.left_out.iter().map(|(start, end)| end - start).sum()
    }

    /// Up to where nothing of the file was read, if lines of it are counted from behind that: see [`ScanStats::lines_left_out`].
    #[must_use]
    pub fn front_left_out(&self) -> Option<u64> {
        self.left_out.get(&0).copied().filter(|_| !self.range_lines.contains_key(&0))
    }

    /// The front of the file that was not read has so many lines: those of the rest are then told from the beginning of the file.
    pub fn lines_left_out(&mut self, lines: u64) {
        self.range_ended(0, lines);
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

    /// Counts a value that is none of its column's type.
    pub(crate) fn unconverted(&mut self, column: &str, value: &[u8]) {
        match self.unconverted.get_mut(column) {
            Some(known) => known.count += 1,
            None => {
                let example = String::from_utf8_lossy(value).chars().take(EXAMPLE_CHARS_MAX).collect();
                self.unconverted.insert(column.to_owned(), Unconverted { count: 1, example });
            }
        }
    }

    /// Adds what another scan of the same file has seen of values that are none of their column's type.
    pub fn add_unconverted(&mut self, others: &BTreeMap<String, Unconverted>) {
        for (column, other) in others {
            let known = self.unconverted.entry(column.clone()).or_default();
            known.count += other.count;
            if known.example.is_empty() {
                known.example.clone_from(&other.example);
            }
        }
    }

    /// The range of the file that begins at that byte had so many lines.
    pub(crate) fn range_ended(&mut self, start: u64, lines: u64) {
        self.range_lines.insert(start, lines);
    }

    /// The byte where the range of the file begins that was scanned, if ranges are counted: that of the first of several.
    #[must_use]
    pub fn range_start(&self) -> Option<u64> {
        self.range_lines.keys().next().copied()
    }

    /// The first few of the records that no table got: the line of the file (from 1) and the reason.
    #[must_use]
    pub fn unparsed_samples(&self) -> Vec<(u64, &str)> {
        let mut samples: Vec<_> = self.samples.iter().map(|it| (self.line(it.piece, it.line), it.why.as_str())).collect();
        samples.sort_unstable();
        samples
    }

    /// The line of the file (from 1) of a record at byte `offset`, given its line in the piece that was scanned
    /// ([`LINE`](crate::LINE)). Known once all pieces before it were scanned, and these statistics added.
    #[must_use]
    pub fn line(&self, offset: u64, line_in_piece: u64) -> u64 {
        let start = self.range_lines.range(..=offset).next_back().map_or(0, |(start, _)| *start);
        self.range_lines.range(..start).map(|(_, lines)| lines).sum::<u64>() + line_in_piece
    }

    /// Adds what another scan of the same file and table has seen (another byte range).
    pub fn add(&mut self, other: &ScanStats) {
        self.rows += other.rows;
        self.bytes += other.bytes;
        self.filtered += other.filtered;
        self.elsewhere += other.elsewhere;
        self.no_table += other.no_table;
        self.unparsed += other.unparsed;
        self.not_utf8 += other.not_utf8;
        for (why, count) in &other.unparsed_why {
            *self.unparsed_why.entry(why.clone()).or_default() += count;
        }
        self.add_unconverted(&other.unconverted);
        self.samples.extend(other.samples.iter().cloned());
        self.samples.sort_by_key(|sample| (sample.piece, sample.line));
        self.samples.truncate(SAMPLES_MAX);
        self.range_lines.extend(&other.range_lines);
        self.left_out.extend(&other.left_out);
        self.unordered = self.unordered.or(other.unordered);
        self.time_min = [self.time_min, other.time_min].into_iter().flatten().min();
        self.time_max = [self.time_max, other.time_max].into_iter().flatten().max();
        self.broken = self.broken.take().or_else(|| other.broken.clone());
    }
}
