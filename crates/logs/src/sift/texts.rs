//! The texts that a test asks for: where each comes from, and what was seen of it in a line.

use arrayvec::ArrayVec;

use crate::excerpt::Excerpt;
use crate::keep::FindTest;
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

/// What was seen of the columns in a line.
pub(super) struct Texts<'b> {
    /// A text for each column.
    pub(super) of_columns: ArrayVec<Excerpt<'b>, COLUMNS_MAX>,
    /// The column that may have another text instead, and those texts.
    unsure: usize,
    others: ArrayVec<Excerpt<'b>, OTHERS_MAX>,
}

/// Texts at most that a column may have instead.
const OTHERS_MAX: usize = 4;

impl<'b> Texts<'b> {
    #[inline]
    pub(super) fn new() -> Texts<'b> {
        Texts { of_columns: ArrayVec::new_const(), unsure: 0, others: ArrayVec::new_const() }
    }

    /// Column `at` may have that text too; `None` if that is one uncertainty too many.
    pub(super) fn or(&mut self, at: usize, text: Excerpt<'b>) -> Option<()> {
        if !self.others.is_empty() && self.unsure != at {
            return None;
        }
        self.unsure = at;
        self.others.try_push(text).ok()
    }

    /// Whether a record with these texts in the first `count` columns may pass.
    #[inline]
    pub(super) fn may_pass(&mut self, find: &FindTest, count: usize) -> bool {
        find(&self.of_columns[..count])
            || self.others.iter().any(|other| {
                self.of_columns[self.unsure] = *other;
                find(&self.of_columns[..count])
            })
    }
}
