//! The policies as files: every name has the version of its content, and the guard knows every one of them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use countersign::admission::{LABEL, OPERATOR, Set, files, versioned};
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy/admission")
}

fn on_disk() -> Vec<(String, String)> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "yaml")).collect();
    files.sort();
    let named = |path: PathBuf| {
        (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap())
    };
    files.into_iter().map(named).collect()
}

/// To write the versions anew after an edit: `UPDATE_ADMISSION=1 cargo test --test admission_files`.
#[test]
fn every_name_has_the_version_of_its_content() {
    for (name, text) in on_disk() {
        let right = versioned(&text);
        if std::env::var_os("UPDATE_ADMISSION").is_some() {
            fs::write(folder().join(&name), &right).unwrap();
        } else {
            assert_eq!(
                text, right,
                "{name} was edited; run UPDATE_ADMISSION=1 cargo test --test admission_files"
            );
        }
    }
}

#[test]
fn every_file_is_compiled_in_and_every_document_of_it_is_guarded() {
    let known = files(OPERATOR);
    assert_eq!(
        known.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        on_disk().iter().map(|(name, _)| name).collect::<Vec<_>>()
    );
    let set = Set::of(OPERATOR);
    let documents: usize =
        known.iter().map(|(_, text)| serde_saphyr::from_multiple::<Value>(text).unwrap().len()).sum();
    assert_eq!(set.policies.len() + set.bindings.len(), documents);
    let policies: BTreeSet<_> = set.policies.iter().map(|policy| policy.metadata.name.clone()).collect();
    let bound: BTreeSet<_> =
        set.bindings.iter().map(|binding| binding.spec.policy_name.clone()).collect();
    assert_eq!(policies, bound, "every policy is bound");
    let metadata = set.policies.iter().map(|p| &p.metadata).chain(set.bindings.iter().map(|b| &b.metadata));
    for metadata in metadata {
        assert_eq!(metadata.labels.as_ref().unwrap()[LABEL.0], LABEL.1, "{metadata:?}");
    }
    for binding in &set.bindings {
        assert_eq!(
            binding.spec.validation_actions.as_deref(),
            Some(&["Deny".to_owned(), "Audit".to_owned()][..])
        );
        assert_eq!(binding.spec.policy_name, binding.metadata.name.clone().unwrap());
    }
}

#[test]
fn another_operator_is_another_version_of_what_names_it_and_of_nothing_else() {
    let other = "system:serviceaccount:agreements:operator";
    let (ours, theirs) = (files(OPERATOR), files(other));
    let changed: Vec<&str> = ours.iter().zip(&theirs).filter(|(a, b)| a != b).map(|(a, _)| a.0).collect();
    assert_eq!(changed, ["outcome.yaml"]);
    let text = &theirs.iter().find(|(name, _)| *name == "outcome.yaml").unwrap().1;
    assert!(text.contains(other) && !text.contains(OPERATOR));
    let names = |set: &Set| -> BTreeSet<_> {
        set.policies.iter().map(|p| p.metadata.name.clone().unwrap()).collect()
    };
    assert_eq!(names(&Set::of(OPERATOR)).difference(&names(&Set::of(other))).count(), 2);
}

#[test]
fn a_version_stands_for_the_content_and_not_for_the_version_that_was_there() {
    let text = "name: a-0123abcd.countersign.dev\nrule: x\nname: a-99999999.countersign.dev, countersign.dev/x, b.countersign.dev";
    let once = versioned(text);
    assert_eq!(versioned(&once), once);
    assert_ne!(versioned(&text.replace("rule: x", "rule: y")), once);
    assert!(once.ends_with(", countersign.dev/x, b.countersign.dev"), "{once}");
}
