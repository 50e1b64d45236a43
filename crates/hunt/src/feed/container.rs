//! gzip and zip. Comes in: a file's bytes. Goes out: the files in it, or the file itself.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use super::FeedError;

/// No feed unpacks to more; a file that does is an attack or a mistake.
const LIMIT: u64 = 4 << 30;

/// A file's name and its bytes.
pub(super) type Content<'a> = (String, Cow<'a, [u8]>);

/// The files in `bytes` with their names.
pub(super) fn unpack<'a>(bytes: &'a [u8], name: &str) -> Result<Vec<Content<'a>>, FeedError> {
    let broken = |why: String| FeedError::Packed { name: name.to_owned(), why };
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let content = read_all(flate2::bufread::MultiGzDecoder::new(bytes), expected(bytes)).map_err(broken)?;
        return Ok(vec![(name.to_owned(), Cow::Owned(content))]);
    }
    if !bytes.starts_with(b"PK\x03\x04") {
        return Ok(vec![(name.to_owned(), Cow::Borrowed(bytes))]);
    }
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(error.to_string()))?;
    let mut files = Vec::new();
    for at in 0..archive.len() {
        let file = archive.by_index(at).map_err(|error| broken(error.to_string()))?;
        if file.is_dir() {
            continue;
        }
        let inner = format!("{name}/{}", file.name());
        let size = usize::try_from(file.size()).unwrap_or(0);
        let content = read_all(file, size.min(bytes.len().saturating_mul(RATIO))).map_err(broken)?;
        files.push((inner, Cow::Owned(content)));
    }
    if files.is_empty() {
        return Err(broken("the archive is empty".to_owned()));
    }
    Ok(files)
}

/// No deflate stream unpacks to more times its size.
const RATIO: usize = 1032;

/// How long a gzip file says that its content is. It may lie, but not beyond what is possible.
fn expected(bytes: &[u8]) -> usize {
    let said = bytes.last_chunk().map_or(0, |chunk| u32::from_le_bytes(*chunk));
    usize::try_from(said).unwrap_or(0).min(bytes.len().saturating_mul(RATIO))
}

fn read_all(reader: impl Read, expected: usize) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    // One more, so that the end is seen without growing. A reserve that is refused is no harm.
    let _ = content.try_reserve(expected.saturating_add(1));
    reader.take(LIMIT + 1).read_to_end(&mut content).map_err(|error| error.to_string())?;
    if content.len() as u64 > LIMIT {
        return Err("it unpacks to more than 4 GiB".to_owned());
    }
    Ok(content)
}
