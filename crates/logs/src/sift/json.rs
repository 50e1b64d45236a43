//! Lines that are JSON objects: the keys of the wanted members are searched in many of them at once.

use std::ops::Range;

use fearless_simd::Level;
use memchr::{memchr, memchr2};

use super::key::{Key, TimeKey, next_quote, skip_blanks};
use super::literals::Search;
use super::passing::Passing;
use super::span::Times;
use super::stretch::{Stretch, find_key};
use super::texts::{COLUMNS_MAX, Line, Whose};
use super::{Column, Lines, Texts};
use crate::excerpt::Excerpt;
use crate::places::Ahead;
use crate::skeleton::text_end;
use crate::table::Path;

/// Lines of JSON objects.
pub(super) struct Json {
    /// The keys of the columns in turn.
    keys: Vec<Key>,
    of_columns: Vec<Range<usize>>,
    /// No column may come from several keys.
    is_simple: bool,
    time: Option<TimeKey>,
    /// Where the keys may stand in the stretch is known.
    keys_are_known: bool,
    literals: Option<Search>,
    /// Some lines, with their quotes and backslashes.
    stretch: Stretch,
    /// A backslash stands in them: a quote may then be part of a text.
    escaped: bool,
    level: Level,
}

/// What was found of a key in a line.
enum Seen {
    Nothing,
    Text(Range<usize>),
}

impl Json {
    /// Lines in which that search finds nothing are passed over.
    pub(super) fn new(columns: &[Column], time: &[Path], literals: Option<Search>) -> Json {
        let (mut keys, mut of_columns) = (Vec::new(), Vec::new());
        for column in columns {
            let first = keys.len();
            for path in column.paths() {
                let key = Key::of(path);
                // Members of several members may have one name: it is looked for once, and must then stand there but once.
                let is_known = |known: &Key| known.inner && key.inner && known.name.bytes() == key.name.bytes();
                if !keys[first..].iter().any(is_known) {
                    keys.push(key);
                }
            }
            of_columns.push(first..keys.len());
        }
        let time = time.first().map(TimeKey::of);
        let is_simple = columns.iter().zip(&of_columns).all(|(column, keys)| match column {
            Column::Const(_) => true,
            Column::First(_) => keys.len() <= 1,
            Column::Outer(_) | Column::Made(..) | Column::OneOf(_) => false,
        });
        Json {
            keys,
            of_columns,
            is_simple,
            time,
            keys_are_known: false,
            literals,
            stretch: Stretch::new(),
            level: Level::new(),
            escaped: false,
        }
    }

    /// The buffer has other bytes than before.
    pub(super) fn renew(&mut self) {
        self.stretch.renew();
    }

    #[cold]
    fn look(&mut self, buffer: &[u8], start: usize) -> Option<()> {
        self.escaped = self.stretch.look(buffer, start)?;
        self.keys_are_known = false;
        if let Some(literals) = &mut self.literals {
            literals.look(buffer, start, self.stretch.end());
        }
        Some(())
    }

    #[cold]
    fn search_keys(&mut self, buffer: &[u8], start: usize) {
        for Key { name, places, .. } in &mut self.keys {
            find_key(self.level, name.bytes(), buffer, start, self.stretch.end(), places);
        }
        self.keys_are_known = true;
    }

    /// The object that a line is, and where the newline stands.
    #[inline(always)]
    fn object(&mut self, buffer: &[u8], start: usize) -> Option<(Range<usize>, usize)> {
        if !self.stretch.has(start) {
            self.look(buffer, start)?;
        }
        let newline = self.stretch.line_end(start)?;
        Some((object_of(buffer, start, newline)?, newline))
    }

