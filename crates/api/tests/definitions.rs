//! The definitions in `crds/` are the ones that the types in `crates/api/src` give, and keep to the API conventions.

use std::{collections::BTreeSet, fs};

use anyhow::{Context, Result};
use countersign_api::crd;
use serde_json::Value;
use testkit::schema::{places, word};

/// Set it to write the files instead of comparing them.
const UPDATE: &str = "UPDATE_CRDS";

#[test]
fn definitions_do_not_drift_from_the_types() -> Result<()> {
    let folder = testkit::root().join("crds");
    let mut expected = BTreeSet::new();
    let mut drifted = Vec::new();
    for definition in crd::all() {
        let file = folder.join(format!("{}.yaml", word(&definition, "/metadata/name")));
        let text = format!(
            "# Generated from crates/api/src: {UPDATE}=1 cargo test -p countersign-api\n{}",
            serde_saphyr::to_string(&definition)?
        );
        if std::env::var_os(UPDATE).is_some() {
            fs::write(&file, &text)?;
        }
        if fs::read_to_string(&file).unwrap_or_default() != text {
            drifted.push(file.display().to_string());
        }
        expected.insert(file);
    }
    for entry in fs::read_dir(&folder).context("crds/ is missing")? {
        let file = entry?.path();
        if !expected.contains(&file) {
            drifted.push(format!("{} (no such kind)", file.display()));
        }
    }
    assert!(
        drifted.is_empty(),
        "not what crates/api/src gives: {}\nrun `{UPDATE}=1 cargo test -p countersign-api` and commit crds/",
        drifted.join(", ")
    );
    Ok(())
}

#[test]
fn generated_files_say_the_same_as_the_types_to_another_reader() -> Result<()> {
    for definition in crd::all() {
        let file = format!("crds/{}.yaml", word(&definition, "/metadata/name"));
        let read = testkit::documents(&file)?;
        assert_eq!(read, [definition], "{file}");
    }
    Ok(())
}

#[test]
fn nothing_in_a_schema_is_without_a_bound_or_a_description() {
    let mut faults = Vec::new();
    for definition in crd::all() {
        let kind = word(&definition, "/spec/names/kind");
        for place in places(&definition) {
            let mut fault = |what: &str| faults.push(format!("{kind} `{}`: {what}", place.path));
            let has = |keyword: &str| place.keyword(keyword).is_some();
            match place.word("type") {
                Some("string") if !has("enum") && !has("maxLength") => fault("a string without `maxLength`"),
                Some("string") if place.word("format") == Some("date-time") && !has("pattern") => {
                    fault("a time without the `pattern` of what can be read back");
                }
                Some("array") if !has("maxItems") => fault("a list without `maxItems`"),
                Some("array") if !has("x-kubernetes-list-type") => fault("a list without a list type"),
                Some("array")
                    if place.word("x-kubernetes-list-type") == Some("map")
                        && !has("x-kubernetes-list-map-keys") =>
                {
                    fault("a map list without keys");
                }
                Some("integer") if !(has("minimum") && has("maximum")) => fault("a number without bounds"),
                Some("integer") if !matches!(place.word("format"), Some("int32" | "int64")) => {
                    fault("a whole number must be int32 or int64");
                }
                Some("object") if has("additionalProperties") && !has("maxProperties") => {
                    fault("a map without `maxProperties`");
                }
                Some("number") => fault("a float"),
                Some(_) => {}
                None if place.path.is_empty() => {}
                None => fault("no type"),
            }
            for keyword in ["nullable", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string"]
            {
                if has(keyword) {
                    fault(&format!("`{keyword}`"));
                }
            }
            if place
                .keyword("enum")
                .and_then(Value::as_array)
                .is_some_and(|words| words.iter().any(Value::is_null))
            {
                fault("null among the words of an enum");
            }
            if !place.path.ends_with("[]") && place.word("description").unwrap_or_default().is_empty() {
                fault("no description");
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_definition_is_namespaced_named_and_grouped_as_documented() {
    let seen: Vec<String> = crd::all()
        .iter()
        .map(|d| {
            let names =
                ["/spec/names/kind", "/spec/scope", "/spec/names/shortNames/0", "/spec/names/categories/0"];
            names.map(|pointer| word(d, pointer)).join(" ")
        })
        .collect();
    assert_eq!(
        seen,
        [
            "StandardTerms Cluster sterms commerce",
            "DelegationPolicy Cluster dpol commerce",
            "CustomerAgreement Namespaced cagr commerce",
            "AgreementDecision Namespaced adec commerce",
            "OrderRequest Namespaced oreq commerce",
        ]
    );
}
