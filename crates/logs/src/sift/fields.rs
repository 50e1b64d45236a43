//! Lines that are fields between delimiters: the wanted ones are counted out.

use std::ops::Range;

use super::marks::{Blocks, Quotes, WIDTH};
use super::{Column, Texts};
use crate::decode::Glance;
use crate::excerpt::Excerpt;
use crate::table::Path;

/// Lines of fields between delimiters.
pub(super) struct Fields {
    /// The fields that each column may come from, in turn.
    of_columns: Vec<Vec<usize>>,
    time: Option<usize>,
    /// The fields to look at, in order, and where they end in the line at hand.
    wanted: Vec<usize>,
    found: Vec<Range<usize>>,
    count: usize,
    blocks: Blocks,
    /// A quote, that may stand around a field; or a byte that says that the fields of a line, from where it stands, may be something
    /// else than they look.
    special: u8,
    /// Values that stand for empty text.
    empty: [Vec<u8>; 2],
    header: Vec<u8>,
}

impl Fields {
    /// `None` if a column needs more than a field as it stands.
    pub(super) fn new(columns: &[Column], time: &[Path], glance: Glance<'_>) -> Option<Fields> {
        let Glance::Fields { names, delimiter, special, empty, header, added } = glance else { return None };
        let place = |path: &Path| names.iter().position(|name| *name == path.key);
        let mut of_columns = Vec::new();
        for column in columns {
            if column.paths().iter().any(|path| !path.inner.is_empty() || path.key == added) {
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
            blocks: Blocks::new([delimiter, special]),
            special,
            empty: empty.map(<[u8]>::to_vec),
            header: header.to_vec(),
        })
    }

    /// The buffer has other bytes than before.
    pub(super) fn renew(&mut self) {
        self.blocks.renew();
    }

    /// The texts of the columns, the time and where the newline stands, if the line shows them.
    #[inline(always)]
    pub(super) fn texts<'b>(
        &mut self,
        buffer: &'b [u8],
        start: usize,
        columns: &'b [Column],
        texts: &mut Texts<'b>,
    ) -> Option<(&'b [u8], usize)> {
        let newline = self.split(buffer, start)?;
        let line = &buffer[start..newline];
        if line.first() == Some(&b'#') || line.len() == self.header.len() && line == self.header {
            return None;
        }
        for (at, column) in columns.iter().enumerate() {
            let mut values = self.of_columns[at].iter().map(|slot| self.value(buffer, *slot));
            let first = values.find(|value| !value.is_empty());
            let text = match column {
                Column::Const(text) => text.as_slice().into(),
                Column::First(_) | Column::Outer(_) => first.unwrap_or_default(),
                Column::OneOf(_) => {
                    for text in first.into_iter().chain(values) {
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
                Column::Made(_, absent) => match first {
                    None => absent.as_slice().into(),
                    Some(_) => return None,
                },
            };
            texts.of_columns.push(text);
        }
        let time = match self.time {
            Some(slot) => self.value(buffer, slot).text(),
            None => b"",
        };
        Some((time, newline))
    }

    /// Finds the wanted fields and the newline; `None` if they may be others than they look, or the line has more fields than it
    /// should, or fewer.
    #[inline(always)]
    fn split(&mut self, buffer: &[u8], start: usize) -> Option<usize> {
        let (mut field, mut field_start, mut wanted, mut special) = (0, start, 0, None);
        let quoting = self.special == b'"';
        let (mut from, mut base) = (start % WIDTH, start - start % WIDTH);
        let mut quotes = Quotes::new(from);
        let newline = loop {
            let marks = self.blocks.marks(buffer, base)?.of_line(from);
            let mut delimiters = if quoting { quotes.outside(&marks)? } else { marks.bytes[0] };
            while delimiters != 0 && wanted < self.wanted.len() {
                let at = base + delimiters.trailing_zeros() as usize;
                delimiters &= delimiters - 1;
                if field == self.wanted[wanted] {
                    self.found[wanted] = field_start..at;
                    wanted += 1;
                }
                (field, field_start) = (field + 1, at + 1);
            }
            field += delimiters.count_ones() as usize;
            if !quoting && marks.bytes[1] != 0 && special.is_none() {
                special = Some(base + marks.bytes[1].trailing_zeros() as usize);
            }
            if let Some(newline) = marks.newline() {
                break base + newline;
            }
            (from, base) = (0, base + WIDTH);
        };
        let end = self.end(buffer, start, newline);
        if wanted + 1 == self.wanted.len() && field == self.wanted[wanted] {
            self.found[wanted] = field_start..end;
            wanted += 1;
            field_start = end + 1;
        }
        if wanted < self.wanted.len() || end == start || special.is_some_and(|at| at < field_start) {
            return None;
        }
        if quotes.any {
            self.unquote(buffer)?;
        }
        (field + 1 == self.count).then_some(newline)
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
    fn unquote(&mut self, buffer: &[u8]) -> Option<()> {
        for field in &mut self.found {
            match &buffer[field.clone()] {
                [b'"', inner @ .., b'"'] if !inner.contains(&b'"') => *field = field.start + 1..field.end - 1,
                [b'"', ..] => return None,
                _ => {}
            }
        }
        Some(())
    }

    #[inline(always)]
    fn value<'b>(&self, buffer: &'b [u8], slot: usize) -> Excerpt<'b> {
        let Range { start, end } = self.found[slot].clone();
        let value = Excerpt::of(buffer, start, end).unwrap_or_default();
        if self.empty.iter().any(|empty| empty == value.text()) { Excerpt::default() } else { value }
    }
}
