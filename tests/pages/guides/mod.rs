//! How-to guides do what they say, on a real control plane.

//!
//! What a guide's blocks mean:
//!
//! - `yaml` whose first line is a comment with a file's name is that file; a later command has to use it. After
//!   `<!-- part of FILE at /POINTER -->` it is a part of that file instead, and the file with it has to be accepted.
//! - `sh` is run by `sh -e` in a folder with `examples/` and `deploy/`, by an admin, or by whoever a comment before it
//!   names: `<!-- as: j.berg -->`.
//! - `text` after a command is what it shows, with `…` for what differs each time. Such commands only look, so they are
//!   repeated until they show it.
//! - `text` after `<!-- not run: ... -->` is the rest, and [`NOT_RUN`] lists it.
//! - `<!-- meanwhile: ... -->` is what other people do at that point, in [`setting`].
mod blocks;
mod reader;
mod setting;

use std::fs;

use anyhow::{Context, Result, bail, ensure};

use blocks::{Block, read};
use setting::Setting;
use testkit::operator::running;
use testkit::root;

/// What no test runs: the page, and how the block begins.
const NOT_RUN: [(&str, &str); 2] =
    [("back-up", "etcdctl snapshot save"), ("rights", "apiVersion: apiserver.config.k8s.io/v1")];

fn guides() -> Result<Vec<(String, Vec<Block>)>> {
    let mut guides = Vec::new();
    for file in fs::read_dir(root().join("docs/how-to"))? {
        let path = file?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).context("a name")?.to_owned();
        let blocks = read(&fs::read_to_string(&path)?).with_context(|| format!("docs/how-to/{name}.md"))?;
        guides.push((name, blocks));
    }
    guides.sort_by(|one, other| one.0.cmp(&other.0));
    ensure!(!guides.is_empty(), "no guides");
    Ok(guides)
}

/// One after the other, since they share the rules of the cluster. `COUNTERSIGN_GUIDE=leave` follows that one alone.
#[tokio::test]
async fn every_guide_does_what_it_says() -> Result<()> {
    let wanted = std::env::var("COUNTERSIGN_GUIDE").ok();
    let cluster = running().await?;
    let mut failures = Vec::new();
    for (name, blocks) in guides()? {
        if wanted.as_ref().is_some_and(|wanted| *wanted != name) {
            continue;
        }
        let followed = async {
            let setting = Setting::of(&name, cluster).await?;
            for block in &blocks {
                setting.follow(block).await.with_context(|| format!("line {}", block.line))?;
            }
            setting.end().await
        };
        if let Err(error) = followed.await {
            failures.push(format!("docs/how-to/{name}.md: {error:#}"));
        }
    }
    if !failures.is_empty() {
        bail!("{}", failures.join("\n\n"));
    }
    Ok(())
}

#[test]
fn what_no_test_runs_is_listed() {
    let guides = guides().unwrap();
    let mut found = Vec::new();
    for (name, blocks) in &guides {
        for block in blocks {
            if let blocks::Kind::NotRun = block.kind {
                found.push((name.as_str(), block.text.lines().next().unwrap_or_default()));
            }
        }
    }
    let listed =
        |(page, start): &(&str, &str), block: &(&str, &str)| *page == block.0 && block.1.starts_with(start);
    for block in &found {
        assert!(NOT_RUN.iter().any(|own| listed(own, block)), "nobody runs this: {block:?}");
    }
    for own in &NOT_RUN {
        assert!(found.iter().any(|block| listed(own, block)), "no such block: {own:?}");
    }
}

#[test]
fn every_file_of_a_guide_is_used_by_a_later_command() {
    for (name, blocks) in guides().unwrap() {
        for (at, block) in blocks.iter().enumerate() {
            let blocks::Kind::File(file) = &block.kind else { continue };
            let used = blocks[at..].iter().any(|own| own.is_command() && own.text.contains(file.as_str()));
            assert!(used, "docs/how-to/{name}.md: no command uses {file}");
        }
    }
}
