//! The folder that queries spill to.
//!
//! It is made with an engine and gone with it, whatever the engine's threads still do: a query that is stopped is not waited for, and
//! leaves gigabytes behind otherwise.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The folders of all engines.
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A folder among the system's temporary ones.
pub(crate) struct SpillFolder {
    path: Option<PathBuf>,
}

impl SpillFolder {
    /// A new one; without a path where none can be made, which is an error only to a query that must spill.
    pub(crate) fn make() -> SpillFolder {
        let path = tempfile::Builder::new().prefix("tallyho-spill-").tempdir().ok().map(tempfile::TempDir::keep);
        folders(|all| all.extend(path.clone()));
        SpillFolder { path }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }
}

impl Drop for SpillFolder {
    fn drop(&mut self) {
        let Some(path) = self.path.take() else { return };
        folders(|all| all.retain(|other| *other != path));
        remove(&path);
    }
}

/// Removes what the queries of all engines have spilled: for a program that ends without letting go of its engines.
pub fn remove_spills() {
    folders(std::mem::take).iter().for_each(|path| remove(path));
}

fn folders<T>(with: impl FnOnce(&mut Vec<PathBuf>) -> T) -> T {
    with(&mut FOLDERS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Removes a folder in which another thread may still make files: what comes too late finds no folder.
fn remove(path: &Path) {
    for _ in 0..20 {
        if std::fs::remove_dir_all(path).is_ok() || !path.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_what_is_in_it() {
        let folder = SpillFolder::make();
        let path = folder.path().unwrap().to_owned();
        std::fs::write(path.join("part"), "rows").unwrap();
        drop(folder);
        assert!(!path.exists());
    }
}
