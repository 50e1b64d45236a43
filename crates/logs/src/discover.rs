//! Files and folders into [`LogFile`]s, each format told by content.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::compression::Compression;
use crate::error::Error;
use crate::file::{Content, Head, LogFile};
use crate::format::FORMATS;
use crate::parquet::ParquetFile;

/// What was found under some paths.
#[derive(Debug, Default)]
pub struct Discovered {
    /// The files that can be read, sorted by path within each argument.
    pub files: Vec<LogFile>,
    /// The files that cannot, and why; in the same order.
    pub problems: Vec<Problem>,
}

/// Something that is not searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file or folder.
    pub path: PathBuf,
    /// Why not, and what to do about it.
    pub why: String,
    /// It holds something, and was meant to be searched. What is empty, hidden or a link to a folder is passed over as a matter of
    /// course.
    pub is_lost: bool,
}

/// Finds the log files among `paths`: files, and folders with all below them. A file that is named directly is opened whatever it
/// is called; inside a folder, names that begin with a dot and links to folders are left out and reported.
#[must_use]
pub fn discover(paths: &[PathBuf]) -> Discovered {
    let mut found = Discovered::default();
    paths.iter().for_each(|path| found.add(path, None));
    found
}

impl Discovered {
    /// Adds a file, or a folder with all below it, as [`discover`] does; if a table is named, as files of that table ([`open_as`]).
    pub fn add(&mut self, path: &Path, table: Option<&str>) {
        if path.is_dir() { self.folder(path, table) } else { self.file(path, table) }
    }

    fn problem(&mut self, path: &Path, why: impl Into<String>) {
        self.problems.push(Problem { path: path.to_owned(), why: why.into(), is_lost: true });
    }

    fn pass_over(&mut self, path: &Path, why: &str) {
        self.problems.push(Problem { path: path.to_owned(), why: why.to_owned(), is_lost: false });
    }

    fn file(&mut self, path: &Path, table: Option<&str>) {
        match open_with(path, table) {
            Ok(file) => self.files.push(file),
            Err(Error::Unreadable { why, .. }) if why == EMPTY => self.pass_over(path, EMPTY),
            Err(Error::Unreadable { why, .. }) => self.problem(path, why),
            Err(Error::Io { source, .. }) => self.problem(path, source.to_string()),
            Err(error) => self.problem(path, error.to_string()),
        }
    }

    fn folder(&mut self, path: &Path, table: Option<&str>) {
        let mut entries = Vec::new();
        match std::fs::read_dir(path) {
            Ok(list) => {
                for entry in list {
                    match entry {
                        Ok(entry) => entries.push(entry.path()),
                        Err(error) => self.problem(path, error.to_string()),
                    }
                }
            }
            Err(error) => self.problem(path, error.to_string()),
        }
        entries.sort();
        for entry in entries {
            let hidden = entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if hidden {
                self.pass_over(&entry, "hidden: name it on the command line to have it read");
            } else if entry.is_dir() {
                if entry.is_symlink() {
                    self.pass_over(&entry, "a link to a folder: name it on the command line to have it read");
                } else {
                    self.folder(&entry, table);
                }
            } else {
                self.file(&entry, table);
            }
        }
    }
}

/// Opens one file, its format told by content and its tables by what it holds.
///
/// # Errors
/// It cannot be read, or is in no known format.
pub fn open(path: &Path) -> Result<LogFile, Error> {
    open_with(path, None)
}

/// Opens one file as the table called `table`: all its records are rows of that table, whose columns (if it is built in) it has
/// besides its own. A file whose format fills that very table anyway (a Zeek log opened as `DnsEvents`) keeps its mapping.
///
/// # Errors
/// It cannot be read, or is in no known format.
pub fn open_as(path: &Path, table: &str) -> Result<LogFile, Error> {
    open_with(path, Some(table))
}

fn open_with(path: &Path, table: Option<&str>) -> Result<LogFile, Error> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    let unreadable = |why: String| Error::Unreadable { path: path.to_owned(), why };
    // Before it is opened: a pipe waits then for somebody who writes.
    let metadata = std::fs::metadata(path).map_err(io)?;
    if !metadata.is_file() {
        return Err(unreadable("a pipe, a device or a socket: only files are read".to_owned()));
    }
    let mut magic = Vec::new();
    File::open(path).map_err(io)?.take(16).read_to_end(&mut magic).map_err(io)?;
    if magic.is_empty() {
        return Err(unreadable(EMPTY.to_owned()));
    }
    let compression = Compression::of(&magic);
    let head = Head::read(path, compression, &metadata).map_err(|error| {
        unreadable(format!(
            "not readable as {}: {error}",
            if compression == Compression::None { "a file" } else { compression.name() }
        ))
    })?;
    if head.bytes.is_empty() {
        return Err(unreadable(EMPTY.to_owned()));
    }
    if let Some(kind) = packed(&head.bytes) {
        return Err(unreadable(kind.to_owned()));
    }
    let mut best: Option<(u8, usize)> = None;
    for (at, format) in FORMATS.iter().enumerate() {
        let confidence = format.detect(&head);
        if confidence > best.map_or(0, |(confidence, _)| confidence) {
            best = Some((confidence, at));
        }
    }
    let Some((_, at)) = best else { return Err(unreadable(unknown(&head.bytes))) };
    let format = FORMATS[at];
    let file = |tables, content| LogFile {
        path: path.to_owned(),
        format: format.name(),
        compression,
        size: metadata.len(),
        tables,
        content,
    };
    match format.layout(&head, table).map_err(unreadable)? {
        Some(layout) => Ok(file(layout.tables.clone(), Content::Records(Arc::new(layout)))),
        None if compression == Compression::None => {
            let columns = Arc::new(ParquetFile::open(path)?);
            Ok(file(vec![columns.table(table, &head.stem)], Content::Parquet(columns)))
        }
        None => Err(unreadable(format!("Parquet inside {}: unpack it first", compression.name()))),
    }
}

