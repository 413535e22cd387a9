//! Somebody who uses kubectl: a person with a kubeconfig of their own, who types commands.

use std::io::{Seek, Write};
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result};
use serde_json::Value;
use testkit::Cluster;
use testkit::people::Person;
use testkit::stage::Stage;
use tokio::process::Command;

/// A person who uses kubectl, with a kubeconfig of their own.
pub struct User {
    kubeconfig: PathBuf,
    namespace: String,
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl User {
    /// Of somebody in the namespace of a stage.
    pub async fn of(who: &Person, stage: &Stage<'_>) -> Result<Self> {
        Self::at(who, stage.cluster, &stage.namespace).await
    }

    pub async fn at(who: &Person, cluster: &Cluster, namespace: &str) -> Result<Self> {
        let kubeconfig = match who.service_account() {
            Some((home, name)) => cluster.plane.service_account_kubeconfig(home, name).await?,
            None => {
                let groups: Vec<&str> = who.groups.iter().map(String::as_str).collect();
                cluster.plane.user_kubeconfig(&who.name, &groups)?
            }
        };
        Ok(Self::with(kubeconfig, namespace))
    }

    /// Of whoever has this kubeconfig.
    pub fn with(kubeconfig: PathBuf, namespace: &str) -> Self {
        Self { kubeconfig, namespace: namespace.to_owned() }
    }

    /// The kubeconfig.
    pub fn kubeconfig(&self) -> Result<Value> {
        Ok(serde_json::from_slice(&std::fs::read(&self.kubeconfig)?)?)
    }

    /// The process, which is not started yet.
    pub fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-agreement"));
        command.args(line).env("KUBECONFIG", &self.kubeconfig).env("TERM", "xterm-256color");
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").kill_on_drop(true);
        command
    }

    /// Types a command; `-n` is the namespace of the stage.
    pub async fn types(&self, line: &[&str]) -> Result<Said> {
        self.types_with(line, "").await
    }

    /// The same, with something on standard input.
    pub async fn types_with(&self, line: &[&str], input: &str) -> Result<Said> {
        let mut stdin = tempfile::tempfile()?;
        stdin.write_all(input.as_bytes())?;
        stdin.rewind()?;
        let output =
            self.command(line).args(["-n", &self.namespace]).stdin(Stdio::from(stdin)).output().await?;
        Ok(Said {
            code: output.status.code().context("it was killed")?,
            out: String::from_utf8(output.stdout)?,
            err: String::from_utf8(output.stderr)?,
        })
    }
}

impl Said {
    /// It was done, and nobody was warned.
    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{self:?}");
        self.out
    }

    /// It ended with this exit status, and said these words.
    #[track_caller]
    pub fn failed(self, code: i32, words: &str) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.err.contains(words), "{self:?}");
        self
    }

    /// As JSON.
    #[track_caller]
    pub fn json(self) -> Value {
        serde_json::from_str(&self.done()).unwrap()
    }
}
