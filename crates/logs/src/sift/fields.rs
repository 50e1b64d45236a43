//! Lines that are fields between delimiters: the wanted ones are counted out.

use std::ops::Range;

use arrayvec::ArrayVec;
use fearless_simd::{Level, dispatch};

use super::literals::{Clear, Search};
use super::passing::Passing;
use super::rows::Rows;
use super::span::Times;
use super::texts::{COLUMNS_MAX, Line, Whose};
use super::{Column, Lines, Texts};
use crate::decode::Glance;
use crate::excerpt::Excerpt;
use crate::table::Path;

/// Lines of fields between delimiters.
pub(super) struct Fields {
    /// The fields that each column may come from, in turn.
    of_columns: Vec<Vec<usize>>,
    /// The first of them for each column.
    slots: Vec<Option<usize>>,
    /// No column may come from several.
    is_simple: bool,
    time: Option<usize>,
    /// The fields to look at, in order, and where they stand in the line at hand.
    wanted: Vec<usize>,
    found: Vec<Range<usize>>,
    /// How many fields a line has.
    count: usize,
    rows: Rows,
    literals: Option<Search>,
    /// Values that stand for empty text.
    empty: [Vec<u8>; 2],
    longest_empty: usize,
    header: Vec<u8>,
    level: Level,
}

/// The fields that are wanted of each record, in order, and what becomes of them.
struct Picks<'p, 'b> {
    wanted: &'p [usize],
    columns: &'p [Text<'b>],
    /// Which of the wanted ones is the time.
    time: Option<usize>,
}

/// Fields at most that are wanted: of all columns, and the time.
const FIELDS_MAX: usize = COLUMNS_MAX + 1;

/// Texts of records that are added.
struct Adding<'p, 't, 'b> {
    passing: &'p Passing<'t, 'b>,
    /// Where the next record begins.
    at: usize,
    /// So many records more are added.
    most: usize,
    texts: &'p mut Texts<'b>,
}

/// Where the text of a simple column comes from.
enum Text<'b> {
    /// One of the wanted fields.
    Field(usize),
    /// It is the same in every record.
    Same(Excerpt<'b>),
}

