//! `cargo xtask flaky`: whether a test fails by chance.
//!
//! A test that starts a process, writes an executable or waits can fail when the machine is busy. All tests of the crates that
//! can do so are run many times while every core is kept busy. Each run of a test binary is recorded when it ends, by commit,
//! so that the command goes on where it was stopped.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{
    cargo::{built, cargo, run},
    outcome::Outcome,
};

/// Crates that compute and do nothing else, so that their tests say the same on every machine. A test over the dependencies of
/// the first two holds them to it.
const PURE: [&str; 4] = ["countersign-api", "countersign-core", "testkit", "xtask"];

/// A test binary: its name, where it is, and where Cargo would start it.
#[derive(Debug)]
struct Binary {
    name: String,
    executable: PathBuf,
    folder: PathBuf,
}

/// What became of one run of one binary.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    binary: String,
    round: u32,
    outcome: Outcome,
    failures: Vec<String>,
}

/// Runs the tests `rounds` times with every core kept busy, then everything `whole` times, and prints a table.
///
/// # Errors
/// If a test failed, or nothing could be run.
pub fn flaky(rounds: u32, whole: u32, only: &[String]) -> Result<()> {
    let commit = commit()?;
    let folder = cache()?.join("flaky").join(&commit);
    fs::create_dir_all(&folder).with_context(|| format!("could not create {}", folder.display()))?;
    let record = folder.join("runs.tsv");
    let mut binaries = build()?;
    binaries.retain(|binary| only.is_empty() || only.iter().any(|part| binary.name.contains(part.as_str())));
    if binaries.is_empty() {
        bail!("no test binary has {} in its name", only.join(" or "));
    }
    run(built("xtask-cluster")?.arg("control-plane"))?;
    run(built("xtask-cluster")?.arg("tools"))?;
    anstream::println!("Results are kept in {}", record.display());

    let mut runs = read(&record)?;
    {
        let _load = Load::on_every_core();
        for round in 1..=rounds {
            for binary in &binaries {
                if runs.iter().any(|run| run.binary == binary.name && run.round == round) {
                    continue;
                }
                anstream::println!("round {round} of {rounds}: {}", binary.name);
                let run = once(binary, round, &folder)?;
                append(&record, &run)?;
                runs.push(run);
            }
        }
    }
    for round in 1..=whole {
        if runs.iter().any(|run| run.binary == WHOLE && run.round == round) {
            continue;
        }
        anstream::println!("everything, {round} of {whole}");
        let run = everything(round, &folder)?;
        append(&record, &run)?;
        runs.push(run);
    }
    anstream::println!("\n{}", table(&runs));
    let failed: u64 = runs.iter().map(|run| run.outcome.failed).sum();
    if failed > 0 {
        bail!("{failed} failures; what the tests printed is in {}", folder.display());
    }
    Ok(())
}

/// The name under which runs of the whole suite are recorded.
const WHOLE: &str = "whole suite";

