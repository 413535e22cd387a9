//! What must be installed on the machine.

use std::{env, process::Command};

use anyhow::{Result, bail};

use crate::cargo::cargo;

/// Prints what is there, and fails at once if something is missing that every run needs.
pub fn check() -> Result<()> {
    let mut missing = Vec::new();
    for (tool, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        match version(cargo([tool, "--version"])?) {
            Some(version) => anstream::println!("  {version}"),
            None => missing.push(component),
        }
    }
    if !missing.is_empty() {
        let missing = missing.join(" ");
        bail!("Rust lacks {missing}. Add it with `rustup component add {missing}`");
    }
    let go = version(go()).unwrap_or_else(|| format!("go: not found ({})", without_go()));
    anstream::println!("  {go}");
    let kubectl = version(kubectl())
        .and_then(|text| text.lines().next().map(|line| format!("kubectl {line}")))
        .unwrap_or_else(|| {
            "kubectl: not found (optional: for looking around in `cargo xtask demo --stay`)".to_owned()
        });
    anstream::println!("  {kubectl}");
    Ok(())
}

fn without_go() -> &'static str {
    match (is_set("KUBEBUILDER_ASSETS"), is_set("COUNTERSIGN_TOOLS")) {
        (true, true) => "not needed, if KUBEBUILDER_ASSETS and COUNTERSIGN_TOOLS have everything",
        (true, false) => {
            "the control plane is ready-made, but Helm, kubectl, promtool, kubeconform, glua and flux-health cannot be built; fine if \
             they are in the cache already, else install Go 1.26.7 or set COUNTERSIGN_TOOLS to a folder with them"
        }
        (false, _) => {
            "neither the control plane nor the tools for tests can be built; fine if they are in the cache already, else \
             install Go 1.26.7, or set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and \
             kube-controller-manager, and COUNTERSIGN_TOOLS to one with helm, kubectl, promtool, kubeconform, glua and flux-health"
        }
    }
}

fn is_set(variable: &str) -> bool {
    env::var_os(variable).is_some_and(|value| !value.is_empty())
}

fn go() -> Command {
    let mut command = Command::new("go");
    command.arg("version");
    command
}

fn kubectl() -> Command {
    let mut command = Command::new("kubectl");
    command.args(["version", "--client"]);
    command
}

fn version(mut command: Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
