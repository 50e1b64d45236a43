//! Measuring, cutting and changing text: `strlen`, `substring`, `indexof`, `replace_string`, `tolower` and their kin. See
//! `text.md`.
//!
//! Positions and lengths count characters (Unicode code points), not bytes.

use std::borrow::Cow;

use datafusion::logical_expr::ColumnarValue;
use memchr::memmem;
use serde_json::Value as Json;

use super::argument::{array, cell_text, count, element_text, lend, long, part, text, whole};
use super::fold::fold;
use super::{Call, Function, kernel};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("strlen", |_, args| count(text(args, 0).chars().count())),
    Function::row("string_size", |_, args| count(text(args, 0).len())),
    Function::row("substring", substring),
    Function::either("tolower", |_, args| change_case(&args[0], false), |call, args, _| Ok(changed(call, args, false))),
    Function::either("toupper", |_, args| change_case(&args[0], true), |call, args, _| Ok(changed(call, args, true))),
    Function::row("reverse", |_, args| Cell::text(text(args, 0).chars().rev().collect::<String>())),
    Function::row("indexof", indexof),
    Function::row("replace_string", replace_string),
    Function::row("replace_strings", replace_strings),
    Function::row("translate", translate),
    Function::row("strcmp", |_, args| long(Some(text(args, 0).as_ref().cmp(text(args, 1).as_ref()) as i64))),
    Function::row("isascii", |_, args| Cell::Bool(text(args, 0).is_ascii())),
    Function::row("isutf8", |_, _| Cell::Bool(true)),
    Function::row("split", split),
    Function::row("unicode_codepoints_from_string", codepoints),
    Function::row("to_utf8", codepoints),
    Function::row("unicode_codepoints_to_string", from_codepoints),
    Function::row("make_string", from_codepoints),
];

/// The byte at which character `at` of the text begins; the text's length if it has no more characters.
pub(super) fn byte_of(text: &str, at: usize) -> usize {
    if text.is_ascii() {
        return at.min(text.len());
    }
    text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte)
}

fn substring<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let Some(start) = whole(args, 1) else { return Cell::text("") };
    let source = text(args, 0);
    let length = if source.is_ascii() { source.len() } else { source.chars().count() } as i64;
    // A negative start counts from the end; what lies before the text is cut off.
    let start = if start < 0 { start.saturating_add(length) } else { start };
    let end = match args.get(2) {
        None => length,
        Some(_) => start.saturating_add(whole(args, 2).unwrap_or(0).max(0)).min(length),
    };
    let start = start.max(0);
    if start >= end {
        return Cell::text("");
    }
    let (from, to) = (byte_of(&source, start as usize), byte_of(&source, end as usize));
    part(&args[0], from, to)
}

fn change_case<'a>(cell: &Cell<'a>, upper: bool) -> Cell<'a> {
    let text = lend(cell);
    let other = if upper { u8::is_ascii_lowercase } else { u8::is_ascii_uppercase };
    if text.is_ascii() && !text.as_bytes().iter().any(other) {
        return Cell::Str(text);
    }
    let mut out = String::with_capacity(text.len());
    push_changed(&text, upper, &mut out);
    Cell::text(out)
}

/// [`change_case`] of a column of texts.
fn changed(call: &Call, args: &[ColumnarValue], upper: bool) -> Option<ColumnarValue> {
    kernel::map_text(call, args, |text, out| push_changed(text, upper, out))
}

fn push_changed(text: &str, upper: bool, out: &mut String) {
    if text.is_ascii() {
        let start = out.len();
        out.push_str(text);
        let part = &mut out[start..];
        if upper {
            part.make_ascii_uppercase()
        } else {
            part.make_ascii_lowercase()
        }
        return;
    }
    for c in text.chars() {
        // One character stays one: `ß` has no upper case of its own.
        if upper {
            let mut mapped = c.to_uppercase();
            out.push(if mapped.len() == 1 { mapped.next().unwrap_or(c) } else { c });
        } else {
            let mut mapped = c.to_lowercase();
            out.push(if mapped.len() == 1 { mapped.next().unwrap_or(c) } else { fold(c) });
        }
    }
}

