//! Lines that are JSON objects: the keys of the wanted members are searched in all of them at once.

use std::ops::Range;

use memchr::memmem::Finder;
use memchr::{memchr, memchr2, memmem};

use super::marks::Blocks;
use super::{Column, Texts};
use crate::skeleton::text_end;
use crate::table::Path;

/// Lines of JSON objects.
pub(super) struct Json {
    keys: Vec<Key>,
    /// The keys of the columns in turn.
    of_columns: Vec<Range<usize>>,
    time: Option<TimeKey>,
    /// Backslashes, which change what bytes mean.
    blocks: Blocks,
}

/// A key, in its quotes.
struct Key {
    finder: Finder<'static>,
    /// Where it stands next, in the buffer: beyond its end if nowhere; `None` if that was not looked for yet.
    next: Option<usize>,
    /// It is a member of a member.
    inner: bool,
}

/// What was found of a key in a line.
enum Seen {
    Nothing,
    Text(Range<usize>),
}

impl Json {
    pub(super) fn new(columns: &[Column], time: &[Path]) -> Json {
        let (mut keys, mut of_columns) = (Vec::new(), Vec::new());
        for column in columns {
            let first = keys.len();
            for path in column.paths() {
                let (name, inner) = (quoted(path.inner.last().unwrap_or(&path.key)), !path.inner.is_empty());
                // Members of several members may have one name: it is looked for once, and must then stand there but once.
                if !keys[first..].iter().any(|key: &Key| key.inner && inner && key.finder.needle() == name) {
                    keys.push(Key { finder: Finder::new(&name).into_owned(), next: None, inner });
                }
            }
            of_columns.push(first..keys.len());
        }
        let time = time.first().map(|path| path.inner.last().unwrap_or(&path.key));
        let time = time.map(|name| TimeKey { name: quoted(name), usual: 1 });
        Json { keys, of_columns, time, blocks: Blocks::new([b'\\'; 2]) }
    }

    /// The buffer has other bytes than before.
    pub(super) fn renew(&mut self) {
        self.blocks.renew();
        self.keys.iter_mut().for_each(|key| key.next = None);
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
        let (newline, escaped) = self.blocks.line_end(buffer, start)?;
        let line = start..newline - usize::from(buffer[start..newline].ends_with(b"\r"));
        let bytes = &buffer[line.clone()];
        if bytes.len() < 2 || bytes[0] != b'{' || bytes[bytes.len() - 1] != b'}' {
            return None;
        }
        // A key may be written in escapes.
        if escaped && memmem::find(bytes, br"\u").is_some() {
            return None;
        }
        for (at, column) in columns.iter().enumerate() {
            let keys = self.keys.get_mut(self.of_columns[at].clone())?;
            let text = match column {
                Column::Const(text) => text,
                Column::First(_) => &buffer[first_text(keys, buffer, &line, |other| texts.or(at, &buffer[other]))?],
                Column::OneOf(_) => &buffer[one_text(keys, buffer, &line, |other| texts.or(at, &buffer[other]))?],
                Column::Made(_, absent) => {
                    for key in keys {
                        let Seen::Nothing = key.find(buffer, &line)? else { return None };
                    }
                    absent
                }
                Column::Outer(_) => {
                    let text = first_text(keys, buffer, &line, |_| None)?;
                    if !text.is_empty() && !is_outer(buffer, &line, &text) {
                        return None;
                    }
                    &buffer[text]
                }
            };
            texts.of_columns[at] = text;
        }
        Some((self.time.as_mut().map_or(b"", |time| time.find(bytes)), newline))
    }
}

/// The first text under one of the keys that is not empty; `None` if it cannot be told without reading the record.
///
/// A key is found wherever it stands, so a text may be that of another member of the same name. Where it is the only one, the column
/// is either that text or empty, and a line in which the text is not looked for can be passed over. Where there are several, and the
/// first is not known to stand where the column's own does, it may be any `other`.
#[inline(always)]
fn first_text(
    keys: &mut [Key],
    buffer: &[u8],
    line: &Range<usize>,
    mut other: impl FnMut(Range<usize>) -> Option<()>,
) -> Option<Range<usize>> {
    let (mut first, mut first_inner) = (line.start..line.start, false);
    for key in keys {
        let Seen::Text(text) = key.find(buffer, line)? else { continue };
        if first.is_empty() {
            (first, first_inner) = (text, key.inner);
        } else if !text.is_empty() && text != first && (first_inner || !is_outer(buffer, line, &first)) {
            other(text)?;
        }
    }
    Some(first)
}

