//! `docs/architecture.md` leads to files and folders. Each of them exists, and no clause, invariant or crate is left out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const PAGE: &str = include_str!("../../docs/architecture.md");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Whether a word between back-quotes is meant as a path.
fn is_path(word: &str) -> bool {
    let file = Path::new(word)
        .extension()
        .is_some_and(|end| ["rs", "md", "yaml", "toml"].iter().any(|own| end == *own));
    (file || word.contains('/')) && word.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
}

/// Every path on the page, with its line: from the folder that the heading above it names, or from the root.
fn paths() -> Vec<(usize, PathBuf)> {
    let mut base = root().to_owned();
    let mut fenced = false;
    let mut found = Vec::new();
    for (line, text) in (1..).zip(PAGE.lines()) {
        fenced ^= text.starts_with("```");
        if let Some(heading) = text.strip_prefix("##") {
            let folder = root().join(heading.trim_start_matches('#').trim());
            base = if folder.is_dir() { folder } else { root().to_owned() };
        }
        for word in quoted(text).filter(|word| !fenced && is_path(word)) {
            let near = base.join(word);
            found.push((line, if near.exists() { near } else { root().join(word) }));
        }
    }
    found
}

#[test]
fn every_path_exists() {
    let paths = paths();
    assert!(paths.len() > 80, "the paths are no longer found: {}", paths.len());
    let missing: Vec<_> = paths.iter().filter(|(_, path)| !path.exists()).collect();
    assert!(missing.is_empty(), "docs/architecture.md names what does not exist: {missing:#?}");
}

/// The cells of the row of a table that begins with this word.
fn row(word: &str) -> Vec<&'static str> {
    let mut rows = PAGE.lines().filter(|line| line.starts_with(&format!("| {word} |")));
    let row = rows.next().unwrap_or_else(|| panic!("docs/architecture.md has no row for {word}"));
    assert!(rows.next().is_none(), "{word} has two rows");
    row.split('|').skip(2).map(str::trim).collect()
}

#[test]
fn every_clause_leads_to_its_files_and_tests() {
    for clause in ["S1", "S2", "S3", "S4", "S5", "S6", "S7"] {
        let [rule, files, tests, ..] = row(clause)[..] else { panic!("{clause}: too few cells") };
        assert!(!rule.is_empty(), "{clause}");
        assert!(quoted(files).any(|path| path.starts_with("crates/core/src/decide/")), "{clause}: {files}");
        assert!(quoted(tests).any(|path| path.contains("/tests/")), "{clause}: {tests}");
    }
}

#[test]
fn every_invariant_says_what_holds_it_and_where_it_is_tested() {
    for number in 1..=11 {
        let [rule, held, tested, ..] = row(&format!("I{number}"))[..] else {
            panic!("I{number}: too few cells")
        };
        assert!(!rule.is_empty() && !held.is_empty(), "I{number}");
        assert!(quoted(tested).any(|path| path.contains("tests/")), "I{number}: {tested}");
    }
}

#[test]
fn every_crate_and_every_room_of_the_operator_is_on_the_page() {
    let named: BTreeSet<PathBuf> = paths().into_iter().map(|(_, path)| path).collect();
    let headings: BTreeSet<PathBuf> = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .map(|heading| root().join(heading))
        .collect();
    let shown = |folder: &Path| {
        named.iter().chain(&headings).any(|path| path == folder || path.parent() == Some(folder))
    };
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, members) = manifest.split_once("members = [").unwrap();
    let members = members.split(']').next().unwrap().split('"').skip(1).step_by(2);
    let rooms = fs::read_dir(root().join("src/controller")).unwrap().map(|entry| entry.unwrap().path());
    let rooms: Vec<PathBuf> =
        members.map(|member| root().join(member)).chain(rooms.filter(|path| path.is_dir())).collect();
    assert!(rooms.len() > 8, "the crates are no longer found: {rooms:?}");
    for room in rooms {
        assert!(shown(&room), "docs/architecture.md does not name {}", room.display());
    }
}
