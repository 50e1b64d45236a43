//! Some whole lines of a buffer that are fields between delimiters, looked at together: where lines and fields end.

use fearless_simd::{Level, Simd, dispatch};
use memchr::memchr;

use super::borders::Borders;
use super::stretch::LENGTH;
use crate::marks::{Marked, Marks, Quotes, WIDTH, each_block, padded};

/// The lines.
pub(super) struct Rows {
    level: Level,
    /// No newline.
    delimiter: u8,
    /// A quote, that may stand around a field; or a byte that says that the fields of a line, from where it stands, may be something
    /// else than they look.
    special: u8,
    /// Where the first line begins.
    base: usize,
    /// Where each line ends, in order, and behind them as many places as there may be lines.
    ends: Vec<End>,
    count: usize,
    /// The line to be asked about next.
    next: usize,
    /// Where fields and lines end.
    pub(super) borders: Borders,
    /// Where the special byte stands; of quotes, where those do that neither open a field nor close it.
    specials: Vec<usize>,
}

/// The end of a line.
#[derive(Clone, Copy, Default)]
struct End {
    /// Where the newline stands, counted from where the first line begins.
    newline: u32,
    /// How many borders stand before the newline; [`UNKNOWN`] if it is no border itself, but stands in quotes.
    borders: u32,
}

const UNKNOWN: u32 = u32::MAX;
/// Longer lines are not looked at.
const MOST: u32 = u32::MAX / 4;

/// What is known of lines before a block. It is by itself, so that it is kept in registers while blocks are looked at.
struct Looking<'r> {
    /// Where lines end, in as many places as there may be lines.
    ends: &'r mut [End],
    count: usize,
    quotes: Quotes,
    /// Where the block begins, counted from where the first line does.
    at: u32,
    /// How many borders stand before it.
    before: u32,
    /// The places of special bytes in blocks, all together.
    specials: u64,
}

impl Looking<'_> {
    /// Looks at a block; the borders in it.
    #[inline(always)]
    fn look_at<const QUOTED: bool>(&mut self, marks: Marks<3>) -> u64 {
        let [delimiters, specials, newlines] = marks;
        // No byte is both. Of `|` the compiler makes one of vectors, which it takes apart and puts together again byte by byte.
        let mut borders = delimiters.wrapping_add(newlines);
        if QUOTED {
            let quoted = self.quotes.of_block(marks);
            borders &= !quoted.inside;
            self.specials |= quoted.stray;
        } else {
            self.specials |= specials;
        }
        // Most blocks have at most one newline, which is written down without being counted first.
        self.end_line(self.count, newlines, borders);
        let after = self.count + newlines.count_ones() as usize;
        let mut rest = newlines;
        for at in self.count + 1..after {
            rest &= rest - 1;
            self.end_line(at, rest, borders);
        }
        self.count = after;
        self.at += WIDTH as u32;
        self.before += borders.count_ones();
        borders
    }

    /// Writes down that a line ends at the first of those newlines of the block, which has those borders.
    #[inline(always)]
    fn end_line(&mut self, at: usize, newlines: u64, borders: u64) {
        let first = newlines & newlines.wrapping_neg();
        let before = self.before + (borders & first.wrapping_sub(1)).count_ones();
        if let Some(end) = self.ends.get_mut(at) {
            end.newline = self.at + newlines.trailing_zeros();
            end.borders = if borders & first != 0 { before } else { UNKNOWN };
        }
    }
}

impl Rows {
    pub(super) fn new(delimiter: u8, special: u8) -> Rows {
        Rows {
            level: Level::new(),
            delimiter,
            special,
            base: 0,
            ends: Vec::new(),
            count: 0,
            next: 0,
            borders: Borders::default(),
            specials: Vec::new(),
        }
    }

    /// A quote may stand around a field.
    #[inline(always)]
    pub(super) fn is_quoted(&self) -> bool {
        self.special == b'"'
    }

    /// The buffer has other bytes than before.
    pub(super) fn renew(&mut self) {
        (self.next, self.count) = (0, 0);
    }

    /// Where a line begins, and where its newline stands.
    #[inline(always)]
    pub(super) fn line(&self, at: usize) -> (usize, usize) {
        (self.start(at), self.newline(at))
    }

    /// How many fields a line has; `None` if it goes on in the next, or begins in quotes.
    #[inline(always)]
    pub(super) fn fields(&self, at: usize) -> Option<usize> {
        Some((self.borders(at)? + 1 - self.borders_before(at)?) as usize)
    }

    /// Behind the newline of the last line.
    pub(super) fn end(&self) -> usize {
        self.start(self.count)
    }

    /// The line that begins at `start` is one of these; it is then the next. It is none if the one before ends in quotes: those were not
    /// closed, or are none, and what is in quotes is known anew from here on.
    #[inline(always)]
    pub(super) fn has(&mut self, start: usize) -> bool {
        while self.next > 0 && self.start(self.next) > start {
            self.next -= 1;
        }
        while self.next < self.count {
            let at = self.start(self.next);
            if at >= start {
                return at == start && self.borders_before(self.next).is_some();
            }
            self.next += 1;
        }
        false
    }

    /// The next lines, up to the first that has not so many fields: where each begins, and where its newline stands. There are none
    /// if a special byte stands somewhere.
    #[inline(always)]
    pub(super) fn plain(&self, fields: usize) -> impl Iterator<Item = (usize, usize)> {
        let before = self.borders_before(self.next).filter(|_| self.specials.is_empty());
        let ends = self.ends.get(self.next..self.count).filter(|_| before.is_some()).unwrap_or_default();
        // A line of so many fields has one border fewer, and its newline is one more.
        let fields = u32::try_from(fields).unwrap_or(MOST);
        let (mut start, mut after) = (self.start(self.next), before.unwrap_or(0) + fields);
        ends.iter().map_while(move |end| {
            if end.borders.wrapping_add(1) != after {
                return None;
            }
            after += fields;
            let newline = self.base + end.newline as usize;
            Some((std::mem::replace(&mut start, newline + 1), newline))
        })
    }

