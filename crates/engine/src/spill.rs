//! The folder that queries spill to.
//!
//! It is made with an engine and gone with it, whatever the engine's threads still do: a query that is stopped is not waited for,
//! and leaves gigabytes behind otherwise.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::DiskManagerMode;
use datafusion::execution::{SpillFile, TempFileFactory};

/// The folders of all engines.
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A folder of its own below another.
pub(crate) struct SpillFolder {
    below: PathBuf,
    path: io::Result<PathBuf>,
}

impl SpillFolder {
    /// A new one below that folder, or among the system's temporary ones. That none can be made is an error only to a query that
    /// must spill.
    pub(crate) fn make(below: Option<&Path>) -> SpillFolder {
        let below = below.map_or_else(std::env::temp_dir, Path::to_owned);
        let path = tempfile::Builder::new().prefix("tallyho-spill-").tempdir_in(&below).map(tempfile::TempDir::keep);
        folders(|all| all.extend(path.iter().cloned()));
        SpillFolder { below, path }
    }

    /// Where queries spill to, or where they would.
    pub(crate) fn path(&self) -> &Path {
        self.path.as_ref().unwrap_or(&self.below)
    }

    /// The same for DataFusion.
    pub(crate) fn mode(&self) -> DiskManagerMode {
        match &self.path {
            Ok(path) => DiskManagerMode::Directories(vec![path.clone()]),
            Err(why) => DiskManagerMode::Custom(Arc::new(NoFolder { kind: why.kind(), why: why.to_string() })),
        }
    }
}

/// In place of a folder that could not be made: no file can be made in it, for the same reason.
#[derive(Debug)]
struct NoFolder {
    kind: io::ErrorKind,
    why: String,
}

impl TempFileFactory for NoFolder {
    fn create_temp_file(&self, _: &str) -> Result<Arc<dyn SpillFile>, DataFusionError> {
        Err(DataFusionError::IoError(io::Error::new(self.kind, self.why.clone())))
    }
}

impl Drop for SpillFolder {
    fn drop(&mut self) {
        let Ok(path) = &self.path else { return };
        if remove(path).is_ok() {
            folders(|all| all.retain(|other| other != path));
        }
    }
}

/// Removes what the queries of all engines have spilled, for a program at its end: its engines may not all be gone. Gives the
/// folders that cannot be removed, and why.
#[must_use]
pub fn remove_spills() -> Vec<(PathBuf, io::Error)> {
    let left = |path: PathBuf| remove(&path).err().map(|why| (path, why));
    folders(std::mem::take).into_iter().filter_map(left).collect()
}

fn folders<T>(with: impl FnOnce(&mut Vec<PathBuf>) -> T) -> T {
    with(&mut FOLDERS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Removes a folder in which another thread may still make files: what comes too late finds no folder.
fn remove(path: &Path) -> io::Result<()> {
    for _ in 0..20 {
        if std::fs::remove_dir_all(path).is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    if path.exists() { std::fs::remove_dir_all(path) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::code;
    use crate::{Config, Engine};

    #[test]
    fn a_folder_goes_with_what_is_in_it() {
        let folder = SpillFolder::make(None);
        let path = folder.path().to_owned();
        std::fs::write(path.join("part"), "rows").unwrap();
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn a_query_that_cannot_spill_says_where() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let config = Config { memory_bytes: 4 << 20, threads: 1, spill: Some(file.path().to_owned()), ..Config::default() };
        let engine = Engine::new(config).unwrap();
        assert!(engine.run("range x from 1 to 10 step 1 | sort by x").is_ok());
        let sorted = "range x from 1 to 200000 step 1 | extend y = hash_sha256(tostring(x)) | sort by y | summarize take_any(y)";
        let error = engine.run(sorted).unwrap_err();
        assert_eq!(error.code, code::DISK, "{error}");
        assert!(error.message.contains(file.path().to_str().unwrap()), "{error}");
    }

    #[test]
    fn what_cannot_be_removed_is_said() {
        let folder = SpillFolder::make(None);
        let path = folder.path().to_owned();
        std::fs::remove_dir(&path).unwrap();
        std::fs::write(&path, "no folder").unwrap();
        assert!(remove(&path).is_err());
        drop(folder);
        assert!(folders(|all| all.contains(&path)), "it is tried again at the end");
        folders(|all| all.retain(|other| *other != path));
        std::fs::remove_file(path).unwrap();
    }
}
