//! Scripts that a test writes and then runs.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

/// Writes an executable script.
///
/// Another process writes it. If this one did, a program that another thread starts at the same moment could inherit the open
/// file, and for as long as it holds it the script cannot be run: "Text file busy".
///
/// # Errors
/// If the file cannot be written.
pub fn write_executable(path: &Path, script: &str) -> Result<()> {
    let about = || format!("could not write {}", path.display());
    let mut writer = Command::new("/bin/sh")
        .args(["-c", r#"cat >"$0" && chmod 755 "$0""#])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .with_context(about)?;
    writer.stdin.take().with_context(about)?.write_all(script.as_bytes()).with_context(about)?;
    let status = writer.wait().with_context(about)?;
    if !status.success() {
        bail!("{} ({status})", about());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{process::Command, thread};

    #[test]
    fn a_script_runs_while_other_threads_start_programs() {
        let folder = tempfile::tempdir().unwrap();
        let running = std::sync::atomic::AtomicBool::new(true);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while running.load(std::sync::atomic::Ordering::Relaxed) {
                        Command::new("/bin/true").status().unwrap();
                    }
                });
            }
            for number in 0..100 {
                let script = folder.path().join(format!("{number}"));
                super::write_executable(&script, &format!("#!/bin/sh\nexit {}\n", number % 7)).unwrap();
                let status = Command::new(&script).status().unwrap();
                assert_eq!(status.code(), Some(number % 7));
            }
            running.store(false, std::sync::atomic::Ordering::Relaxed);
        });
    }
}
