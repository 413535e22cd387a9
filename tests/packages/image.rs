//! What can be said of the image without building it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::manifests::{of_kind, rendered};
use crate::tools::{chart, output};
use testkit::root;

/// The instructions of the Dockerfile: word and rest, with continued lines joined.
fn instructions() -> Result<Vec<(String, String)>> {
    let text = fs::read_to_string(root().join("Dockerfile"))?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    let joined = lines.join("\n").replace("\\\n", " ");
    let pair =
        |line: &str| line.split_once(' ').map(|(word, rest)| (word.to_owned(), rest.trim().to_owned()));
    joined.lines().map(|line| pair(line).with_context(|| format!("no instruction: {line}"))).collect()
}

fn all(word: &str) -> Result<Vec<String>> {
    let found = instructions()?.into_iter().filter(|(found, _)| found == word);
    Ok(found.map(|(_, rest)| rest).collect())
}

fn the_last(word: &str) -> Result<String> {
    all(word)?.pop().with_context(|| format!("the Dockerfile has no {word}"))
}

#[test]
fn it_is_built_with_the_rust_that_is_stated_on_bases_of_one_version() -> Result<()> {
    let bases = all("FROM")?;
    let stated = env!("CARGO_PKG_RUST_VERSION");
    assert!(bases[0].starts_with(&format!("rust:{stated}.")), "{bases:?}, and Rust {stated} is stated");
    for base in &bases {
        let image = base.split(' ').next().unwrap_or_default();
        let tag = image.rsplit_once(':').map(|(_, tag)| tag).unwrap_or_default();
        assert!(
            tag.contains(|c: char| c.is_ascii_digit()) || image.contains("-debian13:"),
            "{image} is not pinned"
        );
    }
    let workflow = fs::read_to_string(root().join(".github/workflows/release.yml"))?;
    let toolchains: BTreeSet<_> =
        workflow.split_whitespace().filter(|word| word.trim_start_matches('+').starts_with("1.9")).collect();
    assert!(!toolchains.is_empty());
    let other: Vec<_> = toolchains
        .iter()
        .filter(|word| !word.trim_start_matches('+').starts_with(&format!("{stated}.")))
        .collect();
    assert!(other.is_empty(), "the release is built with {other:?}");
    Ok(())
}

#[test]
fn it_runs_as_the_user_of_the_pod_and_does_what_the_pod_asks_for() -> Result<()> {
    let objects = rendered(&chart(), "countersign-system", &[])?;
    let pod = &of_kind(&objects, "Deployment")[0]["spec"]["template"]["spec"];
    let context = &pod["securityContext"];
    assert_eq!(the_last("USER")?, format!("{}:{}", context["runAsUser"], context["runAsGroup"]));
    assert_ne!(context["runAsUser"], 0);
    let command: Vec<String> = serde_json::from_str(&the_last("CMD")?)?;
    let arguments: Vec<String> = serde_json::from_value(pod["containers"][0]["args"].clone())?;
    assert_eq!(command, arguments);
    let entry: Vec<String> = serde_json::from_str(&the_last("ENTRYPOINT")?)?;
    let copied = the_last("COPY")?;
    assert_eq!(copied.split(' ').next_back(), entry.first().map(String::as_str), "{copied}");

    let mut help = Command::new(env!("CARGO_BIN_EXE_countersign"));
    help.args(&command).arg("--help");
    let help = output(help)?;
    for variable in pod["containers"][0]["env"].as_array().unwrap() {
        let name = variable["name"].as_str().unwrap();
        let known = help.contains(name) || ["RUST_LOG", "POD_NAME"].contains(&name);
        assert!(known, "the program knows no {name}: {help}");
    }
    let port = pod["containers"][0]["ports"][0]["containerPort"].to_string();
    assert_eq!(the_last("EXPOSE")?, port);
    assert!(help.contains(&format!("[default: 0.0.0.0:{port}]")), "{help}");
    Ok(())
}

/// Everything that the program is compiled from reaches the builder.
#[test]
fn nothing_that_the_build_reads_is_left_out() -> Result<()> {
    let text = fs::read_to_string(root().join(".dockerignore"))?;
    let ignored: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(ignored.iter().all(|line| !line.contains(['*', '!', '?'])), "this test knows plain paths only");
    let left_out = |path: &Path| ignored.iter().any(|ignored| path.starts_with(ignored));
    let mut metadata = Command::new(env!("CARGO"));
    metadata.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(root());
    let metadata: Value = serde_json::from_str(&output(metadata)?)?;
    let mut needed = BTreeSet::from([PathBuf::from("Cargo.toml"), PathBuf::from("Cargo.lock")]);
    for package in metadata["packages"].as_array().context("no packages")? {
        needed.insert(relative(&package["manifest_path"])?);
        // Tests are found by their folder, and not missed where it is not there.
        for target in package["targets"].as_array().context("no targets")? {
            if target["kind"] != serde_json::json!(["test"]) {
                needed.insert(relative(&target["src_path"])?);
            }
        }
    }
    included(&root().join("src"), &mut needed)?;
    assert!(needed.iter().any(|path| path.starts_with("deploy/admission")), "{needed:?}");
    let missed: Vec<_> = needed.iter().filter(|path| left_out(path)).collect();
    assert!(missed.is_empty(), "{missed:?} would not reach the builder");
    Ok(())
}

fn relative(path: &Value) -> Result<PathBuf> {
    Ok(Path::new(path.as_str().context("no path")?).strip_prefix(root())?.to_owned())
}

/// The files that sources in a folder compile in.
fn included(folder: &Path, files: &mut BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            included(&path, files)?;
            continue;
        }
        let text = fs::read_to_string(&path)?;
        for rest in text.split("include_str!(\"").skip(1) {
            let name = rest.split('"').next().unwrap_or_default();
            let file = fs::canonicalize(folder.join(name))
                .with_context(|| format!("{name} in {}", path.display()))?;
            files.insert(file.strip_prefix(fs::canonicalize(root())?)?.to_owned());
        }
    }
    Ok(())
}
