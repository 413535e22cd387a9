//! Building with Go.

use std::{
    collections::VecDeque,
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use super::{
    progress::{Progress, announce},
    recipe::{Module, Recipe, Target},
};

/// Builds everything into `out`, which is created.
pub(super) fn all(go: &OsStr, recipe: &Recipe, out: &Path) -> Result<()> {
    check_go(go, recipe.oldest_go())?;
    let source = tempfile::Builder::new().prefix("countersign-build-").tempdir()?;
    fs::create_dir_all(out).with_context(|| format!("could not create {}", out.display()))?;
    announce(&format!(
        "Building {} with Go, once, into {}. {}",
        recipe.what,
        out.parent().unwrap_or(out).display(),
        recipe.takes
    ));
    let count = recipe.targets.len();
    for (index, target) in recipe.targets.iter().enumerate() {
        let folder = lay_out(source.path(), target.module)?;
        let what = format!("{} ({} of {count})", target.binary, index + 1);
        one(go, target, &folder, out, Progress::start(what, target.expected))?;
    }
    Ok(())
}

fn check_go(go: &OsStr, oldest: [u32; 3]) -> Result<()> {
    let output = command(go)
        .args(["env", "GOVERSION"])
        .output()
        .with_context(|| format!("could not run `{}`: is Go installed?", go.display()))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match parse_version(&version) {
        Some(found) if found >= oldest => Ok(()),
        Some(_) => bail!("Go {} or newer is needed, and `{}` is {version}", shown(oldest), go.display()),
        None => bail!(
            "`{} env GOVERSION` did not name a version: {version} {}",
            go.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        ),
    }
}

/// As people write it: `1.26`, `1.26.7`.
pub(super) fn shown([major, minor, patch]: [u32; 3]) -> String {
    match patch {
        0 => format!("{major}.{minor}"),
        _ => format!("{major}.{minor}.{patch}"),
    }
}

/// `go1.26.8`, `go1.27rc1` and `devel go1.27-abc` are all in use.
fn parse_version(text: &str) -> Option<[u32; 3]> {
    let (_, numbers) = text.split_once("go")?;
    let mut numbers = numbers.splitn(3, '.');
    let major = numbers.next()?.parse().ok()?;
    let minor = leading_number(numbers.next()?)?;
    Some([major, minor, numbers.next().and_then(leading_number).unwrap_or_default()])
}

fn leading_number(text: &str) -> Option<u32> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..digits)?.parse().ok()
}

fn lay_out(source: &Path, module: Module) -> Result<std::path::PathBuf> {
    let folder = source.join(module.name);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("go.mod"), module.go_mod)?;
    fs::write(folder.join("go.sum"), module.go_sum)?;
    if let Some(source) = module.main_go {
        fs::write(folder.join("main.go"), source)?;
    }
    Ok(folder)
}

/// Go without the settings that would change the result. Settings for where modules come from
/// stay, because they are the user's choice.
fn command(go: &OsStr) -> Command {
    let mut command = Command::new(go);
    command
        .env("CGO_ENABLED", "0")
        .env("GO111MODULE", "on")
        .env("GOTOOLCHAIN", "local")
        .env("GOWORK", "off")
        // Set, not removed: Go would look up an absent one in the user's own settings.
        .env("GOFLAGS", "-mod=readonly")
        .env_remove("GOOS")
        .env_remove("GOARCH")
        .env_remove("GOEXPERIMENT")
        .stdin(Stdio::null());
    command
}

fn one(go: &OsStr, target: &Target, folder: &Path, out: &Path, mut progress: Progress) -> Result<()> {
    const TAIL: usize = 20;
    let mut child = command(go)
        .current_dir(folder)
        .args([
            "build",
            "-v",
            "-mod=readonly",
            "-trimpath",
            "-buildvcs=false",
            "-tags",
            target.tags,
            "-ldflags",
            &target.ldflags,
            "-o",
        ])
        .arg(out.join(target.binary))
        .arg(target.package)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("could not start Go")?;
    let stderr = child.stderr.take().context("no standard error")?;
    let (sender, lines) = mpsc::channel();
    let reader = thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    let mut tail = VecDeque::with_capacity(TAIL);
    loop {
        match lines.recv_timeout(Duration::from_secs(1)) {
            Ok(line) => {
                progress.line(&line);
                tail.truncate(TAIL - 1);
                tail.push_front(line);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        progress.tick();
    }
    let _ended_with_the_pipe = reader.join();
    let status = child.wait()?;
    if !status.success() {
        let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n  ");
        bail!("building {} failed ({status}). The last lines of Go's output:\n  {tail}", target.binary);
    }
    progress.done();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn all_spellings_of_a_version_are_understood() {
        assert_eq!(parse_version("go1.26.8"), Some([1, 26, 8]));
        assert_eq!(parse_version("go1.27rc1"), Some([1, 27, 0]));
        assert_eq!(parse_version("devel go1.28-abcdef"), Some([1, 28, 0]));
        assert_eq!(parse_version("gnu"), None);
    }
}