    #[inline(always)]
    fn time<'b>(&mut self, buffer: &'b [u8], line: &Range<usize>) -> &'b [u8] {
        match &mut self.time {
            Some(time) => time.find(buffer, line),
            None => b"",
        }
    }

    /// Adds the texts of plain lines of the stretch, as [`Lines::add_plain`] does; there are at most `N` keys.
    #[inline(always)]
    fn add_texts<'b, const N: usize>(
        &mut self,
        passing: &Passing<'_, 'b>,
        mut at: usize,
        most: usize,
        texts: &mut Texts<'b>,
    ) -> usize {
        let (buffer, room) = (passing.buffer, most.saturating_sub(texts.lines().len()).min(texts.room()));
        let Json { keys, of_columns, time, stretch, .. } = self;
        let mut newlines = stretch.newlines().ahead();
        let mut places: [Ahead<'_>; N] = std::array::from_fn(|key| keys.get(key).map_or(Ahead::NONE, |key| key.places.ahead()));
        for _ in 0..room {
            let Some(newline) = newlines.from(at).filter(|_| at < passing.until) else { break };
            let Some(line) = object_of(buffer, at, newline) else { break };
            let mut is_plain = true;
            for (column, own) in passing.columns.iter().zip(&*of_columns) {
                let text = match (column, keys.get(own.clone()), places.get_mut(own.start)) {
                    (Column::Const(text), ..) => Some(text.as_slice().into()),
                    (_, Some([key]), Some(places)) => key.only_text(places, buffer, &line),
                    _ => Some(Excerpt::default()),
                };
                is_plain &= text.is_some();
                texts.push(text.unwrap_or_default());
            }
            if !is_plain {
                texts.drop_line();
                break;
            }
            let time = if let Some(time) = time { time.find(buffer, &line) } else { b"" };
            texts.end_line(Line { time, newline, whose: Whose::Own });
            at = newline + 1;
        }
        let (lines, places) = (newlines.count(), places.map(|places| places.count()));
        stretch.newlines().leave(lines);
        keys.iter_mut().zip(places).for_each(|(key, ahead)| key.places.leave(ahead));
        at
    }

    /// The first text under one of the keys that is not empty; `None` if it cannot be told without reading the record.
    ///
    /// A key is found wherever it stands, so a text may be that of another member of the same name. Where it is the only one, the
    /// column is either that text or empty, and a line in which the text is not looked for can be passed over. Where there are
    /// several, and the first is not known to stand where the column's own does, it may be any `other`.
    #[inline(always)]
    fn first_text(
        &mut self,
        keys: Range<usize>,
        buffer: &[u8],
        line: &Range<usize>,
        mut other: impl FnMut(Range<usize>) -> Option<()>,
    ) -> Option<Range<usize>> {
        let (mut first, mut first_inner) = (line.start..line.start, false);
        for key in keys {
            let Seen::Text(text) = self.find(key, buffer, line)? else { continue };
            if first.is_empty() {
                (first, first_inner) = (text, self.keys[key].inner);
            } else if !text.is_empty() && text != first && (first_inner || !is_outer(buffer, line, &first)) {
                other(text)?;
            }
        }
        Some(first)
    }

    /// A text under one of the keys, and each `other`; `None` if they cannot be told without reading the record.
    #[inline(always)]
    fn one_text(
        &mut self,
        keys: Range<usize>,
        buffer: &[u8],
        line: &Range<usize>,
        mut other: impl FnMut(Range<usize>) -> Option<()>,
    ) -> Option<Range<usize>> {
        let mut one = line.start..line.start;
        for key in keys {
            match self.find(key, buffer, line)? {
                Seen::Text(text) if one.is_empty() => one = text,
                Seen::Text(text) if !text.is_empty() => other(text)?,
                _ => {}
            }
        }
        Some(one)
    }

    /// The text under the key in that line; `None` if it cannot be told without reading the record.
    #[inline(always)]
    fn find(&mut self, number: usize, buffer: &[u8], line: &Range<usize>) -> Option<Seen> {
        let (mut seen, mut from) = (Seen::Nothing, line.start);
        while let Some(start) = self.keys.get_mut(number)?.next(from, line.end) {
            from = start + 1;
            let (key, rest) = (self.keys.get(number)?, &buffer[start..line.end]);
            if !key.name.begins(rest) {
                continue;
            }
            if self.escaped && start > 0 && buffer[start - 1] == b'\\' {
                return None;
            }
            let text = if key.usual.begins(rest) {
                let text = start + key.usual.len();
                text..self.quoted_end(buffer, text).filter(|quote| *quote < line.end)?
            } else {
                match self.value(buffer, start + key.name.len(), line.end)? {
                    Seen::Text(text) => text,
                    Seen::Nothing => continue,
                }
            };
            if matches!(seen, Seen::Text(_)) {
                return None;
            }
            seen = Seen::Text(text);
        }
        Some(seen)
    }

    /// The text of the value that stands behind a key which ends at `at`; nothing if that is none, but the text of a value.
    fn value(&self, buffer: &[u8], at: usize, end: usize) -> Option<Seen> {
        let mut at = skip_blanks(buffer, at);
        if buffer.get(at) != Some(&b':') {
            return Some(Seen::Nothing);
        }
        at = skip_blanks(buffer, at + 1);
        Some(Seen::Text(match buffer.get(at..end)? {
            [b'"', ..] => at + 1..self.quoted_end(buffer, at + 1).filter(|quote| *quote < end)?,
            [b'n', b'u', b'l', b'l', b',' | b'}' | b' ', ..] => at..at,
            number @ [b'-' | b'0'..=b'9', ..] => at..at + plain_number(number)?,
            _ => return None,
        }))
    }

    /// Where the text ends that begins at `at`; `None` if there are escapes in it.
    #[inline(always)]
    fn quoted_end(&self, buffer: &[u8], at: usize) -> Option<usize> {
        if self.escaped {
            return text_end(buffer, at).filter(|(_, escapes)| !escapes).map(|(quote, _)| quote);
        }
        next_quote(buffer, at)
    }
}

