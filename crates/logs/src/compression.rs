//! How a file is packed, told by its first bytes, and the bytes inside.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// How a file's bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As they are.
    None,
    /// gzip, several members in a row included.
    Gzip,
    /// Zstandard, several frames in a row included.
    Zstd,
}

impl Compression {
    /// `""`, `"gzip"` or `"zstd"`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
        }
    }

    /// What the first bytes of a file say.
    #[must_use]
    pub fn of(magic: &[u8]) -> Compression {
        match magic {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
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
        })
    }
}
