//! Texts made of pieces of queries in any order: whatever comes, the parser, the renderer and the formatter keep their promises.

use crate::lexer::tokenize;
use crate::{fmt, parse, render};

/// Pieces that texts are made of.
const PIECES: &[&str] = &[
    " ",
    "\n",
    "|",
    ";",
    ",",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ".",
    "..",
    "=",
    "==",
    "=>",
    "-",
    "--",
    "-->",
    "*",
    "+",
    ":",
    "'",
    "\"",
    "@'x'",
    "```",
    "h'y'",
    "// c\n",
    "\\",
    "é",
    "#",
    "1",
    "1d",
    "2.5",
    "0x",
    "true",
    "datetime(2020-01-01)",
    "dynamic(",
    "guid(",
    "T",
    "a",
    "$left",
    "let",
    "set",
    "declare",
    "where",
    "project",
    "summarize",
    "by",
    "join",
    "on",
    "kind",
    "union",
    "in",
    "in~",
    "!in",
    "has_any",
    "between",
    "and",
    "or",
    "not(",
    "f(",
    "mv-expand",
    "mv-apply",
    "parse",
    "with",
    "make-series",
    "step",
    "from",
    "to",
    "range",
    "print",
    "extend",
    "datatable",
    "externaldata",
    "view",
    "scan",
    "fork",
    "partition",
    "evaluate",
    "render",
    "search",
    "find",
    "toscalar(",
    "typeof(",
    "graph-match",
    "matches regex",
    "hint.strategy",
    "project-away",
    "top-nested",
    "of",
    "asc",
    "nulls",
    "first",
    "limit",
    "['a b']",
];

/// A sequence of numbers without pattern, the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

/// Everything that must hold of any text.
fn check(text: &str) {
    let (tokens, _) = tokenize(text);
    assert!(tokens.windows(2).all(|pair| pair[0].span.end == pair[1].span.start), "{text:?}");
    assert_eq!(tokens.last().unwrap().span.end, text.len());
    let parsed = parse(text);
    for diagnostic in &parsed.diagnostics {
        assert!(text.get(diagnostic.span.start..diagnostic.span.end).is_some(), "{text:?}");
    }
    assert_eq!(render::text("soup", text, &parsed.diagnostics).is_empty(), parsed.diagnostics.is_empty());
    if let Ok(once) = fmt::format(text) {
        assert_eq!(fmt::format(&once).unwrap(), once, "{text:?}");
    }
}

#[test]
fn pieces_in_any_order() {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for _ in 0..1_000 {
        let length = 1 + dice.roll(40);
        let pieces: Vec<&str> = (0..length).map(|_| PIECES[dice.roll(PIECES.len())]).collect();
        check(&pieces.concat());
        check(&pieces.join(" "));
    }
}

#[test]
fn queries_with_words_changed() {
    const QUERY: &str = "let f = (t: (*), n: long = 5) { t | where a has_any ('x', 'y') and b between (1d .. 2d) };\n\
        f(T) | join kind=inner (U | summarize count() by c = bin(d, 1h)) on $left.c == $right.c // why\n\
        | mv-apply e to typeof(string) on (top 1 by e) | project-away x* | parse e with * 'k=' v: long *;\n\
        datatable (a: long, b: string) [1, 'x', 2, 'y'] | extend (g, h) = f(dynamic({'a': [1, -2]})).b[0]";
    let (tokens, _) = tokenize(QUERY);
    let words: Vec<&str> = tokens.iter().map(|token| token.span.text(QUERY)).collect();
    let mut dice = Dice(7);
    for at in 0..words.len() {
        for _ in 0..3 {
            let mut changed = words.clone();
            match dice.roll(4) {
                0 => drop(changed.remove(at)),
                1 => changed.insert(at, words[at]),
                2 => changed.swap(at, dice.roll(words.len())),
                _ => changed[at] = PIECES[dice.roll(PIECES.len())],
            }
            check(&changed.concat());
        }
    }
}
