//! Text in other clothes: Base64, gzip, zlib, percent-encoding, Punycode. See `encode.md`.

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::{DeflateEncoder, ZlibEncoder};
use flate2::{Compression, Crc};
use serde_json::Value as Json;

use super::argument::{array, json_array, text};
use super::{Call, Function};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("base64_encode_tostring", |_, args| Cell::text(STANDARD.encode(text(args, 0).as_bytes()))),
    Function::row("base64_encodestring", |_, args| Cell::text(STANDARD.encode(text(args, 0).as_bytes()))),
    Function::row("base64_decode_tostring", |_, args| string(decoded(args))),
    Function::row("base64_decodestring", |_, args| string(decoded(args))),
    Function::row("base64_decode_toarray", |_, args| bytes(decoded(args))),
    Function::row("base64_encode_fromarray", encode_array),
    Function::row("base64_encode_fromguid", encode_guid),
    Function::row("base64_decode_toguid", decode_guid),
    Function::row("gzip_compress_to_base64_string", |_, args| compressed(gzip(text(args, 0).as_bytes()))),
    Function::row("zlib_compress_to_base64_string", |_, args| compressed(zlib(text(args, 0).as_bytes()))),
    Function::row("gzip_decompress_from_base64_string", |_, args| {
        string(decoded(args).and_then(|bytes| expanded(GzDecoder::new(bytes.as_slice()))))
    }),
    Function::row("zlib_decompress_from_base64_string", |_, args| {
        string(decoded(args).and_then(|bytes| expanded(ZlibDecoder::new(bytes.as_slice()))))
    }),
    Function::row("url_encode", |_, args| Cell::text(percent_encoded(&text(args, 0), "+"))),
    Function::row("url_encode_component", |_, args| Cell::text(percent_encoded(&text(args, 0), "%20"))),
    Function::row("url_decode", |_, args| Cell::text(percent_decoded(&text(args, 0)))),
    Function::row("punycode_from_string", |_, args| Cell::text(idna::punycode::encode_str(&text(args, 0)).unwrap_or_default())),
    Function::row("punycode_to_string", |_, args| {
        Cell::text(idna::punycode::decode_to_string(&text(args, 0)).unwrap_or_default())
    }),
    Function::row("punycode_domain_from_string", |_, args| domain(args, decoded_label)),
    Function::row("punycode_domain_to_string", |_, args| domain(args, encoded_label)),
];

/// A domain name label by label, with one dot between them whatever dot of IDNA was written; empty if one label fails.
fn domain(args: &[Cell<'_>], label: fn(&str) -> Option<String>) -> Cell<'static> {
    let name = text(args, 0);
    let labels: Option<Vec<String>> = name.split(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']).map(label).collect();
    Cell::text(labels.unwrap_or_default().join("."))
}

/// A label with the letters that `xn--` announces; in no other way is it changed.
fn decoded_label(label: &str) -> Option<String> {
    match label.get(..4) {
        Some(prefix) if prefix.eq_ignore_ascii_case("xn--") => idna::punycode::decode_to_string(&label[4..]),
        _ => Some(label.to_owned()),
    }
}

/// A label in ASCII.
fn encoded_label(label: &str) -> Option<String> {
    if label.is_ascii() {
        return Some(label.to_owned());
    }
    Some(format!("xn--{}", idna::punycode::encode_str(label)?))
}

/// How much text a compressed one may become.
const EXPANDED_MAX: u64 = 64 << 20;

fn decoded(args: &[Cell<'_>]) -> Option<Vec<u8>> {
    STANDARD.decode(text(args, 0).as_bytes()).ok()
}

/// The bytes as text; empty if they are no UTF-8.
fn string(bytes: Option<Vec<u8>>) -> Cell<'static> {
    Cell::text(bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default())
}

fn bytes(bytes: Option<Vec<u8>>) -> Cell<'static> {
    bytes.map_or(Cell::Null, |bytes| json_array(bytes.into_iter().map(Json::from).collect()))
}

fn compressed(bytes: Option<Vec<u8>>) -> Cell<'static> {
    Cell::text(bytes.map_or_else(String::new, |bytes| STANDARD.encode(bytes)))
}

/// The bytes deflated, or stored as they are where deflating does not make them fewer.
fn deflated(bytes: &[u8], around: usize, with: impl Fn(Compression) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let small = with(Compression::fast())?;
    if small.len() - around < bytes.len() { Some(small) } else { with(Compression::none()) }
}

fn zlib(bytes: &[u8]) -> Option<Vec<u8>> {
    // Two bytes come before the deflated ones, four after.
    deflated(bytes, 6, |level| {
        let mut encoder = ZlibEncoder::new(Vec::new(), level);
        encoder.write_all(bytes).and_then(|()| encoder.finish()).ok()
    })
}

/// The header of a gzip file that names neither a time nor a system.
const GZIP: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = deflated(bytes, GZIP.len(), |level| {
        let mut encoder = DeflateEncoder::new(GZIP.to_vec(), level);
        encoder.write_all(bytes).and_then(|()| encoder.finish()).ok()
    })?;
    let mut sum = Crc::new();
    sum.update(bytes);
    out.extend(sum.sum().to_le_bytes());
    out.extend(sum.amount().to_le_bytes());
    Some(out)
}

