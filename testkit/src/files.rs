//! Files of the repository.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The text of every YAML file directly in a folder of the repository, in the order of their names.
pub fn shipped(folder: &str) -> Result<Vec<String>> {
    let path = root().join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(&path)
        .with_context(|| format!("could not list {}", path.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    let object = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "yaml");
    files.retain(|file| object(file) && !file.ends_with("kustomization.yaml"));
    files.sort();
    ensure!(!files.is_empty(), "no YAML file in {}", path.display());
    files.iter().map(|file| Ok(fs::read_to_string(file)?)).collect()
}

/// The documents of one YAML file of the repository.
pub fn documents(file: &str) -> Result<Vec<Value>> {
    let text = fs::read_to_string(root().join(file)).with_context(|| format!("could not read {file}"))?;
    serde_saphyr::from_multiple(&text).with_context(|| format!("{file} is not valid YAML"))
}

/// The folder of the repository: of the package that cargo says is tested now, or was when the test was built, or above it.
pub fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let root = package.ancestors().find(|folder| folder.join("crds").is_dir());
    root.map_or_else(|| package.clone(), std::path::Path::to_owned)
}

/// The files beside and below the main file of a test binary, as `file!()` has it, that no `mod` reaches from it: Cargo does
/// not say that their tests never run.
pub fn forgotten(main: &str) -> BTreeSet<PathBuf> {
    let main = root().join(main);
    let mut all = BTreeSet::new();
    below(main.parent().unwrap(), &mut all);
    let mut reached = BTreeSet::from([main.clone()]);
    let mut left = vec![main];
    while let Some(file) = left.pop() {
        let folder = file.parent().unwrap();
        let folder = match file.file_stem().and_then(|stem| stem.to_str()).unwrap() {
            "main" | "mod" => folder.to_owned(),
            stem => folder.join(stem),
        };
        for line in fs::read_to_string(&file).unwrap().lines() {
            let Some(name) = line.strip_prefix("mod ").or_else(|| line.strip_prefix("pub mod ")) else {
                continue;
            };
            let name = name.trim_end_matches(';');
            let places = [folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs")];
            for place in places.into_iter().filter(|place| all.contains(place)) {
                if reached.insert(place.clone()) {
                    left.push(place);
                }
            }
        }
    }
    all.difference(&reached).cloned().collect()
}

fn below(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.insert(path);
        }
    }
}
