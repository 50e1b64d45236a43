//! The texts that a test asks for: where each comes from, and what was seen of them in lines.

use arrayvec::ArrayVec;

use crate::excerpt::Excerpt;
use crate::keep::{Find, Records};
use crate::table::Path;

/// Columns at most that a test looks at.
pub(super) const COLUMNS_MAX: usize = 16;

/// Where a column's text comes from.
pub(super) enum Column {
    /// It is the same in every record.
    Const(Vec<u8>),
    /// The first of these that is not empty.
    First(Vec<Path>),
    /// It is that text where none of these is there, and only who decodes can tell otherwise.
    Made(Vec<Path>, Vec<u8>),
    /// The first of these that is not empty, of members that are not inside others.
    Outer(Vec<Path>),
    /// One of these; only who decodes can tell which.
    OneOf(Vec<Path>),
}

impl Column {
    /// The fields that it may come from.
    pub(super) fn paths(&self) -> &[Path] {
        match self {
            Column::Const(_) => &[],
            Column::First(paths) | Column::Made(paths, _) | Column::Outer(paths) | Column::OneOf(paths) => paths,
        }
    }
}

/// What was seen of the columns in some lines in turn.
pub(super) struct Texts<'b> {
    columns: usize,
    /// A text for each column of each line.
    texts: ArrayVec<Excerpt<'b>, TEXTS_MAX>,
    lines: ArrayVec<Line<'b>, { Records::MAX }>,
    /// The column of the last line that may have another text instead, and those texts.
    unsure: usize,
    others: ArrayVec<Excerpt<'b>, OTHERS_MAX>,
}

/// A line whose texts were seen.
pub(super) struct Line<'b> {
    pub(super) time: &'b [u8],
    pub(super) newline: usize,
    pub(super) whose: Whose,
}

/// Of which table a line is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Of the one that is meant.
    Own,
    /// Of another one of the file.
    Other,
    /// Of none.
    Nobodys,
}

/// Texts at most of lines that are tested together: those of one line at least.
const TEXTS_MAX: usize = 128;
const _: () = assert!(COLUMNS_MAX <= TEXTS_MAX);
/// Texts at most that a column may have instead.
const OTHERS_MAX: usize = 4;

impl<'b> Texts<'b> {
    /// Of so many columns.
    #[inline(always)]
    pub(super) fn new(columns: usize) -> Texts<'b> {
        Texts { columns, texts: ArrayVec::new_const(), lines: ArrayVec::new_const(), unsure: 0, others: ArrayVec::new_const() }
    }

    /// The lines whose texts were all seen.
    #[inline(always)]
    pub(super) fn lines(&self) -> &[Line<'b>] {
        &self.lines
    }

    /// No further line may be added.
    #[inline(always)]
    pub(super) fn is_full(&self) -> bool {
        self.room() == 0
    }

    /// So many further lines may be added.
    #[inline(always)]
    pub(super) fn room(&self) -> usize {
        if !self.others.is_empty() {
            return 0;
        }
        let for_texts = self.texts.remaining_capacity().checked_div(self.columns).unwrap_or(usize::MAX);
        self.lines.remaining_capacity().min(for_texts)
    }

    /// Adds the text of the line's next column.
    #[inline(always)]
    pub(super) fn push(&mut self, text: Excerpt<'b>) {
        self.texts.push(text);
    }

    /// Column `at` of the line may have that text too; `None` if that is one uncertainty too many.
    pub(super) fn or(&mut self, at: usize, text: Excerpt<'b>) -> Option<()> {
        if !self.others.is_empty() && self.unsure != at {
            return None;
        }
        self.unsure = at;
        self.others.try_push(text).ok()
    }

    /// The text of the line's last column.
    #[inline(always)]
    pub(super) fn last(&self) -> &'b [u8] {
        self.texts.last().map_or(b"", Excerpt::text)
    }

    /// The texts of a line are all there.
    #[inline(always)]
    pub(super) fn end_line(&mut self, line: Line<'b>) {
        self.lines.push(line);
    }

    /// The line cannot be told from its texts.
    pub(super) fn drop_line(&mut self) {
        self.texts.truncate(self.lines.len() * self.columns);
        self.others.clear();
    }

    /// A bit for each line whose record may pass, in turn: those of other tables do not.
    #[inline(always)]
    pub(super) fn may_pass(&mut self, find: Option<&Find>) -> u64 {
        let records = Records::new(&self.texts, self.columns);
        let own = self.lines.iter().rev().fold(0, |own, line| own << 1 | u64::from(line.whose == Whose::Own));
        let Some(find) = find else { return own };
        let mut may_pass = (find.test)(&records);
        if !self.others.is_empty() {
            may_pass |= self.last_may_pass_otherwise(find);
        }
        may_pass & own
    }

    #[cold]
    fn last_may_pass_otherwise(&mut self, find: &Find) -> u64 {
        let Some(last) = self.lines.len().checked_sub(1) else { return 0 };
        let texts = &mut self.texts[last * self.columns..];
        let may_pass = self.others.iter().any(|other| {
            texts[self.unsure] = *other;
            (find.test)(&Records::new(texts, self.columns)) != 0
        });
        u64::from(may_pass) << last
    }
}
