//! The index of decision records is complete.

use std::{collections::BTreeSet, fs};

#[test]
fn every_decision_record_is_in_the_index_and_has_a_status() {
    let folder = testkit::root().join("docs/adr");
    let index = fs::read_to_string(folder.join("README.md")).unwrap();
    let linked: BTreeSet<String> = index
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.to_owned())
        .collect();
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name != "README.md" {
            let text = fs::read_to_string(folder.join(&name)).unwrap();
            assert!(text.lines().any(|line| line.starts_with("Status: ")), "{name} has no status");
            found.insert(name);
        }
    }
    assert_eq!(linked, found);
}
