//! Which of some lines hold one of a few literals, whichever the case of letters: all bytes of the lines are looked at side by side.
//!
//! A window of a few bytes of each literal is looked for, in any of eight buckets of literals at once: a byte's two halves each say,
//! by a table of sixteen, in which buckets it may stand at that place of the window (the algorithm is known as Teddy, of Hyperscan).
//! Where all bytes of the window may stand in some bucket, the literals themselves are compared.

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};

use crate::commonness::commonness;
use crate::marks::WIDTH;

/// Literals of which at most so many are looked for: with more of them in a bucket, windows are met too often.
pub(crate) const LITERALS_MAX: usize = 16;
/// Bytes of a literal that are looked for, where each literal has a bucket of its own.
const NARROW: usize = 3;
/// The same where it has not.
const WIDE: usize = 4;
/// Bytes that a literal must have: shorter ones stand in too many lines.
const SHORTEST: usize = 3;
const BUCKETS: usize = 8;

/// What is looked for.
#[derive(Debug)]
struct Literals {
    literals: Vec<Literal>,
    /// For each byte of the window and each value of its lower four bits, a bit for each bucket in which it may stand there; the
    /// same for its upper four bits.
    lower: [[u8; 16]; WIDE],
    upper: [[u8; 16]; WIDE],
    level: Level,
}

#[derive(Debug)]
struct Literal {
    text: Box<[u8]>,
    /// Where its window begins.
    window: usize,
}

/// Literals looked for in lines, of which the record of a line holds one if it is to pass.
pub(super) struct Search {
    /// It must hold one of each of these, and those in turn are looked for.
    groups: Vec<Literals>,
    turn: usize,
    /// Places inside literals in the lines that were looked at, in order.
    places: Vec<usize>,
    next: usize,
    /// These lines are ASCII.
    is_ascii: bool,
    /// Of these lines, how many were asked about, and how many hold none.
    asked: usize,
    without: usize,
    /// So often lines are not looked at.
    resting: usize,
    /// The lines at hand were looked at.
    is_known: bool,
}

impl Search {
    /// Where nearly all lines hold a literal of each group, it rests for so many looks.
    const REST: usize = 64;

    /// `None` if there is nothing to look for. Of some `constants`, which are in all records, none may hold a literal.
    pub(super) fn new<'c>(groups: &[Vec<String>], constants: impl Iterator<Item = &'c [u8]> + Clone) -> Option<Search> {
        let mut groups: Vec<Literals> = groups.iter().filter_map(|texts| Literals::new(texts)).collect();
        groups.retain(|literals| !constants.clone().any(|text| literals.may_stand_in(text)));
        groups.sort_by_key(|literals| std::cmp::Reverse(literals.shortest()));
        (!groups.is_empty()).then_some(Search {
            groups,
            turn: 0,
            places: Vec::new(),
            next: 0,
            is_ascii: true,
            asked: 0,
            without: 0,
            resting: 0,
            is_known: false,
        })
    }

    /// The lines that it was to look at were looked at: it does not rest.
    #[inline(always)]
    pub(super) fn is_known(&self) -> bool {
        self.is_known
    }

    /// Looks at the lines from `base` to `end` of the buffer, unless it rests.
    pub(super) fn look(&mut self, buffer: &[u8], base: usize, end: usize) {
        if 2 * self.without < self.asked {
            self.turn = (self.turn + 1) % self.groups.len();
            self.resting = if self.turn == 0 { Search::REST } else { 0 };
        }
        self.places.clear();
        (self.next, self.asked, self.without) = (0, 0, 0);
        self.is_known = self.resting == 0;
        if self.is_known {
            self.is_ascii = self.groups[self.turn].find(buffer, base, end, &mut self.places);
        } else {
            self.resting -= 1;
        }
    }

    /// No text of the line that stands from `start` to `end` holds a literal. One may do so if it is written in another way there,
    /// and so be hidden. No line is asked about that stands before one that was.
    #[inline(always)]
    pub(super) fn finds_none(&mut self, buffer: &[u8], start: usize, end: usize, is_hidden: bool) -> bool {
        let none = !is_hidden && self.lacks(buffer, start, end);
        self.count(1, none);
        none
    }

    /// The same of a line in which nothing can be hidden, without being counted.
    #[inline(always)]
    pub(super) fn lacks(&mut self, buffer: &[u8], start: usize, end: usize) -> bool {
        self.clear_from(start).has(buffer, start, end)
    }

    /// What has no literal from `start` on.
    #[inline(always)]
    pub(super) fn clear_from(&mut self, start: usize) -> Clear {
        while self.places.get(self.next).is_some_and(|place| *place < start) {
            self.next += 1;
        }
        Clear { end: self.places.get(self.next).copied().unwrap_or(usize::MAX), is_ascii: self.is_ascii }
    }

    /// Counts lines, that hold none or may hold one.
    #[inline(always)]
    pub(super) fn count(&mut self, lines: usize, none: bool) {
        self.asked += lines;
        self.without += if none { lines } else { 0 };
    }
}

