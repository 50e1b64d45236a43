//! Finding one text in another: the needle's parts and whether case counts in, the places where it stands out.

use logs::commonness;
use memchr::memmem;

use super::fold::{fold, folded, with_folded};

/// A text to look for.
#[derive(Debug)]
pub(super) enum Needle {
    /// Byte for byte.
    Exact(memmem::Finder<'static>),
    /// ASCII, its case ignored: folded, and the position of the byte that is looked for first.
    Ascii(Vec<u8>, usize),
    /// Any text, its case ignored: folded.
    Folded(memmem::Finder<'static>),
}

impl Needle {
    /// A needle whose case counts.
    pub(super) fn exact(text: &str) -> Needle {
        Needle::Exact(memmem::Finder::new(text.as_bytes()).into_owned())
    }

    /// A needle in whichever case.
    pub(super) fn folded(text: &str) -> Needle {
        let text = folded(text);
        if !text.is_ascii() || text.is_empty() {
            return Needle::Folded(memmem::Finder::new(text.as_bytes()).into_owned());
        }
        let bytes = text.into_bytes();
        let rarest = (0..bytes.len()).min_by_key(|at| commonness(bytes[*at])).unwrap_or(0);
        Needle::Ascii(bytes, rarest)
    }

    /// The text, folded.
    pub(super) fn text(&self) -> String {
        match self {
            Needle::Exact(finder) | Needle::Folded(finder) => folded(&String::from_utf8_lossy(finder.needle())),
            Needle::Ascii(bytes, _) => String::from_utf8_lossy(bytes).into_owned(),
        }
    }

    /// It stands somewhere in the text.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.find(text, |_, _, _| true)
    }

    /// It stands at a place of the text that `accept` takes: called with the text searched (folded or not) and the bytes from
    /// where to where.
    pub(super) fn find(&self, text: &str, accept: impl FnMut(&str, usize, usize) -> bool) -> bool {
        match self {
            Needle::Exact(finder) => every(finder, text, accept),
            Needle::Ascii(bytes, rarest) => every_ascii(bytes, *rarest, text, accept),
            Needle::Folded(finder) => with_folded(text, |text| every(finder, text, accept)),
        }
    }
}

fn every(finder: &memmem::Finder<'static>, text: &str, mut accept: impl FnMut(&str, usize, usize) -> bool) -> bool {
    let length = finder.needle().len();
    let mut from = 0;
    while let Some(at) = text.as_bytes().get(from..).and_then(|rest| finder.find(rest)) {
        let start = from + at;
        if accept(text, start, start + length) {
            return true;
        }
        // The next place may overlap this one.
        from = start + 1;
    }
    false
}

fn every_ascii(needle: &[u8], rarest: usize, text: &str, mut accept: impl FnMut(&str, usize, usize) -> bool) -> bool {
    let bytes = text.as_bytes();
    let (lower, upper) = (needle[rarest], needle[rarest].to_ascii_uppercase());
    let Some(last) = bytes.len().checked_sub(needle.len()) else { return false };
    // Only a place of the rarest byte that leaves room for the rest of the needle on both sides is looked at.
    let window = &bytes[rarest..=last + rarest];
    let mut try_at = |start: usize| {
        let end = start + needle.len();
        bytes[start..end].eq_ignore_ascii_case(needle) && accept(text, start, end)
    };
    if lower == upper {
        memchr::memchr_iter(lower, window).any(&mut try_at)
    } else {
        memchr::memchr2_iter(lower, upper, window).any(&mut try_at)
    }
}

/// The text begins with `prefix`, whichever the case.
pub(super) fn starts_with_fold(text: &str, prefix: &str) -> bool {
    if prefix.is_ascii() {
        return text.as_bytes().get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()));
    }
    let mut chars = text.chars().map(fold);
    prefix.chars().map(fold).all(|c| chars.next() == Some(c))
}

/// The text ends with `suffix`, whichever the case.
pub(super) fn ends_with_fold(text: &str, suffix: &str) -> bool {
    if suffix.is_ascii() {
        let from = text.len().checked_sub(suffix.len());
        return from.is_some_and(|from| text.as_bytes()[from..].eq_ignore_ascii_case(suffix.as_bytes()));
    }
    let mut chars = text.chars().rev().map(fold);
    suffix.chars().rev().map(fold).all(|c| chars.next() == Some(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needles_are_found_in_any_case() {
        for (needle, text, exact, folded) in [
            ("Evil", "xxevilxx", false, true),
            ("a", "", false, false),
            ("", "abc", true, true),
            ("", "", true, true),
            ("aab", "aaaAB", false, true),
            ("É", "café", false, true),
            ("longer than the text", "short", false, false),
            (".exe", "C:\\CMD.EXE", false, true),
        ] {
            assert_eq!(Needle::exact(needle).is_in(text), exact, "{needle} in {text}");
            assert_eq!(Needle::folded(needle).is_in(text), folded, "{needle} in {text} whichever the case");
        }
    }

    #[test]
    fn ends_compare_in_any_case() {
        assert!(starts_with_fold("Éclair", "éCL") && !starts_with_fold("é", "éc") && !starts_with_fold("aé", "ab"));
        assert!(ends_with_fold("CAFÉ", "fé") && ends_with_fold("a.EXE", ".exe") && !ends_with_fold("é", "aé"));
    }
}
