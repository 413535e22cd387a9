//! What the API server and kubeconform say of every object that is rendered.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use kube::Client;
use serde_json::{Value, json};
use testenv::tools::Tool;
use testenv::{ControlPlane, until};

use crate::manifests::{kustomized, rendered};
use crate::tools::{monitored, run};
use testkit::schema::word;
use testkit::{PATIENCE, raw};

const SETS: [(&str, &[&str]); 4] = [
    ("countersign-system", &[]),
    ("contracts", &[]),
    ("countersign-system", &["--values", "deploy/chart/ci/everything-values.yaml"]),
    ("countersign-system", &["--values", "deploy/chart/ci/two-namespaces-values.yaml"]),
];

#[tokio::test]
async fn every_object_is_taken_as_it_is_and_fits_its_schema() -> Result<()> {
    let plane = ControlPlane::start().await?;
    let admin = plane.admin()?;
    plane.apply_yaml(&admin, include_str!("monitoring-crds.yaml")).await?;
    for namespace in ["countersign-system", "contracts", "customers-north", "customers-south"] {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        plane.apply_yaml(&admin, &namespace.to_string()).await?;
    }
    let chart = monitored()?;
    let mut sets = Vec::new();
    for (namespace, options) in SETS {
        sets.push((format!("{namespace} {options:?}"), rendered(chart.path(), namespace, options)?));
    }
    for folder in ["deploy/kustomize/base", "deploy/kustomize/overlays/two-namespaces"] {
        sets.push((folder.to_owned(), kustomized(folder)?));
    }
    let place = tempfile::tempdir()?;
    let schemas = place.path().join("schemas");
    let everything: Vec<&Value> = sets.iter().flat_map(|(_, objects)| objects).collect();
    write_schemas(&admin, &everything, &schemas).await?;
    for (what, objects) in &sets {
        let file = place.path().join("objects.json");
        fs::write(&file, json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string())?;
        taken(&plane, &file).with_context(|| what.clone())?;
        fits(&schemas, &file, objects.len()).with_context(|| what.clone())?;
    }
    Ok(())
}

/// With a field that is not known, neither would say anything of the objects above.
#[tokio::test]
async fn a_slip_in_a_manifest_would_be_found() -> Result<()> {
    let plane = ControlPlane::start().await?;
    let admin = plane.admin()?;
    let place = tempfile::tempdir()?;
    let (file, schemas) = (place.path().join("objects.json"), place.path().join("schemas"));
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "slip", "namespace": "default"},
        "spec": {"port": [], "ports": [{"port": "http"}]},
    });
    write_schemas(&admin, &[&service], &schemas).await?;
    fs::write(&file, service.to_string())?;
    let error = format!("{:#}", taken(&plane, &file).unwrap_err());
    assert!(error.contains(".spec.port"), "{error}");
    let error = format!("{:#}", fits(&schemas, &file, 1).unwrap_err());
    assert!(error.contains("/spec/ports/0/port"), "{error}");
    Ok(())
}

/// The API server takes it, with no field that it does not know.
fn taken(plane: &ControlPlane, file: &Path) -> Result<()> {
    let kubeconfig = plane.admin_kubeconfig();
    let arguments = [
        "--kubeconfig",
        kubeconfig.to_str().context("a path that is not text")?,
        "apply",
        "--server-side",
        "--dry-run=server",
        "--validate=strict",
        "--filename",
        file.to_str().context("a path that is not text")?,
    ];
    run(Tool::Kubectl, &arguments).map(drop)
}

/// kubeconform finds a schema for each, and no fault.
fn fits(schemas: &Path, file: &Path, number: usize) -> Result<()> {
    let location = format!(
        "{}/{{{{.ResourceKind}}}}-{{{{.Group}}}}-{{{{.ResourceAPIVersion}}}}.json",
        schemas.display()
    );
    let file = file.to_str().context("a path that is not text")?;
    let said = run(
        Tool::Kubeconform,
        &["-summary", "-verbose", "-output", "json", "-schema-location", &location, file],
    )?;
    let said: Value = serde_json::from_str(&said)?;
    assert_eq!(said["summary"]["valid"], number, "{said}");
    Ok(())
}

/// The schemas of these objects' kinds, as the API server itself publishes them. Nothing is downloaded.
async fn write_schemas(admin: &Client, objects: &[&Value], folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let kinds: BTreeSet<(&str, &str)> =
        objects.iter().map(|object| (word(object, "/apiVersion"), word(object, "/kind"))).collect();
    for (api_version, kind) in kinds {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let root = if group.is_empty() { "api" } else { "apis" };
        let path = format!("/openapi/v3/{root}/{api_version}");
        let is_it = |schema: &Value| {
            schema["x-kubernetes-group-version-kind"].as_array().is_some_and(|kinds| {
                kinds.contains(&json!({"group": group, "version": version, "kind": kind}))
            })
        };
        // What a definition brings is published some time after it is served.
        let (name, document) = until(format_args!("a schema for {kind} was published"), PATIENCE, || async {
            let document = raw::ask(admin, "GET", &path, &Value::Null).await?;
            let schemas = document["components"]["schemas"].as_object().context("no schemas")?;
            let name = schemas.iter().find(|(_, schema)| is_it(schema)).map(|(name, _)| name.clone());
            Ok(name.map(|name| (name, document)))
        })
        .await?;
        let schema =
            json!({"$ref": format!("#/components/schemas/{name}"), "components": document["components"]});
        // For kubeconform the group of what has none is its version.
        let group = if group.is_empty() { version } else { group };
        let kind = kind.to_lowercase();
        fs::write(folder.join(format!("{kind}-{group}-{version}.json")), schema.to_string())?;
    }
    Ok(())
}
