//! Domain names: lower case, A-labels, no trailing dot.

use super::Reason;

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
    let text = text.trim_end_matches('.');
    let text = text.strip_prefix("*.").or_else(|| text.strip_prefix('.')).unwrap_or(text);
    let name = if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        idna::domain_to_ascii(text).map_err(|_| Reason::NotADomain("its letters make no international name"))?
    };
    check_form(&name)?;
    match RESERVED.iter().find(|(reserved, _)| is_at_or_below(&name, reserved)) {
        Some((_, why)) => Err(Reason::ReservedName(why)),
        None => Ok(name),
    }
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
        for written in ["evil", "evil..shop", "evil shop.com", "1.2.3.4", "a.b1", "x.example", "www.example.com", "printer.local"]
        {
            assert!(domain(written).is_err(), "{written}");
        }
        assert!(domain("notexample.com").is_ok());
        assert!(domain(&format!("{}.com", "a".repeat(64))).is_err());
    }
}
