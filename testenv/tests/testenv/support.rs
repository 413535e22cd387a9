//! What the tests here share.

use std::path::{Path, PathBuf};

use anyhow::Result;
use testenv::{PATIENCE, until, write_executable};

/// Waits until none of the processes lives and the folder is gone.
pub async fn gone(pids: &[u32], dir: &Path) -> Result<()> {
    until(format_args!("{pids:?} and {} were gone", dir.display()), PATIENCE, || async {
        let living = pids.iter().any(|pid| alive(*pid));
        Ok((!living && !dir.exists()).then_some(()))
    })
    .await
}

/// Whether the process runs. One that ended counts as gone even if nobody collects it, as in a container
/// whose first process is no init.
pub fn alive(pid: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    if state.contains(") Z ") {
        return false;
    }
    let output = std::process::Command::new("/bin/sh").args(["-c", &format!("kill -0 {pid}")]).output();
    output.is_ok_and(|output| output.status.success())
}

/// Behaves like Go as far as it is asked: names a version, and writes what `-o` says.
pub fn fake_go(folder: &Path, version: &str) -> Result<PathBuf> {
    let script = folder.join("go");
    let log = folder.join("calls");
    let text = format!(
        "#!/bin/sh\n\
         if [ \"$1\" = env ]; then echo {version}; exit; fi\n\
         echo \"$CGO_ENABLED $GOFLAGS\" \"$@\" >>'{log}'\n\
         test -s go.mod && test -s go.sum || exit 1\n\
         while [ \"$1\" != -o ]; do shift; done\n\
         sleep 0.2\n\
         echo built >\"$2\"\n",
        log = log.display()
    );
    write_executable(&script, &text)?;
    Ok(script)
}
