//! docs/kubectl-agreement.md: every command in it is typed, in this order, and answers what it says there.
//!
//! With `UPDATE_DOCS=1` the answers are written anew.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use testkit::operator::running;
use testkit::people::{Person, desk, lea, mary, omar, patel};
use testkit::root;
use testkit::stage::Stage;

use crate::user::User;

const TYPED: &str = "$ kubectl agreement ";
/// The namespace, as the document calls it.
const NAMESPACE: &str = "havlink";

/// A command in the document, between its lines.
struct Block {
    who: String,
    command: String,
    answer: String,
    /// Where the answer stands, by lines.
    from: usize,
    to: usize,
}

fn blocks(text: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(command) = line.strip_prefix(TYPED) else { continue };
        let who = lines[at - 2].strip_prefix("<!-- ").and_then(|who| who.strip_suffix(" -->"));
        let who = who.unwrap_or_else(|| panic!("line {}: nobody types it", at + 1)).to_owned();
        let end = at + lines[at..].iter().position(|line| *line == "```").unwrap();
        let answer = lines[at + 1..end].join("\n");
        out.push(Block { who, command: (*command).to_owned(), answer, from: at + 1, to: end });
    }
    out
}

/// The words of a command line, quotes taken off.
fn words(line: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => out.push(String::new()),
            c => out.last_mut().unwrap().push(c),
        }
    }
    out
}

/// What does not change from one time to the next: no times, no digests, no names that the server gives.
fn lasting(text: &str) -> Vec<String> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const UNITS: [&str; 6] = ["d", "h", "min", "s", "left", "left,"];
    let passing = |word: &str| {
        let bare = word.trim_matches(|c: char| ",.:()".contains(c));
        bare.is_empty()
            || MONTHS.contains(&bare)
            || UNITS.contains(&word)
            || bare.chars().all(|c| c.is_ascii_digit() || c == ':')
            || bare.len() == 36 && bare.matches('-').count() == 4
    };
    text.split_whitespace()
        .filter(|word| !passing(word))
        .map(|word| match word {
            _ if word.starts_with("sha256:") => "sha256:...".to_owned(),
            _ if word.starts_with("havlink-fleet-") => "havlink-fleet-...".to_owned(),
            // The requests are there a moment after the seal: either may be what was seen.
            "IssuingOrders." => "Agreed.".to_owned(),
            _ => word.to_owned(),
        })
        .collect()
}

#[tokio::test]
async fn every_command_in_the_document_answers_what_it_says() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fleet").await?;
    stage.cluster.grant_everywhere("countersign-reader", &mary()).await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let people: [Person; 5] = [patel(), omar(), lea(), desk(), mary()];
    let mut users = BTreeMap::new();
    for person in &people {
        users.insert(person.name.clone(), User::of(person, &stage).await?);
    }
    let mail = tempfile::tempdir()?;
    let file: PathBuf = root().join("docs/kubectl-agreement.md");
    let text = std::fs::read_to_string(&file)?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut answers = Vec::new();
    for block in blocks(&text) {
        let who = users.get(&block.who).with_context(|| format!("{} is nobody", block.who))?;
        let mut line = words(&block.command);
        let into = line.iter().position(|word| word == ">").map(|at| line.split_off(at).pop().unwrap());
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        let said =
            who.command(&line).args(["-n", &stage.namespace]).current_dir(mail.path()).output().await?;
        let out = String::from_utf8(said.stdout)?;
        assert!(said.status.success(), "{}: {out}{}", block.command, String::from_utf8_lossy(&said.stderr));
        let shown = match into {
            Some(name) => {
                std::fs::write(mail.path().join(name), out)?;
                String::new()
            }
            None => out.trim_end().replace(&stage.namespace, NAMESPACE),
        };
        answers.push((block, shown));
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        for (block, shown) in answers.iter().rev() {
            lines.splice(block.from..block.to, shown.lines().map(str::to_owned));
        }
        std::fs::write(&file, lines.join("\n") + "\n")?;
        return Ok(());
    }
    for (block, shown) in &answers {
        assert_eq!(lasting(&block.answer), lasting(shown), "{}:\n{shown}", block.command);
    }
    assert_eq!(answers.len(), 15, "commands in the document");
    Ok(())
}

#[test]
fn every_command_and_every_exit_status_is_in_the_document() -> Result<()> {
    let text = std::fs::read_to_string(root().join("docs/kubectl-agreement.md"))?;
    for command in crate::help::commands(&[])? {
        assert!(
            text.contains(&format!("`{command}`")) || text.contains(&format!("`{command} ")),
            "{command}"
        );
    }
    let help = crate::help::plugin(&["--help"])?.1;
    let statuses = help.split_once("Exit status:\n").unwrap().1;
    for line in statuses.lines() {
        let (code, words) = line.trim().split_once("  ").unwrap();
        assert!(text.contains(&format!("| {code} | {words} |")), "{line}");
    }
    Ok(())
}

#[test]
fn every_connection_flag_is_in_the_document() -> Result<()> {
    let text = std::fs::read_to_string(root().join("docs/kubectl-agreement.md"))?;
    let section = text.split_once("\n## Connection\n").context("a section")?.1;
    let help = crate::help::plugin(&["--help"])?.1;
    let (_, flags) = help.split_once("\nConnection:\n").context("a heading")?;
    let (flags, _) = flags.split_once("\nExit status:").context("an end")?;
    let flags: Vec<&str> =
        flags.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2).collect();
    assert!(flags.len() > 12, "{help}");
    for flag in flags {
        assert!(section.contains(&format!("`{flag}`")) || section.contains(&format!("/`{flag}`")), "{flag}");
    }
    Ok(())
}
