//! Lines that are fields between delimiters: the wanted ones are counted out.

use std::ops::Range;

use fearless_simd::{Level, dispatch};

use super::borders::Borders;
use super::literals::Search;
use super::stretch::{Places, Stretch};
use super::{Column, Lines, Texts};
use crate::decode::Glance;
use crate::excerpt::Excerpt;
use crate::marks::Quotes;
use crate::table::Path;

/// Lines of fields between delimiters.
pub(super) struct Fields {
    /// The fields that each column may come from, in turn.
    of_columns: Vec<Vec<usize>>,
    time: Option<usize>,
    /// The fields to look at, in order, and where they stand in the line at hand.
    wanted: Vec<usize>,
    found: Vec<Range<usize>>,
    /// How many fields a line has.
    count: usize,
    stretch: Stretch,
    /// Where fields and lines end in the stretch.
    borders: Borders,
    literals: Option<Search>,
    /// Where the special byte stands there; of quotes, where those do that neither open a field nor close it.
    specials: Places,
    level: Level,
    /// A quote, that may stand around a field; or a byte that says that the fields of a line, from where it stands, may be something
    /// else than they look.
    special: u8,
    /// Values that stand for empty text.
    empty: [Vec<u8>; 2],
    longest_empty: usize,
    header: Vec<u8>,
}

impl Fields {
    /// `None` if a column needs more than a field as it stands. Lines in which that search finds nothing are passed over.
    pub(super) fn new(columns: &[Column], time: &[Path], literals: Option<Search>, glance: Glance<'_>) -> Option<Fields> {
        let Glance::Fields { names: names @ [_, ..], delimiter, special, empty, header, added } = glance else { return None };
        let place = |path: &Path| names.iter().position(|name| *name == path.key);
        // Of fields of one name the decoder takes the last.
        let is_one = |path: &Path| names.iter().filter(|name| **name == path.key).nth(1).is_none();
        let mut of_columns = Vec::new();
        for column in columns {
            if !column.paths().iter().all(|path| path.inner.is_empty() && path.key != added && is_one(path)) {
                return None;
            }
            of_columns.push(column.paths().iter().filter_map(place).collect::<Vec<_>>());
        }
        let time = time.iter().find_map(place);
        let mut wanted: Vec<usize> = of_columns.iter().flatten().copied().chain(time).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let slot = |field: usize| wanted.binary_search(&field).ok();
        Some(Fields {
            of_columns: of_columns.into_iter().map(|fields| fields.into_iter().filter_map(slot).collect()).collect(),
            time: time.and_then(slot),
            found: vec![0..0; wanted.len()],
            wanted,
            count: names.len(),
            stretch: Stretch::new([delimiter, special]),
            borders: Borders::default(),
            literals,
            specials: Places::default(),
            level: Level::new(),
            special,
            longest_empty: empty[0].len().max(empty[1].len()),
            empty: empty.map(<[u8]>::to_vec),
            header: header.to_vec(),
        })
    }

    /// The buffer has other bytes than before.
    pub(super) fn renew(&mut self) {
        self.stretch.renew();
    }

