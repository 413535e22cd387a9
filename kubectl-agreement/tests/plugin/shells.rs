//! Completion, as kubectl and the shells ask for it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use testkit::example::Example;
use testkit::operator::running;
use testkit::people::{Person, jonas};
use testkit::stage::Stage;

use crate::help::{commands, plugin};
use crate::user::User;

/// What a shell is given, to say what it would offer for words of which the last one was begun.
fn asked(shell: &str, script: &str, words: &[&str]) -> String {
    let line = words.join(" ");
    match shell {
        "bash" => format!(
            "{script}\nCOMP_LINE='{line}' COMP_POINT={}\n_kubectl_agreement\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
            line.len()
        ),
        // Without a terminal zsh completes nothing: what the script calls is there for it.
        "zsh" => format!(
            "compdef() {{ }}; _files() {{ }}; _describe() {{ print -rl -- ${{found%%:*}} }}\n{script}\nwords=({}) CURRENT={}\n_kubectl_agreement",
            words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
            words.len()
        ),
        _ => format!("{script}\ncomplete -C '{line}' | string replace -r '\\t.*' ''"),
    }
}

fn offers(shell: &str, who: &User, words: &[&str]) -> Result<Vec<String>> {
    let script = plugin(&["completion", shell])?.1;
    let words = [&["kubectl-agreement"], words].concat();
    let programs = Path::new(env!("CARGO_BIN_EXE_kubectl-agreement")).parent().context("a folder")?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([programs.to_owned()].into_iter().chain(std::env::split_paths(&path)))?;
    let plugin = who.command(&[]);
    let environment = plugin.as_std().get_envs().filter_map(|(name, value)| Some((name, value?)));
    let out = Command::new(shell)
        .args(["-c", &asked(shell, &script, &words)])
        .envs(environment)
        .env("PATH", path)
        .output()?;
    assert!(out.stderr.is_empty(), "{shell}: {out:?}");
    Ok(String::from_utf8(out.stdout)?.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

#[tokio::test]
async fn shells_offer_commands_flags_values_and_the_agreements_that_are_there() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let user = User::of(&jonas(), &stage).await?;
    let there = |shell: &&str| {
        *shell == "bash" || Command::new(shell).arg("-c").arg("true").status().is_ok_and(|ran| ran.success())
    };
    for shell in ["bash", "zsh", "fish"].iter().filter(|shell| there(shell)) {
        for (words, offered) in [
            (&["coun"][..], &["countersign"][..]),
            (&["attest", "de"], &["decline"]),
            (&["approve", "--on-b"], &["--on-behalf-of"]),
            (&["inbox", "-o", "ya"], &["yaml"]),
            (&["approve", "-n", &stage.namespace, "nor"], &["norrland-timber-fibre"]),
            (&["wait", "x@y.example", "--for"], &["--for"]),
        ] {
            assert_eq!(offers(shell, &user, words)?, offered, "{shell} {words:?}");
        }
        let mut all = offers(shell, &user, &[""])?;
        let mut expected = commands(&[])?;
        all.sort();
        expected.sort();
        assert_eq!(all, expected, "{shell}");
    }
    Ok(())
}

#[test]
fn every_script_asks_the_plugin_and_bash_takes_its_own() -> Result<()> {
    for shell in ["bash", "zsh", "fish", "kubectl"] {
        let (code, script) = plugin(&["completion", shell])?;
        assert!(code == 0 && script.contains("kubectl-agreement __complete "), "{script}");
    }
    // Every flag of every command is offered, but the help.
    for command in commands(&[])? {
        let help = plugin(&[&command, "--help"])?.1;
        let offered = plugin(&["__complete", &command, "--"])?.1;
        let flags = help.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2);
        let flags = flags.map(|word| word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()));
        let (usage, _) = help.split_once("Example").unwrap_or((&help, ""));
        for flag in flags
            .filter(|flag| usage.contains(&format!("  {flag} ")) || usage.contains(&format!(", {flag} ")))
        {
            assert!(offered.lines().any(|line| line == flag), "{command} {flag}: {offered}");
        }
    }
    let (_, files) = plugin(&["__complete", "confirm", "-f", ""])?;
    assert_eq!(files, ":0\n", "names of files");
    Ok(())
}

#[tokio::test]
async fn names_of_agreements_are_completed_from_the_server() -> Result<()> {
    let stage = Example::of("fibre")?.begin(running().await?).await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let user = User::of(&jonas(), &stage).await?;
    let asked = ["__complete", "show", "-n", &stage.namespace, "norr"];
    let said = user.command(&asked).output().await?;
    assert_eq!(String::from_utf8(said.stdout)?, "norrland-timber-fibre\tAwaitingConfirmation\n:4\n");
    // Who may not list them completes nothing, and is not bothered.
    let nobody = User::of(&Person::user("n.body", &[]), &stage).await?;
    let said = nobody.command(&asked).output().await?;
    assert_eq!((String::from_utf8(said.stdout)?.as_str(), said.stderr.is_empty()), (":4\n", true));
    Ok(())
}