/// Threads that use up every core until this is dropped.
struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Load {
    fn on_every_core() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let spin = |stop: Arc<AtomicBool>| {
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        };
        Self { threads: (0..cores).map(|_| spin(stop.clone())).collect(), stop }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// The commit that is tried: results of another are not ours.
fn commit() -> Result<String> {
    let git = |arguments: &[&str]| -> Result<String> {
        let output = Command::new("git").args(arguments).output().context("could not start git")?;
        if !output.status.success() {
            bail!("`git {}` failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    if !git(&["status", "--porcelain"])?.is_empty() {
        bail!("commit your changes first: results are kept by commit");
    }
    git(&["rev-parse", "--short=12", "HEAD"])
}

fn cache() -> Result<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("COUNTERSIGN_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|folder| folder.join("countersign")))
        .or_else(|| set("HOME").map(|folder| folder.join(".cache/countersign")))
        .context("set COUNTERSIGN_CACHE to a folder in which results can be kept")
}

/// Builds everything, and finds the test binaries of the crates that are not pure.
fn build() -> Result<Vec<Binary>> {
    run(&mut cargo(["build", "--workspace", "--bins", "--tests", "--examples", "--locked"])?)?;
    let mut command = cargo(["test", "--workspace", "--locked", "--no-run", "--message-format=json"])?;
    for package in PURE {
        command.args(["--exclude", package]);
    }
    let output = command.stderr(Stdio::inherit()).output().context("could not start Cargo")?;
    crate::cargo::check(&command, output.status)?;
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut binaries: Vec<Binary> = messages.lines().filter_map(binary).collect();
    binaries.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(binaries)
}

/// The test binary that a message of Cargo speaks of, if it speaks of one.
fn binary(message: &str) -> Option<Binary> {
    let message: Value = serde_json::from_str(message).ok()?;
    let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str);
    if message.pointer("/profile/test") != Some(&Value::Bool(true)) {
        return None;
    }
    let folder = Path::new(text("/manifest_path")?).parent()?.to_owned();
    let package = folder.file_name()?.to_string_lossy().into_owned();
    let target = text("/target/name")?;
    let kind = text("/target/kind/0")?;
    let package = if kind == "test" { target.to_owned() } else { format!("{package}, in its sources") };
    Some(Binary {
        name: format!("{package} ({target})"),
        executable: PathBuf::from(text("/executable")?),
        folder,
    })
}

/// One run of one binary.
fn once(binary: &Binary, round: u32, folder: &Path) -> Result<Run> {
    let mut command = Command::new(&binary.executable);
    command.current_dir(&binary.folder).env("CARGO_MANIFEST_DIR", &binary.folder);
    recorded(&mut command, &binary.name, round, folder)
}

/// One run of the whole suite.
fn everything(round: u32, folder: &Path) -> Result<Run> {
    let mut command = cargo(["test", "--workspace", "--locked", "--no-fail-fast"])?;
    recorded(&mut command, WHOLE, round, folder)
}

/// Runs tests to their end. What they print is kept if one of them failed.
fn recorded(command: &mut Command, name: &str, round: u32, folder: &Path) -> Result<Run> {
    let output = command.output().with_context(|| format!("could not start {name}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut run =
        Run { binary: name.to_owned(), round, outcome: Outcome::default(), failures: failures(&text) };
    text.lines().for_each(|line| run.outcome.add(line));
    if !output.status.success() {
        // A binary that crashed says nothing of how many failed.
        run.outcome.failed = run.outcome.failed.max(1);
        let file = folder.join(format!("{}-{round}.log", name.replace([' ', '(', ')', ',', '/'], "_")));
        let log = [output.stdout.as_slice(), b"\n", output.stderr.as_slice()].concat();
        fs::write(&file, log).with_context(|| format!("could not write {}", file.display()))?;
        anstream::println!("  {} failed: {}", run.outcome.failed, file.display());
    }
    Ok(run)
}

/// The names of the tests that failed, once each.
fn failures(output: &str) -> Vec<String> {
    let failed = |line: &str| {
        line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")).map(str::to_owned)
    };
    output.lines().filter_map(failed).collect::<BTreeSet<_>>().into_iter().collect()
}

/// A line of the record: binary, round, passed, failed, names of what failed.
fn append(record: &Path, run: &Run) -> Result<()> {
    let Outcome { passed, failed, ignored: _ } = run.outcome;
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(record)
        .with_context(|| format!("could not write {}", record.display()))?;
    writeln!(file, "{}\t{}\t{passed}\t{failed}\t{}", run.binary, run.round, run.failures.join(" "))?;
    Ok(())
}

/// What was recorded so far. A line that was cut off is a run that is done again.
fn read(record: &Path) -> Result<Vec<Run>> {
    if !record.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(record).with_context(|| format!("could not read {}", record.display()))?;
    Ok(text.lines().filter_map(recorded_run).collect())
}

fn recorded_run(line: &str) -> Option<Run> {
    let [binary, round, passed, failed, failures] = *line.split('\t').collect::<Vec<_>>() else {
        return None;
    };
    Some(Run {
        binary: binary.to_owned(),
        round: round.parse().ok()?,
        outcome: Outcome { passed: passed.parse().ok()?, failed: failed.parse().ok()?, ignored: 0 },
        failures: failures.split_whitespace().map(str::to_owned).collect(),
    })
}

/// A row for each binary, then each test that failed.
fn table(runs: &[Run]) -> String {
    let mut rows: BTreeMap<&str, (u64, Outcome)> = BTreeMap::new();
    let mut names: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for run in runs {
        let (count, sum) = rows.entry(&run.binary).or_default();
        *count += 1;
        sum.passed += run.outcome.passed;
        sum.failed += run.outcome.failed;
        for failure in &run.failures {
            *names.entry((&run.binary, failure)).or_default() += 1;
        }
    }
    let mut text = "| binary | runs | tests passed | failed |\n|---|---|---|---|\n".to_owned();
    for (binary, (count, Outcome { passed, failed, ignored: _ })) in rows {
        let _ = writeln!(text, "| {binary} | {count} | {passed} | {failed} |");
    }
    for ((binary, test), count) in names {
        let _ = writeln!(text, "\n{binary}: {test} failed {count} times");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(binary: &str, round: u32, passed: u64, failures: &[&str]) -> Run {
        let failures: Vec<String> = failures.iter().map(|name| (*name).to_owned()).collect();
        let failed = failures.len() as u64;
        let outcome = Outcome { passed, failed, ignored: 0 };
        Run { binary: binary.to_owned(), round, outcome, failures }
    }

    #[test]
    fn what_was_recorded_is_read_back_and_a_cut_line_is_not() {
        let file = env::temp_dir().join(format!("countersign-flaky-{}.tsv", std::process::id()));
        let all = [run("a (b)", 1, 7, &[]), run("a (b)", 2, 5, &["x::y", "z"])];
        all.iter().for_each(|run| append(&file, run).unwrap());
        fs::write(&file, fs::read_to_string(&file).unwrap() + "a (b)\t3\t7").unwrap();
        let known = read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        assert_eq!(known, all);
    }

    #[test]
    fn the_table_has_every_binary_and_names_what_failed() {
        let text = table(&[run("one", 1, 2, &[]), run("one", 2, 1, &["slow"]), run("two", 1, 3, &[])]);
        assert!(text.contains("| one | 2 | 3 | 1 |\n| two | 1 | 3 | 0 |"), "{text}");
        assert!(text.contains("one: slow failed 1 times"), "{text}");
    }

    #[test]
    fn failures_are_found_in_what_a_binary_prints() {
        let output = "test a::b ... ok\ntest a::c ... FAILED\nfailures:\n    a::c\n";
        assert_eq!(failures(output), ["a::c"]);
    }

    #[test]
    fn a_test_binary_is_told_from_others() {
        let message = |test: bool| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/r/testenv/Cargo.toml","target":{{"name":"serves","kind":["test"]}},"profile":{{"test":{test}}},"executable":"/t/serves-1"}}"#
            )
        };
        assert!(binary(&message(false)).is_none());
        let found = binary(&message(true)).unwrap();
        assert_eq!(
            (found.name.as_str(), found.folder.as_path()),
            ("serves (serves)", Path::new("/r/testenv"))
        );
    }
}
