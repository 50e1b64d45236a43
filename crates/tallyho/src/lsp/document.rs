//! An open text, and its places: bytes for the `kql` crate, lines and UTF-16 units for editors.

use kql::Span;
use lsp_types::{Position, Range, TextDocumentContentChangeEvent, Uri};

/// An open text.
pub(super) struct Document {
    pub(super) uri: Uri,
    pub(super) version: i32,
    /// What is wrong with it has not been told yet.
    pub(super) is_changed: bool,
    text: String,
    /// The byte at which each line starts.
    lines: Vec<usize>,
}

impl Document {
    pub(super) fn new(uri: Uri, version: i32, text: String) -> Document {
        let lines = line_starts(&text);
        Document { uri, version, is_changed: true, text, lines }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Replaces the whole text or a part of it. A range with its ends exchanged is taken the right way round.
    pub(super) fn change(&mut self, change: &TextDocumentContentChangeEvent) {
        match change.range {
            Some(range) => {
                let (start, end) = (self.offset(range.start), self.offset(range.end));
                self.text.replace_range(start.min(end)..start.max(end), &change.text);
            }
            None => self.text.clone_from(&change.text),
        }
        self.lines = line_starts(&self.text);
        self.is_changed = true;
    }

    /// The byte at a place; beyond the end of a line its end, beyond the last line the text's. Never within a character.
    pub(super) fn offset(&self, position: Position) -> usize {
        let line = usize::try_from(position.line).unwrap_or(usize::MAX);
        let Some(start) = self.lines.get(line).copied() else { return self.text.len() };
        let next = self.lines.get(line + 1).copied().unwrap_or(self.text.len());
        let body = self.text[start..next].trim_end_matches(['\r', '\n']);
        let mut units = usize::try_from(position.character).unwrap_or(usize::MAX);
        for (at, c) in body.char_indices() {
            if units < c.len_utf16() {
                return start + at;
            }
            units -= c.len_utf16();
        }
        start + body.len()
    }

    /// The place of a byte; within a character that of the character.
    pub(super) fn position(&self, at: usize) -> Position {
        let at = (0..=at.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0);
        let line = self.lines.partition_point(|start| *start <= at).saturating_sub(1);
        let units = self.text[self.lines[line]..at].encode_utf16().count();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Position::new(number(line), number(units))
    }

    pub(super) fn range(&self, span: Span) -> Range {
        Range::new(self.position(span.start), self.position(span.end))
    }
}

/// Lines end with `\n`, `\r\n` or `\r`, as the protocol has it. There is always a first one.
fn line_starts(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let ends = |at: usize| bytes[at] == b'\n' || bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
    std::iter::once(0).chain((0..bytes.len()).filter(|at| ends(*at)).map(|at| at + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document::new("file:///q.kql".parse().unwrap(), 1, text.to_owned())
    }

    #[test]
    fn places_are_lines_and_utf_16_units() {
        let it = document("aé😀b\r\nc\rd\n");
        for (at, line, unit) in [(0, 0, 0), (1, 0, 1), (3, 0, 2), (7, 0, 4), (8, 0, 5), (10, 1, 0), (12, 2, 0), (14, 3, 0)] {
            assert_eq!(it.position(at), Position::new(line, unit), "{at}");
            assert_eq!(it.offset(Position::new(line, unit)), at, "{line}:{unit}");
        }
        assert_eq!(it.offset(Position::new(0, 3)), 3);
        assert_eq!(it.offset(Position::new(0, 99)), 8);
        assert_eq!(it.offset(Position::new(99, 0)), 14);
        assert_eq!(it.position(5), Position::new(0, 2));
    }

    #[test]
    fn parts_and_the_whole_are_replaced() {
        let change = |range, text: &str| TextDocumentContentChangeEvent { range, range_length: None, text: text.to_owned() };
        let mut it = document("T\n| wher x");
        it.change(&change(Some(Range::new(Position::new(1, 6), Position::new(1, 6))), "e"));
        assert_eq!(it.text(), "T\n| where x");
        it.change(&change(Some(Range::new(Position::new(1, 0), Position::new(0, 1))), " "));
        assert_eq!(it.text(), "T | where x");
        it.change(&change(None, ""));
        assert_eq!((it.text(), it.position(0)), ("", Position::new(0, 0)));
    }
}
