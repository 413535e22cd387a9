//! The examples for Argo CD and Flux, and the page about them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::flux::check;
use super::text;
use testkit::{cluster, documents, raw};

const FOLDER: &str = "examples/gitops";
const PAGE: &str = include_str!("../../../docs/gitops.md");

/// Every object of the examples, by its file.
fn objects() -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for part in ["argocd", "flux", "norrland-timber"] {
        let folder = format!("{FOLDER}/{part}");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&folder);
        for entry in fs::read_dir(path).unwrap() {
            let file = format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap());
            all.extend(documents(&file).unwrap().into_iter().map(|object| (file.clone(), object)));
        }
    }
    assert!(all.len() > 7, "{}", all.len());
    all
}

fn of_kind(kind: &str) -> Vec<Value> {
    let found: Vec<_> =
        objects().into_iter().map(|(_, object)| object).filter(|o| o["kind"] == kind).collect();
    assert!(!found.is_empty(), "no {kind}");
    found
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_agreement_in_git_is_the_example_and_is_never_pruned() {
    let mut own = documents(&format!("{FOLDER}/norrland-timber/agreement.yaml")).unwrap().remove(0);
    let annotations = own["metadata"]["annotations"].take();
    let metadata = own["metadata"].as_object_mut().unwrap();
    metadata.remove("annotations");
    metadata.remove("namespace");
    assert_eq!(own, documents("examples/fibre/agreement.yaml").unwrap().remove(0));
    let namespace = of_kind("Namespace").remove(0);
    for annotations in [&annotations, &namespace["metadata"]["annotations"]] {
        assert_eq!(annotations["argocd.argoproj.io/sync-options"], "Prune=false,Delete=false");
        assert_eq!(annotations["kustomize.toolkit.fluxcd.io/prune"], "disabled");
    }
    let wave = |annotations: &Value| -> i32 {
        annotations["argocd.argoproj.io/sync-wave"].as_str().unwrap().parse().unwrap()
    };
    assert!(wave(&annotations) > wave(&namespace["metadata"]["annotations"]), "the last wave");
}

#[test]
fn argo_cd_neither_prunes_nor_decides_nor_waits() {
    for (file, object) in objects() {
        assert_ne!(object["kind"], "AgreementDecision", "{file}");
        let annotations = object["metadata"]["annotations"].as_object();
        let hook = annotations.into_iter().flatten().find(|(key, _)| key.contains("argocd.argoproj.io/hook"));
        assert_eq!(hook, None, "{file}");
    }
    for application in of_kind("Application") {
        assert_eq!(application["apiVersion"], "argoproj.io/v1alpha1");
        let spec = &application["spec"];
        assert_eq!(keys(spec), BTreeSet::from(["destination", "project", "source", "syncPolicy"]));
        assert_eq!(keys(&spec["source"]), BTreeSet::from(["path", "repoURL", "targetRevision"]));
        assert_eq!(spec["syncPolicy"]["automated"], json!({"prune": false, "selfHeal": true}));
        let options = spec["syncPolicy"]["syncOptions"].to_string();
        assert!(!options.contains("Replace") && !options.contains("Force"), "{options}");
        assert!(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join(FOLDER)
                .join(spec["source"]["path"].as_str().unwrap())
                .is_dir()
        );
        let project =
            of_kind("AppProject").into_iter().find(|own| own["metadata"]["name"] == spec["project"]);
        let spec_of_project = &project.unwrap()["spec"];
        assert!(spec_of_project["sourceRepos"].as_array().unwrap().contains(&spec["source"]["repoURL"]));
        let permitted = json!([{"group": "countersign.dev", "kind": "CustomerAgreement"}]);
        assert_eq!(spec_of_project["namespaceResourceWhitelist"], permitted);
    }
}

/// Flux neither prunes nor forces agreements and goes by the shipped expressions.
#[test]
fn flux_neither_prunes_nor_forces_agreements() {
    let mut checks = Vec::new();
    let known = BTreeSet::from([
        "dependsOn",
        "force",
        "healthCheckExprs",
        "interval",
        "path",
        "prune",
        "retryInterval",
        "serviceAccountName",
        "sourceRef",
        "timeout",
        "wait",
    ]);
    let all = of_kind("Kustomization");
    for kustomization in &all {
        assert_eq!(kustomization["apiVersion"], "kustomize.toolkit.fluxcd.io/v1");
        let spec = &kustomization["spec"];
        assert!(keys(spec).is_subset(&known), "{:?}", keys(spec));
        for needed in spec["dependsOn"].as_array().into_iter().flatten() {
            assert!(all.iter().any(|other| other["metadata"]["name"] == needed["name"]), "{needed}");
        }
        if let Some(own) = spec["healthCheckExprs"].as_array() {
            let rest = (&spec["prune"], &spec["force"], &spec["wait"], &spec["serviceAccountName"]);
            assert_eq!(rest, (&json!(false), &json!(false), &json!(true), &json!("agreements-author")));
            checks.extend(own.clone());
        }
    }
    assert_eq!(checks.len(), 2);
    for file in ["deploy/gitops/flux/applied.yaml", "deploy/gitops/flux/agreed.yaml"] {
        assert!(checks.contains(&check(file)), "{file} is in no example");
    }
}

#[tokio::test]
async fn flux_applies_the_agreement_with_its_own_rights_and_may_not_delete_it() -> Result<()> {
    let cluster = cluster().await?;
    let admin = cluster.admin()?;
    let home = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system"}});
    cluster.plane.apply_yaml(&admin, &home.to_string()).await?;
    cluster.plane.apply_yaml(&admin, &text(&format!("{FOLDER}/flux/author.yaml"))).await?;
    let flux = cluster.plane.service_account("flux-system", "agreements-author").await?;
    testenv::until("the rights were there", testkit::PATIENCE, || async {
        let asked =
            raw::send(&flux, "GET", &raw::path("customeragreements", "norrland-timber"), &Value::Null).await;
        Ok(asked.ok())
    })
    .await?;
    for file in ["namespace.yaml", "agreement.yaml"] {
        cluster.plane.apply_yaml(&flux, &text(&format!("{FOLDER}/norrland-timber/{file}"))).await?;
    }
    let path = format!("{}/norrland-timber-fibre", raw::path("customeragreements", "norrland-timber"));
    let refusal = raw::send(&flux, "DELETE", &path, &Value::Null).await.unwrap_err();
    assert_eq!(refusal.code, 403, "{}", refusal.message);
    let decisions = raw::path("agreementdecisions", "norrland-timber");
    let decision = documents("testkit/complete/agreementdecisions.yaml")?.swap_remove(0);
    let refusal = raw::send(&flux, "POST", &decisions, &decision).await.unwrap_err();
    assert_eq!(refusal.code, 403, "{}", refusal.message);
    Ok(())
}

#[tokio::test]
async fn the_settings_of_argo_cd_are_merged_and_nothing_of_them_is_lost() -> Result<()> {
    let cluster = cluster().await?;
    let admin = cluster.admin()?;
    for object in [
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm", "namespace": "argocd"},
               "data": {"url": "https://argocd.telecom.example"}}),
    ] {
        cluster.plane.apply_yaml(&admin, &object.to_string()).await?;
    }
    let patch = documents("deploy/gitops/argocd/argocd-cm.yaml")?.remove(0);
    let merged = raw::ask(&admin, "PATCH", "/api/v1/namespaces/argocd/configmaps/argocd-cm", &patch).await?;
    assert_eq!(merged["data"]["url"], "https://argocd.telecom.example");
    assert_eq!(merged["data"].as_object().unwrap().len(), 3);
    Ok(())
}

#[test]
fn what_the_page_shows_is_what_is_shipped() {
    let shipped = [
        text("deploy/gitops/argocd/customeragreement.lua"),
        text("deploy/gitops/argocd/argocd-cm.yaml"),
        text("deploy/gitops/flux/applied.yaml"),
        text("deploy/gitops/flux/agreed.yaml"),
        text("examples/gitops/norrland-timber/agreement.yaml"),
    ];
    let blocks: Vec<_> = PAGE.split("```").skip(1).step_by(2).collect();
    assert!(blocks.len() > 4, "{}", blocks.len());
    for block in blocks {
        let (_, body) = block.split_once('\n').unwrap();
        assert!(shipped.iter().any(|file| file.contains(body)), "nothing that is shipped has:\n{body}");
    }
    let mut named = 0;
    for path in PAGE.split('`').filter(|word| word.starts_with("deploy/") || word.starts_with("examples/")) {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists(), "{path}");
        named += 1;
    }
    assert!(named > 4, "{named}");
}
