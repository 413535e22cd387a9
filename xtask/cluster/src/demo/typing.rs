//! People at their keyboards: every command is a process of its own, with the person's own credentials.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result, bail};
use testenv::ControlPlane;
use tokio::process::Command;

use super::{cast::Person, story};

/// As people type it.
const TYPED: &str = "kubectl agreement";

/// Where the output of a command goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shown<'a> {
    /// To the screen, starting with the line that begins so.
    From(&'a str),
    /// To a file.
    Into(&'a str),
}

/// Types a command.
pub(super) async fn types(
    plane: &ControlPlane,
    who: &Person,
    namespace: &str,
    line: &[&str],
    shown: Shown<'_>,
) -> Result<()> {
    let executable =
        env::current_exe()?.with_file_name(format!("kubectl-agreement{}", env::consts::EXE_SUFFIX));
    let folder = folder(plane)?;
    let into = if let Shown::Into(file) = shown { format!(" > {file}") } else { String::new() };
    let typed =
        format!("{TYPED} {}{into}", line.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "));
    story::types(&typed);
    let answer = Command::new(&executable)
        .args(line)
        .args(["-n", namespace])
        .current_dir(&folder)
        .env("KUBECONFIG", plane.user_kubeconfig(who.username, who.groups)?)
        .stdin(Stdio::null())
        .output()
        .await
        .with_context(|| format!("could not start {}", executable.display()))?;
    let (out, err) = (String::from_utf8(answer.stdout)?, String::from_utf8(answer.stderr)?);
    if !answer.status.success() {
        bail!("`{typed}` by {} ended with {}:\n{out}{err}", who.username, answer.status);
    }
    match shown {
        Shown::From(start) => {
            let lines: Vec<&str> = out.lines().skip_while(|line| !line.starts_with(start)).collect();
            story::verbatim(&lines.join("\n"));
        }
        Shown::Into(file) => {
            fs::write(folder.join(file), out).with_context(|| format!("could not write {file}"))?;
        }
    }
    Ok(())
}

/// What people send each other.
fn folder(plane: &ControlPlane) -> Result<PathBuf> {
    let folder: &Path = plane.dir();
    let folder = folder.join("mail");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    if word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=:".contains(c)) {
        word.to_owned()
    } else {
        format!("'{word}'")
    }
}
