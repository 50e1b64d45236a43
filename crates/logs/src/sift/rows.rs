//! Some whole lines of a buffer that are fields between delimiters, looked at together: where lines and fields end.

use fearless_simd::{Level, Simd, dispatch};
use memchr::memchr;

use super::borders::Borders;
use super::stretch::LENGTH;
use crate::marks::{Marked, Marks, Quotes, WIDTH, each_block, padded};

/// The lines.
pub(super) struct Rows {
    level: Level,
    delimiter: u8,
    /// A quote, that may stand around a field; or a byte that says that the fields of a line, from where it stands, may be something
    /// else than they look.
    special: u8,
    /// Where the first line begins.
    base: usize,
    /// Where each line ends, in order; there may be more of them than there are lines.
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
    newline: usize,
    /// How many borders stand before the newline; none is known if it is no border itself, but stands in quotes.
    borders: Option<usize>,
}

/// What is known of lines before a block.
struct Looking {
    /// Quotes may stand around fields.
    quotes: Option<Quotes>,
    /// Where the block begins.
    at: usize,
    /// How many borders stand before it.
    before: usize,
    /// The places of special bytes in blocks, all together.
    specials: u64,
}

impl Looking {
    /// The end of a line at the first of those newlines of the block, which has those borders.
    #[inline(always)]
    fn first_end(&self, newlines: u64, borders: u64) -> End {
        let first = newlines & newlines.wrapping_neg();
        let before = self.before + (borders & first.wrapping_sub(1)).count_ones() as usize;
        End { newline: self.at + newlines.trailing_zeros() as usize, borders: (borders & first != 0).then_some(before) }
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
        (self.start(at), self.ends[at].newline)
    }

    /// How many fields a line has; `None` if it goes on in the next, or begins in quotes.
    #[inline(always)]
    pub(super) fn fields(&self, at: usize) -> Option<usize> {
        Some(self.ends[at].borders? + 1 - self.borders_before(at)?)
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
        let count = if self.specials.is_empty() { self.count } else { self.next };
        let ends = self.ends.get(self.next..count).unwrap_or_default();
        let (mut start, mut before) = (self.start(self.next), self.borders_before(self.next));
        ends.iter().map_while(move |end| {
            if end.borders? + 1 != before? + fields {
                return None;
            }
            before = end.borders.map(|borders| borders + 1);
            Some((std::mem::replace(&mut start, end.newline + 1), end.newline))
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

    /// How many borders stand before a line.
    #[inline(always)]
    fn borders_before(&self, line: usize) -> Option<usize> {
        line.checked_sub(1).map_or(Some(0), |before| Some(self.ends[before].borders? + 1))
    }

    /// Where a line begins.
    #[inline(always)]
    fn start(&self, line: usize) -> usize {
        line.checked_sub(1).map_or(self.base, |before| self.ends[before].newline + 1)
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
        self.base = start;
        dispatch!(self.level, simd => self.look_here(simd, text));
        Some(())
    }

    #[inline(always)]
    fn look_here<S: Simd>(&mut self, simd: S, text: &[u8]) {
        let marked = Marked::new(simd, [self.delimiter, self.special, b'\n']);
        let mut looking = Looking { quotes: self.is_quoted().then(Quotes::new), at: self.base, before: 0, specials: 0 };
        self.borders.begin(self.base);
        let (blocks, rest) = text.as_chunks();
        for block in blocks {
            self.look_at(&mut looking, marked.in_block(block));
        }
        if !rest.is_empty() {
            self.look_at(&mut looking, marked.in_block(&padded(rest)));
        }
        self.specials.clear();
        if looking.specials != 0 {
            self.look_for_specials(text);
        }
    }

    #[inline(always)]
    fn look_at(&mut self, looking: &mut Looking, marks: Marks<3>) {
        let [delimiters, specials, newlines] = marks;
        let quoted = looking.quotes.as_mut().map(|quotes| quotes.of_block(marks));
        looking.specials |= quoted.map_or(specials, |quoted| quoted.stray);
        let borders = (delimiters | newlines) & !quoted.map_or(0, |quoted| quoted.inside);
        self.borders.push(borders);
        let after = self.count + newlines.count_ones() as usize;
        if self.ends.len() <= after {
            self.ends.resize(2 * (after + 1), End::default());
        }
        // Most blocks have at most one newline, which is written down without being counted first.
        self.ends[self.count] = looking.first_end(newlines, borders);
        if after > self.count + 1 {
            let mut rest = newlines & newlines.wrapping_sub(1);
            for end in &mut self.ends[self.count + 1..after] {
                *end = looking.first_end(rest, borders);
                rest &= rest - 1;
            }
        }
        self.count = after;
        looking.at += WIDTH;
        looking.before += borders.count_ones() as usize;
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
