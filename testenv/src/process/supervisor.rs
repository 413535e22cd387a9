//! The one child process that this crate starts itself.
//!
//! The components are children of a small shell script that reads commands from a pipe. We hold the
//! other end. However our process ends, the kernel closes the pipe, and the script kills
//! the components and removes the folder. No signal handler and no exit hook is involved.

use std::{
    fs,
    io::Write,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::Mutex,
};

use anyhow::{Context, Result, anyhow, bail};

use crate::{
    Binaries, Component,
    process::Ports,
    wait::{PATIENCE, until, until_blocking},
};

const SCRIPT: &str = include_str!("supervisor.sh");

#[derive(Debug)]
pub(crate) struct Supervisor {
    dir: PathBuf,
    child: Child,
    commands: Mutex<Option<ChildStdin>>,
}

impl Supervisor {
    /// Creates the folder and starts the script that will remove it.
    pub(crate) fn start() -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("countersign-").tempdir().context("no temporary folder")?;
        let mut child = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "countersign-testenv"])
            .arg(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            // Ctrl-C in a terminal goes to the whole process group. The script must outlive us.
            .process_group(0)
            .spawn()
            .context("could not start /bin/sh")?;
        let commands = Mutex::new(child.stdin.take());
        // From here on the folder belongs to the script.
        Ok(Self { dir: dir.keep(), child, commands })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes the command line of each component.
    pub(crate) fn write_scripts(&self, binaries: &Binaries, ports: Ports) -> Result<()> {
        for component in Component::ALL {
            let mut line = format!("exec {}", quoted(&binaries.path(component).display().to_string()));
            for argument in component.arguments(&self.dir, ports) {
                line.push_str(" \\\n  ");
                line.push_str(&quoted(&argument));
            }
            let path = self.file(component, "sh");
            fs::write(&path, line + "\n").with_context(|| format!("could not write {}", path.display()))?;
        }
        Ok(())
    }

    pub(crate) async fn start_component(&self, component: Component) -> Result<()> {
        // A leftover of an earlier run would look like the end of this one.
        let _absent = fs::remove_file(self.file(component, "exit"));
        self.send("start", component)?;
        until(format_args!("{component} was started"), PATIENCE, || async {
            Ok((self.running(component)?.is_some() || self.file(component, "exit").exists()).then_some(()))
        })
        .await
    }

    pub(crate) async fn kill_component(&self, component: Component) -> Result<()> {
        self.send("kill", component)?;
        until(format_args!("{component} was gone"), PATIENCE, || async {
            Ok(self.running(component)?.is_none().then_some(()))
        })
        .await
    }

    /// Its process id, if it runs.
    pub(crate) fn running(&self, component: Component) -> Result<Option<u32>> {
        match fs::read_to_string(self.file(component, "pid")) {
            Ok(text) => Ok(Some(text.trim().parse().context("not a process id")?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// An error that shows the end of its log, if the component has ended by itself.
    pub(crate) fn death(&self, component: Component) -> Option<anyhow::Error> {
        let code = fs::read_to_string(self.file(component, "exit")).ok()?;
        Some(anyhow!("{component} ended with exit code {}.\n{}", code.trim(), self.log_tail(component)))
    }

    pub(crate) fn log(&self, component: Component) -> String {
        let bytes = fs::read(self.file(component, "log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub(crate) fn log_tail(&self, component: Component) -> String {
        const LINES: usize = 15;
        let text = self.log(component);
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default();
        if tail.is_empty() {
            return format!("The log of {component} is empty.");
        }
        format!("The last lines of the log of {component}:\n  {}", tail.join("\n  "))
    }

    fn send(&self, command: &str, component: Component) -> Result<()> {
        let mut commands =
            self.commands.lock().map_err(|_| anyhow!("a thread panicked while it sent a command"))?;
        let Some(pipe) = commands.as_mut() else { bail!("the control plane has been stopped") };
        writeln!(pipe, "{command} {component}").context("the supervisor of the control plane is gone")
    }

    fn file(&self, component: Component, extension: &str) -> PathBuf {
        self.dir.join(format!("{component}.{extension}"))
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        if let Ok(mut commands) = self.commands.lock() {
            commands.take();
        }
        let ended = until_blocking(PATIENCE, || matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)));
        if !ended {
            let _best_effort = writeln!(
                std::io::stderr(),
                "testenv: process {} did not end; {} may be left over",
                self.child.id(),
                self.dir.display()
            );
        }
    }
}

fn quoted(argument: &str) -> String {
    format!("'{}'", argument.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        let odd = "it's a \"$HOME\" \\ `path`";
        let output =
            Command::new("/bin/sh").args(["-c", &format!("printf %s {}", quoted(odd))]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), odd);
    }
}
