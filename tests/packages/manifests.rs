//! Rendered manifests as objects.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testenv::tools::Tool;

use crate::tools::run;
use testkit::schema::word;

/// Kind, namespace and name.
pub(crate) type Key = (String, String, String);

/// What Helm would install.
pub(crate) fn rendered(chart: &Path, namespace: &str, options: &[&str]) -> Result<Vec<Value>> {
    let chart = chart.to_str().context("a path that is not text")?;
    let mut arguments = vec!["template", "countersign", chart, "--namespace", namespace];
    arguments.extend(options);
    parse(&run(Tool::Helm, &arguments)?)
}

/// What kubectl would apply.
pub(crate) fn kustomized(folder: &str) -> Result<Vec<Value>> {
    parse(&run(Tool::Kubectl, &["kustomize", folder])?)
}

fn parse(text: &str) -> Result<Vec<Value>> {
    let objects: Vec<Value> = serde_saphyr::from_multiple(text)?;
    Ok(objects.into_iter().filter(|object| !object.is_null()).collect())
}

pub(crate) fn key(object: &Value) -> Key {
    let at = |pointer| word(object, pointer).to_owned();
    (at("/kind"), at("/metadata/namespace"), at("/metadata/name"))
}

/// Each object by what it is called; two must not be called the same.
pub(crate) fn by_key(objects: Vec<Value>) -> Result<BTreeMap<Key, Value>> {
    let count = objects.len();
    let named: BTreeMap<_, _> = objects.into_iter().map(|object| (key(&object), object)).collect();
    ensure!(named.len() == count, "two objects have the same name");
    Ok(named)
}

/// The objects of a kind.
pub(crate) fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

/// The object without what only Helm adds.
pub(crate) fn without_helm(mut object: Value) -> Value {
    const LABELS: [&str; 4] = [
        "helm.sh/chart",
        "app.kubernetes.io/managed-by",
        "app.kubernetes.io/instance",
        "app.kubernetes.io/version",
    ];
    for (place, names) in [("labels", &LABELS[..]), ("annotations", &["helm.sh/resource-policy"])] {
        let Some(metadata) = object["metadata"].as_object_mut() else { continue };
        let Some(found) = metadata.get_mut(place).and_then(Value::as_object_mut) else { continue };
        found.retain(|name, _| !names.contains(&name.as_str()));
        if found.is_empty() {
            metadata.remove(place);
        }
    }
    object
}
