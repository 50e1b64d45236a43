//! Files in folders.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// The files in or below the folder whose paths are wanted, in order of their paths; links to folders are not followed.
///
/// # Errors
/// A folder cannot be read.
pub fn files_below(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| Error::input(&folder, error))? {
            let path = entry.map_err(|error| Error::input(&folder, error))?.path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else if path.is_file() && wanted(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
