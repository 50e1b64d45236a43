//! Which files stand for which storage addresses.
//!
//! In: what the user maps, an address to a file or the start of addresses to a folder. Out: for an address of a query its file.

use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Result, code};

/// What stands here for the storage addresses that `externaldata` reads.
#[derive(Clone, Debug, Default)]
pub struct Externals {
    mapped: Vec<(String, PathBuf)>,
}

impl Externals {
    /// Says that `path` stands for `address`: a file for that address, or, where `address` ends with a slash, a folder for all
    /// addresses below it. What follows a question mark (a signature, mostly) does not count in either.
    pub fn map(&mut self, address: &str, path: impl Into<PathBuf>) {
        self.mapped.push((normal(address), path.into()));
    }

    /// The file that stands for an address; of several mappings the longest counts.
    ///
    /// # Errors
    /// None does, or the address leads out of the mapped folder.
    pub(crate) fn path(&self, uri: &str) -> Result<PathBuf> {
        let address = normal(uri);
        let fits = |mapped: &str| mapped == address || (mapped.ends_with('/') && address.starts_with(mapped));
        let best = self.mapped.iter().filter(|(mapped, _)| fits(mapped)).max_by_key(|(mapped, _)| mapped.len());
        let Some((mapped, path)) = best else { return Err(unmapped(&address)) };
        if !mapped.ends_with('/') || path.is_file() {
            return Ok(path.clone());
        }
        let below = percent_encoding::percent_decode_str(&address[mapped.len()..]).decode_utf8_lossy().into_owned();
        let below = Path::new(&below);
        if below.components().any(|part| !matches!(part, Component::Normal(_))) {
            return Err(Error::new(code::EXTERNAL, format!("`{address}` leads out of the folder that stands for `{mapped}`")));
        }
        Ok(path.join(below))
    }
}

fn unmapped(address: &str) -> Error {
    let folder = address.rfind('/').map_or(address, |at| &address[..=at]);
    Error::new(
        code::EXTERNAL,
        format!(
            "the query reads `{address}`, and nothing is fetched: say which file stands for it, --external '{address}=FILE', or \
             which folder for all of that place, --external '{folder}=DIR'"
        ),
    )
}

/// An address without what authorizes to read it.
pub(super) fn bare(uri: &str) -> &str {
    let end = uri.find(['?', '#', ';']).unwrap_or(uri.len());
    uri[..end].trim()
}

/// An address as it is compared: bare, scheme and host in lower case.
fn normal(uri: &str) -> String {
    let bare = bare(uri);
    let host = bare.find("://").map_or(0, |at| at + 3);
    let path = bare[host..].find('/').map_or(bare.len(), |at| host + at);
    format!("{}{}", bare[..path].to_ascii_lowercase(), &bare[path..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn externals() -> Externals {
        let mut externals = Externals::default();
        externals.map("https://Feeds.example/a.csv", "/feeds/one.csv");
        externals.map("https://feeds.example/", "/feeds");
        externals.map("https://feeds.example/b/", "/other");
        externals
    }

    #[test]
    fn the_longest_mapping_counts() {
        let path = |uri: &str| externals().path(uri).unwrap().display().to_string();
        assert_eq!(path("https://feeds.example/a.csv?sig=secret"), "/feeds/one.csv");
        assert_eq!(path("HTTPS://feeds.EXAMPLE/A%20b.csv;managed_identity=system"), "/feeds/A b.csv");
        assert_eq!(path("https://feeds.example/b/c/d.txt"), "/other/c/d.txt");
    }

    #[test]
    fn what_is_not_mapped_is_refused_without_its_secret() {
        let error = externals().path("https://storage.example/x/y.csv?sig=secret").unwrap_err();
        assert_eq!(error.code, code::EXTERNAL);
        assert!(error.message.contains("--external 'https://storage.example/x/=DIR'"), "{}", error.message);
        assert!(!error.message.contains("secret"));
        for uri in ["https://feeds.example/../etc/passwd", "https://feeds.example/%2e%2e/x", "https://feeds.example/%2Fetc/x"] {
            assert!(externals().path(uri).is_err_and(|error| error.message.contains("leads out")), "{uri}");
        }
    }
}
