//! Text of others in Markdown. Comes in: any text. Goes out: Markdown that shows just that text, on one line, and does nothing.

use kql::fmt::is_hidden;

fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// As running text: every mark that could be markup is escaped, and no address becomes a link.
#[must_use]
pub fn text(text: &str) -> String {
    let shown = visible(text);
    let mut out = String::with_capacity(shown.len());
    for (at, c) in shown.char_indices() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Renderers make links of what has a scheme, and of mail addresses.
            ':' if shown[at..].starts_with("://") => out.push_str("&#58;"),
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '{' | '}' | '#' | '!' | '|' | '~' | '^' | '$' => out.extend(['\\', c]),
            // At the start of a line these make a list or a heading.
            '-' | '+' | '=' if at == 0 => out.extend(['\\', c]),
            '.' | ')' if shown[..at].bytes().all(|b| b.is_ascii_digit()) => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out.replace("www.", "www&#46;")
}

/// As a code span, also within a table.
#[must_use]
pub fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let visible = visible(text).replace('|', "\\|");
    let longest = visible.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if visible.starts_with('`') || visible.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{visible}{pad}{fence}")
}

/// As a fenced block.
#[must_use]
pub fn block(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{text}{end}{fence}\n")
}

/// As a link, if it is a web address that can stand between angle brackets; else as code.
#[must_use]
pub fn link(address: &str) -> String {
    let is_web = address.starts_with("https://") || address.starts_with("http://");
    let is_plain = address.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b'`' | b'|' | b'\\'));
    if is_web && is_plain { format!("<{address}>") } else { code(address) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_markup() {
        assert_eq!(text("a*b_[c](http://x) <img>"), "a\\*b\\_\\[c\\](http&#58;//x) &lt;img&gt;");
        assert_eq!(text("a\nb\u{202e}"), "a\\\\nb\\\\u\\{202e\\}");
        assert_eq!(text("- 1."), "\\- 1.");
        assert_eq!(text("1. x-y: z"), "1\\. x-y: z");
        assert_eq!(code("a`b|c"), "``a`b\\|c``");
        assert_eq!(block("kql", "print \"```\"\n"), "````kql\nprint \"```\"\n````\n");
        assert_eq!(link("https://a.b/c"), "<https://a.b/c>");
        assert_eq!(link("javascript:alert(1)"), "`javascript:alert(1)`");
        assert_eq!(link("https://a.b/> <img>"), "`https://a.b/> <img>`");
    }
}
