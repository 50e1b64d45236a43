//! Files that appear under their name only when they are whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Writes a file of a folder that is made if there is none.
///
/// # Errors
/// One of them cannot be made.
pub fn write_file(path: &Path, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|error| Error::output(folder, error))?;
    let mut file = PartFile::create(path, [])?;
    file.write_all(bytes.as_ref()).map_err(|error| Error::output(path, error))?;
    file.finish()
}

/// A file that is being written. Until it is finished, its name means what it meant before; if it never is, nothing is left of it.
///
/// What is no file (a pipe, a device) is written to as it is, as are the program's own streams wherever they lead; a link is followed.
#[derive(Debug)]
pub struct PartFile {
    /// As it was named.
    path: PathBuf,
    file: File,
    /// The unfinished file, and the one whose place it takes.
    pending: Option<(PathBuf, PathBuf)>,
}

impl PartFile {
    /// Begins a file.
    ///
    /// # Errors
    /// It cannot be made, or it is one of `inputs`, which would be lost.
    pub fn create<'i>(path: &Path, inputs: impl IntoIterator<Item = &'i Path>) -> Result<PartFile, Error> {
        let unwritten = |error: io::Error| Error::output(path, error);
        if let Some(file) = own_stream(path) {
            return Ok(PartFile { path: path.to_owned(), file: file.map_err(unwritten)?, pending: None });
        }
        // The file behind a link; a file that is not there yet stands for itself.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if inputs.into_iter().any(|input| fs::canonicalize(input).is_ok_and(|input| input == target)) {
            return Err(Error::user(format!("{}: this file is read: it would be lost", path.display()))
                .with_hint("name another file for what is written"));
        }
        let is_file = fs::metadata(&target).map_or(!path.is_symlink(), |found| found.is_file());
        if !is_file {
            let file = File::create(path).map_err(unwritten)?;
            return Ok(PartFile { path: path.to_owned(), file, pending: None });
        }
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let part = target.with_file_name(name);
        let file = File::create(&part).map_err(unwritten)?;
        Ok(PartFile { path: path.to_owned(), file, pending: Some((part, target)) })
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// The name cannot be taken.
    pub fn finish(mut self) -> Result<(), Error> {
        let Some((part, target)) = self.pending.take() else { return Ok(()) };
        fs::rename(&part, target).map_err(|error| {
            // What nobody gets is of no use to anybody.
            let _ = fs::remove_file(&part);
            Error::output(&self.path, error)
        })
    }
}

/// The stream of this program that the path names. What it was redirected to is continued, neither replaced nor begun anew.
#[cfg(unix)]
fn own_stream(path: &Path) -> Option<io::Result<File>> {
    use std::os::fd::AsFd;
    let stream = match path.to_str()? {
        "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" => io::stdout().as_fd().try_clone_to_owned(),
        "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" => io::stderr().as_fd().try_clone_to_owned(),
        _ => return None,
    };
    Some(stream.map(File::from))
}

#[cfg(not(unix))]
fn own_stream(_: &Path) -> Option<io::Result<File>> {
    None
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if let Some((part, _)) = self.pending.take() {
            let _ = fs::remove_file(part);
        }
    }
}

impl Write for PartFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        fs::write(&path, "old").unwrap();
        let mut file = PartFile::create(&path, []).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        let mut file = PartFile::create(&path, []).unwrap();
        file.write_all(b"whole").unwrap();
        file.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_input_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        fs::write(&path, "old").unwrap();
        let other = folder.path().join("./x.csv");
        let error = PartFile::create(&path, [other.as_path()]).unwrap_err();
        assert!(error.message.ends_with("this file is read: it would be lost"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn links_and_devices_stay_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("x.csv"), folder.path().join("link.csv"));
        for there in [false, true] {
            std::os::unix::fs::symlink(&path, &link).unwrap();
            let mut file = PartFile::create(&link, []).unwrap();
            file.write_all(if there { b"again" } else { b"first" }).unwrap();
            file.finish().unwrap();
            assert!(link.is_symlink());
            assert_eq!(fs::read_to_string(&path).unwrap(), if there { "again" } else { "first" });
            fs::remove_file(&link).unwrap();
        }
        let device = folder.path().join("null");
        std::os::unix::fs::symlink("/dev/null", &device).unwrap();
        PartFile::create(&device, []).unwrap().finish().unwrap();
        assert!(device.is_symlink() && !fs::metadata("/dev/null").unwrap().is_file());
    }
}
