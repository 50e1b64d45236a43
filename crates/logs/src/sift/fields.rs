//! Lines that are fields between delimiters: the wanted ones are counted out.

use std::ops::Range;

use memchr::memchr_iter;
use wide::u8x16;

use super::{COLUMNS_MAX, Column};
use crate::decode::Glance;
use crate::format::each_field;
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
    delimiter: u8,
    /// In a line that has this byte, fields behind it may be something else than they look.
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
            delimiter,
            special,
            empty: empty.map(<[u8]>::to_vec),
            header: header.to_vec(),
        })
    }

    /// The texts of the columns, the time and where the newline stands, if the line shows them.
    #[inline]
    pub(super) fn texts<'b>(
        &mut self,
        buffer: &'b [u8],
        start: usize,
        columns: &'b [Column],
        texts: &mut [&'b [u8]; COLUMNS_MAX],
    ) -> Option<(&'b [u8], usize)> {
        let newline = self.split(buffer, start)?;
        let line = &buffer[start..newline];
        if line.first() == Some(&b'#') || line.len() == self.header.len() && line == self.header {
            return None;
        }
        for (at, column) in columns.iter().enumerate() {
            let mut values = self.of_columns[at].iter().map(|slot| self.value(buffer, *slot));
            let first = values.find(|value| !value.is_empty());
            texts[at] = match column {
                Column::Const(text) => text,
                Column::First(_) | Column::Outer(_) => first.unwrap_or_default(),
                Column::Made(_, absent) => match first {
                    None => absent,
                    Some(_) => return None,
                },
            };
        }
        Some((self.time.map_or(b"", |slot| self.value(buffer, slot)), newline))
    }

    /// Finds the wanted fields and the newline; `None` if they may be others than they look, or the line has more fields than it
    /// should, or fewer.
    #[inline]
    fn split(&mut self, buffer: &[u8], start: usize) -> Option<usize> {
        let (mut field, mut field_start, mut wanted, mut special) = (0, start, 0, None);
        let mut base = start;
        let newline = loop {
            let marks = Marks::of(buffer, base, self.delimiter, self.special)?;
            let mut delimiters = marks.delimiters;
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
            if marks.specials != 0 && special.is_none() {
                special = Some(base + marks.specials.trailing_zeros() as usize);
            }
            if let Some(newline) = marks.newline {
                break base + newline;
            }
            base += 16;
        };
        let end = newline - usize::from(buffer[start..newline].ends_with(b"\r"));
        if wanted + 1 == self.wanted.len() && field == self.wanted[wanted] {
            self.found[wanted] = field_start..end;
            wanted += 1;
            field_start = end + 1;
        }
        if wanted < self.wanted.len() || end == start {
            return None;
        }
        let fields = match special {
            Some(at) if at < field_start => return None,
            Some(_) if self.special == b'"' => self.count_quoted(&buffer[field_start..end])?,
            _ => field + 1,
        };
        (fields == self.count).then_some(newline)
    }

    /// The number of fields in a line whose fields behind the wanted ones may be quoted; `None` if the record goes on in the next.
    fn count_quoted(&self, rest: &[u8]) -> Option<usize> {
        let closed = memchr_iter(b'"', rest).count().is_multiple_of(2);
        closed.then(|| self.wanted.last().map_or(0, |last| last + 1) + each_field(rest, self.delimiter, |_, _, _, _| {}))
    }

    #[inline]
    fn value<'b>(&self, buffer: &'b [u8], slot: usize) -> &'b [u8] {
        let value = &buffer[self.found[slot].clone()];
        if self.empty.iter().any(|empty| empty == value) { b"" } else { value }
    }
}

/// What stands in sixteen bytes: a bit for each byte that is a mark, up to the newline.
struct Marks {
    delimiters: u32,
    specials: u32,
    newline: Option<usize>,
}

impl Marks {
    #[inline]
    fn of(buffer: &[u8], base: usize, delimiter: u8, special: u8) -> Option<Marks> {
        let bytes = u8x16::new(*buffer.get(base..)?.first_chunk::<16>()?);
        let equal = |byte: u8| bytes.simd_eq(u8x16::splat(byte)).to_bitmask();
        let newlines = equal(b'\n');
        let before = (newlines & newlines.wrapping_neg()).wrapping_sub(1);
        Some(Marks {
            delimiters: equal(delimiter) & before,
            specials: equal(special) & before,
            newline: (newlines != 0).then(|| newlines.trailing_zeros() as usize),
        })
    }
}
