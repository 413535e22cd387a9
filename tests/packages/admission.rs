//! The policies as files: every name has the version of its content, and the guard knows every one of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use countersign::admission::{LABEL, OPERATOR, Set, files, versioned};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
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

/// To write the versions anew after an edit: `UPDATE_ADMISSION=1 cargo test --test packages admission`.
#[test]
fn every_name_has_the_version_of_its_content() {
    for (name, text) in on_disk() {
        let right = versioned(&text);
        if std::env::var_os("UPDATE_ADMISSION").is_some() {
            fs::write(folder().join(&name), &right).unwrap();
        } else {
            assert_eq!(
                text, right,
                "{name} was edited; run UPDATE_ADMISSION=1 cargo test --test packages admission"
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
        set.bindings.iter().map(|binding| Some(binding.spec.policy_name.clone())).collect();
    assert_eq!(policies, bound, "every policy is bound");
    let metadata = set.policies.iter().map(|p| &p.metadata).chain(set.bindings.iter().map(|b| &b.metadata));
    for metadata in metadata {
        assert_eq!(metadata.labels.as_ref().unwrap()[LABEL.0], LABEL.1, "{metadata:?}");
    }
    for binding in &set.bindings {
        assert_eq!(binding.spec.validation_actions, ["Deny", "Audit"]);
        assert_eq!(binding.spec.policy_name, binding.metadata.name.clone().unwrap());
    }
}

/// Another operator is another version of what names it and of nothing else.
#[test]
fn another_operator_is_another_version_of_what_names_it_only() {
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

/// A version stands for the content and not for the version that was there.
#[test]
fn a_version_is_made_from_the_content_and_not_from_the_last_one() {
    let text = "name: a-0123abcd.countersign.dev\nrule: x\nname: a-99999999.countersign.dev, countersign.dev/x, b.countersign.dev";
    let once = versioned(text);
    assert_eq!(versioned(&once), once);
    assert_ne!(versioned(&text.replace("rule: x", "rule: y")), once);
    assert!(once.ends_with(", countersign.dev/x, b.countersign.dev"), "{once}");
}

/// The set as a server would show it.
fn installed() -> Set {
    let mut set = Set::of(OPERATOR);
    let metadata = set
        .policies
        .iter_mut()
        .map(|p| &mut p.metadata)
        .chain(set.bindings.iter_mut().map(|b| &mut b.metadata));
    for metadata in metadata {
        metadata.generation = Some(1);
        metadata.creation_timestamp = Some(Time("2026-11-24T09:00:00Z".parse().unwrap()));
    }
    set
}

fn judged(installed: &Set) -> Result<Timestamp, String> {
    Set::of(OPERATOR).in_force(
        |name| installed.policies.iter().find(|policy| policy.metadata.name.as_deref() == Some(name)),
        |name| installed.bindings.iter().find(|binding| binding.metadata.name.as_deref() == Some(name)),
    )
}

#[test]
fn what_is_installed_as_shipped_is_in_force_since_the_youngest_was_made() {
    let mut set = installed();
    let later: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
    set.bindings.last_mut().unwrap().metadata.creation_timestamp = Some(Time(later));
    assert_eq!(judged(&set), Ok(later));
}

#[test]
fn whatever_is_missing_weakened_or_was_changed_is_named() {
    type Spoil = fn(&mut Set);
    let spoils: [(&str, Spoil); 10] = [
        ("is missing", |set| drop(set.policies.remove(1))),
        ("is missing", |set| drop(set.bindings.remove(1))),
        ("is not as it was shipped", |set| {
            set.bindings[1].spec.validation_actions = vec!["Warn".to_owned()];
        }),
        ("is not as it was shipped", |set| {
            set.bindings[1].spec.match_resources = Some(Default::default());
        }),
        ("is not as it was shipped", |set| {
            set.policies[1].spec.as_mut().unwrap().failure_policy = Some("Ignore".to_owned());
        }),
        ("is not as it was shipped", |set| {
            drop(set.policies[1].spec.as_mut().unwrap().validations.as_mut().unwrap().pop());
        }),
        ("is not as it was shipped", |set| {
            let constraints = set.policies[1].spec.as_mut().unwrap().match_constraints.as_mut().unwrap();
            constraints.exclude_resource_rules = constraints.resource_rules.clone();
        }),
        ("was changed since it was installed", |set| set.policies[1].metadata.generation = Some(3)),
        ("was changed since it was installed", |set| set.bindings[1].metadata.generation = None),
        ("is being deleted", |set| {
            let now = set.bindings[1].metadata.creation_timestamp.clone();
            set.bindings[1].metadata.deletion_timestamp = now;
        }),
    ];
    for (expected, spoil) in spoils {
        let mut set = installed();
        let name = set.policies[1].metadata.name.clone().unwrap();
        spoil(&mut set);
        let said = judged(&set).unwrap_err();
        assert!(said.contains(expected) && said.contains(&name), "{said}");
    }
}

#[test]
fn either_version_may_refuse_and_nothing_else() {
    let set = Set::of(OPERATOR);
    let ours = set.policies[1].metadata.name.clone().unwrap();
    assert!(set.has_a_version_of(&ours));
    assert!(set.has_a_version_of("decide-01234567.countersign.dev"));
    for other in
        ["decide.countersign.dev", "decide-01234567.example.com", "forbid-01234567.countersign.dev", ""]
    {
        assert!(!set.has_a_version_of(other), "{other}");
    }
}

#[test]
fn an_empty_set_protects_nothing() {
    assert!(Set::default().in_force(|_| None, |_| None).is_err());
}
