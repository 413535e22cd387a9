//! The health check expressions, run by the evaluator of Flux.

use std::fs;

use anyhow::Result;
use serde_json::{Value, json};
use testenv::tools::Tool;

use super::lives::{self, Is};
use super::text;

const APPLIED: &str = "deploy/gitops/flux/applied.yaml";
const AGREED: &str = "deploy/gitops/flux/agreed.yaml";

/// The one check in a file.
pub fn check(file: &str) -> Value {
    let [check]: [Value; 1] = serde_saphyr::from_str(&text(file)).unwrap();
    assert_eq!(
        (&check["apiVersion"], &check["kind"]),
        (&"countersign.dev/v1alpha1".into(), &"CustomerAgreement".into())
    );
    let fields: Vec<_> = check.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["apiVersion", "current", "failed", "inProgress", "kind"]);
    check
}

/// What Flux says of each object under the check in a file.
fn evaluate(file: &str, objects: &[Value]) -> Result<Vec<String>> {
    let home = tempfile::tempdir()?;
    let input = home.path().join("input.json");
    fs::write(&input, json!({"checks": [check(file)], "objects": objects}).to_string())?;
    let output = Tool::FluxHealth.command(home.path())?.arg(&input).output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let [words]: [Vec<String>; 1] = serde_json::from_slice(&output.stdout)?;
    assert_eq!(words.len(), objects.len());
    Ok(words)
}

/// Flux looks again after an error, until its time is up, as it does while something is in progress.
fn meaning(word: &str) -> &str {
    if word.starts_with("error: ") && word.contains("no such attribute(s): status") {
        "InProgress"
    } else {
        word
    }
}

fn holds(file: &str, expected: fn(Is) -> &'static str, words: fn(&Value) -> Value) -> Result<()> {
    let lives = lives::all();
    let objects: Vec<Value> = lives.iter().map(|life| words(&life.object)).collect();
    for (life, word) in lives.iter().zip(evaluate(file, &objects)?) {
        assert_eq!(meaning(&word), expected(life.is), "{}: {word}", life.name);
    }
    Ok(())
}

const fn applied(is: Is) -> &'static str {
    match is {
        Is::Unseen => "InProgress",
        Is::Stalled => "Failed",
        Is::Waiting | Is::Issuing | Is::Agreed | Is::Ended => "Current",
    }
}

const fn agreed(is: Is) -> &'static str {
    match is {
        Is::Unseen | Is::Waiting | Is::Issuing => "InProgress",
        Is::Stalled | Is::Ended => "Failed",
        Is::Agreed => "Current",
    }
}

#[test]
fn applied_waits_for_nobody_and_fails_only_where_somebody_has_to_repair() -> Result<()> {
    holds(APPLIED, applied, Clone::clone)
}

#[test]
fn agreed_waits_for_the_agreement_and_fails_once_it_cannot_come() -> Result<()> {
    holds(AGREED, agreed, Clone::clone)
}

#[test]
fn a_word_that_comes_later_changes_nothing() -> Result<()> {
    holds(APPLIED, applied, lives::in_new_words)?;
    holds(AGREED, agreed, lives::in_new_words)
}
