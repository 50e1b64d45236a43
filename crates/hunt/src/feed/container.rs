//! gzip and zip. Comes in: a file's bytes. Goes out: the files in it, one after the other, or the file itself.

use std::io::{Cursor, Read};

use super::FeedError;

/// No feed unpacks to more; a file that does is an attack or a mistake.
const LIMIT: u64 = 4 << 30;

/// Takes a file: its name and its bytes.
pub(super) type Take<'t> = dyn FnMut(&str, Vec<u8>) -> Result<(), FeedError> + 't;

/// Hands the files in `bytes` to `take`, with their names. One is held at a time, and all together unpack to no more than one may.
pub(super) fn unpack(bytes: Vec<u8>, name: &str, take: &mut Take<'_>) -> Result<(), FeedError> {
    let broken = |why: String| FeedError::Packed { name: name.to_owned(), why };
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let content = read_all(flate2::bufread::MultiGzDecoder::new(&*bytes), expected(&bytes), LIMIT).map_err(broken)?;
        return take(name, content);
    }
    if !bytes.starts_with(b"PK\x03\x04") {
        return take(name, bytes);
    }
    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).map_err(|error| broken(error.to_string()))?;
    let mut left = LIMIT;
    let mut any = false;
    for at in 0..archive.len() {
        let file = archive.by_index(at).map_err(|error| broken(error.to_string()))?;
        if file.is_dir() {
            continue;
        }
        let inner = format!("{name}/{}", file.name());
        let size = usize::try_from(file.size()).unwrap_or(0);
        let content = read_all(file, size.min(bytes.len().saturating_mul(RATIO)), left).map_err(broken)?;
        left -= content.len() as u64;
        any = true;
        take(&inner, content)?;
    }
    if any { Ok(()) } else { Err(broken("the archive is empty".to_owned())) }
}

/// No deflate stream unpacks to more times its size.
const RATIO: usize = 1032;

/// How long a gzip file says that its content is. It may lie, but not beyond what is possible.
fn expected(bytes: &[u8]) -> usize {
    let said = bytes.last_chunk().map_or(0, |chunk| u32::from_le_bytes(*chunk));
    usize::try_from(said).unwrap_or(0).min(bytes.len().saturating_mul(RATIO))
}

/// All that there is, if it is at most `left` bytes.
fn read_all(reader: impl Read, expected: usize, left: u64) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    // One more, so that the end is seen without growing. A reserve that is refused is no harm.
    let _ = content.try_reserve(expected.saturating_add(1));
    reader.take(left + 1).read_to_end(&mut content).map_err(|error| error.to_string())?;
    if content.len() as u64 > left {
        return Err("it unpacks to more than 4 GiB".to_owned());
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_unpacked_than_is_left() {
        assert_eq!(read_all(&b"abc"[..], 0, 3), Ok(b"abc".to_vec()));
        assert!(read_all(&b"abcd"[..], 0, 3).is_err());
    }
}
