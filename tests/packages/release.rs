//! What can be said of the release without making one.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::tools::output;
use testkit::root;

const FILE: &str = ".github/workflows/release.yml";
const KREW: &str = "deploy/krew/agreement.yaml";

fn text(file: &str) -> Result<String> {
    fs::read_to_string(root().join(file)).with_context(|| file.to_owned())
}

fn workflow() -> Result<Value> {
    Ok(serde_saphyr::from_str(&text(FILE)?)?)
}

fn jobs(workflow: &Value) -> Vec<(&String, &Value)> {
    workflow["jobs"].as_object().unwrap().iter().collect()
}

fn steps(workflow: &Value) -> Vec<&Value> {
    jobs(workflow).into_iter().flat_map(|(_, job)| job["steps"].as_array().unwrap()).collect()
}

#[test]
fn no_job_may_do_more_than_it_needs() -> Result<()> {
    let workflow = workflow()?;
    assert_eq!(workflow["permissions"], serde_json::json!({"contents": "read"}));
    let mut writes = BTreeSet::new();
    for (name, job) in jobs(&workflow) {
        assert!(job["timeout-minutes"].is_u64(), "{name} has no end");
        assert!(
            job["permissions"].is_null() || job["permissions"].is_object(),
            "{name} takes {}",
            job["permissions"]
        );
        for (right, access) in job["permissions"].as_object().into_iter().flatten() {
            if access == "write" {
                writes.insert((name.as_str(), right.as_str()));
            }
        }
    }
    let expected = [
        ("binaries", "attestations"),
        ("binaries", "id-token"),
        ("chart", "id-token"),
        ("chart", "packages"),
        ("image", "packages"),
        ("publish-image", "attestations"),
        ("publish-image", "id-token"),
        ("publish-image", "packages"),
        ("release", "contents"),
        ("release", "id-token"),
    ];
    assert_eq!(writes, BTreeSet::from(expected));
    Ok(())
}

#[test]
fn every_action_is_pinned_and_leaves_no_credentials_behind() -> Result<()> {
    let workflow = workflow()?;
    let used: Vec<&Value> = steps(&workflow).into_iter().filter(|step| !step["uses"].is_null()).collect();
    assert!(used.len() > 10);
    for step in used {
        let action = step["uses"].as_str().unwrap();
        let version = action.split_once('@').map(|(_, version)| version).unwrap_or_default();
        assert!(version.starts_with('v') && version.len() > 1, "{action} is not pinned");
        if action.starts_with("actions/checkout@") {
            assert_eq!(step["with"]["persist-credentials"], false, "{action}");
        }
    }
    Ok(())
}

/// What somebody else can choose, such as the name of a branch, must not become part of a script.
#[test]
fn no_script_is_put_together_from_what_others_choose() -> Result<()> {
    for step in steps(&workflow()?) {
        for expression in step["run"].as_str().unwrap_or_default().split("${{").skip(1) {
            let name = expression.split("}}").next().unwrap_or_default().trim();
            assert!(name.starts_with("matrix."), "{name} in a script of {}", step["name"]);
        }
    }
    Ok(())
}

/// Jobs wait for jobs that exist and nothing is published before everything was checked.
#[test]
fn nothing_is_published_before_everything_was_checked() -> Result<()> {
    let workflow = workflow()?;
    let jobs = &workflow["jobs"];
    for (name, job) in self::jobs(&workflow) {
        let mut waits: Vec<&Value> = vec![&job["needs"]];
        let mut before = BTreeSet::new();
        while let Some(next) = waits.pop() {
            match next {
                Value::Array(several) => waits.extend(several),
                Value::String(one) => {
                    assert!(!jobs[one].is_null(), "{name} waits for {one}");
                    before.insert(one.as_str());
                    waits.push(&jobs[one]["needs"]);
                }
                _ => {}
            }
        }
        assert!(name == "check" || before.contains("check"), "{name} does not wait for check");
    }
    Ok(())
}

/// The packages of the workspace that have an executable of their own name.
fn programs() -> Result<BTreeSet<String>> {
    let mut metadata = Command::new(env!("CARGO"));
    metadata.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(root());
    let metadata: Value = serde_json::from_str(&output(metadata)?)?;
    let mut names = BTreeSet::new();
    for package in metadata["packages"].as_array().context("no packages")? {
        for target in package["targets"].as_array().context("no targets")? {
            if target["kind"] == serde_json::json!(["bin"]) && target["name"] == package["name"] {
                names.insert(target["name"].as_str().context("no name")?.to_owned());
            }
        }
    }
    Ok(names)
}

