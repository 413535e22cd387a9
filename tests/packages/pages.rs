//! The commands of `docs/install.md` and `docs/upgrade.md`, run as they stand there.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use testenv::ControlPlane;
use testenv::tools::Tool;

use crate::tools::output;
use testkit::root;

/// Where the charts are published, as the pages write it.
const PUBLISHED: &str = "oci://ghcr.io/countersign-dev/charts/countersign --version ";

/// The commands in blocks marked `sh` below a heading, up to the next heading.
pub(crate) fn commands(page: &str, heading: &str) -> Result<String> {
    let text = fs::read_to_string(root().join(page))?;
    let mut commands = String::new();
    let (mut here, mut block) = (false, None);
    for line in text.lines() {
        match (block, line.strip_prefix("```")) {
            (None, Some(language)) => block = Some(language == "sh"),
            (Some(_), Some(_)) => block = None,
            (Some(true), None) if here => commands.push_str(&format!("{line}\n")),
            (None, None) if line.starts_with('#') => here = line.trim_start_matches('#').trim() == heading,
            _ => {}
        }
    }
    ensure!(!commands.is_empty(), "{page} has no commands below {heading:?}");
    Ok(commands)
}

/// Somebody at a terminal, with what the pages take for granted in the `PATH`.
pub(crate) struct Terminal {
    home: tempfile::TempDir,
    kubeconfig: PathBuf,
    path: OsString,
}

impl Terminal {
    pub(crate) fn of_an_admin(plane: &ControlPlane) -> Result<Self> {
        let tools = [Tool::Helm, Tool::Kubectl].map(Tool::path);
        let tools = tools.into_iter().collect::<Result<Vec<_>>>()?;
        let program = Path::new(env!("CARGO_BIN_EXE_countersign"));
        let folders = tools.iter().map(PathBuf::as_path).chain([program]).filter_map(Path::parent);
        let path = std::env::join_paths(folders.chain([Path::new("/usr/bin"), Path::new("/bin")]))?;
        let home = tempfile::tempdir()?;
        // The examples, and what the pages export, lie where the commands are given.
        for folder in ["examples", "deploy", "crds"] {
            std::os::unix::fs::symlink(root().join(folder), home.path().join(folder))?;
        }
        Ok(Self { home, kubeconfig: plane.admin_kubeconfig(), path })
    }

    /// Gives these commands, with a chart on disk in the place of the published one of that version.
    pub(crate) fn give(&self, commands: &str, charts: &[(&str, &Path)]) -> Result<String> {
        let mut text = commands.to_owned();
        for (version, chart) in charts {
            let published = format!("{PUBLISHED}{version}");
            ensure!(text.contains(&published), "no {published:?} in: {text}");
            text = text.replace(&published, chart.to_str().context("a path that is not text")?);
        }
        ensure!(!text.contains(PUBLISHED), "a chart that is not on disk: {text}");
        let mut shell = Command::new("/bin/sh");
        shell.args(["-euc", &text]).current_dir(self.home.path());
        shell.env_clear().env("HOME", self.home.path()).env("PATH", &self.path);
        shell.env("KUBECONFIG", &self.kubeconfig);
        output(shell)
    }

    /// The commands below a heading of a page.
    pub(crate) fn follow(&self, page: &str, heading: &str, charts: &[(&str, &Path)]) -> Result<String> {
        self.give(&commands(page, heading)?, charts).with_context(|| format!("{page}: {heading}"))
    }
}
