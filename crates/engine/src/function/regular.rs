//! Functions over regular expressions: `matches regex`, `extract`, `extract_all`, `replace_regex`, `trim`, `countof`. See
//! `regular.md`.
//!
//! An expression that is a constant and cannot be read stops the query; one that comes from a row matches nothing there.

use std::borrow::Cow;

use kql::Type;
use memchr::memmem;
use regex::{Captures, Regex};
use serde_json::Value as Json;

use super::argument::{array, count, lend, long, part, text, whole};
use super::cast::from_text;
use super::pattern::{compile, constant, recent};
use super::text::{byte_of, search_start};
use super::{Call, Closure, Function};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::prepared("matches regex", matches_regex),
    Function::prepared("extract", extract),
    Function::prepared("extract_all", extract_all),
    Function::prepared("extractall", extract_all),
    Function::prepared("replace_regex", |call| replace(call, [0, 1, 2])),
    Function::prepared("replace", |call| replace(call, [2, 0, 1])),
    Function::prepared("trim", |call| trim(call, true, true)),
    Function::prepared("trim_start", |call| trim(call, true, false)),
    Function::prepared("trim_end", |call| trim(call, false, true)),
    Function::prepared("countof", countof),
    Function::prepared("indexof_regex", indexof_regex),
    Function::row("regex_quote", |_, args| Cell::text(quote(&text(args, 0)))),
];

/// Runs `then` with the compiled expression: the constant one, or the one of this row.
fn with<R>(regex: Option<&Regex>, pattern: &str, then: impl FnOnce(&Regex) -> R) -> Option<R> {
    match regex {
        Some(regex) => Some(then(regex)),
        None => recent(pattern).map(|regex| then(&regex)),
    }
}

fn matches_regex(call: &Call) -> Result<Closure, String> {
    let regex = constant(call, 1)?;
    Ok(Box::new(move |_, args| {
        let matched = with(regex.as_ref(), &text(args, 1), |regex| regex.is_match(&text(args, 0)));
        Cell::Bool(matched.unwrap_or(false))
    }))
}

/// `extract(regex, captureGroup, source [, typeof(T)])`: the text of the group, read as the call's type.
fn extract(call: &Call) -> Result<Closure, String> {
    let regex = constant(call, 0)?;
    Ok(Box::new(move |call, args| {
        let group = whole(args, 1).and_then(|group| usize::try_from(group).ok());
        let source = text(args, 2);
        let found = group.and_then(|group| {
            with(regex.as_ref(), &text(args, 0), |regex| {
                if group == 0 {
                    return regex.find(&source).map(|found| found.range());
                }
                regex.captures(&source)?.get(group).map(|found| found.range())
            })
            .flatten()
        });
        match found {
            Some(range) if call.returns == Type::String => part(&args[2], range.start, range.end),
            Some(range) => from_text(&source[range], call.returns),
            None if call.returns == Type::String => Cell::text(""),
            None => Cell::Null,
        }
    }))
}

/// `extract_all(regex [, captureGroups], source)`.
fn extract_all(call: &Call) -> Result<Closure, String> {
    let regex = constant(call, 0)?;
    if let Some(regex) = &regex
        && regex.captures_len() == 1
    {
        return Err(format!("`{regex}` has no capture group, and extract_all() needs one"));
    }
    Ok(Box::new(move |_, args| {
        let source = text(args, args.len() - 1);
        let all = with(regex.as_ref(), &text(args, 0), |regex| {
            let groups = groups(regex, if args.len() > 2 { array(args, 1) } else { None });
            regex.captures_iter(&source).map(|captures| captured(&captures, &groups)).collect::<Vec<Json>>()
        });
        all.filter(|all| !all.is_empty()).map_or(Cell::Null, super::argument::json_array)
    }))
}

/// The groups asked for, by number or name; all of them without.
fn groups(regex: &Regex, wanted: Option<Vec<Json>>) -> Vec<usize> {
    let Some(wanted) = wanted else { return (1..regex.captures_len()).collect() };
    let number = |group: &Json| match group {
        Json::String(name) => regex.capture_names().position(|known| known == Some(name)),
        other => other.as_u64().and_then(|number| usize::try_from(number).ok()),
    };
    wanted.iter().filter_map(number).filter(|group| *group < regex.captures_len()).collect()
}

fn captured(captures: &Captures<'_>, groups: &[usize]) -> Json {
    let text = |group: usize| Json::from(captures.get(group).map_or("", |found| found.as_str()));
    match groups {
        [group] => text(*group),
        groups => Json::Array(groups.iter().map(|group| text(*group)).collect()),
    }
}

/// A rewrite pattern taken apart: text, and the groups whose text goes in.
#[derive(Debug)]
enum Piece {
    Text(String),
    Group(usize),
}