#[test]
fn what_is_released_is_there_to_be_built() -> Result<()> {
    let workflow = workflow()?;
    let released = workflow["jobs"]["binaries"]["env"]["BINARIES"].as_str().context("no BINARIES")?;
    let released: BTreeSet<String> = released.split(' ').map(str::to_owned).collect();
    let programs = programs()?;
    assert!(released.contains("countersign") && programs.contains("countersign"));
    // The plugin's folder comes with the plugin.
    let expected = |name: &&String| *name != "kubectl-agreement" || root().join("kubectl-agreement").exists();
    let missing: Vec<_> = released.difference(&programs).filter(expected).collect();
    assert!(missing.is_empty(), "{missing:?} cannot be built: there is {programs:?}");
    Ok(())
}

#[test]
fn the_plugin_is_offered_where_it_is_released() -> Result<()> {
    let template = text(KREW)?.replace("{{ .TagName }}", "v0.1.0");
    let start = "{{addURIAndSha \"";
    let archives: BTreeSet<&str> =
        template.split(start).skip(1).filter_map(|rest| rest.split('"').next()?.rsplit('/').next()).collect();
    let rendered: String = template
        .lines()
        .map(|line| match line.trim().strip_prefix(start) {
            Some(rest) => format!(
                "    uri: {}\n    sha256: {}\n",
                rest.split('"').next().unwrap_or_default(),
                "0".repeat(64)
            ),
            None => format!("{line}\n"),
        })
        .collect();
    let plugin: Value = serde_saphyr::from_str(&rendered).with_context(|| rendered.clone())?;
    assert_eq!(plugin["metadata"]["name"], "agreement");
    assert!(plugin["spec"]["shortDescription"].as_str().unwrap().len() <= 50, "krew asks for 50 characters");
    let mut offered = BTreeSet::new();
    for platform in plugin["spec"]["platforms"].as_array().context("no platforms")? {
        let labels = &platform["selector"]["matchLabels"];
        let archive = format!(
            "kubectl-agreement_{}_{}.tar.gz",
            labels["os"].as_str().unwrap(),
            labels["arch"].as_str().unwrap()
        );
        assert!(platform["uri"].as_str().unwrap().ends_with(&format!("/v0.1.0/{archive}")), "{platform}");
        assert_eq!(platform["bin"], "kubectl-agreement");
        offered.insert(archive);
    }
    assert_eq!(offered.iter().map(String::as_str).collect::<BTreeSet<_>>(), archives);
    let workflow = workflow()?;
    let built: BTreeSet<String> = workflow["jobs"]["binaries"]["strategy"]["matrix"]["include"]
        .as_array()
        .context("no matrix")?
        .iter()
        .map(|entry| {
            format!(
                "kubectl-agreement_{}_{}.tar.gz",
                entry["os"].as_str().unwrap(),
                entry["arch"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(offered, built);
    Ok(())
}

/// Where images and charts are published, the chart and the pages look for them.
#[test]
fn one_name_for_each_thing() -> Result<()> {
    let workflow = workflow()?;
    let image = workflow["env"]["IMAGE"]
        .as_str()
        .unwrap()
        .replace("${{ github.repository_owner }}", "countersign-dev");
    let charts = workflow["env"]["CHARTS"]
        .as_str()
        .unwrap()
        .replace("${{ github.repository_owner }}", "countersign-dev");
    let values: Value = serde_saphyr::from_str(&text("deploy/chart/values.yaml")?)?;
    assert_eq!(values["image"]["repository"], image.as_str());
    for page in ["docs/install.md", "docs/upgrade.md"] {
        assert!(text(page)?.contains(&format!("oci://{charts}/countersign ")), "{page}");
    }
    let helm = text("testenv/tools/helm/go.mod")?;
    let pinned =
        helm.lines().find_map(|line| line.trim().strip_prefix("helm.sh/helm/v4 ")).context("no Helm")?;
    let setup = steps(&workflow)
        .into_iter()
        .find(|step| step["uses"].as_str().unwrap_or_default().starts_with("azure/setup-helm@"));
    assert_eq!(Some(setup.unwrap()["with"]["version"].as_str().unwrap()), pinned.split(' ').next());
    Ok(())
}
