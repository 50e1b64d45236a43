//! Domain names: lower case, A-labels, no trailing dot.

use wide::u8x16;

use super::Reason;
use crate::indicator::IndicatorType;

/// Names that no public resolver answers for, and whose they are.
const RESERVED: [(&str, &str); 12] = [
    ("example", "`.example` is for documentation"),
    ("example.com", "`example.com` is for documentation"),
    ("example.net", "`example.net` is for documentation"),
    ("example.org", "`example.org` is for documentation"),
    ("test", "`.test` is for tests"),
    ("invalid", "`.invalid` never resolves"),
    ("localhost", "`localhost` is the asking host itself"),
    ("local", "`.local` is for multicast DNS"),
    ("internal", "`.internal` is for private networks"),
    ("localdomain", "`.localdomain` is for private networks"),
    ("home.arpa", "`home.arpa` is for private networks"),
    ("arpa", "`.arpa` is the reverse zone"),
];

/// The name in its one form.
///
/// # Errors
/// The reason why it is no name that logs could be searched for.
pub fn domain(text: &str) -> Result<String, Reason> {
    let mut name = String::new();
    domain_into(text, &mut name)?;
    Ok(name)
}

/// As [`domain`]; the one form is added to `out`.
pub(super) fn domain_into(text: &str, out: &mut String) -> Result<IndicatorType, Reason> {
    let text = text.trim_end_matches('.');
    let text = text.strip_prefix("*.").or_else(|| text.strip_prefix('.')).unwrap_or(text);
    let start = out.len();
    if text.is_ascii() {
        out.push_str(text);
        out[start..].make_ascii_lowercase();
    } else {
        let name = idna::domain_to_ascii(text).map_err(|_| Reason::NotADomain("its letters make no international name"))?;
        out.push_str(&name);
    }
    let name = &out[start..];
    check_form(name)?;
    match RESERVED.iter().find(|(reserved, _)| is_at_or_below(name, reserved)) {
        Some((_, why)) => Err(Reason::ReservedName(why)),
        None => Ok(IndicatorType::Domain),
    }
}

/// What a byte is in a name that is in its one form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Word,
    Dot,
    Other,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut at = 0;
    while at < 128 {
        let b = at as u8;
        if b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_' {
            classes[at] = Class::Word;
        }
        at += 1;
    }
    classes[b'.' as usize] = Class::Dot;
    classes
};

/// How long the domain name is that `bytes` start with, if it is in its one form and not reserved.
///
/// What follows may be anything that names do not have, and is the caller's to look at. None says nothing: [`domain`] decides then.
#[must_use]
pub(crate) fn leading_domain(bytes: &[u8]) -> Option<usize> {
    let Some(block) = bytes.first_chunk() else { return leading_domain_by_bytes(bytes) };
    let names = NameBytes::of(block);
    let length = (!(names.letters | names.others | names.dots)).trailing_zeros() as usize;
    if length == NameBytes::WIDTH {
        return leading_domain_by_bytes(bytes);
    }
    let dots = names.dots & below(length);
    // No label is empty: no dot stands at the beginning, behind another or at the end.
    if dots & (dots << 1 | 1) != 0 || dots == 0 {
        return None;
    }
    let end_of = |dots: u64| (u64::BITS - dots.leading_zeros()) as usize;
    let last = end_of(dots);
    let before = end_of(dots & below(last - 1));
    let is_word = length >= last + 2 && names.letters >> last | u64::MAX << (length - last) == u64::MAX;
    (is_word && !is_reserved(&bytes[before..last - 1], &bytes[last..length])).then_some(length)
}

/// What a name is made of, in a block of bytes: a bit for each byte.
struct NameBytes {
    letters: u64,
    /// Digits, `-` and `_`.
    others: u64,
    dots: u64,
}

impl NameBytes {
    const WIDTH: usize = 64;

    fn of(block: &[u8; NameBytes::WIDTH]) -> NameBytes {
        let mut names = NameBytes { letters: 0, others: 0, dots: 0 };
        for (at, bytes) in block.as_chunks().0.iter().enumerate() {
            let bytes = u8x16::new(*bytes);
            let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
            let within = |first: u8, count: u8| {
                let from_first = bytes - u8x16::splat(first);
                from_first.min(u8x16::splat(count - 1)).simd_eq(from_first)
            };
            let bits = |bytes: u8x16| u64::from(bytes.to_bitmask()) << (16 * at);
            names.letters |= bits(within(b'a', 26));
            names.others |= bits(within(b'0', 10) | is(b'-') | is(b'_'));
            names.dots |= bits(is(b'.'));
        }
        names
    }
}

/// All bits below that one.
fn below(bit: usize) -> u64 {
    1_u64.checked_shl(bit as u32).map_or(u64::MAX, |bit| bit - 1)
}

