//! docs/tutorial.md: every block is run as it stands, by one shell, on a cluster such as `cargo xtask demo --stay` leaves.

use std::path::Path;

use anyhow::{Context, Result};
use testkit::operator::running;
use testkit::people::{eva, jonas};
use testkit::root;
use testkit::stage::Stage;
use tokio::process::Command;

/// The blocks marked `sh`, one after the other.
fn script(page: &str) -> String {
    let mut script = String::new();
    let mut inside = false;
    for line in page.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            line if inside => {
                script.push_str(line);
                script.push('\n');
            }
            _ => {}
        }
    }
    script
}

#[tokio::test]
async fn whoever_follows_the_tutorial_has_a_signed_agreement() -> Result<()> {
    let page = std::fs::read_to_string(root().join("docs/tutorial.md"))?;
    let script = script(&page);
    assert!(script.lines().count() > 15, "{script}");
    // The roles of the demo: its people, in a namespace with an agreement of its own.
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    stage.cluster.grant_everywhere("countersign-reader", &jonas()).await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let people = [jonas(), eva()];
    let groups: Vec<Vec<&str>> =
        people.iter().map(|person| person.groups.iter().map(String::as_str).collect()).collect();
    let contexts: Vec<(&str, &[&str])> = people
        .iter()
        .zip(&groups)
        .map(|(person, groups)| (person.name.as_str(), groups.as_slice()))
        .collect();
    let kubeconfig = stage.cluster.plane.kubeconfig_with_contexts(&contexts, &stage.namespace)?;
    let programs = Path::new(env!("CARGO_BIN_EXE_kubectl-agreement")).parent().context("a folder")?;
    assert!(programs.join("countersign").is_file(), "cargo build --workspace --bins comes first");
    let kubectl = testenv::tools::Tool::Kubectl.path()?;
    let path = std::env::join_paths(
        [programs, kubectl.parent().context("a folder")?]
            .map(Path::to_path_buf)
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    )?;
    let folder = tempfile::tempdir()?;
    std::os::unix::fs::symlink(root().join("examples"), folder.path().join("examples"))?;
    let ran = Command::new("bash")
        .args(["-ec", &script])
        .current_dir(folder.path())
        .env("KUBECONFIG", kubeconfig)
        .env("PATH", path)
        .env_remove("CLICOLOR_FORCE")
        .output()
        .await?;
    let shown = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{shown}");
    for words in ["No approval is needed", "my-first is Agreed", "made:", "my-first-o1"] {
        assert!(shown.contains(words), "{words:?} in {shown}");
    }
    Ok(())
}