    /// Passes so many of the next lines.
    #[inline(always)]
    pub(super) fn pass_some(&mut self, lines: usize) {
        self.next += lines;
    }

    /// Passes the next line; its number.
    #[inline(always)]
    pub(super) fn pass(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    /// How many borders stand before the newline of a line.
    #[inline(always)]
    fn borders(&self, line: usize) -> Option<u32> {
        Some(self.ends[line].borders).filter(|borders| *borders != UNKNOWN)
    }

    /// How many borders stand before a line.
    #[inline(always)]
    fn borders_before(&self, line: usize) -> Option<u32> {
        line.checked_sub(1).map_or(Some(0), |before| Some(self.borders(before)? + 1))
    }

    #[inline(always)]
    fn newline(&self, line: usize) -> usize {
        self.base + self.ends[line].newline as usize
    }

    /// Where a line begins.
    #[inline(always)]
    fn start(&self, line: usize) -> usize {
        line.checked_sub(1).map_or(self.base, |before| self.newline(before) + 1)
    }

    /// Where the first special byte stands in the line from `start` to `newline`.
    #[inline(always)]
    pub(super) fn special(&self, start: usize, newline: usize) -> Option<usize> {
        if self.specials.is_empty() {
            return None;
        }
        let next = self.specials.partition_point(|special| *special < start);
        self.specials.get(next).copied().filter(|special| *special < newline)
    }

    /// Looks at the lines from `start` on; `None` if there is none as a whole.
    pub(super) fn look(&mut self, buffer: &[u8], start: usize) -> Option<()> {
        self.renew();
        let rest = buffer.get(start..)?;
        let first = memchr(b'\n', rest)?;
        let text = &rest[..rest.len().min(LENGTH.max(first + 1))];
        if text.len() > MOST as usize {
            return None;
        }
        self.base = start;
        if self.is_quoted() {
            dispatch!(self.level, simd => self.look_here::<_, true>(simd, text));
        } else {
            dispatch!(self.level, simd => self.look_here::<_, false>(simd, text));
        }
        Some(())
    }

    #[inline(always)]
    fn look_here<S: Simd, const QUOTED: bool>(&mut self, simd: S, text: &[u8]) {
        let marked = Marked::new(simd, [self.delimiter, self.special, b'\n']);
        // A line that is longer than a stretch stands alone. One newline more than there are is written down.
        self.ends.resize(LENGTH + 1, End::default());
        let mut looking = Looking { ends: &mut self.ends, count: 0, quotes: Quotes::new(), at: 0, before: 0, specials: 0 };
        let (blocks, rest) = text.as_chunks();
        let (borders, last) = self.borders.begin(self.base, text.len().div_ceil(WIDTH)).split_at_mut(blocks.len());
        for (block, borders) in blocks.iter().zip(borders) {
            *borders = looking.look_at::<QUOTED>(marked.in_block(block));
        }
        if let Some(borders) = last.first_mut() {
            *borders = looking.look_at::<QUOTED>(marked.in_block(&padded(rest)));
        }
        self.count = looking.count;
        let has_specials = looking.specials != 0;
        self.specials.clear();
        if has_specials {
            self.look_for_specials(text);
        }
    }

    #[cold]
    fn look_for_specials(&mut self, text: &[u8]) {
        let Rows { level, base, specials, .. } = self;
        let (mut quotes, mut at) = ((self.special == b'"').then(Quotes::new), *base);
        dispatch!(*level, simd => each_block(simd, text, [self.delimiter, self.special, b'\n'], |marks| {
            let mut found = quotes.as_mut().map_or(marks[1], |quotes| quotes.of_block(marks).stray);
            while found != 0 {
                specials.push(at + found.trailing_zeros() as usize);
                found &= found - 1;
            }
            at += WIDTH;
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_fields_and_quotes_hide_both() {
        for filler in [0, 1, 50, 61, 62, 63, 64] {
            let name = "z".repeat(filler);
            let text = format!("{name},a\n\"x,{name}\n\",b\nc,d,e\n5\" disk,f\ng,h\nrest");
            let buffer = text.as_bytes();
            let mut rows = Rows::new(b',', b'"');
            assert!(rows.look(buffer, 0).is_some() && rows.has(0));
            let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
            assert_eq!((0..ends.len()).map(|at| rows.line(at).1).collect::<Vec<_>>(), ends);
            // A newline in quotes ends no line; behind a stray quote nothing is known.
            let fields = [Some(2), None, None, Some(3), None];
            assert_eq!([0, 1, 2, 3, 4].map(|at| rows.fields(at)), fields, "{text}");
            assert_eq!(rows.special(ends[3] + 1, ends[4]), Some(ends[3] + 2));
            assert_eq!((rows.special(0, ends[3]), rows.has(ends[1] + 1), rows.has(ends[2] + 1)), (None, false, true));
            // So lines behind it are looked at anew.
            assert!(!rows.has(ends[4] + 1) && rows.look(buffer, ends[4] + 1).is_some());
            assert_eq!(rows.plain(2).collect::<Vec<_>>(), [(ends[4] + 1, ends[5])]);
            assert_eq!((rows.plain(3).count(), rows.end()), (0, ends[5] + 1));
            assert!(rows.look(buffer, ends[5] + 1).is_none());
        }
    }
}