/// `\0` to `\9` are groups; a backslash before anything else gives that.
fn rewrite(pattern: &str) -> Vec<Piece> {
    let (mut pieces, mut literal) = (Vec::new(), String::new());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        let escaped = if c == '\\' { chars.next() } else { None };
        match escaped {
            Some(digit) if digit.is_ascii_digit() => {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
                pieces.push(Piece::Group(digit as usize - '0' as usize));
            }
            Some('\\') => literal.push('\\'),
            Some(other) => literal.extend([c, other]),
            None => literal.push(c),
        }
    }
    pieces.push(Piece::Text(literal));
    pieces
}

/// Replaces every match; `at` are the positions of the source, the expression and the rewrite pattern.
fn replace(call: &Call, at: [usize; 3]) -> Result<Closure, String> {
    let regex = constant(call, at[1])?;
    let pieces = call.constant_text(at[2]).map(rewrite);
    Ok(Box::new(move |_, args| {
        let source = text(args, at[0]);
        let of_row;
        let pieces = match &pieces {
            Some(pieces) => pieces,
            None => {
                of_row = rewrite(&text(args, at[2]));
                &of_row
            }
        };
        let replaced = with(regex.as_ref(), &text(args, at[1]), |regex| {
            let with = |captures: &Captures<'_>| {
                let group = |group: usize| captures.get(group).map_or("", |found| found.as_str());
                pieces.iter().map(|piece| if let Piece::Group(n) = piece { group(*n) } else { piece.text() }).collect::<String>()
            };
            match regex.replace_all(&source, with) {
                Cow::Borrowed(_) => None,
                Cow::Owned(text) => Some(text),
            }
        });
        replaced.flatten().map_or_else(|| Cell::Str(lend(&args[at[0]])), Cell::text)
    }))
}

impl Piece {
    fn text(&self) -> &str {
        if let Piece::Text(text) = self { text } else { "" }
    }
}

/// `trim(regex, source)`: one match at the start, one at the end.
fn trim(call: &Call, start: bool, end: bool) -> Result<Closure, String> {
    let at_ends = move |pattern: &str| -> Result<(Option<Regex>, Option<Regex>), String> {
        let at_start = start.then(|| compile(&format!("^(?:{pattern})"))).transpose()?;
        let at_end = end.then(|| compile(&format!("(?:{pattern})$"))).transpose()?;
        Ok((at_start, at_end))
    };
    let constant = call.constant_text(0).map(at_ends).transpose()?;
    Ok(Box::new(move |_, args| {
        let source = text(args, 1);
        let of_row;
        let (at_start, at_end) = match &constant {
            Some(both) => both,
            None => {
                of_row = at_ends(&text(args, 0)).unwrap_or_default();
                &of_row
            }
        };
        let from = at_start.as_ref().and_then(|regex| regex.find(&source)).map_or(0, |found| found.end());
        let rest = &source[from..];
        let to = at_end.as_ref().and_then(|regex| regex.find(rest)).map_or(rest.len(), |found| found.start());
        part(&args[1], from, from + to)
    }))
}

/// `countof(source, search [, kind])`: plain texts may overlap, matches of an expression do not.
fn countof(call: &Call) -> Result<Closure, String> {
    let by_regex = call.constant_text(2).is_some_and(|kind| kind.eq_ignore_ascii_case("regex"));
    let regex = if by_regex { constant(call, 1)? } else { None };
    Ok(Box::new(move |_, args| {
        let (source, search) = (text(args, 0), text(args, 1));
        if text(args, 2).eq_ignore_ascii_case("regex") {
            return count(with(regex.as_ref(), &search, |regex| regex.find_iter(&source).count()).unwrap_or(0));
        }
        let finder = memmem::Finder::new(search.as_bytes());
        let (mut from, mut found) = (0, 0);
        while let Some(at) = source.as_bytes().get(from..).and_then(|rest| finder.find(rest)).filter(|_| !search.is_empty()) {
            from += at + 1;
            found += 1;
        }
        count(found)
    }))
}

/// `indexof_regex(string, match [, start [, length [, occurrence]]])`: matches do not overlap, and no start is counted from the
/// end.
fn indexof_regex(call: &Call) -> Result<Closure, String> {
    let regex = constant(call, 1)?;
    Ok(Box::new(move |_, args| {
        let source = text(args, 0);
        let occurrence = args.get(4).map_or(Some(1), |_| whole(args, 4)).and_then(|nth| usize::try_from(nth).ok());
        let Some(occurrence) = occurrence.filter(|nth| *nth > 0) else { return Cell::Null };
        if whole(args, 2).is_some_and(|start| start < 0) {
            return Cell::Null;
        }
        let (from, length) = match search_start(&source, args, 2) {
            Ok(place) => place,
            Err(cell) => return cell,
        };
        let rest = &source[from..];
        let rest = &rest[..length.map_or(rest.len(), |length| byte_of(rest, length))];
        let found = with(regex.as_ref(), &text(args, 1), |regex| {
            let place = regex.find_iter(rest).nth(occurrence - 1)?;
            Some(source[..from + place.start()].chars().count() as i64)
        });
        long(Some(found.flatten().unwrap_or(-1)))
    }))
}