/// A text under one of the keys, and each `other`; `None` if they cannot be told without reading the record.
#[inline(always)]
fn one_text(
    keys: &mut [Key],
    buffer: &[u8],
    line: &Range<usize>,
    mut other: impl FnMut(Range<usize>) -> Option<()>,
) -> Option<Range<usize>> {
    let mut one = line.start..line.start;
    for key in keys {
        match key.find(buffer, line)? {
            Seen::Text(text) if one.is_empty() => one = text,
            Seen::Text(text) if !text.is_empty() => other(text)?,
            _ => {}
        }
    }
    Some(one)
}

/// The member with that text is no member of a member: in its line nothing is opened before it, or nothing closed behind it, but the
/// object itself.
fn is_outer(buffer: &[u8], line: &Range<usize>, text: &Range<usize>) -> bool {
    memchr2(b'{', b'[', &buffer[line.start + 1..text.start]).is_none()
        || memchr2(b'}', b']', &buffer[text.end..line.end - 1]).is_none()
}

impl Key {
    /// The text under the key in that line; `None` if it cannot be told without reading the record.
    #[inline(always)]
    fn find(&mut self, buffer: &[u8], line: &Range<usize>) -> Option<Seen> {
        let mut next = match self.next {
            Some(next) if next >= line.start => next,
            _ => self.seek(buffer, line.start),
        };
        let mut seen = Seen::Nothing;
        while next < line.end {
            let (start, end) = (next, next + self.finder.needle().len());
            next = self.seek(buffer, end);
            if start > 0 && buffer[start - 1] == b'\\' {
                return None;
            }
            let mut at = skip_blanks(buffer, end);
            if buffer.get(at) != Some(&b':') {
                // The text of a value.
                continue;
            }
            at = skip_blanks(buffer, at + 1);
            let text = match buffer.get(at..line.end)? {
                [b'"', ..] => match text_end(buffer, at + 1)? {
                    (quote, false) if quote < line.end => at + 1..quote,
                    _ => return None,
                },
                [b'n', b'u', b'l', b'l', b',' | b'}' | b' ', ..] => at..at,
                number @ [b'-' | b'0'..=b'9', ..] => at..at + plain_number(number)?,
                _ => return None,
            };
            if matches!(seen, Seen::Text(_)) {
                return None;
            }
            seen = Seen::Text(text);
        }
        Some(seen)
    }

    #[inline(always)]
    fn seek(&mut self, buffer: &[u8], from: usize) -> usize {
        let next = self.finder.find(&buffer[from..]).map_or(usize::MAX, |found| from + found);
        self.next = Some(next);
        next
    }
}

/// The length of the number that begins there, if it is one of digits and ends as a value does.
#[inline(always)]
fn plain_number(bytes: &[u8]) -> Option<usize> {
    let end = bytes.iter().position(|byte| !matches!(byte, b'-' | b'0'..=b'9' | b'.'))?;
    matches!(bytes[end], b',' | b'}' | b' ').then_some(end)
}

fn quoted(name: &str) -> Vec<u8> {
    format!("\"{name}\"").into_bytes()
}

#[inline(always)]
fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}

/// The key of the time, which mostly stands in the same place of each line.
struct TimeKey {
    name: Vec<u8>,
    usual: usize,
}

impl TimeKey {
    #[inline(always)]
    fn find<'b>(&mut self, line: &'b [u8]) -> &'b [u8] {
        if !line.get(self.usual..).is_some_and(|rest| rest.starts_with(&self.name)) {
            let Some(found) = memmem::find(line, &self.name) else { return b"" };
            self.usual = found;
        }
        let at = skip_blanks(line, self.usual + self.name.len());
        let value = line.get(skip_blanks(line, at + 1)..).unwrap_or_default();
        match value.first() {
            Some(b'"') => value[1..].get(..memchr(b'"', &value[1..]).unwrap_or(0)).unwrap_or_default(),
            _ => &value[..value.iter().position(|byte| matches!(byte, b',' | b'}' | b' ')).unwrap_or(0)],
        }
    }
}
