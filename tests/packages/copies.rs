//! Helm and kustomize see only what is in their own folder, so the chart has copies. They must be copies.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::tools::chart;
use testkit::root;

/// Set it to write the copies anew instead of comparing them.
const UPDATE: &str = "UPDATE_CHART";

/// What belongs into `deploy/chart/files`: path and content.
fn expected() -> Result<BTreeMap<PathBuf, String>> {
    let mut files = BTreeMap::new();
    let mut list = String::new();
    for (from, to, extension) in [
        ("crds", "crds", "yaml"),
        ("deploy/rbac", "rbac", "yaml"),
        ("deploy/admission", "admission", "yaml"),
        ("deploy/monitoring/dashboards", "monitoring/dashboards", "json"),
    ] {
        for path in files_in(&root().join(from))? {
            if path.extension().is_some_and(|found| found == extension) {
                let copy = Path::new(to).join(path.file_name().unwrap());
                if extension == "yaml" {
                    list.push_str(&format!("- {}\n", copy.display()));
                }
                files.insert(copy, fs::read_to_string(path)?);
            }
        }
    }
    if let Ok(alerts) = fs::read_to_string(root().join("deploy/monitoring/alerts.yaml")) {
        files.insert("monitoring/alerts.yaml".into(), alerts);
    }
    let kustomization = format!(
        "# Generated: {UPDATE}=1 cargo test --test packages\napiVersion: kustomize.config.k8s.io/v1beta1\n\
         kind: Kustomization\nresources:\n{list}"
    );
    files.insert("kustomization.yaml".into(), kustomization);
    Ok(files)
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|path| path.is_file());
    files.sort();
    Ok(files)
}

fn found(folder: &Path, within: &Path, files: &mut BTreeMap<PathBuf, String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found(&path, within, files)?;
        } else {
            files.insert(path.strip_prefix(within)?.to_owned(), fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

#[test]
fn the_chart_has_what_is_shipped_and_nothing_else() -> Result<()> {
    let folder = chart().join("files");
    let expected = expected()?;
    if std::env::var_os(UPDATE).is_some() {
        fs::remove_dir_all(&folder)?;
        for (path, text) in &expected {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap())?;
            fs::write(path, text)?;
        }
    }
    let mut there = BTreeMap::new();
    found(&folder, &folder, &mut there)?;
    let names = |files: &BTreeMap<PathBuf, String>| files.keys().cloned().collect::<Vec<_>>();
    let advice = format!("run {UPDATE}=1 cargo test --test packages");
    assert_eq!(names(&there), names(&expected), "{advice}");
    for (path, text) in &expected {
        assert!(there[path] == *text, "{} is not as it is shipped; {advice}", path.display());
    }
    Ok(())
}

#[test]
fn chart_and_kustomization_are_of_the_version_of_the_program() -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let text = fs::read_to_string(chart().join("Chart.yaml"))?;
    assert!(text.contains(&format!("\nversion: {version}\nappVersion: \"{version}\"\n")), "{text}");
    for file in ["base/operator.yaml", "overlays/two-namespaces/kustomization.yaml"] {
        let text = fs::read_to_string(root().join("deploy/kustomize").join(file))?;
        let tags: Vec<&str> = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("newTag: ").or(line.trim().strip_prefix("image: ")))
            .collect();
        assert!(!tags.is_empty() && tags.iter().all(|tag| tag.ends_with(version)), "{file}: {tags:?}");
    }
    Ok(())
}