/// Where a search begins, in bytes, and how many characters it looks at, all without: `start` and `length` of a function, counted
/// in characters. `Err` if they are not to be searched by.
pub(super) fn search_start(source: &str, args: &[Cell<'_>], at: usize) -> Result<(usize, Option<usize>), Cell<'static>> {
    let number = |at: usize, default: i64| args.get(at).map_or(Some(default), |_| whole(args, at)).ok_or(Cell::Null);
    let (start, count) = (number(at, 0)?, number(at + 1, -1)?);
    let length = source.chars().count() as i64;
    let start = if start < 0 { (start + length).max(0) } else { start };
    if count < -1 {
        return Err(Cell::Null);
    }
    if start > length {
        return Err(Cell::Long(-1));
    }
    Ok((byte_of(source, start as usize), usize::try_from(count).ok()))
}

/// `indexof(string, match [, start [, length [, occurrence]]])`. The length bounds the search for each occurrence from where the
/// one before began.
fn indexof<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let (source, needle) = (text(args, 0), text(args, 1));
    let occurrence = args.get(4).map_or(Some(1), |_| whole(args, 4)).filter(|nth| *nth > 0);
    let Some(occurrence) = occurrence else { return Cell::Null };
    let (mut at, length) = match search_start(&source, args, 2) {
        Ok(place) => place,
        Err(cell) => return cell,
    };
    let mut found = None;
    for _ in 0..occurrence {
        let Some(rest) = source.get(at..) else { return Cell::Long(-1) };
        let end = length.map_or(rest.len(), |length| byte_of(rest, length));
        let Some(place) = rest[..end].find(needle.as_ref()) else { return Cell::Long(-1) };
        found = Some(at + place);
        at += place + rest[place..].chars().next().map_or(1, char::len_utf8);
    }
    found.map_or(Cell::Long(-1), |byte| count(source[..byte].chars().count()))
}

fn replace_string<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let (source, needle, with) = (lend(&args[0]), text(args, 1), text(args, 2));
    if needle.is_empty() || memmem::find(source.as_bytes(), needle.as_bytes()).is_none() {
        return Cell::Str(source);
    }
    Cell::text(source.replace(needle.as_ref(), &with))
}

/// One pair after the other, each on the text that none before has found. What is no text is not looked for, and where it stands
/// for what was found, that stays as it is.
fn replace_strings<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let source = lend(&args[0]);
    let (Some(needles), Some(with)) = (array(args, 1), array(args, 2)) else { return Cell::Str(source) };
    if needles.len() != with.len() {
        return Cell::Str(source);
    }
    // What stays and what was put in, by turns.
    let mut pieces = vec![(source.to_string(), false)];
    for (needle, with) in needles.iter().zip(&with) {
        let Some(needle) = needle.as_str().filter(|needle| !needle.is_empty()) else { continue };
        let with = with.as_str().unwrap_or(needle);
        let mut next = Vec::with_capacity(pieces.len());
        for (text, replaced) in pieces {
            if replaced || !text.contains(needle) {
                next.push((text, replaced));
                continue;
            }
            for (at, part) in text.split(needle).enumerate() {
                if at > 0 {
                    next.push((with.to_owned(), true));
                }
                next.push((part.to_owned(), false));
            }
        }
        pieces = next;
    }
    Cell::text(pieces.into_iter().map(|(text, _)| text).collect::<String>())
}

/// `translate(searchList, replacementList, source)`: a shorter replacement list repeats its last character; an empty one deletes.
fn translate<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let search: Vec<char> = text(args, 0).chars().collect();
    let with: Vec<char> = text(args, 1).chars().collect();
    let source = text(args, 2);
    let mut out = String::with_capacity(source.len());
    for c in source.chars() {
        match search.iter().position(|searched| *searched == c) {
            None => out.push(c),
            Some(at) => out.extend(with.get(at).or(with.last())),
        }
    }
    Cell::text(out)
}

/// `split(source, delimiter [, index])`.
fn split<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let (source, delimiter) = (text(args, 0), text(args, 1));
    let mut parts: Box<dyn Iterator<Item = &str>> = if delimiter.is_empty() {
        Box::new(std::iter::once(source.as_ref()))
    } else {
        Box::new(source.split(delimiter.as_ref()))
    };
    let Some(_) = args.get(2).filter(|index| !index.is_null()) else {
        return super::argument::json_array(parts.map(Json::from).collect());
    };
    let wanted = whole(args, 2).and_then(|index| usize::try_from(index).ok());
    let part = wanted.and_then(|index| parts.nth(index));
    part.map_or(Cell::Null, |part| super::argument::json_array(vec![Json::from(part)]))
}

fn codepoints<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    super::argument::json_array(text(args, 0).chars().map(|c| Json::from(u32::from(c))).collect())
}

/// Code points, or arrays of them, as text; null in place of what is no code point makes the text empty.
fn from_codepoints<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let mut out = String::new();
    for (at, cell) in args.iter().enumerate() {
        let points = array(args, at).unwrap_or_else(|| vec![cell.to_json()]);
        for point in points {
            match point.as_u64().and_then(|point| u32::try_from(point).ok()).and_then(char::from_u32) {
                Some(c) => out.push(c),
                None => return Cell::text(""),
            }
        }
    }
    Cell::text(out)
}

