//! `docs/lifecycle.md` says of each word that people meet what it means. None may be missing, and none may be invented.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The constants of `crates/api/src/conditions.rs`, read from the source so that a new one cannot be forgotten here.
fn words() -> BTreeSet<&'static str> {
    let source = include_str!("../../crates/api/src/conditions.rs");
    let words = source.lines().filter_map(|line| {
        let (_, value) = line.trim().strip_prefix("pub const ")?.split_once(": &str = \"")?;
        value.strip_suffix("\";")
    });
    words.collect()
}

#[test]
fn every_word_that_people_meet_is_explained() {
    let docs = include_str!("../../docs/lifecycle.md");
    let known = words();
    assert!(known.len() > 80, "the constants are no longer found: {}", known.len());
    let missing: Vec<_> = known.iter().filter(|word| !docs.contains(&format!("`{word}`"))).collect();
    assert!(missing.is_empty(), "docs/lifecycle.md does not explain {missing:?}");
}

#[test]
fn no_word_is_explained_that_nobody_meets() {
    let docs = include_str!("../../docs/lifecycle.md");
    let known = words();
    // In the first column of the tables; decisions and fields stand elsewhere.
    let words = docs.split("## Which test shows it").next().unwrap();
    let first =
        words.lines().filter(|line| line.starts_with("| `")).filter_map(|line| line.split('|').nth(1));
    let invented: Vec<&str> = first
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter(|word| !known.contains(word))
        .collect();
    assert!(invented.is_empty(), "{invented:?} stand in docs/lifecycle.md and nowhere in the code");
}

#[test]
fn every_test_that_a_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut named = 0;
    for page in pages.filter(|page| page.extension().is_some_and(|extension| extension == "md")) {
        let text = fs::read_to_string(&page).unwrap();
        for test in text.split('`').filter(|word| word.contains(".rs::")) {
            let (file, name) = test.split_once("::").unwrap();
            let path = ["crates/core/tests/core", "tests"].map(|folder| root.join(folder).join(file));
            let path = path.iter().find(|path| path.exists());
            let path = path.unwrap_or_else(|| panic!("{}: {file} is not there", page.display()));
            let source = fs::read_to_string(path).unwrap();
            assert!(source.contains(&format!("fn {name}(")), "{}: {file} has no {name}", page.display());
            named += 1;
        }
    }
    assert!(named > 50, "the tests are no longer found: {named}");
}
