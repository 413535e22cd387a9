//! Files of the repository.

use std::{fs, path::PathBuf};

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