/// The same for names that are long, or stand near the end of the bytes.
#[cold]
fn leading_domain_by_bytes(bytes: &[u8]) -> Option<usize> {
    // Where the last label but one starts, and the last.
    let (mut before, mut last) = (0, 0);
    let mut length = 0;
    for b in bytes {
        match CLASSES[usize::from(*b)] {
            Class::Word => {}
            Class::Dot if length > last && length - last <= 63 => (before, last) = (last, length + 1),
            Class::Dot => return None,
            Class::Other => break,
        }
        length += 1;
    }
    let top = &bytes[last..length];
    let is_word = matches!(top.len(), 2..=63) && top.iter().all(u8::is_ascii_lowercase);
    (last > 0 && length <= 253 && is_word && !is_reserved(&bytes[before..last - 1], top)).then_some(length)
}

/// How long the first labels of reserved names are, a bit for each length: of those of a single label, or of the others.
const fn first_labels(single: bool) -> u64 {
    let (mut bits, mut at) = (0, 0);
    while at < RESERVED.len() {
        let name = RESERVED[at].0.as_bytes();
        let mut length = 0;
        while length < name.len() && name[length] != b'.' {
            length += 1;
        }
        if (length == name.len()) == single {
            bits |= 1 << length;
        }
        at += 1;
    }
    bits
}

const TOPS: u64 = first_labels(true);
const LABELS: u64 = first_labels(false);

/// A name is reserved whose last two labels are these, of at most 63 bytes each. Most names are told by the lengths alone.
fn is_reserved(label: &[u8], top: &[u8]) -> bool {
    let is_single = |name: &[u8]| name == top;
    let is_double = |name: &[u8]| {
        name.len() == label.len() + 1 + top.len() && name[label.len()] == b'.' && name.starts_with(label) && name.ends_with(top)
    };
    TOPS >> top.len() & 1 == 1 && RESERVED.iter().any(|(name, _)| is_single(name.as_bytes()))
        || LABELS >> label.len() & 1 == 1 && RESERVED.iter().any(|(name, _)| is_double(name.as_bytes()))
}

fn check_form(name: &str) -> Result<(), Reason> {
    if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.')) {
        return Err(Reason::NotADomain("a character that names do not have"));
    }
    if name.len() > 253 {
        return Err(Reason::NotADomain("longer than 253 characters"));
    }
    if name.split('.').any(|label| label.is_empty()) {
        return Err(Reason::NotADomain("an empty label"));
    }
    if name.split('.').any(|label| label.len() > 63) {
        return Err(Reason::NotADomain("a label of more than 63 characters"));
    }
    let Some((_, top)) = name.rsplit_once('.') else {
        return Err(Reason::NotADomain("a single label"));
    };
    let is_word = top.len() >= 2 && top.bytes().all(|b| b.is_ascii_lowercase());
    if !is_word && !top.starts_with("xn--") {
        return Err(Reason::NotADomain("its top level is no top-level domain"));
    }
    Ok(())
}

/// `name` is `parent` or ends in a dot and `parent`.
#[must_use]
pub(crate) fn is_at_or_below(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_form() {
        for (written, name) in [
            ("righqtHorizon.CYOU", "righqthorizon.cyou"),
            ("evil.shop.", "evil.shop"),
            ("*.evil.shop", "evil.shop"),
            ("bücher.shop", "xn--bcher-kva.shop"),
            ("_dmarc.evil.shop", "_dmarc.evil.shop"),
            ("a.xn--p1ai", "a.xn--p1ai"),
        ] {
            assert_eq!(domain(written).as_deref(), Ok(name));
        }
    }

    #[test]
    fn others_are_refused() {
        for (name, _) in RESERVED {
            assert!(domain(&format!("a.{name}")).is_err(), "{name}");
        }
        for written in ["evil", "evil..shop", "evil shop.com", "1.2.3.4", "a.b1", "x.example", "www.example.com", "printer.local"]
        {
            assert!(domain(written).is_err(), "{written}");
        }
        assert!(domain("notexample.com").is_ok());
        assert!(domain(&format!("{}.com", "a".repeat(64))).is_err());
    }

    #[test]
    fn the_quick_look_is_right_where_it_says_anything() {
        let long = [format!("{}.com", "a".repeat(63)), format!("{}.com", "a".repeat(64)), format!("{}shop", "ab.".repeat(90))];
        let reserved = RESERVED.map(|(name, _)| format!("www.{name}"));
        let others = ["evil.shop", "a-b_c.evil.co", "evil", "evil.", ".evil.shop", "evil..shop", "Evil.shop", "evil.sh0p", "a.b"];
        let others = others.into_iter().chain(["a.xn--p1ai", "1.2.3.4", "notexample.com", "my.example.co", "", "."]);
        for text in long.iter().chain(&reserved).map(String::as_str).chain(others) {
            if leading_domain(text.as_bytes()) == Some(text.len()) {
                assert_eq!(domain(text).as_deref(), Ok(text));
            }
            for end in ["\n", "\r\n", " ", "/", ":80\n", ",", "A", "\u{e9}"] {
                let followed = format!("{text}{end}{}", "next.shop\n".repeat(10));
                let length = leading_domain(followed.as_bytes());
                assert_eq!(length, leading_domain_by_bytes(followed.as_bytes()), "{text}{end}");
            }
        }
        assert_eq!(leading_domain(b"evil.shop\nbad.biz"), Some(9));
    }
}
