//! `--watch` stays until it is interrupted, and shows what changes.

use std::os::unix::process::ExitStatusExt;

use anyhow::{Context, Result};
use serde_json::json;
use testenv::until;
use testkit::PATIENCE;
use testkit::operator::running;
use testkit::people::jonas;
use testkit::stage::Stage;

use crate::user::User;

#[tokio::test]
async fn a_watch_shows_what_changes_and_ends_when_it_is_interrupted() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let user = User::of(&jonas(), &stage).await?;
    let prefixed = format!("cagr/{}", stage.agreement);
    let mut watches = Vec::new();
    for line in [
        vec!["status", &prefixed, "--watch"],
        vec!["status", "-w"],
        vec!["inbox", "-w"],
        vec!["wait", &prefixed],
    ] {
        let (out, err) = (tempfile::NamedTempFile::new()?, tempfile::NamedTempFile::new()?);
        let plugin = user.command(&line);
        // Whoever runs the tests in the background of a shell has SIGINT ignored, and children inherit that.
        let mut command = tokio::process::Command::new("env");
        command
            .arg("--default-signal=INT")
            .arg(plugin.as_std().get_program())
            .args(line)
            .args(["-n", &stage.namespace]);
        let environment = plugin.as_std().get_envs().filter_map(|(name, value)| Some((name, value?)));
        command.envs(environment).stdout(out.reopen()?).stderr(err.reopen()?).kill_on_drop(true);
        watches.push((command.spawn()?, out, err));
    }
    for words in ["AwaitingConfirmation", "Withdrawn"] {
        for (at, (_, out, _)) in watches.iter().enumerate() {
            // The inbox has nothing but what waits, and the last one says nothing before it is there.
            let words = if at >= 2 { "" } else { words };
            until(format_args!("{at} showed {words}"), PATIENCE, || async {
                Ok(std::fs::read_to_string(out.path())?.contains(words).then_some(()))
            })
            .await?;
        }
        if words == "AwaitingConfirmation" {
            stage.decide(&jonas(), json!({"action": "Withdraw", "reason": "a slip"})).await?;
        }
    }
    let (mut ended, _, why) = watches.pop().context("four")?;
    assert_eq!(ended.wait().await?.code(), Some(1), "{}", std::fs::read_to_string(why.path())?);
    for (child, out, err) in &mut watches {
        let id = child.id().context("it runs")?.to_string();
        assert!(tokio::process::Command::new("kill").args(["-INT", &id]).status().await?.success());
        let status = child.wait().await?;
        let shown = std::fs::read_to_string(out.path())? + &std::fs::read_to_string(err.path())?;
        assert_eq!((status.code(), status.signal()), (None, Some(2)), "{shown}");
        assert_eq!(std::fs::read_to_string(err.path())?, "");
    }
    Ok(())
}