/// The text with a backslash before all that an expression would take for more than itself.
fn quote(text: &str) -> String {
    regex::escape(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::testing::{dynamic, eval, s, try_eval};

    fn text_of(name: &str, args: &[Cell<'static>]) -> String {
        eval(name, args, Type::String).as_str().to_owned()
    }

    #[test]
    fn expressions_extract() {
        let key = r"key:.?(\w+)";
        assert_eq!(text_of("extract", &[s(key), Cell::Long(1), s("key:'val'")]), "val");
        assert_eq!(text_of("extract", &[s(key), Cell::Long(0), s("no")]), "");
        assert_eq!(eval("extract", &[s(r"-(\d{2})-"), Cell::Long(1), s("15-12-2024")], Type::Int), Cell::Int(12));
        assert_eq!(eval("extract", &[s(r"(x)"), Cell::Long(1), s("15")], Type::Long), Cell::Null);
        let all = |args: &[Cell<'static>]| eval("extract_all", args, Type::Dynamic);
        assert_eq!(all(&[s(r"([a-z])(\d)"), s("a1 b2")]), dynamic(r#"[["a","1"],["b","2"]]"#));
        assert_eq!(all(&[s(r"([a-z])(\d)"), dynamic("[2]"), s("a1 b2")]), dynamic(r#"["1","2"]"#));
        assert_eq!(all(&[s(r"(?P<l>[a-z])(\d)"), dynamic(r#"["l"]"#), s("a1")]), dynamic(r#"["a"]"#));
        assert_eq!(all(&[s(r"(\d)"), s("none")]), Cell::Null);
        assert!(try_eval("extract_all", &[s("a"), s("a")], Type::Dynamic).is_err());
    }

    #[test]
    fn expressions_replace_and_trim() {
        assert_eq!(text_of("replace_regex", &[s("wordword"), s(r"(\w)(\w)"), s(r"\2\1")]), "owdrowdr");
        assert_eq!(text_of("replace_regex", &[s("a$"), s("a"), s("$1")]), "$1$");
        assert_eq!(text_of("replace", &[s("(.)"), s(r"<\1>"), s("ab")]), "<a><b>");
        assert_eq!(text_of("trim", &[s("x"), s("xxabcxx")]), "xabcx");
        assert_eq!(text_of("trim", &[s("x"), s("xxx")]), "x");
        assert_eq!(text_of("trim_start", &[s(r"[^\w]+"), s("-  Te st// $")]), "Te st// $");
        assert_eq!(text_of("trim_end", &[s("_"), s("__a__")]), "__a_");
        assert_eq!(text_of("regex_quote", &[s("(so$me.Te^xt)")]), r"\(so\$me\.Te\^xt\)");
    }

    #[test]
    fn expressions_match_and_count() {
        let yes = |text, regex| eval("matches regex", &[s(text), s(regex)], Type::Bool) == Cell::Bool(true);
        assert!(yes("ＡＢ１２", r"\d") && yes("a1", "[a-z][0-9]") && !yes("ABC", "abc") && yes("ABC", "(?i)abc"));
        assert!(yes("a{1-3}", "a{1-3}$") && !yes("aaa", "a{1-3}"));
        assert!(try_eval("matches regex", &[s("a"), s("(?=a)")], Type::Bool).unwrap_err().contains("look-around"));
        let number = |name, args: &[Cell<'static>]| eval(name, args, Type::Long);
        assert_eq!(number("countof", &[s("aaaa"), s("aa")]), Cell::Long(3));
        assert_eq!(number("countof", &[s("hello world"), s("l+"), s("regex")]), Cell::Long(2));
        assert_eq!(
            number("indexof_regex", &[s("abcabc"), s("a.c"), Cell::Long(0), Cell::Long(-1), Cell::Long(2)]),
            Cell::Long(3)
        );
        assert_eq!(number("indexof_regex", &[s("abcabc"), s("a.c"), Cell::Long(4)]), Cell::Long(-1));
        assert_eq!(number("indexof_regex", &[s("abcabc"), s("a.c"), Cell::Long(-1)]), Cell::Null);
    }
}