    #[inline(always)]
    fn time<'b>(&self, buffer: &'b [u8]) -> &'b [u8] {
        match self.time {
            Some(slot) => self.value(buffer, slot).text(),
            None => b"",
        }
    }

    #[cold]
    fn look(&mut self, buffer: &[u8], start: usize) -> Option<()> {
        let [_, is_special] = self.stretch.look(buffer, start)?;
        if let Some(literals) = &mut self.literals {
            literals.look(buffer, start, self.stretch.end());
        }
        let Fields { level, stretch, borders, specials, special, .. } = self;
        let [delimiters, special_marks, newlines] = &stretch.marks;
        let all = delimiters.iter().zip(special_marks).zip(newlines).map(|((first, second), third)| [*first, *second, *third]);
        let special_marks = if is_special { special_marks.as_slice() } else { &[] };
        dispatch!(*level, _ => if is_special && *special == b'"' {
            let (mut quotes, mut again, mut strays) = (Quotes::new(), Quotes::new(), 0);
            borders.set(start, all.clone().map(|marks| {
                let quoted = quotes.of_block(marks);
                strays |= quoted.stray;
                (marks[0] | marks[2]) & !quoted.inside
            }));
            let blocks = if strays == 0 { 0 } else { special_marks.len() };
            specials.set(start, all.take(blocks).map(|marks| again.of_block(marks).stray));
        } else {
            borders.set(start, all.map(|[delimiters, _, newlines]| delimiters | newlines));
            specials.set(start, special_marks.iter().copied());
        });
        Some(())
    }

    /// Finds where the line's text ends, and the newline; `None` if its fields may be others than they look, or it is no record: it
    /// has more fields than it should, or fewer.
    #[inline(always)]
    fn record(&mut self, buffer: &[u8], start: usize) -> Option<(usize, usize)> {
        if !self.stretch.has(start) {
            self.look(buffer, start)?;
        }
        let is_quoted = self.special == b'"';
        if is_quoted && start > self.stretch.base && !self.borders.has(start - 1) {
            // A quote before was not closed, or was none: what is in quotes is known anew.
            self.look(buffer, start)?;
        }
        let newline = self.stretch.line_end(start)?;
        let borders = &self.borders;
        if !borders.has(newline) || borders.count_before(newline) + 1 != borders.count_before(start) + self.count {
            return None;
        }
        if is_quoted && self.special_before(newline, start).is_some() {
            return None;
        }
        let end = self.end(buffer, start, newline);
        let line = &buffer[start..end];
        match line.first() {
            None | Some(b'#') => return None,
            // A line of blanks is none.
            Some(b' ' | b'\t') if line.trim_ascii().is_empty() => return None,
            _ if line.len() == self.header.len() && line == self.header => return None,
            _ => {}
        }
        Some((end, newline))
    }

    /// Where the first special byte stands in the line from `start` to `newline`.
    #[inline(always)]
    fn special_before(&mut self, newline: usize, start: usize) -> Option<usize> {
        self.specials.from(start).filter(|special| *special < newline)
    }

    /// Finds those of the wanted fields of the line; `None` if there are quotes inside one of them.
    #[inline(always)]
    fn find(&mut self, buffer: &[u8], start: usize, end: usize, slots: Range<usize>) -> Option<()> {
        let found = &mut self.found[slots.clone()];
        self.borders.find_fields(start, (self.count - 1, end), &self.wanted[slots], found.iter_mut())?;
        if self.special == b'"' {
            for field in found {
                *field = unquoted(buffer, field.clone())?;
            }
        }
        Some(())
    }

    /// Where the line's text ends.
    #[inline(always)]
    fn end(&self, buffer: &[u8], start: usize, newline: usize) -> usize {
        let mut end = newline;
        while buffer[start..end].ends_with(b"\r") {
            end -= 1;
            if self.special != b'"' {
                break;
            }
        }
        end
    }

    /// The first of those values that is not empty.
    #[inline(always)]
    fn first<'b>(&self, buffer: &'b [u8], slots: &[usize]) -> Excerpt<'b> {
        for slot in slots {
            let value = self.value(buffer, *slot);
            if !value.is_empty() {
                return value;
            }
        }
        Excerpt::default()
    }

    #[inline(always)]
    fn value<'b>(&self, buffer: &'b [u8], slot: usize) -> Excerpt<'b> {
        let Range { start, end } = self.found[slot].clone();
        let value = Excerpt::of(buffer, start, end).unwrap_or_default();
        let is_empty = value.len() <= self.longest_empty && self.empty.iter().any(|empty| empty == value.text());
        if is_empty { Excerpt::default() } else { value }
    }
}

impl Lines for Fields {
    #[inline(always)]
    fn literals_are_known(&self) -> bool {
        self.literals.as_ref().is_some_and(Search::is_known)
    }

    #[inline(always)]
    fn without<'b>(&mut self, buffer: &'b [u8], start: usize) -> Option<(&'b [u8], usize)> {
        self.literals.as_ref()?;
        let (end, newline) = self.record(buffer, start)?;
        let is_hidden = self.special_before(newline, start).is_some();
        let literals = self.literals.as_mut().filter(|literals| literals.is_known())?;
        if !literals.finds_none(buffer, start, newline, is_hidden) {
            return None;
        }
        if let Some(slot) = self.time {
            self.find(buffer, start, end, slot..slot + 1)?;
        }
        Some((self.time(buffer), newline))
    }

    #[inline(always)]
    fn texts<'b>(
        &mut self,
        buffer: &'b [u8],
        start: usize,
        columns: &'b [Column],
        texts: &mut Texts<'b>,
    ) -> Option<(&'b [u8], usize)> {
        let (end, newline) = self.record(buffer, start)?;
        self.find(buffer, start, end, 0..self.wanted.len())?;
        let last = self.found.last().map_or(start, |field| field.end);
        if self.special_before(newline, start).is_some_and(|special| special <= last) {
            return None;
        }
        for (at, column) in columns.iter().enumerate() {
            let slots = &self.of_columns[at];
            let text = match column {
                Column::Const(text) => text.as_slice().into(),
                Column::First(_) | Column::Outer(_) => self.first(buffer, slots),
                Column::OneOf(_) => {
                    for slot in slots {
                        let text = self.value(buffer, *slot);
                        // Of a list only who decodes takes the first element.
                        if text.text().contains(&b',') {
                            return None;
                        }
                        if !text.is_empty() {
                            texts.or(at, text)?;
                        }
                    }
                    Excerpt::default()
                }
                Column::Made(_, absent) if self.first(buffer, slots).is_empty() => absent.as_slice().into(),
                Column::Made(..) => return None,
            };
            texts.push(text);
        }
        Some((self.time(buffer), newline))
    }

    #[inline(always)]
    fn mark(&mut self) {
        self.stretch.mark();
        self.specials.mark();
    }

    fn rewind(&mut self) {
        self.stretch.rewind();
        self.specials.rewind();
    }
}

/// What stands in the quotes around a field, if there are any; `None` if there are others inside.
#[inline(always)]
fn unquoted(buffer: &[u8], field: Range<usize>) -> Option<Range<usize>> {
    match &buffer[field.clone()] {
        [b'"', inner @ .., b'"'] if !inner.contains(&b'"') => Some(field.start + 1..field.end - 1),
        [b'"', ..] => None,
        _ => Some(field),
    }
}
