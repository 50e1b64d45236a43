//! Functions over IPv6 addresses in text, IPv4 ones counting as mapped: `ipv6_is_in_range`, `parse_ipv6` … See `ipv6.md`.

use super::argument::{each_text, long, text, truth, whole};
use super::ip::{Ranges, V6};
use super::terms::constant_texts;
use super::{Call, Closure, Function};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("ipv6_compare", |_, args| long(pair(args).map(|(a, b)| a.cmp(&b) as i64))),
    Function::row("ipv6_is_match", |_, args| truth(pair(args).map(|(a, b)| a == b))),
    Function::row("ipv6_is_in_range", is_in_range),
    Function::prepared("ipv6_is_in_any_range", |call| Ok(is_in_any_range(call))),
    Function::row("parse_ipv6", |_, args| canonical(V6::parse(&text(args, 0)), Some(128))),
    Function::row("parse_ipv6_mask", |_, args| canonical(V6::parse(&text(args, 0)), prefix(args, 1))),
];

fn prefix(args: &[Cell<'_>], at: usize) -> Option<u32> {
    whole(args, at).and_then(|prefix| u32::try_from(prefix).ok()).filter(|prefix| *prefix <= 128)
}

/// Two addresses, both masked by the smallest of their prefixes and the third argument.
fn pair(args: &[Cell<'_>]) -> Option<(u128, u128)> {
    let (a, b) = (V6::parse(&text(args, 0))?, V6::parse(&text(args, 1))?);
    let given = if args.len() > 2 { prefix(args, 2)? } else { 128 };
    let prefix = a.prefix.min(b.prefix).min(given);
    Some((a.masked(prefix), b.masked(prefix)))
}

fn is_in_range<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let (Some(ip), Some(range)) = (V6::parse(&text(args, 0)), V6::parse(&text(args, 1))) else { return Cell::Null };
    Cell::Bool(ip.is_in(range))
}

/// Null if the address cannot be read; ranges that cannot be read hold nothing.
fn is_in_any_range(call: &Call) -> Closure {
    if let Some(texts) = constant_texts(call) {
        let ranges = Ranges::new(texts.iter().filter_map(|text| V6::parse(text)));
        return Box::new(move |_, args| truth(V6::parse(&text(args, 0)).map(|ip| ranges.hold(ip.bits))));
    }
    Box::new(|_, args| {
        let Some(ip) = V6::parse(&text(args, 0)) else { return Cell::Null };
        let mut found = false;
        each_text(args, 1, |range| {
            found = V6::parse(range).is_some_and(|range| ip.is_in(range));
            !found
        });
        Cell::Bool(found)
    })
}

/// The address in eight groups of four digits, masked; empty if there is none.
fn canonical(ip: Option<V6>, prefix: Option<u32>) -> Cell<'static> {
    let (Some(ip), Some(prefix)) = (ip, prefix) else { return Cell::text("") };
    let bits = ip.masked(ip.prefix.min(prefix));
    let groups: Vec<String> = (0..8).rev().map(|group| format!("{:04x}", bits >> (16 * group) & 0xffff)).collect();
    Cell::text(groups.join(":"))
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::*;
    use crate::function::testing::{eval, s};

    #[test]
    fn addresses_are_compared() {
        let compare = |a, b| eval("ipv6_compare", &[s(a), s(b)], Type::Long);
        assert_eq!(compare("192.168.1.1/24", "::ffff:c0a8:01ff"), Cell::Long(0));
        assert_eq!(compare("fe80::85d:e82c:9446:7994/120", "fe80::85d:e82c:9446:7998"), Cell::Long(0));
        assert_eq!(compare("fe80::1", "fe80::2"), Cell::Long(-1));
        assert_eq!(compare("fe80::g", "fe80::2"), Cell::Null);
        let is = |name, a, b| eval(name, &[s(a), s(b)], Type::Bool);
        assert_eq!(is("ipv6_is_in_range", "2001:db8::7", "2001:db8::/112"), Cell::Bool(true));
        assert_eq!(is("ipv6_is_in_any_range", "2001:db9::7", "2001:db8::/32"), Cell::Bool(false));
        assert_eq!(is("ipv6_is_match", "2001:db8::7/64", "2001:db8::8"), Cell::Bool(true));
    }

    #[test]
    fn addresses_are_canonical() {
        let text_of = |name, args: &[Cell<'static>]| eval(name, args, Type::String).as_str().to_owned();
        assert_eq!(text_of("parse_ipv6", &[s("192.168.255.255/24")]), "0000:0000:0000:0000:0000:ffff:c0a8:ff00");
        let masked = |ip, mask| text_of("parse_ipv6_mask", &[s(ip), Cell::Long(mask)]);
        assert_eq!(masked("fe80::85d:e82c:9446:7994/120", 124), "fe80:0000:0000:0000:085d:e82c:9446:7900");
        assert_eq!(masked("::192.168.255.255", 128), "0000:0000:0000:0000:0000:ffff:c0a8:ffff");
        assert_eq!(text_of("parse_ipv6", &[s("x")]), "");
    }
}
