//! A raw record as HTML with the match marked: the record, what to mark; out comes text in which nothing but `<mark>` is markup.

use crate::escape;

/// The record, escaped, every occurrence of one of the needles (case aside) between `<mark>` and `</mark>`.
///
/// The first needle that occurs is the one marked: the observed value as it stands in the log, else the indicator's.
pub(super) fn marked(raw: &str, needles: &[&str]) -> String {
    let lower = ascii_lower(raw);
    let Some(needle) =
        needles.iter().map(|needle| ascii_lower(needle)).find(|needle| !needle.is_empty() && lower.contains(needle))
    else {
        return escape::html(raw).into_owned();
    };
    let mut out = String::with_capacity(raw.len() + 32);
    let mut at = 0;
    for (start, found) in lower.match_indices(&needle) {
        let end = start + found.len();
        out.push_str(&escape::html(&raw[at..start]));
        out.push_str("<mark>");
        out.push_str(&escape::html(&raw[start..end]));
        out.push_str("</mark>");
        at = end;
    }
    out.push_str(&escape::html(&raw[at..]));
    out
}

/// Lower case without a change of length, so that places in the one are places in the other.
fn ascii_lower(text: &str) -> String {
    text.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_match_is_marked_and_all_else_is_text() {
        assert_eq!(
            marked("<i>Evil.shop</i> evil.SHOP", &["evil.shop"]),
            "&lt;i&gt;<mark>Evil.shop</mark>&lt;/i&gt; <mark>evil.SHOP</mark>"
        );
        assert_eq!(marked("a<b", &["a<b"]), "<mark>a&lt;b</mark>");
        assert_eq!(marked("İx evil", &["nothing", "EVIL"]), "İx <mark>evil</mark>");
        assert_eq!(marked("x", &["", "y"]), "x");
    }
}
