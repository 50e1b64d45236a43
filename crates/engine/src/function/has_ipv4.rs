//! `has_ipv4`, `has_ipv4_prefix` and their `any` forms: addresses that stand in a text. See `has_ipv4.md`.
//!
//! An address stands in a text where no letter and no digit touches it; a longer dotted number is no address.

use super::argument::{each_text, text};
use super::ip::V4;
use super::terms::constant_texts;
use super::{Call, Closure, Function};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::prepared("has_ipv4", |call| Ok(closure(call, address))),
    Function::prepared("has_any_ipv4", |call| Ok(closure(call, address))),
    Function::prepared("has_ipv4_prefix", |call| Ok(closure(call, prefix))),
    Function::prepared("has_any_ipv4_prefix", |call| Ok(closure(call, prefix))),
];

/// Addresses to look for, by their first and last.
type Span = (u32, u32);

/// One address.
fn address(text: &str) -> Option<Span> {
    let ip = V4::parse(text).filter(|_| !text.contains('/'))?;
    Some((ip.bits, ip.bits))
}

/// One address, or one to three numbers that each end with a dot.
fn prefix(text: &str) -> Option<Span> {
    let text = text.trim();
    let Some(numbers) = text.strip_suffix('.') else { return address(text) };
    let octets: Option<Vec<u32>> = numbers.split('.').map(|octet| octet.parse::<u8>().ok().map(u32::from)).collect();
    let octets = octets.filter(|octets| octets.len() <= 3)?;
    let bits = octets.iter().enumerate().fold(0, |bits, (at, octet)| bits | octet << (24 - 8 * at));
    Some((bits, bits | u32::MAX >> (8 * octets.len())))
}

fn closure(call: &Call, read: fn(&str) -> Option<Span>) -> Closure {
    if let Some(texts) = constant_texts(call) {
        let spans = apart(texts.iter().filter_map(|text| read(text)).collect());
        return Box::new(move |_, args| Cell::Bool(holds(&text(args, 0), &spans)));
    }
    Box::new(move |_, args| {
        let mut spans = Vec::new();
        each_text(args, 1, |text| {
            spans.extend(read(text));
            true
        });
        Cell::Bool(holds(&text(args, 0), &apart(spans)))
    })
}

/// The spans sorted, those within another left out.
fn apart(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable_by_key(|(first, last)| (*first, std::cmp::Reverse(*last)));
    let mut reached = None;
    spans.retain(|(_, last)| {
        let within = reached.is_some_and(|reached| *last <= reached);
        reached = reached.max(Some(*last));
        !within
    });
    spans
}

/// An address of one of the spans stands in the text.
fn holds(text: &str, spans: &[Span]) -> bool {
    !spans.is_empty()
        && addresses(text).any(|ip| {
            let after = spans.partition_point(|(first, _)| *first <= ip);
            after > 0 && spans[after - 1].1 >= ip
        })
}

/// The addresses that stand in a text.
fn addresses(text: &str) -> impl Iterator<Item = u32> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            if !bytes[at].is_ascii_digit() {
                at += 1;
                continue;
            }
            let start = at;
            while at < bytes.len()
                && (bytes[at].is_ascii_digit() || bytes[at] == b'.' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit))
            {
                at += 1;
            }
            let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            if letter(text[..start].chars().next_back()) || letter(text[at..].chars().next()) {
                continue;
            }
            if let Some(ip) = V4::parse(&text[start..at]) {
                return Some(ip.bits);
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::*;
    use crate::function::testing::{dynamic, eval, s};

    #[test]
    fn addresses_stand_apart_in_text() {
        let yes = |name, args: &[Cell<'static>]| eval(name, args, Type::Bool) == Cell::Bool(true);
        let line = "05:04:54 127.0.0.1 GET /favicon.ico 404";
        assert!(yes("has_ipv4", &[s(line), s("127.0.0.1")]) && !yes("has_ipv4", &[s(line), s("127.0.0.256")]));
        assert!(!yes("has_ipv4", &[s("05:04:54127.0.0.1 GET"), s("127.0.0.1")]));
        assert!(!yes("has_ipv4", &[s("1127.0.0.1"), s("127.0.0.1")]) && !yes("has_ipv4", &[s("127.0.0.1.5"), s("127.0.0.1")]));
        assert!(
            yes("has_ipv4", &[s("(127.0.0.1:80)"), s("127.0.0.1")]) && yes("has_ipv4", &[s("to 127.0.0.1."), s("127.0.0.1")])
        );
        assert!(yes("has_any_ipv4", &[s(line), dynamic(r#"["127.0.0.2","127.0.0.1"]"#)]));
        assert!(yes("has_ipv4_prefix", &[s(line), s("127.0.")]) && !yes("has_ipv4_prefix", &[s(line), s("127.0")]));
        assert!(yes("has_any_ipv4_prefix", &[s("192.0.2.77"), s("10."), s("192.0.2.1"), s("192.")]));
        assert!(!yes("has_any_ipv4_prefix", &[s("192.0.2.77"), s("10."), s("192.0.3.")]));
    }
}
