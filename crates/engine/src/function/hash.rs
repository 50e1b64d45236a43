//! Hashes: `hash_md5`, `hash_sha1`, `hash_sha256` of a value's text, `hash` of its bytes. See `hash.md`.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::argument::{text, whole};
use super::encode::guid_bytes;
use super::{Call, Function};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("hash_md5", |_, args| digest::<Md5>(args)),
    Function::row("hash_sha1", |_, args| digest::<Sha1>(args)),
    Function::row("hash_sha256", |_, args| digest::<Sha256>(args)),
    Function::row("hash", hash),
    Function::row("hash_xxhash64", hash),
];

/// The digest in lower-case digits; of nothing, nothing.
fn digest<D: Digest>(args: &[Cell<'_>]) -> Cell<'static> {
    let text = text(args, 0);
    if text.is_empty() {
        return Cell::text("");
    }
    Cell::text(D::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// `hash(source [, mod])`: xxHash64 of a string's UTF-8 or of a number's bytes, the least first.
fn hash<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let hash = match &args[0] {
        Cell::Null => xxhash64(b""),
        Cell::Bool(b) => xxhash64(&[u8::from(*b)]),
        Cell::Int(i) => xxhash64(&i.to_le_bytes()),
        Cell::Long(i) | Cell::DateTime(i) | Cell::TimeSpan(i) => xxhash64(&i.to_le_bytes()),
        Cell::Real(r) => xxhash64(&r.to_le_bytes()),
        Cell::Guid(guid) => xxhash64(&guid_bytes(kql::types::parse_guid(guid).unwrap_or(0))),
        Cell::Str(text) | Cell::Decimal(text) | Cell::Dynamic(text) => xxhash64(text.as_bytes()),
    };
    match args.get(1) {
        None => Cell::Long(hash.cast_signed()),
        Some(_) => match whole(args, 1).and_then(|modulus| u64::try_from(modulus).ok()).filter(|modulus| *modulus > 0) {
            Some(modulus) => Cell::Long((hash % modulus).cast_signed()),
            None => Cell::Null,
        },
    }
}

const PRIME: [u64; 5] =
    [0x9e37_79b1_85eb_ca87, 0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9, 0x85eb_ca77_c2b2_ae63, 0x27d4_eb2f_1656_67c5];

/// xxHash64 with seed 0 (`doc/xxhash_spec.md` of the Cyan4973/xxHash project).
fn xxhash64(bytes: &[u8]) -> u64 {
    let round = |lane: u64, input: u64| lane.wrapping_add(input.wrapping_mul(PRIME[1])).rotate_left(31).wrapping_mul(PRIME[0]);
    let mut stripes = bytes.chunks_exact(32);
    let mut hash = if bytes.len() < 32 {
        PRIME[4]
    } else {
        let mut lanes = [PRIME[0].wrapping_add(PRIME[1]), PRIME[1], 0, 0_u64.wrapping_sub(PRIME[0])];
        for stripe in stripes.by_ref() {
            for (lane, input) in lanes.iter_mut().zip(stripe.chunks_exact(8)) {
                *lane = round(*lane, number(input));
            }
        }
        let turned = lanes.iter().zip([1, 7, 12, 18]).map(|(lane, by)| lane.rotate_left(by));
        let mixed = turned.fold(0_u64, u64::wrapping_add);
        lanes.iter().fold(mixed, |hash, lane| (hash ^ round(0, *lane)).wrapping_mul(PRIME[0]).wrapping_add(PRIME[3]))
    };
    let rest = if bytes.len() < 32 { bytes } else { stripes.remainder() };
    hash = hash.wrapping_add(bytes.len() as u64);
    let mut words = rest.chunks_exact(8);
    for word in words.by_ref() {
        hash = (hash ^ round(0, number(word))).rotate_left(27).wrapping_mul(PRIME[0]).wrapping_add(PRIME[3]);
    }
    let mut halves = words.remainder().chunks_exact(4);
    for half in halves.by_ref() {
        hash = (hash ^ number(half).wrapping_mul(PRIME[0])).rotate_left(23).wrapping_mul(PRIME[1]).wrapping_add(PRIME[2]);
    }
    for byte in halves.remainder() {
        hash = (hash ^ u64::from(*byte).wrapping_mul(PRIME[4])).rotate_left(11).wrapping_mul(PRIME[0]);
    }
    hash = (hash ^ hash >> 33).wrapping_mul(PRIME[1]);
    hash = (hash ^ hash >> 29).wrapping_mul(PRIME[2]);
    hash ^ hash >> 32
}

/// Up to eight bytes as a number, the least first.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::*;
    use crate::function::testing::{eval, s};

    #[test]
    fn hashes_are_those_of_the_reference() {
        let of = |cell: Cell<'static>| eval("hash", &[cell], Type::Long);
        assert_eq!(of(s("World")), Cell::Long(1_846_988_464_401_551_951));
        assert_eq!(of(s("Hello")), Cell::Long(753_694_413_698_530_628));
        let day = kql::time::parse_iso("2015-01-01").expect("a date");
        assert_eq!(of(Cell::DateTime(day)), Cell::Long(1_380_966_698_541_616_202));
        assert_eq!(eval("hash", &[s("World"), Cell::Long(100)], Type::Long), Cell::Long(51));
        assert_eq!(xxhash64(b"Nobody inspects the spammish repetition"), 0xfbce_a83c_8a37_8bf1);
    }

    #[test]
    fn digests_are_of_the_text() {
        let of = |name, cell: Cell<'static>| eval(name, &[cell], Type::String).as_str().to_owned();
        assert_eq!(of("hash_md5", s("World")), "f5a7924e621e84c9280a9a27e1bcb7f6");
        let day = kql::time::parse_iso("2020-01-01").expect("a date");
        assert_eq!(of("hash_md5", Cell::DateTime(day)), "786c530672d1f8db31fee25ea8a9390b");
        assert_eq!(of("hash_sha1", s("World")), "70c07ec18ef89c5309bbb0937f3a6342411e1fdd");
        assert_eq!(of("hash_sha256", s("World")), "78ae647dc5544d227130a0682a51e30bc7777fbb6d8a8f17007463a3ecd1d524");
        assert_eq!(of("hash_sha256", s("")), "");
    }
}