/// The texts of arguments `from` on, one after the other, with `between` in the middle.
pub(super) fn joined(args: &[Cell<'_>], from: usize, between: &str) -> String {
    let mut out = String::new();
    for (at, cell) in args.iter().enumerate().skip(from) {
        if at > from {
            out.push_str(between);
        }
        out.push_str(&cell_text(cell));
    }
    out
}

/// The texts of an array's elements, one after the other.
pub(super) fn joined_elements(elements: &[Json], between: &str) -> String {
    let texts: Vec<Cow<'_, str>> = elements.iter().map(element_text).collect();
    texts.join(between)
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::*;
    use crate::function::testing::{dynamic, eval, s};

    fn text_of(name: &str, args: &[Cell<'static>]) -> String {
        eval(name, args, Type::String).as_str().to_owned()
    }

    #[test]
    fn substrings_count_characters_from_either_end() {
        let sub = |text, start, length| text_of("substring", &[s(text), Cell::Long(start), Cell::Long(length)]);
        assert_eq!(sub("abc", 5, 3), "");
        assert_eq!(sub("abc", -1, 2), "c");
        assert_eq!(sub("hello", -3, 2), "ll");
        assert_eq!(sub("hello", -100, 3), "");
        assert_eq!(sub("x", -1, 2), "x");
        assert_eq!(sub("𝓗ello", 0, 2), "𝓗e");
        assert_eq!(text_of("substring", &[s("xy"), Cell::Long(-2)]), "xy");
        assert_eq!(text_of("substring", &[s("abcdef"), Cell::Long(3)]), "def");
        assert_eq!(text_of("substring", &[Cell::Long(12345), Cell::Long(1), Cell::Long(2)]), "23");
    }

    #[test]
    fn positions_are_found() {
        let find = |args: &[Cell<'static>]| eval("indexof", args, Type::Long);
        assert_eq!(find(&[s("abcabcabc"), s("a"), Cell::Long(2)]), Cell::Long(3));
        assert_eq!(find(&[s("café"), s("é")]), Cell::Long(3));
        assert_eq!(find(&[s("abc"), s("z")]), Cell::Long(-1));
        assert_eq!(find(&[s("abcdefg"), s("cde"), Cell::Long(1), Cell::Long(4)]), Cell::Long(2));
        assert_eq!(find(&[s("abcdefg"), s("cde"), Cell::Long(1), Cell::Long(3)]), Cell::Long(-1));
        assert_eq!(find(&[s("abcdefg"), s("cde"), Cell::Long(3)]), Cell::Long(-1));
        assert_eq!(find(&[s("abcdabcd"), s("cd"), Cell::Long(0), Cell::Long(-1), Cell::Long(2)]), Cell::Long(6));
        assert_eq!(find(&[s("abcdefg"), s("cde"), Cell::Long(-5)]), Cell::Long(2));
        assert_eq!(find(&[Cell::Long(1234567), Cell::Long(5), Cell::Long(1)]), Cell::Long(4));
        assert_eq!(find(&[s("abcdabcd"), s("cd"), Cell::Long(0), Cell::Long(-1), Cell::Long(0)]), Cell::Null);
        assert_eq!(find(&[s("abcdefgabcdefg"), s("cde"), Cell::Long(1), Cell::Long(10), Cell::Long(2)]), Cell::Long(9));
        assert_eq!(find(&[s("abc"), s("c"), Cell::Long(0), Cell::Long(-2)]), Cell::Null);
    }

    #[test]
    fn text_is_replaced() {
        assert_eq!(text_of("replace_string", &[s("aba"), s("a"), s("")]), "b");
        assert_eq!(text_of("replace_string", &[s("aba"), s(""), s("X")]), "aba");
        let both = [s("This is"), dynamic(r#"["is","This"]"#), dynamic(r#"["was","This"]"#)];
        assert_eq!(text_of("replace_strings", &both), "Thwas was");
        let swapped = [s("a cat, a dog"), dynamic(r#"["cat","dog"]"#), dynamic(r#"["dog","cat"]"#)];
        assert_eq!(text_of("replace_strings", &swapped), "a dog, a cat");
        let number = [s("This is"), dynamic(r#"["This","is"]"#), dynamic(r#"[12345,"was"]"#)];
        assert_eq!(text_of("replace_strings", &number), "This was");
        assert_eq!(text_of("translate", &[s("krasp"), s("otsku"), s("spark")]), "kusto");
        assert_eq!(text_of("translate", &[s("abc"), s("x"), s("abc")]), "xxx");
        assert_eq!(text_of("translate", &[s("abc"), s(""), s("ab")]), "");
        assert_eq!(text_of("toupper", &[s("naïveté ß")]), "NAÏVETÉ ß");
        assert_eq!(text_of("reverse", &[s("𝓗e")]), "e𝓗");
    }

    #[test]
    fn text_is_taken_apart_and_put_together() {
        let split = |args: &[Cell<'static>]| eval("split", args, Type::Dynamic);
        assert_eq!(split(&[s("a,,b"), s(",")]), dynamic(r#"["a","","b"]"#));
        assert_eq!(split(&[s(""), s(",")]), dynamic(r#"[""]"#));
        assert_eq!(split(&[s("a_b"), s("_"), Cell::Long(1)]), dynamic(r#"["b"]"#));
        assert_eq!(split(&[s("a_b"), s("_"), Cell::Long(2)]), Cell::Null);
        assert_eq!(eval("to_utf8", &[s("aé")], Type::Dynamic), dynamic("[97,233]"));
        assert_eq!(text_of("make_string", &[Cell::Long(75), dynamic("[117,115]")]), "Kus");
        assert_eq!(eval("strcmp", &[s("ABC"), s("abc")], Type::Long), Cell::Long(-1));
    }
}
