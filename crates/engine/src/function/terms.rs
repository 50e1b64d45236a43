//! `has_any`, `has_all` and `has_any_index`: which of many terms a text holds. See `terms.md`.
//!
//! A list known before any row becomes a table of whole needles, so that the time for a text depends on its length, not on the
//! list's: each stretch of one, two, three … of its terms is looked up once.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::argument::{each_text, long, text};
use super::fold::{folded, with_folded};
use super::needle::Needle;
use super::term::{Edge, Term};
use super::{Call, Closure, Constant, Function};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::prepared("has_any", |call| Ok(has_any(call))),
    Function::prepared("has_all", |call| Ok(has_all(call))),
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
        }
    }
    Some(texts)
}

fn has_any(call: &Call) -> Closure {
    if let Some(texts) = constant_texts(call) {
        let terms = Terms::new(&texts);
        return Box::new(move |_, args| Cell::Bool(terms.any(&text(args, 0))));
    }
    Box::new(|_, args| Cell::Bool(first_of(args).is_some()))
}

fn has_any_index(call: &Call) -> Closure {
    if let Some(texts) = constant_texts(call) {
        let terms = Terms::new(&texts);
        return Box::new(move |_, args| long(Some(terms.first(&text(args, 0)).map_or(-1, index))));
    }
    Box::new(|_, args| long(Some(first_of(args).map_or(-1, index))))
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

/// Many needles, folded.
#[derive(Debug, Default)]
pub(super) struct Terms {
    /// What stands between the first and the last letter or digit of a needle, and the needles with that core.
    cores: HashMap<Box<str>, Vec<Whole>, FixedState>,
    /// For each first byte, the lengths (63 for all longer ones) that cores have: most stretches end here.
    lengths: Vec<u64>,
    /// How many terms a core may have.
    spans: Vec<usize>,
    /// Needles without a letter or digit, and their positions in the list.
    plain: Vec<(Needle, usize)>,
}

/// A needle around its core.
#[derive(Debug)]
struct Whole {
    before: Box<str>,
    after: Box<str>,
    position: usize,
}

impl Terms {
    /// A table of those needles.
    pub(super) fn new(texts: &[String]) -> Terms {
        let mut terms = Terms { lengths: vec![0; 256], ..Terms::default() };
        for (position, text) in texts.iter().enumerate() {
            let text = folded(text);
            let Some(start) = text.find(char::is_alphanumeric) else {
                terms.plain.push((Needle::folded(&text), position));
                continue;
            };
            let after = text.trim_end_matches(|c: char| !c.is_alphanumeric()).len();
            let core = &text[start..after];
            terms.lengths[usize::from(core.as_bytes()[0])] |= 1 << core.len().min(63);
            let span = core.split(|c: char| !c.is_alphanumeric()).filter(|term| !term.is_empty()).count();
            if let Err(at) = terms.spans.binary_search(&span) {
                terms.spans.insert(at, span);
            }
            let whole = Whole { before: text[..start].into(), after: text[after..].into(), position };
            terms.cores.entry(core.into()).or_default().push(whole);
        }
        terms
    }

    /// One of the needles is in the text.
    pub(super) fn any(&self, text: &str) -> bool {
        self.plain.iter().any(|(needle, _)| needle.is_in(text)) || self.each(text, |_| true)
    }

    /// The position in the list of the first needle that is in the text.
    pub(super) fn first(&self, text: &str) -> Option<usize> {
        let mut first = self.plain.iter().find(|(needle, _)| needle.is_in(text)).map(|(_, position)| *position);
        self.each(text, |position| {
            first = Some(first.map_or(position, |best| best.min(position)));
            first == Some(0)
        });
        first
    }

    /// Calls `found` with the position of each needle that is in the text, until it says that this is enough.
    fn each(&self, text: &str, mut found: impl FnMut(usize) -> bool) -> bool {
        if self.cores.is_empty() {
            return false;
        }
        with_folded(text, |text| {
            let mut from = 0;
            while let Some((start, end)) = next_term(text, from) {
                if self.at(text, start, end, &mut found) {
                    return true;
                }
                from = end;
            }
            false
        })
    }

    /// Looks up the stretches of terms that begin with the one from `start` to `end`.
    fn at(&self, text: &str, start: usize, mut end: usize, found: &mut impl FnMut(usize) -> bool) -> bool {
        let lengths = self.lengths[usize::from(text.as_bytes()[start])];
        if lengths == 0 {
            return false;
        }
        let mut terms = 1;
        for span in &self.spans {
            while terms < *span {
                let Some((_, next_end)) = next_term(text, end) else { return false };
                (end, terms) = (next_end, terms + 1);
            }
            if lengths & (1 << (end - start).min(63)) == 0 {
                continue;
            }
            let Some(needles) = self.cores.get(&text[start..end]) else { continue };
            for whole in needles {
                if text[..start].ends_with(&*whole.before) && text[end..].starts_with(&*whole.after) && found(whole.position) {
                    return true;
                }
            }
        }
        false
    }
}

/// The bytes from where to where of the first term at or after `from`, which must not be inside one.
fn next_term(text: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut start = from;
    loop {
        match CLASS[usize::from(*bytes.get(start)?)] {
            Class::Term => break,
            Class::Other => start += 1,
            Class::Wide => match wide(text, start) {
                (true, _) => break,
                (false, width) => start += width,
            },
        }
    }
    let mut end = start;
    while let Some(byte) = bytes.get(end) {
        match CLASS[usize::from(*byte)] {
            Class::Term => end += 1,
            Class::Other => break,
            Class::Wide => match wide(text, end) {
                (true, width) => end += width,
                (false, _) => break,
            },
        }
    }
    Some((start, end))
}

/// What a byte says of the character that it begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// A letter or digit of ASCII.
    Term,
    /// Any other character of ASCII.
    Other,
    /// A character outside ASCII.
    Wide,
}

const CLASS: [Class; 256] = {
    let mut classes = [Class::Wide; 256];
    let mut byte = 0;
    while byte < 128 {
        classes[byte] = if (byte as u8).is_ascii_alphanumeric() { Class::Term } else { Class::Other };
        byte += 1;
    }
    classes
};

/// Whether the character at `at` is a letter or digit, and its width.
fn wide(text: &str, at: usize) -> (bool, usize) {
    text[at..].chars().next().map_or((false, 1), |c| (c.is_alphanumeric(), c.len_utf8()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::testing::{dynamic, eval, s};

    #[test]
    fn a_table_finds_what_single_terms_find() {
        let needles = ["evil.example", "cmd.exe", "203.0.113.7", "-enc", "/x/", "café", "..", "a b c", "Ω"];
        let texts = [
            "GET http://www.EVIL.example/path",
            "evil.examples",
            "notevil.example",
            "C:\\cmd.exe",
            "run -ENC aaaa",
            "run --encoded",
            "a/x/b",
            "CAFÉ!",
            "a b cd",
            "x a b c",
            "1203.0.113.7",
            "ip=203.0.113.7:443",
            "a..b",
            "ω",
            "",
        ];
        for needle in needles {
            for text in texts {
                let alone = Term::new(needle, Edge::Both, false).is_in(text);
                assert_eq!(Terms::new(&[needle.to_owned()]).any(text), alone, "{needle} in {text}");
            }
        }
    }

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
