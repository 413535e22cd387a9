//! What the tests here share.

use std::path::Path;

use anyhow::Result;
use testenv::{PATIENCE, until};

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