impl<'b> Text<'b> {
    fn of((column, slot): (&'b Column, &Option<usize>)) -> Text<'b> {
        match (column, slot) {
            (Column::Const(text), _) => Text::Same(text.as_slice().into()),
            (_, Some(slot)) => Text::Field(*slot),
            (_, None) => Text::Same(Excerpt::default()),
        }
    }
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
        let of_columns: Vec<Vec<usize>> =
            of_columns.into_iter().map(|fields| fields.into_iter().filter_map(slot).collect()).collect();
        let is_simple = columns.iter().zip(&of_columns).all(|(column, slots)| match column {
            Column::Const(_) => true,
            Column::First(_) | Column::Outer(_) => slots.len() <= 1,
            Column::Made(..) | Column::OneOf(_) => false,
        });
        Some(Fields {
            is_simple,
            slots: of_columns.iter().map(|slots| slots.first().copied()).collect(),
            of_columns,
            time: time.and_then(slot),
            found: vec![0..0; wanted.len()],
            wanted,
            count: names.len(),
            rows: Rows::new(delimiter, special),
            literals,
            longest_empty: empty[0].len().max(empty[1].len()),
            empty: empty.map(<[u8]>::to_vec),
            header: header.to_vec(),
            level: Level::new(),
        })
    }

    /// The buffer has other bytes than before.
    pub(super) fn renew(&mut self) {
        self.rows.renew();
    }

    #[cold]
    fn look(&mut self, buffer: &[u8], start: usize) -> Option<()> {
        self.rows.look(buffer, start)?;
        if let Some(literals) = &mut self.literals {
            literals.look(buffer, start, self.rows.end());
        }
        Some(())
    }

    /// Finds where the line's text ends, and the newline; `None` if its fields may be others than they look, or it is no record: it
    /// has more fields than it should, or fewer.
    #[inline(always)]
    fn record(&mut self, buffer: &[u8], start: usize) -> Option<(usize, usize)> {
        if !self.rows.has(start) {
            self.look(buffer, start)?;
        }
        let at = self.rows.pass();
        let (_, newline) = self.rows.line(at);
        if self.rows.fields(at) != Some(self.count) || self.rows.is_quoted() && self.rows.special(start, newline).is_some() {
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

    /// Where the text ends of a line with as many fields as it should have, if it is plainly a record.
    #[inline(always)]
    fn plain_end(&self, buffer: &[u8], start: usize, newline: usize) -> Option<usize> {
        let mut line = buffer.get(start..newline)?;
        if let [rest @ .., b'\r'] = line {
            line = rest;
        }
        let (first, last) = (line.first()?, line.last()?);
        let is_odd = matches!(first, b'#' | b' ' | b'\t' | b'\r') || *last == b'\r' || line.len() == self.header.len();
        (!is_odd).then_some(start + line.len())
    }

    /// Finds the wanted fields in a plain record, if they stand near its beginning.
    #[inline(always)]
    fn find_near(&self, buffer: &[u8], start: usize, end: usize, wanted: &[usize], found: &mut [(usize, usize)]) -> Option<()> {
        self.rows.borders.find_near_fields(start, (self.count - 1, end), wanted, found)?;
        if self.rows.is_quoted() {
            for (start, end) in &mut found[..wanted.len()] {
                if buffer[*start] == b'"' {
                    (*start, *end) = unquoted(buffer, *start..*end).map(|field| (field.start, field.end))?;
                }
            }
        }
        Some(())
    }

    /// Passes over the next lines that are plain records, up to where a literal may stand; how many they were. It is a function of its
    /// own, as [`Fields::add_records`] is.
    #[inline(never)]
    fn pass_records(&self, clear: Clear, passing: &mut Passing<'_, '_>) -> usize {
        dispatch!(self.level, _ => match self.time.map(|slot| self.wanted[slot]) {
            None => self.pass(&[], clear, passing),
            // Where most times stand.
            Some(0) => self.pass(&[0], clear, passing),
            Some(time) => self.pass(&[time], clear, passing),
        })
    }

    /// The same, where only the time is wanted, if it is there.
    #[inline(always)]
    fn pass(&self, wanted: &[usize], clear: Clear, passing: &mut Passing<'_, '_>) -> usize {
        let (buffer, mut found, mut at, mut passed) = (passing.buffer, [(0, 0)], passing.passed.at, 0);
        let mut times = Times::default();
        for (start, newline) in self.rows.plain(self.count) {
            let Some(end) = self.plain_end(buffer, start, newline).filter(|_| start < passing.until) else { break };
            if !clear.has(buffer, start, newline) || self.find_near(buffer, start, end, wanted, &mut found).is_none() {
                break;
            }
            let time = if wanted.is_empty() { b"" } else { self.value(buffer, found[0].0..found[0].1).text() };
            times.add(time, passing.span);
            (at, passed) = (newline + 1, passed + 1);
        }
        times.note(passing.span);
        passing.pass_noted(passed, at);
        passed
    }

    /// Adds the texts of plain records from `at` on, up to so many; where the first line begins that was not added. It is a function
    /// of its own: as a part of what calls it, it would find no free register.
    #[inline(never)]
    fn add_records<'b>(&mut self, passing: &Passing<'_, 'b>, at: usize, most: usize, texts: &mut Texts<'b>) -> usize {
        let columns: ArrayVec<Text<'b>, COLUMNS_MAX> = passing.columns.iter().zip(&self.slots).map(Text::of).collect();
        let Ok(wanted) = ArrayVec::<usize, FIELDS_MAX>::try_from(self.wanted.as_slice()) else { return at };
        let most = most.saturating_sub(texts.lines().len()).min(texts.room());
        let mut adding = Adding { passing, at, most, texts };
        dispatch!(self.level, _ => match (&*wanted, &*columns, self.time) {
            // What is usual is compiled by itself, so that what is found stays in registers: one column, and a time or none.
            ([one], [Text::Field(0)], None) => self.add(&Picks { wanted: &[*one], columns: &[Text::Field(0)], time: None }, &mut adding),
            ([one, two], [Text::Field(0)], Some(1)) => {
                self.add(&Picks { wanted: &[*one, *two], columns: &[Text::Field(0)], time: Some(1) }, &mut adding);
            }
            ([one, two], [Text::Field(1)], Some(0)) => {
                self.add(&Picks { wanted: &[*one, *two], columns: &[Text::Field(1)], time: Some(0) }, &mut adding);
            }
            (wanted, columns, time) => self.add(&Picks { wanted, columns, time }, &mut adding),
        });
        adding.at
    }

    /// The same of those fields.
    #[inline(always)]
    fn add<'b>(&mut self, picks: &Picks<'_, 'b>, adding: &mut Adding<'_, '_, 'b>) {
        let (buffer, mut found, mut added) = (adding.passing.buffer, [(0, 0); FIELDS_MAX], 0);
        for (start, newline) in self.rows.plain(self.count).take(adding.most) {
            let Some(end) = self.plain_end(buffer, start, newline).filter(|_| start < adding.passing.until) else { break };
            if self.find_near(buffer, start, end, picks.wanted, &mut found).is_none() {
                break;
            }
            let value = |slot: usize| self.value(buffer, found[slot].0..found[slot].1);
            for column in picks.columns {
                adding.texts.push(match column {
                    Text::Field(slot) => value(*slot),
                    Text::Same(text) => *text,
                });
            }
            let time = if let Some(slot) = picks.time { value(slot).text() } else { b"" };
            adding.texts.end_line(Line { time, newline, whose: Whose::Own });
            added += 1;
            adding.at = newline + 1;
        }
        self.rows.pass_some(added);
    }

    /// Finds those of the wanted fields of the line; `None` if there are quotes inside one of them.
    #[inline(always)]
    fn find(&mut self, buffer: &[u8], start: usize, end: usize, slots: Range<usize>) -> Option<()> {
        let found = &mut self.found[slots.clone()];
        self.rows.borders.find_fields(start, (self.count - 1, end), &self.wanted[slots], found.iter_mut())?;
        if self.rows.is_quoted() {
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
            if !self.rows.is_quoted() {
                break;
            }
        }
        end
    }

    #[inline(always)]
    fn time<'b>(&self, buffer: &'b [u8]) -> &'b [u8] {
        match self.time {
            Some(slot) => self.value(buffer, self.found[slot].clone()).text(),
            None => b"",
        }
    }

    /// The first of those values that is not empty.
    #[inline(always)]
    fn first<'b>(&self, buffer: &'b [u8], slots: &[usize]) -> Excerpt<'b> {
        for slot in slots {
            let value = self.value(buffer, self.found[*slot].clone());
            if !value.is_empty() {
                return value;
            }
        }
        Excerpt::default()
    }

    #[inline(always)]
    fn value<'b>(&self, buffer: &'b [u8], field: Range<usize>) -> Excerpt<'b> {
        let value = Excerpt::of(buffer, field.start, field.end).unwrap_or_default();
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
        let is_hidden = self.rows.special(start, newline).is_some();
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
    fn pass_plain(&mut self, passing: &mut Passing<'_, '_>) {
        if !self.rows.has(passing.passed.at) || !self.literals_are_known() {
            return;
        }
        let Some(clear) = self.literals.as_mut().map(|literals| literals.clear_from(passing.passed.at)) else { return };
        let passed = self.pass_records(clear, passing);
        if let Some(literals) = &mut self.literals {
            literals.count(passed, true);
        }
        self.rows.pass_some(passed);
    }

    #[inline(always)]
    fn have_plain(&self) -> bool {
        self.is_simple
    }

    #[inline(always)]
    fn add_plain<'b>(&mut self, passing: &Passing<'_, 'b>, at: usize, most: usize, texts: &mut Texts<'b>) -> usize {
        if self.rows.has(at) { self.add_records(passing, at, most, texts) } else { at }
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
        if self.rows.special(start, newline).is_some_and(|special| special <= last) {
            return None;
        }
        for (at, column) in columns.iter().enumerate() {
            let slots = &self.of_columns[at];
            let text = match column {
                Column::Const(text) => text.as_slice().into(),
                Column::First(_) | Column::Outer(_) => self.first(buffer, slots),
                Column::OneOf(_) => {
                    for slot in slots {
                        let text = self.value(buffer, self.found[*slot].clone());
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

    /// Lines can be asked about in any order.
    fn mark(&mut self) {}

    fn rewind(&mut self) {}
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