/// Lines that end before some place: none of them holds a literal, or may do so but those that are not ASCII.
#[derive(Clone, Copy)]
pub(super) struct Clear {
    end: usize,
    /// All of them are.
    is_ascii: bool,
}

impl Clear {
    /// The line from `start` to `end` holds no literal for certain.
    #[inline(always)]
    pub(super) fn has(self, buffer: &[u8], start: usize, end: usize) -> bool {
        end <= self.end && (self.is_ascii || buffer[start..end].is_ascii())
    }
}

impl Literals {
    /// Finds what every text holds, whichever the case of letters, that holds one of these texts and is ASCII; `None` if they are
    /// too many, or one of them has no part that is long enough and stands in all formats as it is.
    fn new(texts: &[String]) -> Option<Literals> {
        let window = if texts.len() > BUCKETS { WIDE } else { NARROW };
        let literals: Vec<Literal> = texts.iter().map(|text| Literal::of(text, window)).collect::<Option<_>>()?;
        if literals.is_empty() || literals.len() > LITERALS_MAX {
            return None;
        }
        let (mut lower, mut upper) = ([[0; 16]; WIDE], [[0; 16]; WIDE]);
        for (at, literal) in literals.iter().enumerate() {
            let bucket = 1 << (at % BUCKETS);
            let mut window = literal.text[literal.window..].iter();
            for (lower, upper) in lower.iter_mut().zip(&mut upper) {
                match window.next() {
                    Some(byte) => {
                        for byte in [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()] {
                            lower[usize::from(byte & 15)] |= bucket;
                            upper[usize::from(byte >> 4)] |= bucket;
                        }
                    }
                    // Behind a short literal stands anything.
                    None => lower.iter_mut().chain(upper).for_each(|buckets| *buckets |= bucket),
                }
            }
        }
        Some(Literals { literals, lower, upper, level: Level::new() })
    }

    /// Whether the text holds one of them, or may be the same as one that does.
    fn may_stand_in(&self, text: &[u8]) -> bool {
        !text.is_ascii() || (0..text.len()).any(|at| self.stands_at(text, at))
    }

    /// The length of the shortest.
    fn shortest(&self) -> usize {
        self.literals.iter().map(|literal| literal.text.len()).min().unwrap_or(0)
    }

    /// Adds to `places`, in order, a place inside each of them between `base` and `end` of the buffer; true if all is ASCII there.
    fn find(&self, buffer: &[u8], base: usize, end: usize, places: &mut Vec<usize>) -> bool {
        if self.literals.len() > BUCKETS {
            dispatch!(self.level, simd => self.find_here::<_, WIDE>(simd, buffer, base, end, places))
        } else {
            dispatch!(self.level, simd => self.find_here::<_, NARROW>(simd, buffer, base, end, places))
        }
    }

