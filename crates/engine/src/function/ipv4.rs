//! Functions over IPv4 addresses in text: `ipv4_is_in_range`, `parse_ipv4`, `format_ipv4` … See `ipv4.md`.

use std::net::Ipv4Addr;

use serde_json::Value as Json;

use super::argument::{each_text, json_array, long, text, truth, whole};
use super::ip::{Ranges, V4, V6, mask32};
use super::terms::constant_texts;
use super::{Call, Closure, Function};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("ipv4_compare", |_, args| long(pair(args).map(|(a, b)| a.cmp(&b) as i64))),
    Function::row("ipv4_is_match", |_, args| truth(pair(args).map(|(a, b)| a == b))),
    Function::row("ipv4_is_in_range", is_in_range),
    Function::prepared("ipv4_is_in_any_range", |call| Ok(is_in_any_range(call))),
    Function::row("ipv4_is_private", |_, args| truth(V4::parse(&text(args, 0)).map(is_private))),
    Function::row("ipv4_netmask_suffix", |_, args| long(V4::parse(&text(args, 0)).map(|ip| i64::from(ip.prefix)))),
    Function::row("ipv4_range_to_cidr_list", range_to_cidr_list),
    Function::row("parse_ipv4", |_, args| long(V4::parse(&text(args, 0)).map(|ip| i64::from(ip.masked(ip.prefix))))),
    Function::row("parse_ipv4_mask", parse_mask),
    Function::row("format_ipv4", |_, args| Cell::text(format(args).map_or_else(String::new, |(ip, _)| ip))),
    Function::row("format_ipv4_mask", |_, args| {
        Cell::text(format(args).map_or_else(String::new, |(ip, prefix)| format!("{ip}/{prefix}")))
    }),
];

/// Two addresses, both masked by the smallest of their prefixes and the third argument.
fn pair(args: &[Cell<'_>]) -> Option<(u32, u32)> {
    let (a, b) = (V4::parse(&text(args, 0))?, V4::parse(&text(args, 1))?);
    let given = match args.get(2) {
        Some(_) => u32::try_from(whole(args, 2)?).ok().filter(|prefix| *prefix <= 32)?,
        None => 32,
    };
    let prefix = a.prefix.min(b.prefix).min(given);
    Some((a.masked(prefix), b.masked(prefix)))
}

fn is_in_range<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let (Some(ip), Some(range)) = (V4::parse(&text(args, 0)), V4::parse(&text(args, 1))) else { return Cell::Null };
    Cell::Bool(ip.is_in(range))
}

/// Null if the address cannot be read; ranges that cannot be read hold nothing.
fn is_in_any_range(call: &Call) -> Closure {
    if let Some(texts) = constant_texts(call) {
        let ranges = Ranges::new(texts.iter().filter_map(|text| V4::parse(text)).map(V6::from));
        return Box::new(move |_, args| truth(V4::parse(&text(args, 0)).map(|ip| ranges.hold(V6::from(ip).bits))));
    }
    Box::new(|_, args| {
        let Some(ip) = V4::parse(&text(args, 0)) else { return Cell::Null };
        let mut found = false;
        each_text(args, 1, |range| {
            found = V4::parse(range).is_some_and(|range| ip.is_in(range));
            !found
        });
        Cell::Bool(found)
    })
}

/// 10/8, 172.16/12 or 192.168/16, with a prefix at least as long.
fn is_private(ip: V4) -> bool {
    let ranges = [(0x0a00_0000, 8), (0xac10_0000, 12), (0xc0a8_0000, 16)];
    ranges.iter().any(|(bits, prefix)| ip.prefix >= *prefix && ip.masked(*prefix) == *bits)
}

/// The fewest ranges that hold exactly the addresses from the first to the second.
fn range_to_cidr_list<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let (Some(start), Some(end)) = (V4::parse(&text(args, 0)), V4::parse(&text(args, 1))) else { return Cell::Null };
    let (mut at, end) = (u64::from(start.bits), u64::from(end.bits));
    let mut out = Vec::new();
    while at <= end {
        let aligned = if at == 0 { 32 } else { at.trailing_zeros().min(32) };
        let fits = 63 - (end - at + 1).leading_zeros();
        let size = aligned.min(fits);
        let first = Ipv4Addr::from(u32::try_from(at).unwrap_or(u32::MAX));
        out.push(Json::from(format!("{first}/{}", 32 - size)));
        at += 1 << size;
    }
    json_array(out)
}

