//! Running Helm, kubectl and kubeconform, each with a home folder of its own.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use testenv::tools::Tool;
use testkit::root;

/// The chart as it is in the repository.
pub(crate) fn chart() -> PathBuf {
    root().join("deploy/chart")
}

/// Runs a tool in the folder of the repository. Its standard output, or else the error with all that it said.
pub(crate) fn run<S: AsRef<OsStr>>(tool: Tool, arguments: &[S]) -> Result<String> {
    let home = tempfile::tempdir()?;
    let mut command = tool.command(home.path())?;
    command.args(arguments).current_dir(root());
    output(command)
}

/// Standard output of a command that succeeded.
pub(crate) fn output(mut command: Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?} could not be started"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!("{command:?}: {}\n{said}{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(said)
}

/// A copy of the chart to change things in.
pub(crate) fn copied() -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    copy(&chart(), folder.path())?;
    Ok(folder)
}

/// A copy of the chart with alerts and a dashboard in it, whether or not there are some in the repository.
pub(crate) fn monitored() -> Result<TempDir> {
    let folder = copied()?;
    let monitoring = folder.path().join("files/monitoring");
    fs::create_dir_all(monitoring.join("dashboards"))?;
    let alerts = monitoring.join("alerts.yaml");
    if !alerts.exists() {
        fs::write(alerts, "groups:\n- name: countersign\n  rules:\n  - alert: Gone\n    expr: absent(up)\n")?;
    }
    fs::write(monitoring.join("dashboards/of-the-test.json"), "{\"title\": \"{{ not a template }}\"}\n")?;
    Ok(folder)
}

/// The next version of the chart, with another text in every policy, and so with other names.
pub(crate) fn next() -> Result<TempDir> {
    let folder = copied()?;
    let edit = |path: &Path, from: &str, to: &str| -> Result<()> {
        let text = fs::read_to_string(path)?;
        anyhow::ensure!(text.contains(from), "{} has no {from:?}", path.display());
        Ok(fs::write(path, text.replace(from, to))?)
    };
    edit(&folder.path().join("Chart.yaml"), "\nversion: 0.1.0\n", "\nversion: 0.2.0\n")?;
    for entry in fs::read_dir(folder.path().join("files/admission"))? {
        edit(&entry?.path(), "# ", "#  ")?;
    }
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let path = entry?.path();
        let target = to.join(path.file_name().context("a file without a name")?);
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}
