//! One escaper for each format the program writes: hostile text in, text that is only text there out.
//!
//! Log lines and feeds are written by others, some of them attackers: terminal control sequences, bidirectional overrides, markup
//! and spreadsheet formulas in them must arrive as what they are, visible and without effect.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

/// For a cell of a Markdown table: a code span, in which nothing is markup or becomes a link; nothing for no text.
pub use hunt::markdown::code as markdown;
use kql::fmt::is_hidden;

/// Replaces the characters that `pick` picks by what `write` writes for them.
fn replace<'a>(text: &'a str, pick: impl Fn(char) -> bool, write: impl Fn(&mut String, char)) -> Cow<'a, str> {
    let Some(first) = text.find(&pick) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for c in text[first..].chars() {
        if pick(c) { write(&mut out, c) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// `\n`, `\t`, `\x1b`, `\u{202e}`: a hidden character made visible.
fn push_visible(out: &mut String, c: char) {
    // Writing into a String cannot fail.
    let _ = match c {
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        c if u32::from(c) < 0x80 => write!(out, "\\x{:02x}", u32::from(c)),
        c => write!(out, "\\u{{{:x}}}", u32::from(c)),
    };
}

/// For a terminal, on one line.
#[must_use]
pub fn terminal(text: &str) -> Cow<'_, str> {
    replace(text, is_hidden, push_visible)
}

/// For a terminal, lines kept: messages that quote a query.
#[must_use]
pub fn terminal_lines(text: &str) -> Cow<'_, str> {
    replace(text, |c| c != '\n' && is_hidden(c), push_visible)
}

/// For HTML, in text and in quoted attributes alike.
#[must_use]
pub fn html(text: &str) -> Cow<'_, str> {
    let special = |c: char| matches!(c, '&' | '<' | '>' | '"' | '\'' | '`') || is_hidden(c);
    replace(text, special, |out, c| match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        '`' => out.push_str("&#96;"),
        c => push_visible(out, c),
    })
}

/// For a field of a CSV file, quotes included. `is_text` says that it is no number or time: text that a spreadsheet would take for
/// a formula then gets an apostrophe before it, as OWASP advises. Line breaks stay, other hidden characters become visible.
#[must_use]
pub fn csv(text: &str, is_text: bool) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    if is_text && text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        out.push('\'');
    }
    out.push_str(&replace(text, |c| is_hidden(c) && !matches!(c, '\n' | '\r' | '\t'), push_visible));
    if out.contains(['"', ',', '\n', '\r', '\t', '\'']) || out.trim() != out {
        out = format!("\"{}\"", out.replace('"', "\"\""));
    }
    out
}

/// For finished JSON text: hidden characters, which JSON allows in strings, become `\u` escapes; the document means the same.
#[must_use]
pub fn json(text: &str) -> Cow<'_, str> {
    if is_plain_json(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    // A line feed outside strings is layout; inside, serializers escape it themselves.
    replace(
        text,
        |c| c != '\n' && is_hidden(c),
        |out, c| {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        },
    )
}

/// Finished JSON text in which nothing is hidden, and all in ASCII.
fn is_plain_json(text: &[u8]) -> bool {
    // All bytes are looked at, many at once: nearly every text is plain to its end.
    text.iter().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~' | b'\n'))
}

/// Takes finished JSON text as it is made, and hands it on as [`json`] has it.
pub struct JsonText<W>(pub W);

impl<W: io::Write> io::Write for JsonText<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if is_plain_json(bytes) {
            self.0.write_all(bytes)?;
            return Ok(bytes.len());
        }
        // Serializers write whole characters, and buffers hand on what they were given as a whole.
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        self.0.write_all(json(text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NASTY: &str = "\u{1b}]0;x\u{7}<b>\u{202e}\u{9b}1m\n";

    #[test]
    fn no_escaper_lets_a_terminal_sequence_through() {
        let safe = |text: &str| !text.trim_end_matches('\n').chars().any(is_hidden);
        assert!(safe(&terminal(NASTY)) && safe(&html(NASTY)) && safe(&markdown(NASTY)));
        assert!(safe(&csv(NASTY, true).replace('\n', "")));
        assert_eq!(terminal(NASTY), "\\x1b]0;x\\x07<b>\\u{202e}\\u{9b}1m\\n");
    }

    #[test]
    fn json_stays_the_same_document() {
        let text = serde_json::to_string(NASTY).expect("a string is JSON");
        let escaped = json(&text);
        assert!(escaped.is_ascii());
        assert_eq!(serde_json::from_str::<String>(&escaped).expect("JSON"), NASTY);
        assert_eq!(json("\"\u{e0001}\""), "\"\\udb40\\udc01\"");
    }

    #[test]
    fn json_is_the_same_piece_by_piece() {
        let mut out = Vec::new();
        serde_json::to_writer_pretty(JsonText(&mut out), &[NASTY, "x"]).expect("a vector takes all bytes");
        let whole = serde_json::to_string_pretty(&[NASTY, "x"]).expect("strings are JSON");
        assert_eq!(String::from_utf8(out).expect("text"), json(&whole));
        assert!(io::Write::write(&mut JsonText(Vec::new()), &[0xe2, 0x80]).is_err());
    }

    #[test]
    fn html_has_no_markup_left() {
        assert_eq!(html("<a href='x'>\"&`"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;&#96;");
    }

    #[test]
    fn markdown_is_a_code_span_whatever_is_in_it() {
        assert_eq!(markdown("a|b"), "`a\\|b`");
        assert_eq!(markdown("`x``"), "``` `x`` ```");
        assert_eq!(markdown(""), "");
    }

    #[test]
    fn csv_disarms_formulas_in_text_only() {
        assert_eq!(csv("=1+1", true), "\"'=1+1\"");
        assert_eq!(csv("-5", false), "-5");
        assert_eq!(csv("a,\"b\"", true), "\"a,\"\"b\"\"\"");
        assert_eq!(csv("a\nb", true), "\"a\nb\"");
    }
}