impl Lines for Json {
    #[inline(always)]
    fn literals_are_known(&self) -> bool {
        self.literals.as_ref().is_some_and(Search::is_known)
    }

    #[inline(always)]
    fn without<'b>(&mut self, buffer: &'b [u8], start: usize) -> Option<(&'b [u8], usize)> {
        self.literals.as_ref()?;
        let (line, newline) = self.object(buffer, start)?;
        let literals = self.literals.as_mut().filter(|literals| literals.is_known())?;
        let is_hidden = self.escaped && has_escaped_letter(&buffer[line.clone()]);
        if !literals.finds_none(buffer, start, newline, is_hidden) {
            return None;
        }
        Some((self.time(buffer, &line), newline))
    }

    #[inline(always)]
    fn pass_plain(&mut self, passing: &mut Passing<'_, '_>) {
        let (buffer, mut at, mut passed) = (passing.buffer, passing.passed.at, 0);
        if self.escaped || !self.literals_are_known() || !self.stretch.has(at) {
            return;
        }
        let Json { literals: Some(literals), time, stretch, .. } = self else { return };
        let (mut newlines, mut times) = (stretch.newlines().ahead(), Times::default());
        while let Some(newline) = newlines.from(at).filter(|_| at < passing.until) {
            let Some(line) = object_of(buffer, at, newline).filter(|_| literals.lacks(buffer, at, newline)) else { break };
            times.add(if let Some(time) = time { time.find(buffer, &line) } else { b"" }, passing.span);
            (at, passed) = (newline + 1, passed + 1);
        }
        let ahead = newlines.count();
        stretch.newlines().leave(ahead);
        literals.count(passed, true);
        times.note(passing.span);
        passing.pass_noted(passed, at);
    }

    #[inline(always)]
    fn have_plain(&self) -> bool {
        self.is_simple
    }

    #[inline(always)]
    fn add_plain<'b>(&mut self, passing: &Passing<'_, 'b>, at: usize, most: usize, texts: &mut Texts<'b>) -> usize {
        if self.escaped || !self.keys_are_known || !self.stretch.has(at) {
            return at;
        }
        // Compiled for each of the usual numbers of keys, so that what is next of them stays in registers.
        match self.keys.len() {
            1 => self.add_texts::<1>(passing, at, most, texts),
            2 => self.add_texts::<2>(passing, at, most, texts),
            3..=COLUMNS_MAX => self.add_texts::<COLUMNS_MAX>(passing, at, most, texts),
            _ => at,
        }
    }

    #[inline(always)]
    fn texts<'b>(
        &mut self,
        buffer: &'b [u8],
        start: usize,
        columns: &'b [Column],
        texts: &mut Texts<'b>,
    ) -> Option<(&'b [u8], usize)> {
        let (line, newline) = self.object(buffer, start)?;
        if !self.keys_are_known {
            self.search_keys(buffer, start);
        }
        if self.escaped && has_escaped_key(&buffer[line.clone()]) {
            return None;
        }
        for (at, column) in columns.iter().enumerate() {
            let keys = self.of_columns[at].clone();
            let text = match column {
                Column::Const(text) => text.as_slice().into(),
                Column::First(_) => {
                    let first = self.first_text(keys, buffer, &line, |other| texts.or(at, excerpt(buffer, &other)?))?;
                    excerpt(buffer, &first)?
                }
                Column::OneOf(_) => {
                    let one = self.one_text(keys, buffer, &line, |other| texts.or(at, excerpt(buffer, &other)?))?;
                    excerpt(buffer, &one)?
                }
                Column::Made(_, absent) => {
                    for key in keys {
                        let Seen::Nothing = self.find(key, buffer, &line)? else { return None };
                    }
                    absent.as_slice().into()
                }
                Column::Outer(_) => {
                    let text = self.first_text(keys, buffer, &line, |_| None)?;
                    if !text.is_empty() && !is_outer(buffer, &line, &text) {
                        return None;
                    }
                    excerpt(buffer, &text)?
                }
            };
            texts.push(text);
        }
        Some((self.time(buffer, &line), newline))
    }

    #[inline(always)]
    fn mark(&mut self) {
        self.stretch.mark();
        self.keys.iter_mut().for_each(|key| key.places.mark());
    }

    fn rewind(&mut self) {
        self.stretch.rewind();
        self.keys.iter_mut().for_each(|key| key.places.rewind());
    }
}

