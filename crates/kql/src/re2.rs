//! Regular expressions in the syntax of RE2, which Kusto took before and queries still have.
//!
//! In: a pattern. Out: one that means the same in the syntax of the `regex` crate, which is that of Kusto's reference
//! (`data-explorer/kusto/query/regex`). Where a pattern can be read by either, the reference's reading counts: only one that it
//! refuses is to be translated.

use regex_syntax::hir::Hir;

/// The pattern by the syntax of Kusto's reference, else by RE2's; or why it is no regular expression by either. Neither has
/// look-around or back references.
pub(crate) fn read(pattern: &str) -> Result<Hir, String> {
    match regex_syntax::parse(pattern) {
        Ok(hir) => Ok(hir),
        Err(error) => regex_syntax::parse(&translate(pattern)).map_err(|_| reason(&error)),
    }
}

fn reason(error: &regex_syntax::Error) -> String {
    match error {
        regex_syntax::Error::Parse(error) => error.kind().to_string(),
        regex_syntax::Error::Translate(error) => error.kind().to_string(),
        other => other.to_string(),
    }
}

/// The same pattern in the other syntax.
#[must_use]
pub fn translate(pattern: &str) -> String {
    let mut reader = Reader { rest: pattern, out: String::with_capacity(pattern.len()) };
    while let Some(c) = reader.next() {
        match c {
            '\\' => reader.escape(),
            '[' => reader.class(),
            // RE2 takes a brace that counts nothing for itself.
            '{' if !counts(reader.rest) => reader.out.push_str("\\{"),
            c => reader.out.push(c),
        }
    }
    reader.out
}

/// What follows an opening brace is a count: `3}`, `3,}`, `3,5}`.
fn counts(rest: &str) -> bool {
    let Some((count, _)) = rest.split_once('}') else { return false };
    let (least, most) = count.split_once(',').unwrap_or((count, ""));
    !least.is_empty() && [least, most].iter().all(|number| number.bytes().all(|b| b.is_ascii_digit()))
}

struct Reader<'a> {
    rest: &'a str,
    out: String,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    /// After a backslash: `\<` is no word boundary but a character; `\Q…\E` is text.
    fn escape(&mut self) {
        match self.next() {
            Some(c @ ('<' | '>')) => self.out.push(c),
            Some('Q') => {
                let (text, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                self.out.push_str(&regex_syntax::escape(text));
                self.rest = rest;
            }
            Some('C') => self.out.push_str("(?s:.)"),
            Some(digit @ '0'..='7') => self.octal(digit),
            Some(c) => self.out.extend(['\\', c]),
            None => self.out.push('\\'),
        }
    }

    /// After a backslash and a digit: a character by its number, `\0`, `\123`. One digit alone, other than zero, is a reference.
    fn octal(&mut self, first: char) {
        let more = self.rest.bytes().take(2).take_while(|b| matches!(b, b'0'..=b'7')).count();
        let (digits, rest) = self.rest.split_at(more);
        match u32::from_str_radix(&format!("{first}{digits}"), 8) {
            Ok(number) if first == '0' || more > 0 => {
                self.out.push_str(&format!("\\x{{{number:x}}}"));
                self.rest = rest;
            }
            _ => self.out.extend(['\\', first]),
        }
    }

    /// After an opening bracket: classes do not nest, and know no set operators.
    fn class(&mut self) {
        self.out.push('[');
        if let Some(rest) = self.rest.strip_prefix('^') {
            self.out.push('^');
            self.rest = rest;
        }
        if let Some(rest) = self.rest.strip_prefix(']') {
            self.out.push_str("\\]");
            self.rest = rest;
        }
        while let Some(c) = self.next() {
            match c {
                '\\' => self.escape(),
                ']' => return self.out.push(']'),
                '[' if self.rest.starts_with(':') && self.rest.contains(":]") => {
                    let end = self.rest.find(":]").map_or(0, |at| at + 2);
                    self.out.push('[');
                    self.out.push_str(&self.rest[..end]);
                    self.rest = &self.rest[end..];
                }
                '[' => self.out.push_str("\\["),
                '&' | '~' | '-' if self.rest.starts_with(c) => self.out.extend(['\\', c]),
                c => self.out.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_stays_one() {
        assert!(read(r"(a)\1").is_err() && read(r"\0").is_ok());
    }

    #[test]
    fn what_differs_is_rewritten() {
        for (re2, ours) in [
            ("[[]", "[\\[]"),
            ("[]a]", "[\\]a]"),
            ("[^]]", "[^\\]]"),
            ("[[:alpha:]x]", "[[:alpha:]x]"),
            ("[a&&b]", "[a\\&&b]"),
            (r"\<a\>", "<a>"),
            (r"\Qa.b\E.", r"a\.b."),
            (r"\0[\0\12]\101\08", r"\x{0}[\x{0}\x{a}]\x{41}\x{0}8"),
            ("{(.*)}", "\\{(.*)}"),
            (r"a{1,3}b{1.3}", r"a{1,3}b\{1.3}"),
            (r"^\d+\.x$", r"^\d+\.x$"),
        ] {
            assert_eq!(translate(re2), ours);
            assert!(regex_syntax::parse(ours).is_ok(), "{ours}");
        }
    }
}
