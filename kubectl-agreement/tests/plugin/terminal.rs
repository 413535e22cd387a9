//! On a terminal: it asks, takes no for an answer, and has colours where they are wanted.

use std::fs::File;
use std::io::Write;
use std::process::Stdio;

use anyhow::{Context, Result};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;

use crate::common::operator::running;
use crate::common::stage::{Stage, eva, phase_of, status_of};
use crate::common::{people::Person, raw};
use crate::hands::{Hands, Said};

/// Types a command on a terminal, and answers what it asks.
async fn on_terminal(who: &Hands, line: &[&str], answer: &str, no_color: bool) -> Result<Said> {
    let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&keyboard)?;
    unlockpt(&keyboard)?;
    let name = ptsname(&keyboard, Vec::new())?.into_string()?;
    let screen = || File::options().read(true).write(true).open(&name);
    let mut keyboard = File::from(keyboard);
    keyboard.write_all(answer.as_bytes())?;
    let mut command = who.command(line);
    if no_color {
        command.env("NO_COLOR", "1");
    }
    let (out, err) = (tempfile::NamedTempFile::new()?, tempfile::NamedTempFile::new()?);
    command.stdin(Stdio::from(screen()?)).stdout(out.reopen()?).stderr(err.reopen()?);
    let status = command.status().await?;
    let code = status.code().context("it was killed")?;
    Ok(Said { code, out: std::fs::read_to_string(out.path())?, err: std::fs::read_to_string(err.path())? })
}

async fn decisions(stage: &Stage<'_>) -> Result<usize> {
    let path = raw::path("agreementdecisions", &stage.namespace);
    let all = raw::ask(&stage.cluster.admin()?, "GET", &path, &Value::Null).await?;
    Ok(all["items"].as_array().map_or(0, Vec::len))
}

#[tokio::test]
async fn a_person_is_asked_and_no_means_no() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    let who: Person = eva();
    stage.grant(&who, "countersign-reader").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let eva = Hands::of(&who, &stage).await?;
    let line = ["confirm", stage.agreement.as_str(), "-n", &stage.namespace];
    for answer in ["n\n", "\n", "maybe\n"] {
        let said = on_terminal(&eva, &line, answer, false).await?.failed(5, "nothing was made");
        assert!(said.err.contains("Make this decision? [y/N]"), "{said:?}");
        assert!(said.out.contains(&status_of(&stage.get().await?).terms.unwrap().digest), "{said:?}");
    }
    assert_eq!(decisions(&stage).await?, 0);
    let said = on_terminal(&eva, &line, "y\n", true).await?;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("It counts."), "{said:?}");
    assert_eq!((decisions(&stage).await?, phase_of(&stage.get().await?)), (1, "AwaitingSignOff"));
    Ok(())
}