/// The object that a line is.
#[inline(always)]
fn object_of(buffer: &[u8], start: usize, newline: usize) -> Option<Range<usize>> {
    let line = start..newline - usize::from(buffer[start..newline].ends_with(b"\r"));
    let bytes = &buffer[line.clone()];
    (bytes.len() >= 2 && bytes[0] == b'{' && bytes[bytes.len() - 1] == b'}').then_some(line)
}

#[inline(always)]
fn excerpt<'b>(buffer: &'b [u8], text: &Range<usize>) -> Option<Excerpt<'b>> {
    Excerpt::of(buffer, text.start, text.end)
}

/// The member with that text is no member of a member: in its line nothing is opened before it, or nothing closed behind it, but the
/// object itself.
fn is_outer(buffer: &[u8], line: &Range<usize>, text: &Range<usize>) -> bool {
    memchr2(b'{', b'[', &buffer[line.start + 1..text.start]).is_none()
        || memchr2(b'}', b']', &buffer[text.end..line.end - 1]).is_none()
}

/// A key is written with escapes: a colon stands behind a text that has some.
fn has_escaped_key(line: &[u8]) -> bool {
    let mut at = 0;
    while let Some(found) = memchr(b'\\', &line[at..]) {
        let Some((quote, _)) = text_end(line, at + found) else { return true };
        at = quote + 1;
        if line.get(skip_blanks(line, at)) == Some(&b':') {
            return true;
        }
    }
    false
}

/// A letter, or something else that literals are made of, may be written with an escape.
fn has_escaped_letter(line: &[u8]) -> bool {
    let mut rest = line;
    while let Some(at) = memchr(b'\\', rest) {
        if !matches!(rest.get(at + 1), Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')) {
            return true;
        }
        rest = &rest[at + 2..];
    }
    false
}

/// The length of the number that begins there, if it is one of digits and ends as a value does.
#[inline(always)]
fn plain_number(bytes: &[u8]) -> Option<usize> {
    let end = bytes.iter().position(|byte| !matches!(byte, b'-' | b'0'..=b'9' | b'.'))?;
    matches!(bytes[end], b',' | b'}' | b' ').then_some(end)
}
