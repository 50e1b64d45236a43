//! The bytes of a file, packed or not.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use logs::Compression;

use crate::error::{Error, Result, code};

/// What is done with the bytes of each file; it says whether another one is wanted.
type OnFile<'a> = &'a mut dyn FnMut(Box<dyn Read + '_>) -> Result<bool>;

/// Reads a file, unpacked if it is gzip or Zstandard, as UTF-8 if it is UTF-16; or the files of a ZIP archive that fit the pattern, in
/// their order.
pub(super) fn each_file(path: &Path, pattern: Option<&str>, on: OnFile<'_>) -> Result<()> {
    let failed = |why: &dyn std::fmt::Display| Error::new(code::READ, format!("{}: {why}", path.display()));
    let mut magic = Vec::new();
    let file = File::open(path).map_err(|error| failed(&error))?;
    file.take(8).read_to_end(&mut magic).map_err(|error| failed(&error))?;
    if !magic.starts_with(b"PK\x03\x04") {
        let opened = Compression::of(&magic).open(path, 0).map_err(|error| failed(&error))?;
        on(without_mark(opened).map_err(|error| failed(&error))?)?;
        return Ok(());
    }
    let file = File::open(path).map_err(|error| failed(&error))?;
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|error| failed(&error))?;
    for at in 0..archive.len() {
        let member = archive.by_index(at).map_err(|error| failed(&error))?;
        let fits = pattern.is_none_or(|pattern| is_like(member.name(), pattern));
        if member.is_file() && fits && !on(without_mark(Box::new(member)).map_err(|error| failed(&error))?)? {
            break;
        }
    }
    Ok(())
}

/// The text without the mark that says it is UTF-8.
fn without_mark<'a>(reader: Box<dyn Read + 'a>) -> std::io::Result<Box<dyn Read + 'a>> {
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    if reader.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        reader.consume(3);
    }
    Ok(Box::new(reader))
}

/// The name is like the pattern, in which `*` stands for anything.
fn is_like(name: &str, pattern: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return name == pattern };
    let Some(mut left) = name.strip_prefix(start) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return left.ends_with(part);
        }
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    true
}
