//! Patterns of STIX. Comes in: a pattern's text. Goes out: its alternatives, each a value that is enough by itself, or the reason why
//! that part of the pattern is none.
//!
//! What `OR` joins are alternatives. What `AND` or `FOLLOWEDBY` joins says nothing by half, and what is negated names what is not
//! meant. The grammar is that of STIX 2.1, chapter 9; brackets of observations and of comparisons group in the same way here.

use std::borrow::Cow;

use crate::normalize::{Hint, Reason};

/// A value that is enough to match a pattern, and what it is; or why a part of the pattern gives none.
pub(super) type Alternative<'p> = Result<(Hint, Cow<'p, str>), Reason>;

/// Brackets within brackets.
const DEPTH: usize = 32;

/// The alternatives of a pattern, in their order; at least one.
pub(super) fn alternatives(pattern: &str) -> Vec<Alternative<'_>> {
    let mut parser = Parser { rest: pattern, depth: 0 };
    match parser.sequence() {
        Some(found) if !found.is_empty() && parser.rest.trim().is_empty() => found,
        _ => vec![Err(Reason::BadRecord("a pattern that cannot be read".to_owned()))],
    }
}

struct Parser<'p> {
    rest: &'p str,
    depth: usize,
}

impl<'p> Parser<'p> {
    /// `a FOLLOWEDBY b`.
    fn sequence(&mut self) -> Option<Vec<Alternative<'p>>> {
        let first = self.any()?;
        let mut more = 0;
        while self.keyword("FOLLOWEDBY") {
            self.any()?;
            more += 1;
        }
        Some(if more == 0 { first } else { refused("a pattern that joins observations by FOLLOWEDBY") })
    }

    /// `a OR b`.
    fn any(&mut self) -> Option<Vec<Alternative<'p>>> {
        let mut found = self.all()?;
        while self.keyword("OR") {
            found.extend(self.all()?);
        }
        Some(found)
    }

    /// `a AND b`.
    fn all(&mut self) -> Option<Vec<Alternative<'p>>> {
        let first = self.part()?;
        let mut more = 0;
        while self.keyword("AND") {
            self.part()?;
            more += 1;
        }
        Some(if more == 0 { first } else { refused("a pattern that joins comparisons by AND") })
    }

    /// A comparison, or something between brackets with its qualifiers.
    fn part(&mut self) -> Option<Vec<Alternative<'p>>> {
        if self.keyword("NOT") {
            self.part()?;
            return Some(refused(NEGATED));
        }
        let close = match () {
            () if self.symbol("[") => "]",
            () if self.symbol("(") => ")",
            () => return self.comparison(),
        };
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        let found = self.sequence()?;
        self.depth -= 1;
        if !self.symbol(close) {
            return None;
        }
        Some(if self.qualifiers()? { refused("a pattern that counts or times observations") } else { found })
    }

    /// Passes over qualifiers of an observation. Of a single one `WITHIN` takes nothing away; the others do.
    fn qualifiers(&mut self) -> Option<bool> {
        let mut narrower = false;
        loop {
            if self.keyword("WITHIN") {
                self.word()?;
                self.keyword("SECONDS").then_some(())?;
            } else if self.keyword("REPEATS") {
                self.word()?;
                self.keyword("TIMES").then_some(())?;
                narrower = true;
            } else if self.keyword("START") {
                self.moment()?;
                self.keyword("STOP").then_some(())?;
                self.moment()?;
                narrower = true;
            } else {
                return Some(narrower);
            }
        }
    }

    /// `t'2026-01-01T00:00:00Z'`, or the same without the letter.
    fn moment(&mut self) -> Option<()> {
        let _ = self.symbol("t");
        self.text().map(drop)
    }

    /// `path = 'value'` and its like.
    fn comparison(&mut self) -> Option<Vec<Alternative<'p>>> {
        if self.keyword("EXISTS") {
            self.path()?;
            return Some(refused(NO_TEXT));
        }
        let path = self.path()?;
        let negated = self.keyword("NOT");
        let comparator = self.comparator()?;
        let values = self.operand()?;
        if negated || matches!(comparator, "!=" | "<>") {
            return Some(refused(NEGATED));
        }
        let Some(hint) = hint(path) else { return Some(vec![Err(Reason::UnknownType(path.to_owned()))]) };
        let alike = match comparator {
            "=" | "==" | "IN" => true,
            // A network's addresses are its subsets.
            "ISSUBSET" => hint == Hint::Address,
            _ => false,
        };
        Some(match values {
            Some(values) if alike => values.into_iter().map(|value| Ok((hint, value))).collect(),
            Some(_) => refused("a pattern that compares by more than equality"),
            None => refused(NO_TEXT),
        })
    }

    /// The literals that follow; none within if one of them is no text.
    fn operand(&mut self) -> Option<Option<Vec<Cow<'p, str>>>> {
        if !self.symbol("(") {
            return self.literal().map(|value| value.map(|value| vec![value]));
        }
        let mut values = Some(Vec::new());
        loop {
            match self.literal()? {
                Some(value) => values.iter_mut().for_each(|values| values.push(value.clone())),
                None => values = None,
            }
            if self.symbol(")") {
                return Some(values);
            }
            self.symbol(",").then_some(())?;
        }
    }

    /// A text, or a literal that is none: `5`, `true`, `t'…'`.
    fn literal(&mut self) -> Option<Option<Cow<'p, str>>> {
        self.blank();
        if self.rest.starts_with('\'') {
            return self.text().map(Some);
        }
        if ["t'", "b'", "h'"].iter().any(|start| self.rest.starts_with(start)) {
            self.rest = &self.rest[1..];
            return self.text().map(|_| None);
        }
        self.word().map(|_| None)
    }

    /// `'it\'s'`.
    fn text(&mut self) -> Option<Cow<'p, str>> {
        self.blank();
        let inner = self.rest.strip_prefix('\'')?;
        let mut escaped = false;
        for (at, c) in inner.char_indices() {
            match c {
                '\\' if !escaped => escaped = true,
                '\'' if !escaped => {
                    self.rest = &inner[at + 1..];
                    return Some(unescaped(&inner[..at]));
                }
                _ => escaped = false,
            }
        }
        None
    }

    /// `file:hashes.'SHA-256'`, `domain-name:resolves_to_refs[*].value`.
    fn path(&mut self) -> Option<&'p str> {
        self.blank();
        let mut quoted = false;
        let mut in_index = false;
        let end = self.rest.find(|c: char| {
            match c {
                '\'' => quoted = !quoted,
                _ if quoted => {}
                '[' => in_index = true,
                ']' if in_index => in_index = false,
                c => return c.is_whitespace() || "=!<>()]".contains(c),
            }
            false
        });
        let (path, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        path.contains(':').then_some(path)
    }

    fn comparator(&mut self) -> Option<&'p str> {
        self.blank();
        let length = self.rest.bytes().take_while(|b| b"=!<>".contains(b)).count();
        if length == 0 {
            return self.word();
        }
        let (comparator, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(comparator)
    }

    /// Letters, digits and what numbers are written with.
    fn word(&mut self) -> Option<&'p str> {
        self.blank();
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_.+-".contains(c);
        let (word, rest) = self.rest.split_at(self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len()));
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    /// Takes the word off, if it is the next.
    fn keyword(&mut self, keyword: &str) -> bool {
        self.blank();
        let Some(rest) = self.rest.strip_prefix(keyword) else { return false };
        if rest.starts_with(|c: char| c.is_ascii_alphanumeric() || "_-:".contains(c)) {
            return false;
        }
        self.rest = rest;
        true
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        self.blank();
        let rest = self.rest.strip_prefix(symbol);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn blank(&mut self) {
        self.rest = self.rest.trim_start();
    }
}

