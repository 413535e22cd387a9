//! The shipped policies as texts, and what a text says when something is taken out of it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::table::Weakening;
use testkit::schema::{with, word};
use testkit::shipped;

/// Policies whose weakened versions are bound by a label of the object, for it lives in no namespace.
const BY_OBJECT: [&str; 4] = ["definitions", "kept", "protected-namespaces", "unowned"];

/// The text of every policy and its binding, by the policy's name without the version.
pub fn texts() -> Result<BTreeMap<String, String>> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for document in shipped("deploy/admission")?.iter().flat_map(|file| file.split("\n---\n")) {
        let name = document.lines().find_map(|line| line.strip_prefix("  name: ")).context("a name")?;
        let (name, _) = name.rsplit_once('-').context("a version")?;
        let text = found.entry(name.to_owned()).or_default();
        if !text.is_empty() {
            text.push_str("\n---\n");
        }
        text.push_str(document);
    }
    Ok(found)
}

/// A policy and its binding.
pub fn pair(text: &str) -> Result<[Value; 2]> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text)?;
    documents.try_into().map_err(|_| anyhow::anyhow!("one policy and one binding"))
}

impl Weakening {
    /// Policy and binding without what is lost.
    pub fn weakened(&self) -> Result<[Value; 2]> {
        let mut text = texts()?.remove(self.policy).with_context(|| format!("no policy {}", self.policy))?;
        for (lost, instead) in &self.edits {
            let found = text.matches(lost).count();
            ensure!(found == 1, "{}: {}: {lost:?} is found {found} times", self.policy, self.what);
            text = text.replace(lost, instead);
        }
        pair(&text)
    }
}

/// Under another name, for some places only.
pub fn bound(policy_and_binding: [Value; 2], name: &str, policy: &str, selector: &Value) -> [Value; 2] {
    let [shipped, binding] = policy_and_binding;
    let which = if BY_OBJECT.contains(&policy) { "objectSelector" } else { "namespaceSelector" };
    let binding = with(&binding, "/metadata/name", &json!(name));
    let binding = with(&binding, "/spec/policyName", &json!(name));
    let binding = with(&binding, "/spec/matchResources", &json!({which: selector}));
    [with(&shipped, "/metadata/name", &json!(name)), binding]
}

/// What may be lost of a policy: each thing that it asks, of whom, for what, and what it does then.
pub fn parts(policy_and_binding: &[Value; 2]) -> BTreeMap<String, Value> {
    let [policy, binding] = policy_and_binding;
    let mut parts = BTreeMap::new();
    for list in ["validations", "matchConditions"] {
        for (index, part) in policy["spec"][list].as_array().into_iter().flatten().enumerate() {
            parts.insert(format!("{list}[{index}]"), part["expression"].clone());
        }
    }
    for variable in policy["spec"]["variables"].as_array().into_iter().flatten() {
        parts.insert(format!("variable {}", word(variable, "/name")), variable["expression"].clone());
    }
    for (index, rule) in
        policy["spec"]["matchConstraints"]["resourceRules"].as_array().into_iter().flatten().enumerate()
    {
        parts.insert(format!("resourceRules[{index}]"), rule.clone());
    }
    parts.insert("matchConstraints".to_owned(), policy["spec"]["matchConstraints"].clone());
    parts.insert("validationActions".to_owned(), binding["spec"]["validationActions"].clone());
    parts
}
