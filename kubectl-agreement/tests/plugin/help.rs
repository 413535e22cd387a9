//! Help and completion, without a cluster.

use std::process::{Command, Stdio};

use anyhow::Result;

pub fn plugin(line: &[&str]) -> Result<(i32, String)> {
    let out =
        Command::new(env!("CARGO_BIN_EXE_kubectl-agreement")).args(line).stdin(Stdio::null()).output()?;
    let text = String::from_utf8(out.stdout)? + &String::from_utf8(out.stderr)?;
    Ok((out.status.code().unwrap(), text))
}

/// Every command, by what `__complete` offers.
pub fn commands(of: &[&str]) -> Result<Vec<String>> {
    let (_, words) = plugin(&[&["__complete"], of, &[""]].concat())?;
    Ok(words.lines().filter_map(|line| line.split_once('\t')).map(|(name, _)| name.to_owned()).collect())
}

#[test]
fn every_command_shows_by_an_example_how_it_is_used() -> Result<()> {
    let all = commands(&[])?;
    assert_eq!(
        all,
        [
            "inbox",
            "status",
            "show",
            "confirm",
            "decline",
            "request-change",
            "approve",
            "refuse",
            "sign",
            "countersign",
            "withdraw",
            "attest",
            "history",
            "verify",
            "wait",
            "completion"
        ]
    );
    for command in &all {
        let (code, help) = plugin(&[command, "--help"])?;
        assert_eq!(code, 0);
        assert!(help.contains(&format!("  kubectl agreement {command}")), "{help}");
    }
    for act in commands(&["attest"])? {
        let (_, help) = plugin(&["attest", &act, "--help"])?;
        assert!(help.contains(&format!("kubectl agreement attest {act}")), "{help}");
    }
    let (_, help) = plugin(&["--help"])?;
    assert!(help.contains("3  the decision does not count"), "{help}");
    Ok(())
}

#[test]
fn under_the_name_by_which_kubectl_asks_it_answers() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let name = folder.path().join("kubectl_complete-agreement");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kubectl-agreement"), &name)?;
    let out = Command::new(&name).args(["counter"]).output()?;
    assert_eq!(String::from_utf8(out.stdout)?, "countersign\tThe provider signs\n:4\n");
    Ok(())
}

#[test]
fn a_command_that_cannot_be_used_says_so_with_its_own_exit_status() -> Result<()> {
    for line in
        [vec!["approve"], vec!["decline", "a"], vec!["frobnicate"], vec!["wait", "a", "--for", "Nirvana"]]
    {
        assert_eq!(plugin(&line)?.0, 2, "{line:?}");
    }
    Ok(())
}