    #[inline(always)]
    fn find_here<S: Simd, const WINDOW: usize>(
        &self,
        simd: S,
        buffer: &[u8],
        base: usize,
        end: usize,
        places: &mut Vec<usize>,
    ) -> bool {
        let (tables, none) = (Tables::<S, WINDOW>::new(simd, self), u8x64::splat(simd, 0));
        let (mut bytes, mut at) = (none, base);
        while at < end
            && let Some(window) = buffer.get(at..).and_then(|text| text.get(..WIDTH + WINDOW - 1))
        {
            bytes |= u8x64::from_slice(simd, &window[..WIDTH]);
            let absent = tables.buckets(simd, window).simd_eq(none);
            if !absent.all_true() {
                self.check(buffer, at, end, !absent.to_bitmask(), places);
            }
            at += WIDTH;
        }
        // Where the buffer ends, less than a block and a window are left.
        let rest = at.min(end)..end;
        places.extend(rest.clone().filter(|at| self.stands_at(buffer, *at)));
        buffer[rest].is_ascii() && bytes.simd_lt(u8x64::splat(simd, 128)).all_true()
    }

    /// Adds the places of windows, of the marked ones behind `base`, around which a literal stands.
    #[cold]
    fn check(&self, buffer: &[u8], base: usize, end: usize, mut marks: u64, places: &mut Vec<usize>) {
        while marks != 0 {
            let at = base + marks.trailing_zeros() as usize;
            if at < end && self.stands_at(buffer, at) {
                places.push(at);
            }
            marks &= marks - 1;
        }
    }

    /// The window of one of them begins there.
    fn stands_at(&self, text: &[u8], at: usize) -> bool {
        self.literals.iter().any(|literal| {
            let start = at.checked_sub(literal.window);
            let found = start.and_then(|start| text.get(start..start + literal.text.len()));
            found.is_some_and(|found| found.eq_ignore_ascii_case(&literal.text))
        })
    }
}

/// The tables as they are looked up.
struct Tables<S: Simd, const WINDOW: usize> {
    lower: [u8x64<S>; WINDOW],
    upper: [u8x64<S>; WINDOW],
}

impl<S: Simd, const WINDOW: usize> Tables<S, WINDOW> {
    #[inline(always)]
    fn new(simd: S, literals: &Literals) -> Tables<S, WINDOW> {
        let of_byte = |tables: &[[u8; 16]; WIDE], at: usize| u8x64::from_slice(simd, [tables[at]; 4].as_flattened());
        Tables {
            lower: std::array::from_fn(|at| of_byte(&literals.lower, at)),
            upper: std::array::from_fn(|at| of_byte(&literals.upper, at)),
        }
    }

    /// For each of the first sixty-four bytes, the buckets of which a window may begin there.
    #[inline(always)]
    fn buckets(&self, simd: S, bytes: &[u8]) -> u8x64<S> {
        let mut all = u8x64::splat(simd, u8::MAX);
        for (at, (lower, upper)) in self.lower.into_iter().zip(self.upper).enumerate() {
            let bytes = u8x64::from_slice(simd, &bytes[at..at + WIDTH]);
            all &= lower.swizzle_dyn_within_blocks(bytes & 15) & upper.swizzle_dyn_within_blocks(bytes >> 4);
        }
        all
    }
}

