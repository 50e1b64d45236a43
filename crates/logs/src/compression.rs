//! How a file is packed or encoded, told by its first bytes, and the bytes inside.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::utf16::{self, Utf8};

/// How a file's bytes are packed or encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As they are.
    None,
    /// gzip, several members in a row included.
    Gzip,
    /// Zstandard, several frames in a row included.
    Zstd,
    /// Not packed, but text in UTF-16, as Windows PowerShell writes it; inside it is the same text in UTF-8, without a mark.
    Utf16,
}

impl Compression {
    /// `""`, `"gzip"`, `"zstd"` or `"UTF-16"`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::Utf16 => "UTF-16",
        }
    }

    /// What the first bytes of a file say, of which eight are enough.
    #[must_use]
    pub fn of(magic: &[u8]) -> Compression {
        match magic {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
            _ if utf16::order(magic).is_some() => Compression::Utf16,
            _ => Compression::None,
        }
    }

    /// The unpacked bytes of the file, from byte `start` of them (0 unless nothing is packed).
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(self, path: &Path, start: u64) -> io::Result<Box<dyn Read + Send>> {
        let mut file = File::open(path)?;
        Ok(match self {
            Compression::None => {
                file.seek(SeekFrom::Start(start))?;
                Box::new(file)
            }
            Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(BufReader::with_capacity(1 << 16, file))),
            Compression::Zstd => Box::new(zstd::stream::read::Decoder::new(file)?),
            Compression::Utf16 => {
                let mut first = Vec::new();
                file.by_ref().take(8).read_to_end(&mut first)?;
                file.rewind()?;
                let order = utf16::order(&first).ok_or(io::ErrorKind::InvalidData)?;
                Box::new(Utf8::new(file, order))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::{ScanRequest, discover};

    /// All rows of DnsEvents in a file of those bytes.
    fn rows(name: &str, bytes: &[u8]) -> arrow::record_batch::RecordBatch {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let scan = discover(&[path]).files[0].scan(ScanRequest::new("DnsEvents")).unwrap();
        let batches: Vec<_> = scan.collect::<Result<_, _>>().unwrap();
        arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap()
    }

    #[test]
    fn text_in_utf_16_is_read_as_in_utf_8() {
        let csv = |n| format!("2026-01-01T00:00:00Z,\"n{n}, \u{1f98a}\"\r\n");
        let json = |n| format!("{{\"Type\":\"DnsEvents\",\"Name\":\"n{n}é\"}}\n");
        let csv = format!("TimeGenerated,Name\r\n{}", (0..40_000).map(csv).collect::<String>());
        for (name, text) in [("DnsEvents.csv", csv), ("x.ndjson", (0..40_000).map(json).collect())] {
            let expected = rows(name, text.as_bytes());
            assert_eq!(expected.num_rows(), 40_000);
            for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
                let units: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(bytes).collect();
                assert!(rows(name, &units) == expected, "{name}");
            }
        }
    }
}