fn expanded(from: impl Read) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    from.take(EXPANDED_MAX).read_to_end(&mut out).ok()?;
    Some(out)
}

fn encode_array<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let byte = |element: &Json| element.as_u64().and_then(|byte| u8::try_from(byte).ok());
    let bytes: Option<Vec<u8>> = array(args, 0).unwrap_or_default().iter().map(byte).collect();
    compressed(bytes)
}

/// The bytes of a guid as .NET lays them: its first three numbers least byte first.
pub(super) fn guid_bytes(guid: u128) -> [u8; 16] {
    let mut bytes = guid.to_be_bytes();
    bytes[..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
    bytes
}

fn encode_guid<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    compressed(kql::types::parse_guid(&text(args, 0)).map(|guid| guid_bytes(guid).to_vec()))
}

fn decode_guid<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let bytes: Option<[u8; 16]> = decoded(args).and_then(|bytes| bytes.try_into().ok());
    // Turning the bytes round twice gives what was there.
    let guid = bytes.map(|bytes| u128::from_be_bytes(guid_bytes(u128::from_be_bytes(bytes))));
    guid.map_or(Cell::Null, |guid| Cell::Guid(kql::types::guid_text(guid).into()))
}

/// Letters, digits and `-_.!*()` stay; every other byte becomes `%xx` in lower case, a blank what `blank` says.
fn percent_encoded(text: &str, blank: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push_str(blank),
            b'-' | b'_' | b'.' | b'!' | b'*' | b'(' | b')' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02x}")),
        }
    }
    out
}

/// `%xx` and `+` undone; what is then no UTF-8 becomes the replacement character.
fn percent_decoded(text: &str) -> String {
    let blanks = text.replace('+', " ");
    percent_encoding::percent_decode_str(&blanks).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::*;
    use crate::function::testing::{dynamic, eval, s};

    fn text_of(name: &str, text: &str) -> String {
        eval(name, &[s(text)], Type::String).as_str().to_owned()
    }

    #[test]
    fn base64_goes_both_ways() {
        assert_eq!(text_of("base64_encode_tostring", "Kusto"), "S3VzdG8=");
        assert_eq!(text_of("base64_decode_tostring", "S3VzdG8="), "Kusto");
        assert_eq!(text_of("base64_decode_tostring", "U3RyaW5n0KHR0tGA0L7Rh9C60LA="), "");
        assert_eq!(eval("base64_decode_toarray", &[s("S3VzdG8=")], Type::Dynamic), dynamic("[75,117,115,116,111]"));
        assert_eq!(eval("base64_decode_toarray", &[s("S3VzdG8")], Type::Dynamic), Cell::Null);
        assert_eq!(eval("base64_encode_fromarray", &[dynamic("[75,117,115,116,111]")], Type::String), s("S3VzdG8="));
        assert_eq!(eval("base64_encode_fromarray", &[dynamic("[256]")], Type::String), s(""));
        let guid = Cell::Guid("ae3133f2-6e22-49ae-b06a-16e6a9b212eb".into());
        assert_eq!(eval("base64_encode_fromguid", std::slice::from_ref(&guid), Type::String), s("8jMxriJurkmwahbmqbIS6w=="));
        assert_eq!(eval("base64_decode_toguid", &[s("8jMxriJurkmwahbmqbIS6w==")], Type::Guid), guid);
    }

    #[test]
    fn compression_goes_both_ways() {
        for (there, back) in [
            ("gzip_compress_to_base64_string", "gzip_decompress_from_base64_string"),
            ("zlib_compress_to_base64_string", "zlib_decompress_from_base64_string"),
        ] {
            assert_eq!(text_of(back, &text_of(there, "1234567890qwertyuiop é")), "1234567890qwertyuiop é");
            assert_eq!(text_of(back, "x"), "");
        }
        let short = "1234567890qwertyuiop";
        assert_eq!(text_of("zlib_compress_to_base64_string", short), "eAEBFADr/zEyMzQ1Njc4OTBxd2VydHl1aW9wOAkGdw==");
        let gzip = "H4sIAAAAAAAA/wEUAOv/MTIzNDU2Nzg5MHF3ZXJ0eXVpb3A6m7f2FAAAAA==";
        assert_eq!(text_of("gzip_compress_to_base64_string", short), gzip);
    }

    #[test]
    fn urls_and_names_are_encoded() {
        assert_eq!(text_of("url_encode", "https://www.bing.com/hello world"), "https%3a%2f%2fwww.bing.com%2fhello+world");
        assert_eq!(text_of("url_encode_component", "a b/"), "a%20b%2f");
        assert_eq!(text_of("url_decode", "https%3a%2f%2fwww.bing.com%2f+x%"), "https://www.bing.com/ x%");
        assert_eq!(text_of("punycode_from_string", "académie-française"), "acadmie-franaise-npb1a");
        assert_eq!(text_of("punycode_to_string", "acadmie-franaise-npb1a"), "académie-française");
        assert_eq!(text_of("punycode_domain_to_string", "München。example"), "xn--Mnchen-3ya.example");
        assert_eq!(text_of("punycode_domain_from_string", "xn--Mnchen-3ya.example"), "München.example");
        assert_eq!(text_of("punycode_domain_from_string", "xn--!.example"), "");
    }
}
