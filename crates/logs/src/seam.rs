//! Where ranges of a file meet whose records can be found for certain only from the records before them.
//!
//! A newline of CSV ends a record or stands inside a quoted field: which of them is known once all before it was read. So a range is
//! read from where its first record seems to begin, while others read those before it. Who comes to the end of a range says where
//! the next record begins, and a range that was begun elsewhere is read again.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use memchr::memchr;

use crate::frame::opens_field;

/// Where a range of a file meets the one before it and the one behind it.
#[derive(Clone, Debug)]
pub struct Seams {
    before: Seam,
    behind: Arc<Untold>,
}

/// Where the first record behind a border begins, once that is known; `None` if it will not be.
type Seam = Arc<OnceLock<Option<u64>>>;

/// Is to be told by who has it.
#[derive(Debug, Default)]
struct Untold(Seam);

impl Drop for Untold {
    /// Nobody should wait for who has given up.
    fn drop(&mut self) {
        let _ = self.0.set(None);
    }
}

impl Seams {
    /// Of the first range of a file.
    pub(crate) fn first() -> Seams {
        Seams { before: Arc::new(Some(0).into()), behind: Arc::default() }
    }

    /// Of the range behind it.
    pub(crate) fn next(&self) -> Seams {
        Seams { before: Arc::clone(&self.behind.0), behind: Arc::default() }
    }

    /// Where the range's first record begins, if that is known by now.
    pub(crate) fn known_start(&self) -> Option<u64> {
        self.before.get().copied().flatten()
    }

    /// The same; waits for who reads the range before. `None` if that one could not be read to its end.
    pub(crate) fn start(&self) -> Option<u64> {
        *self.before.wait()
    }

    /// Tells where the first record behind the range begins.
    pub(crate) fn end(&self, at: u64) {
        // Who reads the range again finds the same.
        let _ = self.behind.0.set(Some(at));
    }
}

/// A range that is read from where its first record seems to begin.
pub(crate) struct Guess {
    pub seams: Seams,
    /// The file.
    pub path: PathBuf,
    /// Something speaks for it.
    pub is_likely: bool,
}

/// Quotes that are looked at.
const QUOTES: usize = 64;
/// Bytes that are looked at.
const BYTES: usize = 64 << 10;

/// Where the first record of CSV seems to begin behind a newline of `bytes`, which begin anywhere in a record, in quotes or not.
/// `None` if no record seems to end there.
pub(crate) fn first_record(bytes: &[u8], delimiter: u8) -> Option<usize> {
    let bytes = &bytes[..bytes.len().min(BYTES)];
    let outside = Reading::from(bytes, delimiter, false);
    let inside = Reading::from(bytes, delimiter, true);
    if inside.oddities < outside.oddities { inside.record } else { outside.record }
}

/// What bytes are if they begin in quotes, or if they do not.
struct Reading {
    /// Where the first record begins.
    record: Option<usize>,
    /// Quotes that neither open a field nor close it as a whole.
    oddities: usize,
}

impl Reading {
    fn from(bytes: &[u8], delimiter: u8, mut is_quoted: bool) -> Reading {
        let (mut at, mut read) = (0, Reading { record: None, oddities: 0 });
        for _ in 0..QUOTES {
            let quote = memchr(b'"', &bytes[at..]).map(|quote| at + quote);
            if !is_quoted && read.record.is_none() {
                let newline = memchr(b'\n', &bytes[at..quote.unwrap_or(bytes.len())]);
                read.record = newline.map(|newline| at + newline + 1);
            }
            let Some(quote) = quote else { break };
            at = quote + 1;
            let after = bytes.get(at).copied();
            if !is_quoted {
                is_quoted = opens_field(quote.checked_sub(1).map(|before| bytes[before]), delimiter);
                read.oddities += usize::from(!is_quoted);
            } else if after == Some(b'"') {
                at += 1;
            } else {
                is_quoted = false;
                let closes = after.is_none_or(|after| [delimiter, b'\n', b'\r'].contains(&after));
                read.oddities += usize::from(!closes);
            }
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_record_is_guessed_by_what_quotes_would_be() {
        let text = "1,a,\"b\nc\"\n2,\"d \"\"e\"\",\n,\",\"f\"\n3,c,\"\"\n4,\"g\nh\",i\n5,\"j\",k\n6,l,m\n";
        let records: Vec<usize> = (1..=6).map(|n| text.find(&format!("{n},")).unwrap()).collect();
        for from in 0..records[4] {
            let next = records.iter().copied().find(|record| *record > from);
            assert_eq!(first_record(&text.as_bytes()[from..], b',').map(|at| from + at), next, "{}", &text[from..]);
        }
        for (text, record) in [
            ("", None),
            ("a,b", None),
            ("\n", Some(1)),
            ("a\"\n", Some(3)),
            ("\"a\n\"", None),
            ("\"a\n\"\n", Some(5)),
            ("5\" disk,\"a\nb\"\n", Some(14)),
        ] {
            assert_eq!(first_record(text.as_bytes(), b','), record, "{text}");
        }
    }

    #[test]
    fn a_range_begins_where_the_one_before_ends() {
        let first = Seams::first();
        let (second, third) = (first.next(), first.next().next());
        assert_eq!((first.known_start(), second.known_start()), (Some(0), None));
        first.end(7);
        assert_eq!((second.known_start(), second.start()), (Some(7), Some(7)));
        // Whoever was to read the second of them is gone.
        assert_eq!(third.start(), None);
        let waiting = second.next();
        std::thread::scope(|scope| {
            let start = scope.spawn(|| waiting.start());
            second.end(9);
            assert_eq!(start.join().unwrap(), Some(9));
        });
    }
}
