//! `has_any`, `has_all` and `has_any_index`: which of many terms a text holds. See `terms.md`.
//!
//! A list known before any row becomes a [`TermTable`], so that the time for a text depends on its length, not on the list's.

use super::argument::{each_text, long, text};
use super::fold::folded;
use super::term::{Edge, Term};
use super::{Call, Closure, Constant, Function, TermTable};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::prepared("has_any", |call| Ok(has_any(call))).taking_list(),
    Function::prepared("has_all", |call| Ok(has_all(call))).taking_list(),
    Function::prepared("has_any_index", |call| Ok(has_any_index(call))),
];

/// The texts on the right side, if all of them are constants.
pub(super) fn constant_texts(call: &Call) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    for constant in call.constants.get(1..)? {
        match constant.as_ref()? {
            Constant::Value(value) => each_text(&[Cell::of(value)], 0, |text| {
                texts.push(text.to_owned());
                true
            }),
            Constant::Set(values) => texts.extend(values.iter().map(kql::Value::to_text)),
            Constant::Texts(set) => texts.extend(set.iter().map(str::to_owned)),
            Constant::Places(_) => return None,
        }
    }
    Some(texts)
}

fn has_any(call: &Call) -> Closure {
    if let Some(texts) = constant_texts(call) {
        let terms = table(&texts);
        return Box::new(move |_, args| Cell::Bool(terms.any(&text(args, 0))));
    }
    Box::new(|_, args| Cell::Bool(first_of(args).is_some()))
}

fn has_any_index(call: &Call) -> Closure {
    if let Some(texts) = constant_texts(call) {
        let terms = table(&texts);
        return Box::new(move |_, args| long(Some(terms.first(&text(args, 0)).map_or(-1, index))));
    }
    Box::new(|_, args| long(Some(first_of(args).map_or(-1, index))))
}

fn table(texts: &[String]) -> TermTable {
    TermTable::new(&texts.iter().map(|text| folded(text)).collect())
}

fn index(at: usize) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}

/// The position of the first text of the list, taken from this row, that is a term of the first argument.
fn first_of(args: &[Cell<'_>]) -> Option<usize> {
    let (source, mut at, mut found) = (text(args, 0), 0, None);
    each_text(args, 1, |needle| {
        if Term::new(needle, Edge::Both, false).is_in(&source) {
            found = Some(at);
        }
        at += 1;
        found.is_none()
    });
    found
}

fn has_all(call: &Call) -> Closure {
    if let Some(texts) = constant_texts(call) {
        let terms: Vec<Term> = texts.iter().map(|text| Term::new(text, Edge::Both, false)).collect();
        return Box::new(move |_, args| {
            let source = text(args, 0);
            Cell::Bool(terms.iter().all(|term| term.is_in(&source)))
        });
    }
    Box::new(|_, args| {
        let (source, mut all) = (text(args, 0), true);
        each_text(args, 1, |needle| {
            all = Term::new(needle, Edge::Both, false).is_in(&source);
            all
        });
        Cell::Bool(all)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::testing::{dynamic, eval, s};

    #[test]
    fn lists_come_as_arguments_or_as_an_array() {
        let yes = |name, args: &[Cell<'static>]| eval(name, args, kql::Type::Bool) == Cell::Bool(true);
        assert!(yes("has_any", &[s("a-b"), s("x"), s("B")]) && yes("has_any", &[s("a-b"), dynamic(r#"["x","b"]"#)]));
        assert!(!yes("has_any", &[s("ab"), dynamic("[]")]) && yes("has_all", &[s("ab"), dynamic("[]")]));
        assert!(yes("has_all", &[s("one two"), s("two"), s("one")]) && !yes("has_all", &[s("one two"), s("two"), s("tw")]));
        assert!(yes("has_any", &[s("port 443"), dynamic("[80,443]")]));
        assert_eq!(eval("has_any_index", &[s("this is"), dynamic(r#"["no","is","this"]"#)], kql::Type::Long), Cell::Long(1));
        assert_eq!(eval("has_any_index", &[s("this"), dynamic(r#"["no"]"#)], kql::Type::Long), Cell::Long(-1));
    }
}
