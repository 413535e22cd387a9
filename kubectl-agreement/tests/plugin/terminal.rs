//! On a terminal: it asks, takes no for an answer, and has colours where they are wanted.

use std::fs::File;
use std::io::Write;
use std::process::Stdio;

use anyhow::{Context, Result};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tempfile::NamedTempFile;
use testenv::until;
use testkit::PATIENCE;
use testkit::operator::running;
use testkit::people::{Person, eva};
use testkit::stage::{Stage, phase_of, status_of};
use tokio::process::Child;

use crate::decisions::decisions;
use crate::user::{Said, User};

/// A command that was typed on a terminal, and its keyboard.
pub struct Typed {
    child: Child,
    keyboard: File,
    out: NamedTempFile,
    err: NamedTempFile,
}

impl Typed {
    pub fn new(who: &User, line: &[&str], no_color: bool) -> Result<Self> {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&keyboard)?;
        unlockpt(&keyboard)?;
        let name = ptsname(&keyboard, Vec::new())?.into_string()?;
        let screen = File::options().read(true).write(true).open(&name)?;
        let mut command = who.command(line);
        if no_color {
            command.env("NO_COLOR", "1");
        }
        let (out, err) = (NamedTempFile::new()?, NamedTempFile::new()?);
        command.stdin(Stdio::from(screen)).stdout(out.reopen()?).stderr(err.reopen()?);
        Ok(Self { child: command.spawn()?, keyboard: File::from(keyboard), out, err })
    }

    /// Waits until it asks.
    pub async fn asks(&self) -> Result<()> {
        until("it asked", PATIENCE, || async {
            let asked = std::fs::read_to_string(self.err.path())?;
            Ok(asked.contains("Make this decision? [y/N] ").then_some(()))
        })
        .await
    }

    /// Answers, and waits for the end.
    pub async fn answer(mut self, answer: &str) -> Result<Said> {
        self.keyboard.write_all(answer.as_bytes())?;
        let code = self.child.wait().await?.code().context("it was killed")?;
        let read = |file: &NamedTempFile| std::fs::read_to_string(file.path());
        Ok(Said { code, out: read(&self.out)?, err: read(&self.err)? })
    }
}

#[tokio::test]
async fn a_person_is_asked_and_no_means_no() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    let who: Person = eva();
    stage.grant(&who, "countersign-reader").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let eva = User::of(&who, &stage).await?;
    let line = ["confirm", stage.agreement.as_str(), "-n", &stage.namespace];
    // The last one is the end of what is typed.
    for answer in ["n\n", "\n", "maybe\n", "\u{4}"] {
        let typed = Typed::new(&eva, &line, false)?;
        typed.asks().await?;
        let said = typed.answer(answer).await?.failed(5, "nothing was made");
        assert!(said.out.contains(&status_of(&stage.get().await?).terms.unwrap().digest), "{said:?}");
    }
    assert_eq!(decisions(&stage).await?, 0);
    let said = Typed::new(&eva, &line, true)?.answer("y\n").await?;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("It counts."), "{said:?}");
    assert_eq!((decisions(&stage).await?, phase_of(&stage.get().await?)), (1, "AwaitingSignOff"));
    Ok(())
}
