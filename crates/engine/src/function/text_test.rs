//! Operators between a string and constants, as tests of a text: `Name has_any (…)`, `Url startswith "http"`.
//!
//! Whatever looks at a text before there is a row of it (a scan) and whatever looks at a whole column asks the same test.

use std::sync::Arc;

use kql::Type;
use logs::{Excerpt, Records};

use super::fold::{eq_fold, folded};
use super::member::constant_keys;
use super::needle::{Needle, ends_with_fold, starts_with_fold};
use super::term::{Edge, Term};
use super::term_table::Seen;
use super::terms::constant_texts;
use super::{Call, Constant};
use crate::text_set::TextSet;

/// A test of a text that is not null.
#[derive(Debug)]
pub(crate) struct TextTest {
    is: Is,
    /// What the text must be found to be.
    wanted: bool,
}

#[derive(Debug)]
enum Is {
    /// `==`, `=~`.
    Equal(String, Case),
    /// `in`, `in~`.
    Member(Arc<TextSet>, Case),
    /// `has` and its forms.
    Term(Term),
    /// `has_any`.
    AnyTerm(Arc<TextSet>),
    /// `has_all`.
    AllTerms(Vec<Term>),
    /// `contains`.
    Holds(Needle),
    /// `startswith`.
    Starts(String, Case),
    /// `endswith`.
    Ends(String, Case),
}

/// Whether letters must be of one case to be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Counts,
    Ignored,
}

impl TextTest {
    /// The test that `operator` makes with the constants of a call; `None` if it is no such operator, or something is not
    /// constant.
    pub(crate) fn of(operator: &str, call: &Call) -> Option<TextTest> {
        if call.types.first() != Some(&Type::String) {
            return None;
        }
        let (positive, wanted) = match operator {
            "!~" => ("=~", false),
            "!=" => ("==", false),
            _ => operator.strip_prefix('!').map_or((operator, true), |positive| (positive, false)),
        };
        let is = match positive {
            "in" => Is::Member(members(call)?, Case::Counts),
            "in~" => Is::Member(members(call)?, Case::Ignored),
            "has_any" => Is::AnyTerm(shared(call).or_else(|| Some(Arc::new(constant_texts(call)?.iter().collect())))?),
            "has_all" => Is::AllTerms(constant_texts(call)?.iter().map(|text| Term::new(text, Edge::Both, false)).collect()),
            _ => Is::with_one(positive, call)?,
        };
        Some(TextTest { is, wanted })
    }

    /// `==`, or `!=` if not `wanted`.
    pub(crate) fn equal(text: &str, wanted: bool) -> TextTest {
        TextTest { is: Is::Equal(text.to_owned(), Case::Counts), wanted }
    }

    /// It asks whether something is there, not whether something is not.
    pub(crate) fn only_finds(&self) -> bool {
        self.wanted
    }

    /// Texts of which one stands, whichever the case of letters, in each ASCII text that passes; `None` if they are more than
    /// `most`, or not known.
    pub(crate) fn literals(&self, most: usize) -> Option<Vec<String>> {
        let of_set = |set: &TextSet| (set.iter().len() <= most).then(|| set.iter().map(folded).collect());
        match &self.is {
            _ if !self.wanted => None,
            Is::Equal(text, _) | Is::Starts(text, _) | Is::Ends(text, _) => Some(vec![folded(text)]),
            Is::Member(set, _) | Is::AnyTerm(set) => of_set(set),
            Is::Term(term) => Some(vec![term.needle().text()]),
            Is::AllTerms(terms) => Some(vec![terms.iter().map(|term| term.needle().text()).max_by_key(String::len)?]),
            Is::Holds(needle) => Some(vec![needle.text()]),
        }
    }

    /// What the operator says of the text.
    #[inline]
    pub(crate) fn test(&self, text: &str) -> bool {
        let is = match &self.is {
            Is::Equal(other, Case::Counts) => text == other,
            Is::Equal(other, Case::Ignored) => eq_fold(text, other),
            Is::Member(set, case) => set.contains(text, *case == Case::Ignored),
            Is::Term(term) => term.is_in(text),
            Is::AnyTerm(set) => set.terms().any(text),
            Is::AllTerms(terms) => terms.iter().all(|term| term.is_in(text)),
            Is::Holds(needle) => needle.is_in(text),
            Is::Starts(head, Case::Counts) => text.starts_with(head),
            Is::Starts(head, Case::Ignored) => starts_with_fold(text, head),
            Is::Ends(tail, Case::Counts) => text.ends_with(tail),
            Is::Ends(tail, Case::Ignored) => ends_with_fold(text, tail),
        };
        is == self.wanted
    }

    /// What the operator says of the text of those bytes; `None` if they are no UTF-8.
    pub(crate) fn test_bytes(&self, bytes: &Excerpt<'_>) -> Option<bool> {
        let Seen { found, unknown } = self.seen_in(&Records::new(std::slice::from_ref(bytes), 1), 0, 1);
        if unknown == 0 { Some((found != 0) == self.wanted) } else { self.test_text(bytes) }
    }

    /// Which of some records may pass by their texts in a column, a bit for each, of those `among` which it is asked.
    pub(crate) fn found_in(&self, records: &Records<'_, '_>, column: usize, among: u64) -> u64 {
        let Seen { found, unknown } = self.seen_in(records, column, among);
        let passed = if self.wanted { found } else { among & !(found | unknown) };
        passed | records.which(unknown, |record| self.test_text(&records.text(record, column)) != Some(false))
    }

    /// What can be seen of many texts at once.
    fn seen_in(&self, records: &Records<'_, '_>, column: usize, among: u64) -> Seen {
        match &self.is {
            Is::AnyTerm(set) => set.terms().any_of_each(records, column, among),
            _ => Seen { found: 0, unknown: among },
        }
    }

    fn test_text(&self, bytes: &Excerpt<'_>) -> Option<bool> {
        Some(self.test(std::str::from_utf8(bytes.text()).ok()?))
    }
}

impl Is {
    /// The operators whose right side is one text.
    fn with_one(operator: &str, call: &Call) -> Option<Is> {
        let text = call.constant_text(1)?;
        if call.types.len() != 2 {
            return None;
        }
        let (plain, case) = match operator.strip_suffix("_cs") {
            Some(plain) => (plain, Case::Counts),
            None => (operator, Case::Ignored),
        };
        let term = |edge| Is::Term(Term::new(text, edge, case == Case::Counts));
        Some(match plain {
            "==" => Is::Equal(text.to_owned(), Case::Counts),
            "=~" => Is::Equal(text.to_owned(), Case::Ignored),
            "has" => term(Edge::Both),
            "hasprefix" => term(Edge::Left),
            "hassuffix" => term(Edge::Right),
            "contains" if case == Case::Counts => Is::Holds(Needle::exact(text)),
            "contains" => Is::Holds(Needle::folded(text)),
            "startswith" => Is::Starts(text.to_owned(), case),
            "endswith" => Is::Ends(text.to_owned(), case),
            _ => return None,
        })
    }
}

/// The set that the whole right side is.
fn shared(call: &Call) -> Option<Arc<TextSet>> {
    match call.constants.get(1..)? {
        [Some(Constant::Texts(set))] => Some(Arc::clone(set)),
        _ => None,
    }
}

fn members(call: &Call) -> Option<Arc<TextSet>> {
    shared(call).or_else(|| Some(Arc::new(constant_keys(call)?.into_iter().collect())))
}
