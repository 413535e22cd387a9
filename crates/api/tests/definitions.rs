//! The definitions in `crds/` are the ones that the types in `crates/api/src` give, and keep to the API conventions.

mod common;

use std::{collections::BTreeSet, fs};

use anyhow::{Context, Result};
use common::schema::{places, word};
use countersign_api::crd;
use serde_json::Value;

/// Set it to write the files instead of comparing them.
const UPDATE: &str = "UPDATE_CRDS";

#[test]
fn definitions_do_not_drift_from_the_types() -> Result<()> {
    let folder = common::root().join("crds");
    let mut expected = BTreeSet::new();
    let mut drifted = Vec::new();
    for definition in crd::all() {
        let file = folder.join(format!("{}.yaml", word(&definition, "/metadata/name")));
        let text = format!(
            "# Generated from crates/api/src: {UPDATE}=1 cargo test --test api_crds\n{}",
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
        "not what crates/api/src gives: {}\nrun `{UPDATE}=1 cargo test --test api_crds` and commit crds/",
        drifted.join(", ")
    );
    Ok(())
}

#[test]
fn generated_files_say_the_same_as_the_types_to_another_reader() -> Result<()> {
    for definition in crd::all() {
        let file = format!("crds/{}.yaml", word(&definition, "/metadata/name"));
        let read = common::documents(&file)?;
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

/// What `kubectl explain` reads.
#[tokio::test]
async fn explain_has_words_for_every_field() -> Result<()> {
    let admin = common::cluster().await?.admin()?;
    let path = "/openapi/v3/apis/countersign.dev/v1alpha1";
    let published = testenv::until("the server published our schemas", common::PATIENCE, || async {
        let answer = common::raw::send(&admin, "GET", path, &Value::Null).await;
        let answer = answer.map_err(common::raw::Refusal::into_error)?;
        let schemas = answer.pointer("/components/schemas").and_then(Value::as_object).cloned();
        let all = schemas.iter().flat_map(|s| s.keys());
        let kinds: Vec<String> = crd::all().iter().map(|d| word(d, "/spec/names/kind").to_owned()).collect();
        let ours = all.filter(|name| kinds.iter().any(|kind| name.ends_with(&format!(".{kind}")))).count();
        Ok((ours == kinds.len()).then_some(schemas).flatten())
    })
    .await?;
    for definition in crd::all() {
        let kind = word(&definition, "/spec/names/kind");
        let schema = published
            .iter()
            .find(|(name, _)| name.ends_with(&format!(".{kind}")))
            .map(|(_, schema)| schema)
            .with_context(|| format!("{kind} is not published"))?;
        for place in places(&definition) {
            let top = ["apiVersion", "kind", "metadata"].contains(&place.path.as_str());
            if top || place.path.is_empty() || place.path.ends_with("[]") {
                continue;
            }
            let mut pointer = String::new();
            for name in place.path.split('.') {
                let plain = name.trim_end_matches("[]").trim_end_matches("{}");
                pointer = format!("{pointer}/properties/{plain}");
                pointer.push_str(&"/items".repeat(name.matches("[]").count()));
                pointer.push_str(&"/additionalProperties".repeat(name.matches("{}").count()));
            }
            let words = schema.pointer(&format!("{pointer}/description")).and_then(Value::as_str);
            assert_eq!(words, place.word("description"), "{kind} `{}`", place.path);
        }
    }
    Ok(())
}