const NEGATED: &str = "a pattern that says what a value is not";
const NO_TEXT: &str = "a pattern that does not compare with a text";

fn refused<'p>(why: &str) -> Vec<Alternative<'p>> {
    vec![Err(Reason::BadRecord(why.to_owned()))]
}

/// A text without the backslashes that mask quotes and backslashes.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// What the object path of a comparison holds.
fn hint(path: &str) -> Option<Hint> {
    let (object, property) = path.split_once(':')?;
    let property = property.replace('\'', "").to_ascii_lowercase();
    Some(match (object, property.as_str()) {
        ("domain-name", "value") => Hint::Domain,
        ("url", "value") => Hint::Url,
        ("ipv4-addr" | "ipv6-addr", "value") => Hint::Address,
        ("file", "hashes.md5") => Hint::Md5,
        ("file", "hashes.sha-1" | "hashes.sha1") => Hint::Sha1,
        ("file", "hashes.sha-256" | "hashes.sha256") => Hint::Sha256,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, expected: &[&str]) {
        let shown = |alternative: Alternative<'_>| match alternative {
            Ok((_, value)) => value.into_owned(),
            Err(Reason::BadRecord(why)) => format!("- {why}"),
            Err(why) => format!("- {why}"),
        };
        assert_eq!(alternatives(pattern).into_iter().map(shown).collect::<Vec<_>>(), expected, "{pattern}");
    }

    #[test]
    fn alternatives_are_values() {
        check("[domain-name:value='evil.shop']", &["evil.shop"]);
        check("[domain-name:value = 'a.biz' OR ipv4-addr:value = '93.184.216.34']", &["a.biz", "93.184.216.34"]);
        check("[domain-name:value = 'a.biz']OR[(url:value = 'http://a.biz/?x=1')]", &["a.biz", "http://a.biz/?x=1"]);
        check("[file:hashes.'SHA-256' = 'ef53']", &["ef53"]);
        check("[domain-name:value IN ('a.biz', 'b.biz')]", &["a.biz", "b.biz"]);
        check("[ipv4-addr:value ISSUBSET '185.220.101.0/24']", &["185.220.101.0/24"]);
        check(r"[url:value = 'http://a.biz/\'\\x']", &[r"http://a.biz/'\x"]);
        check("[domain-name:value = 'a.biz'] WITHIN 300 SECONDS", &["a.biz"]);
    }

    #[test]
    fn what_says_nothing_by_half_is_refused() {
        const AND: &str = "- a pattern that joins comparisons by AND";
        check("[url:value = 'http://a.biz/' AND file:name = 'x']", &[AND]);
        check("[domain-name:value = 'a.biz'] AND [domain-name:value = 'b.biz']", &[AND]);
        check("[domain-name:value = 'a.biz' OR domain-name:value = 'b.biz' AND file:name = 'x']", &["a.biz", AND]);
        check(
            "[domain-name:value = 'a.biz'] FOLLOWEDBY [domain-name:value = 'b.biz']",
            &["- a pattern that joins observations by FOLLOWEDBY"],
        );
        for negated in
            ["[domain-name:value != 'a.biz']", "[domain-name:value NOT = 'a.biz']", "[NOT domain-name:value = 'a.biz']"]
        {
            check(negated, &["- a pattern that says what a value is not"]);
        }
        check("[domain-name:value LIKE '%.biz']", &["- a pattern that compares by more than equality"]);
        check("[domain-name:value = 'a.biz'] REPEATS 5 TIMES", &["- a pattern that counts or times observations"]);
        check(
            "[domain-name:value = 'a.biz'] START t'2026-01-01T00:00:00Z' STOP t'2026-01-02T00:00:00Z'",
            &["- a pattern that counts or times observations"],
        );
    }

    #[test]
    fn what_is_not_hunted_or_cannot_be_read_says_so() {
        check("[process:name = 'x']", &["- values of type `process:name` are not hunted"]);
        check(
            "[domain-name:resolves_to_refs[*].value = 'x']",
            &["- values of type `domain-name:resolves_to_refs[*].value` are not hunted"],
        );
        check("[ipv4-addr:value = 5]", &["- a pattern that does not compare with a text"]);
        let deep = format!("{}{}", "(".repeat(100_000), "[domain-name:value = 'a.biz'");
        for broken in
            ["", "[", "[domain-name:value = 'a.biz'", "[domain-name:value 'a.biz']", "alert tcp any", "[a:b = 'x] y", "[]", &deep]
        {
            check(broken, &["- a pattern that cannot be read"]);
        }
    }
}
