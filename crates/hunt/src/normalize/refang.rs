//! Undoing what people do to addresses so that nobody clicks them: `hxxp`, `[.]`, `(dot)`, `[:]`.

use std::borrow::Cow;

/// What a pair of brackets may stand around, and what is meant.
const BRACKETED: [(&str, &str); 9] =
    [(".", "."), ("dot", "."), (",", "."), (":", ":"), ("://", "://"), ("/", "/"), ("at", "@"), ("@", "@"), (":/", ":/")];

/// So far an opening bracket and what belongs to it reach, with blanks within.
const LONGEST: usize = 8;

/// How often something may have been defanged, over and over: `a[[.]]b` is so twice.
const OFTENEST: usize = 4;

/// The same text with live separators and schemes. Text that is not defanged, or more often than anybody would, is returned as it is:
/// what this returns, it leaves as it is.
#[must_use]
pub fn refang(text: &str) -> Cow<'_, str> {
    let mut live = refang_once(text);
    for _ in 0..OFTENEST {
        match refang_once(&live) {
            Cow::Owned(further) if further != *live => live = Cow::Owned(further),
            _ => return live,
        }
    }
    Cow::Borrowed(text)
}

fn refang_once(text: &str) -> Cow<'_, str> {
    let scheme = has_dead_scheme(text.as_bytes());
    if !scheme && !text.contains(['[', '(', '{', '\\']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    if scheme {
        out.push_str("http");
        rest = &text[4..];
    }
    while let Some(at) = rest.find(['[', '(', '{', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (meant, length) = separator(rest);
        out.push_str(meant);
        rest = &rest[length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// `hxxp` or `hxxps`, and what ends a scheme. A name may start with these letters, too.
fn has_dead_scheme(text: &[u8]) -> bool {
    let Some((head, rest)) = text.split_first_chunk::<4>() else { return false };
    let rest = rest.strip_prefix(b"s").or(rest.strip_prefix(b"S")).unwrap_or(rest);
    let ends = matches!(rest.first(), Some(b':' | b'[' | b'(' | b'{' | b'\\'));
    ends && (head.eq_ignore_ascii_case(b"hxxp") || head.eq_ignore_ascii_case(b"h**p"))
}

/// What `text`, which starts with an opening bracket or a backslash, stands for, and how long that is.
fn separator(text: &str) -> (&str, usize) {
    if text.starts_with("\\.") {
        return (".", 2);
    }
    let close = match text.as_bytes()[0] {
        b'[' => b']',
        b'(' => b')',
        b'{' => b'}',
        _ => return (&text[..1], 1),
    };
    // No further than the longest word reaches: a text may be all brackets.
    if let Some(end) = text.bytes().take(LONGEST).position(|b| b == close) {
        let inner = text[1..end].trim();
        if let Some((_, meant)) = BRACKETED.iter().find(|(written, _)| written.eq_ignore_ascii_case(inner)) {
            return (meant, end + 1);
        }
    }
    (&text[..1], 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_habits_are_undone() {
        for (written, meant) in [
            ("hxxp://a[.]b(.)c{.}d", "http://a.b.c.d"),
            ("hXXps[://]a[dot]b/x", "https://a.b/x"),
            ("a(DOT)b", "a.b"),
            ("1[.]2[.]3[.]4[:]80", "1.2.3.4:80"),
            ("a\\.b", "a.b"),
            ("http://[2a02::1]:80/", "http://[2a02::1]:80/"),
            ("hxxpanel[.]shop", "hxxpanel.shop"),
            ("a[.b", "a[.b"),
            ("é[.]b", "é.b"),
            ("[", "["),
            ("a[ dot ]b[日本", "a.b[日本"),
            ("a\\\\.b", "a.b"),
            ("a[[.]]b", "a.b"),
            ("a[[[[[[.]]]]]]b", "a[[[[[[.]]]]]]b"),
        ] {
            assert_eq!(refang(written), meant, "{written}");
            assert_eq!(refang(meant), meant);
        }
    }

    #[test]
    fn a_text_of_brackets_takes_no_longer_than_another() {
        let brackets = "[".repeat(1 << 20);
        assert_eq!(refang(&brackets), brackets);
    }
}
