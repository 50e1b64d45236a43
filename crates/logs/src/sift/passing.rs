//! Passing over lines: those that hold no literal one by one, the others some together, so that a test is asked of many texts at once.

use super::syslog::Syslog;
use super::texts::{Column, Line, Texts, Whose};
use super::{Passed, TimeSpan};
use crate::keep::{Find, Records};
use crate::table::{Place, Route};

/// Lines of a form whose texts stand in the buffer.
pub(super) trait Lines {
    /// Literals were searched here: lines that hold none are told one by one, and there are few others.
    fn literals_are_known(&self) -> bool;

    /// The time and where the newline stands, if no text of the line that begins at `start` holds a literal; `None` if one may.
    fn without<'b>(&mut self, buffer: &'b [u8], start: usize) -> Option<(&'b [u8], usize)>;

    /// The texts of the columns, the time and where the newline stands, if the line shows them.
    fn texts<'b>(
        &mut self,
        buffer: &'b [u8],
        start: usize,
        columns: &'b [Column],
        texts: &mut Texts<'b>,
    ) -> Option<(&'b [u8], usize)>;

    /// Passes over plain lines that are known to hold no literal; it may leave some of them.
    fn pass_plain(&mut self, passing: &mut Passing<'_, '_>);

    /// Passes over lines up to the first that begins too late or may hold a literal.
    #[inline(always)]
    fn pass_without(&mut self, passing: &mut Passing<'_, '_>) {
        while passing.passed.at < passing.until {
            self.pass_plain(passing);
            let at = passing.passed.at;
            let Some((time, newline)) = self.without(passing.buffer, at).filter(|_| at < passing.until) else { return };
            passing.pass(&Line { time, newline, whose: Whose::Own });
        }
    }

    /// Plain lines show their texts to a quicker look.
    fn have_plain(&self) -> bool;

    /// Adds the texts of plain lines from `at` on, until there are so many; where the first line begins that was not added.
    fn add_plain<'b>(&mut self, passing: &Passing<'_, 'b>, at: usize, most: usize, texts: &mut Texts<'b>) -> usize;

    /// Adds the texts of lines until there are so many; false if the next does not show them.
    #[inline(always)]
    fn add<'b>(&mut self, passing: &Passing<'_, 'b>, most: usize, texts: &mut Texts<'b>) -> bool {
        let mut at = passing.passed.at;
        if !self.have_plain() || passing.route.is_some() {
            return self.add_each(passing, at, most, texts);
        }
        loop {
            at = self.add_plain(passing, at, most, texts);
            if at >= passing.until || texts.lines().len() >= most || texts.is_full() {
                return true;
            }
            // A line by itself: the lines that were looked at are over, or it is not so plain.
            let one = texts.lines().len() + 1;
            if !self.add_each(passing, at, one, texts) {
                return false;
            }
            at = texts.lines().last().map_or(at, |line| line.newline + 1);
        }
    }

    /// Adds those from `at` on, one by one.
    #[inline(always)]
    fn add_each<'b>(&mut self, passing: &Passing<'_, 'b>, mut at: usize, most: usize, texts: &mut Texts<'b>) -> bool {
        while at < passing.until && texts.lines().len() < most && !texts.is_full() {
            let seen = self.texts(passing.buffer, at, passing.columns, texts);
            let Some(line) = seen.and_then(|(time, newline)| passing.line(time, newline, texts)) else {
                texts.drop_line();
                return false;
            };
            at = line.newline + 1;
            texts.end_line(line);
        }
        true
    }

    /// Lines from here on may be asked about again.
    fn mark(&mut self);

    /// They are.
    fn rewind(&mut self);
}

/// Some bytes whose lines are passed over.
pub(super) struct Passing<'p, 'b> {
    pub(super) buffer: &'b [u8],
    /// Lines that begin there are not asked about.
    pub(super) until: usize,
    pub(super) columns: &'b [Column],
    pub(super) find: Option<&'p Find>,
    pub(super) route: Option<&'p (Route, usize)>,
    pub(super) span: &'p mut TimeSpan,
    pub(super) together: &'p mut usize,
    pub(super) passed: Passed,
}

impl<'b> Passing<'_, 'b> {
    /// Passes over all lines up to the first that may pass.
    #[inline(always)]
    pub(super) fn pass_over(&mut self, lines: &mut impl Lines) {
        loop {
            lines.pass_without(self);
            let most = if lines.literals_are_known() { 1 } else { *self.together };
            if !self.pass_together(lines, most) {
                return;
            }
        }
    }

    /// Passes over so many lines that fail, the times of which were noted, and goes on at the place behind them.
    #[inline(always)]
    pub(super) fn pass_noted(&mut self, lines: usize, at: usize) {
        self.passed.failed += lines as u64;
        self.passed.at = at;
    }

    /// Passes over a line that fails.
    #[inline(always)]
    pub(super) fn pass(&mut self, line: &Line<'_>) {
        match line.whose {
            Whose::Own => {
                self.span.note(line.time);
                self.passed.failed += 1;
            }
            Whose::Other => self.passed.elsewhere += 1,
            Whose::Nobodys => self.passed.no_table += 1,
        }
        self.passed.at = line.newline + 1;
    }

    /// Passes over up to so many lines, the texts of which are tested together; false if the next may pass, cannot be told from its
    /// texts or begins too late.
    #[inline(always)]
    fn pass_together(&mut self, lines: &mut impl Lines, most: usize) -> bool {
        let mut texts = Texts::new(self.columns.len());
        lines.mark();
        let is_known = lines.add(self, most, &mut texts);
        let all = self.pass_tested(&mut texts);
        if !all {
            lines.rewind();
        }
        // Lines behind one that may pass are asked about again.
        *self.together = if all { (2 * *self.together).min(Records::MAX) } else { 1 };
        all && is_known && self.passed.at < self.until
    }

    /// The same for lines the texts of which do not all stand in the buffer.
    #[inline(always)]
    pub(super) fn pass_one_by_one(&mut self, lines: &mut Syslog) {
        while self.passed.at < self.until {
            let mut texts = Texts::new(self.columns.len());
            let seen = lines.texts(self.buffer, self.passed.at, self.columns, &mut texts);
            let Some(line) = seen.and_then(|(time, newline)| self.line(time, newline, &texts)) else { return };
            texts.end_line(line);
            if !self.pass_tested(&mut texts) {
                return;
            }
        }
    }

    /// The line whose texts were added last; `None` if it cannot be told of which table it is.
    #[inline(always)]
    fn line<'t>(&self, time: &'t [u8], newline: usize, texts: &Texts<'t>) -> Option<Line<'t>> {
        let whose = match self.route {
            None => Whose::Own,
            Some((route, target)) => match route.place(texts.last(), *target) {
                Place::Here => Whose::Own,
                Place::Elsewhere => Whose::Other,
                Place::NoTable => Whose::Nobodys,
                Place::Nowhere(_) => return None,
            },
        };
        Some(Line { time, newline, whose })
    }

    /// Passes over those lines up to the first that may pass; whether none may.
    #[inline(always)]
    fn pass_tested(&mut self, texts: &mut Texts<'_>) -> bool {
        let may_pass = texts.may_pass(self.find);
        let fail = (may_pass.trailing_zeros() as usize).min(texts.lines().len());
        let failed = &texts.lines()[..fail];
        match failed.last() {
            Some(last) if self.route.is_none() => {
                self.span.note_all(failed.iter().map(|line| line.time));
                self.pass_noted(fail, last.newline + 1);
            }
            _ => failed.iter().for_each(|line| self.pass(line)),
        }
        may_pass == 0
    }
}
