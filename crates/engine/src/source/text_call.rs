//! Calls on the text of one column and constants: `tolower(Url)`, `extract("…", 1, Url) has "x"`. An expression in; out, what it says
//! of a text before there is a row of it.

use std::sync::Arc;

use datafusion::logical_expr::{Expr, ScalarUDF};
use kql::Type;

use crate::cell::Cell;
use crate::function::{TextTest, Udf};

/// A condition on what calls make of a text.
#[derive(Debug)]
pub(super) struct TextCall {
    /// Each is given what the one before it made, the first the text: a call, and which of its arguments that is.
    calls: Vec<(Arc<ScalarUDF>, usize)>,
    /// What the last text must pass; without, the last call is the condition.
    test: Option<Arc<TextTest>>,
    /// What the calls from each one on, and the test, say of an empty text. Most of what is cut out of texts is empty.
    of_empty: Vec<Option<bool>>,
}

impl TextCall {
    /// The name of the column and the condition, if `of` is made of the text of a column, and constants, alone.
    pub(super) fn new(mut of: &Expr, test: Option<Arc<TextTest>>) -> Option<(&str, TextCall)> {
        let mut calls = Vec::new();
        let mut returns = if test.is_some() { Type::String } else { Type::Bool };
        while let Expr::ScalarFunction(call) = of {
            let udf = Udf::of(&call.func).filter(|udf| udf.returns() == returns)?;
            let at = udf.text_argument()?;
            of = call.args.get(at)?;
            calls.push((Arc::clone(&call.func), at));
            returns = Type::String;
        }
        calls.reverse();
        let Expr::Column(column) = of else { return None };
        let mut made = TextCall { calls, test, of_empty: Vec::new() };
        made.of_empty = (0..made.calls.len()).map(|first| made.from(first, Cell::text(""))).collect();
        (returns == Type::String).then_some((&column.name, made))
    }

    /// Whether the condition is true of the text of those bytes; `None` if it cannot be told. Null is taken for false: where it would
    /// matter, under `not`, null does not pass either.
    pub(super) fn is_true_of(&self, text: &[u8]) -> Option<bool> {
        self.from(0, Cell::text(std::str::from_utf8(text).ok()?))
    }

    /// The condition asks whether something is there: it fails where no text is.
    pub(super) fn only_finds(&self) -> bool {
        self.of_empty.first() == Some(&Some(false))
    }

    /// What the calls from that one on say of what it is given.
    fn from<'c>(&'c self, first: usize, mut cell: Cell<'c>) -> Option<bool> {
        for (number, (call, at)) in self.calls.iter().enumerate().skip(first) {
            if cell.as_str().is_empty()
                && let Some(known) = self.of_empty.get(number)
            {
                return *known;
            }
            cell = Udf::of(call)?.of_text(*at, cell)?;
        }
        Some(match &self.test {
            Some(test) => test.test(cell.as_str()),
            None => matches!(cell, Cell::Bool(true)),
        })
    }
}