fn parse_mask<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let prefix = whole(args, 1).and_then(|prefix| u32::try_from(prefix).ok()).filter(|prefix| *prefix <= 32);
    let (Some(ip), Some(prefix)) = (V4::parse(&text(args, 0)), prefix) else { return Cell::Null };
    Cell::Long(i64::from(ip.masked(prefix.min(ip.prefix))))
}

/// The address, masked, and its prefix; the address may be text or a number.
fn format(args: &[Cell<'_>]) -> Option<(String, u32)> {
    let ip = match &args[0] {
        Cell::Int(_) | Cell::Long(_) => V4 { bits: u32::try_from(whole(args, 0)?).ok()?, prefix: 32 },
        _ => V4::parse(&text(args, 0))?,
    };
    let prefix = match args.get(1) {
        Some(_) => u32::try_from(whole(args, 1)?).ok().filter(|prefix| *prefix <= 32)?.min(ip.prefix),
        None => ip.prefix,
    };
    Some((Ipv4Addr::from(ip.bits & mask32(prefix)).to_string(), prefix))
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::*;
    use crate::function::testing::{dynamic, eval, s};

    #[test]
    fn ranges_hold_addresses() {
        let is = |name, args: &[Cell<'static>]| eval(name, args, Type::Bool);
        let (yes, no) = (Cell::Bool(true), Cell::Bool(false));
        assert_eq!(is("ipv4_is_in_range", &[s("10.1.2.3"), s("10.0.0.0/8")]), yes);
        assert_eq!(is("ipv4_is_in_range", &[s("10.1.2.3"), s("10.1.2.4")]), no);
        assert_eq!(is("ipv4_is_in_range", &[s("x"), s("10.0.0.0/8")]), Cell::Null);
        assert_eq!(is("ipv4_is_in_any_range", &[s("10.1.2.3"), s("x"), s("10.1.2.0/24")]), yes);
        assert_eq!(is("ipv4_is_in_any_range", &[s("10.1.2.3"), dynamic(r#"["192.0.2.0/24"]"#)]), no);
        assert_eq!(is("ipv4_is_match", &[s("192.168.1.1/24"), s("192.168.1.255")]), yes);
        assert_eq!(is("ipv4_is_match", &[s("192.168.1.1"), s("192.168.0.255"), Cell::Long(16)]), yes);
        for (ip, private) in [("10.0.0.1", &yes), ("172.32.0.1", &no), ("127.0.0.1", &no), ("192.168.1.1/24", &yes)] {
            assert_eq!(&is("ipv4_is_private", &[s(ip)]), private, "{ip}");
        }
    }

    #[test]
    fn addresses_are_numbers() {
        let number = |name, args: &[Cell<'static>]| eval(name, args, Type::Long);
        assert_eq!(number("parse_ipv4", &[s("127.0.0.1")]), Cell::Long(2_130_706_433));
        assert_eq!(number("parse_ipv4", &[s("192.1.168.1/24")]), Cell::Long(3_221_334_016));
        assert_eq!(number("parse_ipv4_mask", &[s("192.1.168.2"), Cell::Long(31)]), Cell::Long(3_221_334_018));
        assert_eq!(number("ipv4_compare", &[s("192.168.1.1/30"), s("192.168.1.255/24")]), Cell::Long(0));
        assert_eq!(number("ipv4_compare", &[s("1.2.3.4"), s("1.2.3.5")]), Cell::Long(-1));
        assert_eq!(number("ipv4_netmask_suffix", &[s("127.0.0.1/16")]), Cell::Long(16));
    }

    #[test]
    fn addresses_are_written() {
        let text_of = |name, args: &[Cell<'static>]| eval(name, args, Type::String).as_str().to_owned();
        assert_eq!(text_of("format_ipv4", &[s("192.168.1.1/24"), Cell::Long(32)]), "192.168.1.0");
        assert_eq!(text_of("format_ipv4", &[Cell::Long(3_232_236_031), Cell::Long(24)]), "192.168.1.0");
        assert_eq!(text_of("format_ipv4_mask", &[s("192.168.1.1"), Cell::Long(24)]), "192.168.1.0/24");
        assert_eq!(text_of("format_ipv4_mask", &[s("192.168.1.1/24"), Cell::Long(-1)]), "");
        let list = eval("ipv4_range_to_cidr_list", &[s("1.1.128.0"), s("1.1.140.255")], Type::Dynamic);
        assert_eq!(list, dynamic(r#"["1.1.128.0/21","1.1.136.0/22","1.1.140.0/24"]"#));
        let all = eval("ipv4_range_to_cidr_list", &[s("0.0.0.0"), s("255.255.255.255")], Type::Dynamic);
        assert_eq!(all, dynamic(r#"["0.0.0.0/0"]"#));
    }
}
