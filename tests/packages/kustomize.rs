//! The kustomizations give what the chart gives.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::Value;

use crate::manifests::{Key, by_key, kustomized, rendered, without_helm};
use crate::tools::chart;

const HOME: &str = "countersign-system";

/// Compares all objects; only the namespace of the operator is in one of the two, since Helm makes it.
fn same(folder: &str, options: &[&str]) -> Result<()> {
    let mut ours = by_key(kustomized(folder)?)?;
    let namespace: Key = ("Namespace".to_owned(), String::new(), HOME.to_owned());
    let namespace = ours.remove(&namespace).unwrap();
    assert_eq!(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted");
    let objects: Vec<Value> = rendered(&chart(), HOME, options)?.into_iter().map(without_helm).collect();
    let theirs = by_key(objects)?;
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    for (key, object) in ours {
        let different = difference("", &object, &theirs[&key]);
        assert!(different.is_empty(), "{key:?} in {folder} and in the chart: {different}");
    }
    Ok(())
}

/// Where two values differ; empty where they do not. A number may be written in more than one way.
fn difference(place: &str, ours: &Value, theirs: &Value) -> String {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<_> = a.keys().chain(b.keys()).collect();
            names
                .iter()
                .map(|name| difference(&format!("{place}/{name}"), &ours[*name], &theirs[*name]))
                .collect()
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().map(|(n, (a, b))| difference(&format!("{place}/{n}"), a, b)).collect()
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => String::new(),
        _ if ours == theirs => String::new(),
        _ => format!("{place}: {ours} and {theirs}\n"),
    }
}

#[test]
fn the_base_is_the_chart_with_its_default_values() -> Result<()> {
    same("deploy/kustomize/base", &[])
}

#[test]
fn the_overlay_is_the_chart_with_these_values() -> Result<()> {
    same(
        "deploy/kustomize/overlays/two-namespaces",
        &["--values", "deploy/chart/ci/two-namespaces-values.yaml"],
    )
}