impl Literal {
    /// The longest part of a text that is written as it is in all formats, if it is not to be hidden on purpose. Its window has so
    /// many bytes, if it has.
    fn of(text: &str, window: usize) -> Option<Literal> {
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let parts = text.as_bytes().split(|byte| !is_plain(byte));
        let text: Box<[u8]> = parts.max_by_key(|part| part.len()).filter(|part| part.len() >= SHORTEST)?.into();
        let how_common =
            |start: &usize| -> u32 { text[*start..].iter().take(window).map(|byte| u32::from(commonness(*byte))).sum() };
        let window = (0..=text.len().saturating_sub(window)).min_by_key(how_common)?;
        Some(Literal { text, window })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    /// Whether each line of a text, which is looked at from its second line on, is known to hold none.
    fn without(search: &mut Search, text: &str) -> Vec<bool> {
        let first = text.find('\n').unwrap() + 1;
        let last = text.rfind('\n').unwrap();
        search.look(text.as_bytes(), first, last);
        assert!(search.is_known());
        let mut start = first;
        let lines = text[first..last].split('\n').map(|line| {
            let end = start + line.len();
            let none = search.finds_none(text.as_bytes(), start, end, false);
            start = end + 1;
            none
        });
        lines.collect()
    }

    #[test]
    fn lines_that_hold_a_literal_are_found_wherever_it_stands() {
        for count in 1..=LITERALS_MAX {
            let names: Vec<String> = (0..count).map(|n| format!("{}n{n}.example", "fox".repeat(n % 4))).collect();
            let mut search = Search::new(std::slice::from_ref(&names), std::iter::empty()).unwrap();
            for filler in 0..140 {
                let filler = "fox.n0.".chars().cycle().take(filler).collect::<String>();
                for name in &names {
                    let upper = name.to_uppercase();
                    let lines = [&filler, name, &upper[1..], &format!("{filler}{upper}"), &format!("{name}{filler}"), "fox"];
                    let text = format!("{name}\n{}\n{name}", lines.join("\n"));
                    let holds = |line: &str| names.iter().any(|name| line.to_lowercase().contains(name));
                    assert_eq!(without(&mut search, &text), lines.map(|line| !holds(line)), "{text}");
                }
            }
        }
    }

    #[test]
    fn lines_end_where_the_buffer_does() {
        for filler in 0..200 {
            let mut search = Search::new(&[texts(&["fox"])], std::iter::empty()).unwrap();
            let text = format!("\n{}fox\n", "-".repeat(filler));
            assert_eq!(without(&mut search, &text), [false], "{filler}");
        }
    }

    #[test]
    fn what_is_not_ascii_may_be_the_same_as_a_literal() {
        let mut search = Search::new(&[texts(&["kiln"])], std::iter::empty()).unwrap();
        assert_eq!(without(&mut search, "\n\u{212a}iln\nhen\nhen\u{e9}\nKILN\n"), [false, true, false, false]);
    }

    #[test]
    fn what_may_be_hidden_or_is_everywhere_is_not_looked_for() {
        let is_looked_for = |lists: &[&[&str]], constant: &str| {
            let lists: Vec<Vec<String>> = lists.iter().map(|list| texts(list)).collect();
            Search::new(&lists, std::iter::once(constant.as_bytes())).is_some()
        };
        assert!(is_looked_for(&[&["a/b/fox"]], "hen"));
        assert!(!is_looked_for(&[&["fox", "fo"]], "hen"));
        assert!(!is_looked_for(&[&["fox", "\u{e9}"]], "hen"));
        assert!(!is_looked_for(&[&[]], "hen") && !is_looked_for(&[], "hen"));
        assert!(!is_looked_for(&[&["fox"; LITERALS_MAX + 1]], "hen"));
        assert!(!is_looked_for(&[&["fox"]], "a Fox") && !is_looked_for(&[&["fox"]], "\u{e9}"));
        assert!(is_looked_for(&[&["fox"], &["hen"]], "a Fox"));
    }

    #[test]
    fn a_literal_that_stands_in_most_lines_is_not_looked_for_again_at_once() {
        let mut search = Search::new(&[texts(&["common"]), texts(&["rare"])], std::iter::empty()).unwrap();
        assert_eq!(without(&mut search, "\ncommon\ncommon\nhen\n"), [false, false, true]);
        assert_eq!(without(&mut search, "\ncommon\ncommon\nrare\n"), [true, true, false]);
        assert_eq!(without(&mut search, "\nrare\nrare\n"), [false, false]);
        for _ in 0..Search::REST {
            search.look(b"common\n", 0, 7);
            assert!(!search.is_known());
        }
        assert_eq!(without(&mut search, "\ncommon\nhen\n"), [false, true]);
    }
}
