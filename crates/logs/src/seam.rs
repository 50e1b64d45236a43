//! Where ranges of a file meet whose records can be read for certain only after the records before them.
//!
//! A newline of CSV ends a record or stands inside a quoted field, and the fields of Zeek's records are those of the last header
//! above: which they are is known once all before was read. So a range is read from where its first record seems to begin, below
//! the headers that seem to be the last, while others read those before it. Who comes to the end of a range says what the next one
//! begins with, and a range that was begun otherwise is read again.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use memchr::memchr;

use crate::decode::Headers;
use crate::frame::opens_field;

/// Where a range of a file meets the one before it and the one behind it.
#[derive(Clone, Debug)]
pub struct Seams {
    before: Seam,
    behind: Arc<Untold>,
    guesses: Arc<Mutex<Guesses>>,
}

/// How the first record behind a border is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    /// Where it begins.
    pub(crate) at: u64,
    /// What the headers above say, if there are such.
    pub(crate) headers: Option<Arc<Headers>>,
}

/// That, once it is known; `None` if it will not be.
type Seam = Arc<OnceLock<Option<Start>>>;

/// How well it is guessed what headers say.
#[derive(Debug)]
struct Guesses {
    /// What was last heard of them.
    headers: Option<Arc<Headers>>,
    right: u32,
    wrong: u32,
}

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
    /// Of the first range of a file, which mostly says that in its headers, if it has such.
    pub(crate) fn first(headers: Option<Arc<Headers>>) -> Seams {
        let start = Start { at: 0, headers: None };
        let guesses = Guesses { headers, right: 0, wrong: 0 };
        Seams { before: Arc::new(Some(start).into()), behind: Arc::default(), guesses: Arc::new(guesses.into()) }
    }

    /// Of the range behind it.
    pub(crate) fn next(&self) -> Seams {
        Seams { before: Arc::clone(&self.behind.0), behind: Arc::default(), guesses: Arc::clone(&self.guesses) }
    }

    /// The range's first record, if it is known by now.
    pub(crate) fn known_start(&self) -> Option<&Start> {
        self.before.get()?.as_ref()
    }

    /// The same; waits for who reads the range before. `None` if that one could not be read to its end.
    pub(crate) fn start(&self) -> Option<&Start> {
        self.before.wait().as_ref()
    }

    /// What headers seem to say above a range; false if that was wrong too often.
    pub(crate) fn guessed_headers(&self) -> (Option<Arc<Headers>>, bool) {
        let guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        (guesses.headers.clone(), guesses.wrong <= guesses.right / WORTH + WORTH)
    }

    /// Notes whether what they seemed to say was right.
    pub(crate) fn note_guess(&self, right: bool) {
        let mut guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        *if right { &mut guesses.right } else { &mut guesses.wrong } += 1;
    }

    /// Tells what the first record behind the range is.
    pub(crate) fn end(&self, next: Start) {
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner).headers.clone_from(&next.headers);
        // Who reads the range again finds the same.
        let _ = self.behind.0.set(Some(next));
    }
}

/// A guess is worth it if it is right that often, or about so many of them were made.
const WORTH: u32 = 4;

/// A range that is read from where its first record seems to begin.
pub(crate) struct Guess {
    pub seams: Seams,
    /// The file.
    pub path: PathBuf,
    /// How it seems to begin.
    pub begun: Start,
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
        let start = |at| Start { at, headers: None };
        let first = Seams::first(None);
        let (second, third) = (first.next(), first.next().next());
        assert_eq!((first.known_start(), second.known_start()), (Some(&start(0)), None));
        first.end(start(7));
        assert_eq!((second.known_start(), second.start()), (Some(&start(7)), Some(&start(7))));
        // Whoever was to read the second of them is gone.
        assert_eq!(third.start(), None);
        let waiting = second.next();
        std::thread::scope(|scope| {
            let next = scope.spawn(|| waiting.start());
            second.end(start(9));
            assert_eq!(next.join().unwrap(), Some(&start(9)));
        });
    }

    #[test]
    fn what_is_mostly_guessed_wrong_is_not_guessed() {
        let seams = Seams::first(None);
        let is_worth = |right, count| {
            (0..count).for_each(|_| seams.note_guess(right));
            seams.guessed_headers().1
        };
        assert_eq!([is_worth(false, 4), is_worth(false, 1), is_worth(true, 4), is_worth(false, 1)], [true, false, true, false]);
    }
}
