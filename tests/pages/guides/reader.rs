//! Somebody at a terminal who does what a guide says.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use testenv::ControlPlane;
use testenv::tools::Tool;
use testkit::people::Somebody;

/// A folder with what guides take for granted, and a kubeconfig for each person.
pub struct Reader {
    home: tempfile::TempDir,
    kubeconfig: Value,
    path: OsString,
}

impl Reader {
    /// With everybody's commands going to this namespace unless they name another.
    pub fn new(plane: &ControlPlane, people: &[Somebody], namespace: &str) -> Result<Self> {
        let kubectl = Tool::Kubectl.path()?;
        let folders = [kubectl.as_path(), Path::new(env!("CARGO_BIN_EXE_countersign"))].map(Path::parent);
        let folders = folders.into_iter().flatten().chain([Path::new("/usr/bin"), Path::new("/bin")]);
        let home = tempfile::tempdir()?;
        for folder in ["examples", "deploy"] {
            std::os::unix::fs::symlink(super::root().join(folder), home.path().join(folder))?;
        }
        let people: Vec<_> = people.iter().map(|own| (own.0, own.1)).collect();
        let kubeconfig = fs::read_to_string(plane.kubeconfig_with_contexts(&people, namespace)?)?;
        let kubeconfig = serde_json::from_str(&kubeconfig)?;
        Ok(Self { path: std::env::join_paths(folders)?, home, kubeconfig })
    }

    /// Saves a file.
    pub fn save(&self, name: &str, text: &str) -> Result<()> {
        Ok(fs::write(self.home.path().join(name), text)?)
    }

    /// Runs commands as somebody. Whether they went well, and everything that they showed.
    pub fn run(&self, commands: &str, by: Option<&str>) -> Result<(bool, String)> {
        let output = self.home.path().join(".output");
        let file = fs::File::create(&output)?;
        let ended = Command::new("/bin/sh")
            .args(["-ec", commands])
            .current_dir(self.home.path())
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", &self.path)
            .env("LC_ALL", "C.UTF-8")
            .env("KUBECONFIG", self.identity(by.unwrap_or("admin"))?)
            .stdout(file.try_clone()?)
            .stderr(file)
            .status()?;
        Ok((ended.success(), fs::read_to_string(&output)?))
    }

    fn identity(&self, name: &str) -> Result<PathBuf> {
        let contexts = self.kubeconfig["contexts"].as_array().context("contexts")?;
        ensure!(contexts.iter().any(|context| context["name"] == name), "nobody is called {name}");
        let mut own = self.kubeconfig.clone();
        own["current-context"] = json!(name);
        let path = self.home.path().join(format!(".{name}.kubeconfig"));
        fs::write(&path, own.to_string())?;
        Ok(path)
    }
}