/// Why a file without content is not read.
pub(crate) const EMPTY: &str = "empty";

/// What holds files that may be logs, and is none itself: a tar archive of JSON lines looks like JSON to who passes over its headers.
fn packed(bytes: &[u8]) -> Option<&'static str> {
    const KINDS: [(&[u8], &str); 5] = [
        (b"PK\x03\x04", "a ZIP archive: unpack it first and name the folder, or pack its files with gzip"),
        (b"\xfd7zXZ\0", "an xz file: unpack it first, or pack it with zstd"),
        (b"BZh", "a bzip2 file: unpack it first, or pack it with zstd"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first and name the folder, or pack its files with gzip"),
        (b"Rar!\x1a\x07", "a RAR archive: unpack it first and name the folder, or pack its files with gzip"),
    ];
    if bytes.get(257..262) == Some(b"ustar") {
        return Some("a tar archive: unpack it first and name the folder, or pack its files with gzip");
    }
    KINDS.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, kind)| *kind)
}

/// Why no format knows such bytes.
fn unknown(bytes: &[u8]) -> String {
    // With a mark at its beginning, or told by every second byte, which is zero in text of the West.
    let every_second = |odd: usize| bytes.iter().skip(odd).step_by(2).take(64).filter(|byte| **byte == 0).count() > 48;
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || every_second(0) != every_second(1) {
        return "UTF-16 text: unpack it first, or convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)".to_owned();
    }
    if bytes.starts_with(&[0xd4, 0xc3, 0xb2, 0xa1])
        || bytes.starts_with(&[0xa1, 0xb2, 0xc3, 0xd4])
        || bytes.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a])
    {
        return "a packet capture: have Zeek or Suricata write its logs first".to_owned();
    }
    let sample = &bytes[..bytes.len().min(4096)];
    if sample.contains(&0) {
        return "a binary file of no known log format".to_owned();
    }
    "text of no known log format".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        if std::process::Command::new("mkfifo").arg(&path).status().is_ok_and(|status| status.success()) {
            let found = discover(&[folder.path().to_owned()]);
            assert_eq!(found.files.len(), 0);
            let why = "a pipe, a device or a socket: only files are read".to_owned();
            assert_eq!(found.problems, [Problem { path, why, is_lost: true }]);
        }
    }

    #[test]
    fn what_is_no_log_is_named() {
        let line = b"{\"Type\":\"DnsEvents\",\"Name\":\"a\"}\n";
        let tar = [&b"dns.ndjson"[..], &[0; 247], b"ustar\x0000", &[0; 248], line, line].concat();
        let wide: Vec<u8> = line.repeat(4).iter().flat_map(|byte| [*byte, 0]).collect();
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packer, &wide).unwrap();
        let wide = packer.finish().unwrap();
        for (bytes, why) in [
            (tar.as_slice(), "a tar archive"),
            (b"PK\x03\x04...", "a ZIP archive"),
            (b"BZh91AY&SY", "a bzip2 file"),
            (b"\xfd7zXZ\0\0\x04", "an xz file"),
            (&wide, "UTF-16 text"),
            (br#"{"Type":"DnsEvents","Name":"a""#, "no record can be read whole"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("dns.ndjson");
            std::fs::write(&path, bytes).unwrap();
            let found = discover(&[path]);
            assert!(found.files.is_empty() && found.problems[0].is_lost, "{why}");
            assert!(found.problems[0].why.starts_with(why), "{why}: {}", found.problems[0].why);
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
        write("a.evtx", &[&b"ElfFile\0"[..], &[0; 4088], b"damage"].concat());
        write("b.bin", &[0, 1, 2]);
        write("c.log", b"");
        write("d.txt", b"Dear reader");
        write("e.gz", &[0x1f, 0x8b, 8, 0]);
        write(".hidden", b"{\"a\":1}\n");
        write("f.json", b"{\"a\":1}\n");
        write("g.parquet", b"PAR1rest");
        let found = discover(&[folder.path().to_owned(), folder.path().join("gone")]);
        let names = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(
            found.files.iter().map(|file| (names(&file.path), file.format)).collect::<Vec<_>>(),
            [("f.json".to_owned(), "json")]
        );
        let problems: Vec<String> =
            found.problems.iter().map(|p| format!("{}: {}", names(&p.path), p.why.chars().take(6).collect::<String>())).collect();
        assert_eq!(
            problems,
            [
                ".hidden: hidden",
                "a.evtx: a Wind",
                "b.bin: a bina",
                "c.log: empty",
                "d.txt: text o",
                "e.gz: not re",
                "g.parquet: damage",
                "gone: No suc"
            ]
            .map(|s| s.chars().take(s.find(": ").unwrap() + 8).collect::<String>())
        );
        let passed_over = found.problems.iter().filter(|problem| !problem.is_lost);
        assert_eq!(passed_over.map(|problem| names(&problem.path)).collect::<Vec<_>>(), [".hidden", "c.log"]);
    }
}
