//! Checks of the repository itself: the arrows between crates, the head and the length of each file, files that nothing includes,
//! pages that document nothing, links that lead nowhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A file of more production lines than this is more than one idea.
const LINES_MAX: usize = 500;

/// Files that may be longer, because each is one representation and nothing else.
const LONG: &[&str] = &["crates/kql/src/ast.rs", "crates/kql/src/ast/operator.rs"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace's folder is there")
}

/// The files of the repository with that extension, below `crates`, `docs` and at the top.
fn files(extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository").flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') && name != "target" {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// What a check found, one complaint a line; nothing is what it should be.
fn assert_none(what: &str, complaints: &[String]) {
    assert!(complaints.is_empty(), "{what}:\n  {}", complaints.join("\n  "));
}

/// Crate and the crates it may depend on, as ARCHITECTURE.md's table says.
fn arrows() -> BTreeMap<String, Vec<String>> {
    let text = read(&root().join("ARCHITECTURE.md"));
    let crates = text
        .split("\n## Crates")
        .nth(1)
        .and_then(|rest| rest.split("\n## ").next())
        .expect("ARCHITECTURE.md has a section Crates");
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let rows = crates.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        (names(cells[0]).remove(0), names(cells[cells.len() - 1]))
    })
    .collect()
}

#[test]
fn crates_depend_on_each_other_as_the_architecture_says() {
    let arrows = arrows();
    let mut complaints = Vec::new();
    for entry in fs::read_dir(root().join("crates")).expect("the crates").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(allowed) = arrows.get(&name) else {
            complaints.push(format!("`{name}` is not in ARCHITECTURE.md's table"));
            continue;
        };
        let manifest = read(&entry.path().join("Cargo.toml"));
        let dependencies = manifest.split("\n[dependencies]").nth(1).and_then(|rest| rest.split("\n[").next()).unwrap_or("");
        for line in dependencies.lines() {
            let Some(other) = line.strip_prefix("tallyho-").and_then(|rest| rest.split(['.', ' ', '=']).next()) else { continue };
            if !allowed.iter().any(|it| it == other) {
                complaints.push(format!("`{name}` depends on `{other}`"));
            }
            if name != "engine" && line.starts_with("datafusion") {
                complaints.push(format!("`{name}` names DataFusion"));
            }
        }
    }
    assert_none("arrows that ARCHITECTURE.md does not have", &complaints);
}

#[test]
fn every_file_says_what_it_is() {
    let complaints: Vec<String> =
        files("rs").iter().filter(|path| !read(path).starts_with("//!")).map(|path| shown(path)).collect();
    assert_none("files that do not open with `//!`", &complaints);
}

#[test]
fn no_file_is_too_long() {
    let mut complaints = Vec::new();
    for path in files("rs") {
        let text = read(&path);
        let production = text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or("");
        let lines = production.lines().count();
        if lines > LINES_MAX && !LONG.contains(&shown(&path).as_str()) {
            complaints.push(format!("{}: {lines}", shown(&path)));
        }
    }
    assert_none("files of more than 500 lines before their tests", &complaints);
}

/// The files that may hold the `mod` line of `path`.
fn parents(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().expect("a file has a folder");
    let name = path.file_stem().expect("a file has a name").to_string_lossy();
    let folder = if name == "mod" { folder.parent().expect("a module has a folder") } else { folder };
    let beside = ["mod.rs", "lib.rs", "main.rs", "it.rs"].map(|name| folder.join(name)).to_vec();
    let above = folder.parent().map(|above| above.join(folder.file_name().unwrap_or_default()).with_extension("rs"));
    beside.into_iter().chain(above).collect()
}

#[test]
fn no_file_is_forgotten() {
    let mut complaints = Vec::new();
    for path in files("rs") {
        let stem = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let module = if stem == "mod" {
            path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned()
        } else {
            stem.clone()
        };
        let is_root = ["lib", "main", "it", "build"].contains(&stem.as_str())
            || path
                .parent()
                .is_some_and(|folder| ["benches", "examples", "fuzz_targets"].iter().any(|name| folder.ends_with(name)));
        let line = format!("mod {module};");
        let included = |parent: &PathBuf| parent.exists() && read(parent).contains(&line);
        if !is_root && !parents(&path).iter().any(included) {
            complaints.push(shown(&path));
        }
    }
    assert_none("files that no `mod` line includes", &complaints);
}

#[test]
fn every_page_stands_beside_what_it_documents() {
    let is_page = |path: &&PathBuf| shown(path).contains("/src/");
    let complaints: Vec<String> = files("md")
        .iter()
        .filter(is_page)
        .filter(|path| !path.with_extension("rs").exists() && !path.with_extension("").join("mod.rs").exists())
        .map(|path| shown(path))
        .collect();
    assert_none("pages without code beside them", &complaints);
}

#[test]
fn no_link_is_dead() {
    let mut complaints = Vec::new();
    for path in files("md") {
        for target in read(&path).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or("");
            let is_local =
                !file.is_empty() && !file.contains("://") && !file.contains(char::is_whitespace) && !file.contains('"');
            if is_local && !path.parent().is_some_and(|folder| folder.join(file).exists()) {
                complaints.push(format!("{}: {target}", shown(&path)));
            }
        }
    }
    assert_none("links that lead nowhere", &complaints);
}
