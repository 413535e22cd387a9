//! The operator, as a process with the identity that it has in a cluster.

use std::{
    env,
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
};

use anyhow::{Context, Result, anyhow};
use testenv::ControlPlane;

/// Its user for the API server.
pub(super) const USERNAME: &str = "system:serviceaccount:countersign-system:countersign";
const NAMESPACE: &str = "countersign-system";
const NAME: &str = "countersign";

/// Runs its arguments until standard input ends, which happens when the process at the other end of the pipe
/// has gone, however it ended. The second shell waits for that, up to a limit.
const KEEPER: &str = r#"
exec 3<&0
"$@" </dev/null 3<&- &
operator=$!
(
    read -r _ <&3
    kill -TERM "$operator"
    n=0
    while kill -0 "$operator" && [ $n -lt 300 ]; do sleep 0.1; n=$((n + 1)); done
    kill -KILL "$operator"
) 2>/dev/null &
keeper=$!
wait "$operator"
code=$?
kill "$keeper" 2>/dev/null
exit $code
"#;

/// A running operator. Dropping this stops it and waits for its end.
#[derive(Debug)]
pub(super) struct Operator {
    child: Mutex<Child>,
    log: PathBuf,
}

impl Operator {
    /// Starts the executable beside this one.
    pub(super) async fn start(plane: &ControlPlane) -> Result<Self> {
        let executable =
            env::current_exe()?.with_file_name(format!("countersign{}", env::consts::EXE_SUFFIX));
        let kubeconfig = plane.service_account_kubeconfig(NAMESPACE, NAME).await?;
        let log = plane.dir().join("operator.log");
        let file = File::create(&log).with_context(|| format!("could not create {}", log.display()))?;
        let child = Command::new("/bin/sh")
            .args(["-c", KEEPER, "operator"])
            .arg(&executable)
            .args(["run", "--kubeconfig"])
            .arg(&kubeconfig)
            .env("COUNTERSIGN_LISTEN", "127.0.0.1:0")
            .env("COUNTERSIGN_LOG_FORMAT", "text")
            .env_remove("COUNTERSIGN_NAMESPACES")
            .stdin(Stdio::piped())
            .stdout(file.try_clone()?)
            .stderr(file)
            // Ctrl-C goes to us alone: we stop it.
            .process_group(0)
            .spawn()
            .context("could not start the operator")?;
        Ok(Self { child: Mutex::new(child), log })
    }

    /// Where it logs.
    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// An error that shows the end of its log, if it has ended too early.
    pub(super) fn death(&self) -> Option<anyhow::Error> {
        let status = self.child.lock().ok()?.try_wait().ok()??;
        Some(anyhow!("the operator ended ({status}). The last lines of its log:\n{}", self.log_tail()))
    }

    /// The last lines of its log.
    pub(super) fn log_tail(&self) -> String {
        const LINES: usize = 12;
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default();
        tail.iter().map(|line| format!("  {line}\n")).collect()
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        if let Ok(mut child) = self.child.lock() {
            drop(child.stdin.take());
            // It ends in time: the second shell ensures that.
            let _status = child.wait();
        }
    }
}
