//! Collects the pages that stand beside the code, for [`engine::manual`]: a page is found because it is there.

#![allow(clippy::print_stdout, reason = "cargo reads what a build script prints")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("src");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut pages = Vec::new();
    collect(&folder, &mut pages)?;
    pages.sort();
    let mut code = "&[\n".to_owned();
    for path in pages {
        let name = path.strip_prefix(&folder).map_err(io::Error::other)?.with_extension("");
        let name = name.display().to_string().replace('\\', "/");
        let _ = writeln!(code, "    Page {{ name: {name:?}, text: include_str!({:?}) }},", path.display().to_string());
    }
    code.push_str("]\n");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?).join("pages.rs");
    fs::write(out, code)
}

fn collect(folder: &Path, pages: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    Ok(())
}
