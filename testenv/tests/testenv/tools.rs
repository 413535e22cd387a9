//! Finding and building tools, with a `go` that is a script, and what the real ones say of themselves.

use std::{fs, path::Path};

use anyhow::Result;
use testenv::tools::{Tool, Toolbox};

use super::support::fake_go;

fn toolbox(place: &Path, version: &str) -> Result<Toolbox> {
    Ok(Toolbox { ready_made: None, cache: place.join("cache"), go: fake_go(place, version)?.into() })
}

#[test]
fn each_tool_is_built_once_and_on_its_own() -> Result<()> {
    let place = tempfile::tempdir()?;
    let toolbox = toolbox(place.path(), "go1.99.0")?;
    for tool in Tool::ALL {
        let built = toolbox.find(tool)?;
        assert_eq!(fs::read_to_string(&built)?, "built\n");
        assert_eq!(toolbox.find(tool)?, built);
    }
    let calls = fs::read_to_string(place.path().join("calls"))?;
    let packages: Vec<_> = calls.lines().filter_map(|line| line.split(' ').next_back()).collect();
    let once = [
        "k8s.io/kubernetes/cmd/kubectl",
        "helm.sh/helm/v4/cmd/helm",
        "github.com/prometheus/prometheus/cmd/promtool",
        "github.com/yannh/kubeconform/cmd/kubeconform",
        "github.com/yuin/gopher-lua/cmd/glua",
        "countersign.dev/tools/flux-health",
    ];
    assert_eq!(packages, once);
    Ok(())
}

#[test]
fn ready_made_tools_are_taken_and_only_the_others_are_built() -> Result<()> {
    let place = tempfile::tempdir()?;
    let ready_made = place.path().join("ready");
    fs::create_dir(&ready_made)?;
    fs::write(ready_made.join("helm"), "")?;
    let toolbox = Toolbox { ready_made: Some(ready_made.clone()), ..toolbox(place.path(), "go1.99.0")? };
    assert_eq!(toolbox.find(Tool::Helm)?, ready_made.join("helm"));
    assert!(toolbox.find(Tool::Lua)?.starts_with(place.path().join("cache/tools")));
    Ok(())
}

#[test]
fn a_go_that_is_too_old_for_one_tool_is_refused_for_that_one_alone() -> Result<()> {
    let place = tempfile::tempdir()?;
    let toolbox = toolbox(place.path(), "go1.26.2")?;
    toolbox.find(Tool::Helm)?;
    let error = format!("{:#}", toolbox.find(Tool::Promtool).unwrap_err());
    for part in ["Go 1.26.7 or newer is needed", "go1.26.2", "Install Go 1.26.7", "COUNTERSIGN_TOOLS"] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
    Ok(())
}

#[test]
fn the_real_ones_run_and_are_of_the_pinned_versions() -> Result<()> {
    let home = tempfile::tempdir()?;
    for (tool, arguments, says) in [
        (Tool::Kubectl, &["version", "--client"][..], "Client Version: v1.37."),
        (Tool::Helm, &["version", "--short"], "v4."),
        (Tool::Promtool, &["--version"], "promtool, version"),
        (Tool::Kubeconform, &["-h"], "-schema-location"),
        (Tool::Lua, &["-e", "print(21 * 2)"], "42"),
        (Tool::FluxHealth, &[], "usage: flux-health FILE"),
    ] {
        let output = tool.command(home.path())?.args(arguments).output()?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains(says), "{tool:?} said: {said}");
    }
    Ok(())
}
