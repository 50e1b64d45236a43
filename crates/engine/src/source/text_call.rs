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
    /// Each is given what the one before it made, the first the text.
    calls: Vec<Arc<ScalarUDF>>,
    /// What the last text must pass; without, the last call is the condition.
    test: Option<Arc<TextTest>>,
}

impl TextCall {
    /// The name of the column and the condition, if `of` is made of the text of a column, and constants, alone.
    pub(super) fn new(mut of: &Expr, test: Option<Arc<TextTest>>) -> Option<(&str, TextCall)> {
        let mut calls = Vec::new();
        let mut returns = if test.is_some() { Type::String } else { Type::Bool };
        while let Expr::ScalarFunction(call) = of {
            let udf = Udf::of(&call.func).filter(|udf| udf.returns() == returns)?;
            of = call.args.get(udf.text_argument()?)?;
            calls.push(Arc::clone(&call.func));
            returns = Type::String;
        }
        calls.reverse();
        match of {
            Expr::Column(column) if returns == Type::String => Some((&column.name, TextCall { calls, test })),
            _ => None,
        }
    }

    /// Whether the condition is true of the text of those bytes; `None` if it cannot be told. Null is taken for false: where it would
    /// matter, under `not`, null does not pass either.
    pub(super) fn is_true_of(&self, text: &[u8]) -> Option<bool> {
        let mut cell = Cell::text(std::str::from_utf8(text).ok()?);
        for call in &self.calls {
            cell = Udf::of(call)?.of_text(cell)?;
        }
        Some(match &self.test {
            Some(test) => test.test(cell.as_str()),
            None => matches!(cell, Cell::Bool(true)),
        })
    }

    /// The condition asks whether something is there: it fails where no text is.
    pub(super) fn only_finds(&self) -> bool {
        self.is_true_of(b"") == Some(false)
    }
}
