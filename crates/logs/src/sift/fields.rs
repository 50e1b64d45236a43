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
    /// Where fields and lines end in the stretch, one by one, and whether that is known.
    borders: Places,
    borders_are_known: bool,
    literals: Option<Search>,
    /// The literals were searched in the stretch, and the same is known as marks.
    literals_are_known: bool,
    marks: Borders,
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
            borders: Places::default(),
            borders_are_known: false,
            literals,
            literals_are_known: false,
            marks: Borders::default(),
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

    /// The text of a line is that of a record.
    #[inline(always)]
    fn is_record(&self, line: &[u8]) -> bool {
        match line.first() {
            Some(b'#') => false,
            // A line of blanks is none.
            Some(b' ' | b'\t') if line.trim_ascii().is_empty() => false,
            _ => line.len() != self.header.len() || line != self.header,
        }
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
        let search = |literals: &mut Search| literals.look(buffer, start, self.stretch.end());
        self.literals_are_known = self.literals.as_mut().is_some_and(search);
        self.borders_are_known = !self.literals_are_known;
        let Fields { level, stretch, borders, literals_are_known, marks, specials, special, .. } = self;
        let [delimiters, special_marks, newlines] = &stretch.marks;
        let all = delimiters.iter().zip(special_marks).zip(newlines).map(|((first, second), third)| [*first, *second, *third]);
        let special_marks = if is_special { special_marks.as_slice() } else { &[] };
        dispatch!(*level, _ => if is_special && *special == b'"' {
            let (mut quotes, mut again, mut strays) = (Quotes::new(), Quotes::new(), 0);
            let outside = all.clone().map(|marks| {
                let quoted = quotes.of_block(marks);
                strays |= quoted.stray;
                (marks[0] | marks[2]) & !quoted.inside
            });
            if *literals_are_known { marks.set(start, outside) } else { borders.set::<8>(start, outside) }
            let blocks = if strays == 0 { 0 } else { special_marks.len() };
            specials.set::<1>(start, all.take(blocks).map(|marks| again.of_block(marks).stray));
        } else {
            let both = all.map(|[delimiters, _, newlines]| delimiters | newlines);
            if *literals_are_known { marks.set(start, both) } else { borders.set::<8>(start, both) }
            specials.set::<1>(start, special_marks.iter().copied());
        });
        Some(())
    }

    /// Looks at the lines that begin at `start`, if that was not done yet.
    #[inline(always)]
    fn know_borders(&mut self, buffer: &[u8], start: usize) -> Option<()> {
        if !self.stretch.has(start) {
            self.look(buffer, start)?;
        }
        if !self.borders_are_known {
            self.borders.set::<8>(self.stretch.base, self.marks.marks());
            self.borders_are_known = true;
        }
        Some(())
    }

    /// Finds the wanted fields, where the line's text ends, and the newline; `None` if they may be others than they look, or the line
    /// has more fields than it should, or fewer.
    #[inline(always)]
    fn split(&mut self, buffer: &[u8], start: usize) -> Option<(usize, usize)> {
        self.know_borders(buffer, start)?;
        let is_quoted = self.special == b'"';
        self.borders.from(start);
        if is_quoted && start > self.stretch.base && self.borders.before() != Some(start - 1) {
            // A quote before was not closed, or was none: what is in quotes is known anew.
            self.look(buffer, start)?;
            self.know_borders(buffer, start)?;
        }
        let newline = self.stretch.line_end(start)?;
        self.borders.from(start)?;
        let borders = self.borders.rest();
        let special = self.specials.from(start).filter(|special| *special < newline);
        if borders.get(self.count - 1) != Some(&newline) || is_quoted && special.is_some() {
            return None;
        }
        let (end, mut after) = (self.end(buffer, start, newline), start);
        for (field, found) in self.wanted.iter().zip(&mut self.found) {
            let field_start = if *field == 0 { start } else { borders[field - 1] + 1 };
            let field_end = if field + 1 == self.count { end } else { borders[*field] };
            *found = field_start..field_end;
            after = field_end + 1;
        }
        self.borders.pass(self.count);
        if end == start || special.is_some_and(|special| special < after) {
            return None;
        }
        if is_quoted {
            self.unquote(buffer)?;
        }
        Some((end, newline))
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

    /// Takes the quotes from around the fields; `None` if there are others inside.
    #[inline(always)]
    fn unquote(&mut self, buffer: &[u8]) -> Option<()> {
        for field in &mut self.found {
            *field = unquoted(buffer, field.clone())?;
        }
        Some(())
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
        self.literals_are_known
    }

    #[inline(always)]
    fn without<'b>(&mut self, buffer: &'b [u8], start: usize) -> Option<(&'b [u8], usize)> {
        self.literals.as_ref()?;
        if !self.stretch.has(start) {
            self.look(buffer, start)?;
        }
        let literals = self.literals.as_mut().filter(|_| self.literals_are_known)?;
        let newline = self.stretch.line_end(start)?;
        let borders = &self.marks;
        let is_whole = borders.has(newline) && borders.count_before(newline) + 1 == borders.count_before(start) + self.count;
        // Where a quote before was not closed, or was none, what is in quotes is not known.
        let is_known = start == self.stretch.base || borders.has(start - 1);
        let is_special = self.specials.from(start).is_some_and(|special| special < newline);
        if !is_whole || !is_known || is_special || !literals.finds_none(buffer, start, newline) {
            return None;
        }
        let end = self.end(buffer, start, newline);
        if end == start || !self.is_record(&buffer[start..end]) {
            return None;
        }
        if let Some(slot) = self.time {
            let field = self.wanted[slot];
            let field_start = if field == 0 { start } else { self.marks.nth(start, field - 1)? + 1 };
            let field_end = if field + 1 == self.count { end } else { self.marks.nth(field_start, 0)? };
            let field = field_start..field_end;
            self.found[slot] = if self.special == b'"' { unquoted(buffer, field)? } else { field };
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
        let (end, newline) = self.split(buffer, start)?;
        if !self.is_record(&buffer[start..end]) {
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
        self.borders.mark();
        self.specials.mark();
    }

    fn rewind(&mut self) {
        self.stretch.rewind();
        self.borders.rewind();
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
