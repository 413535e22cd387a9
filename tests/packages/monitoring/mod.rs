//! The alerts and dashboards that are shipped: held to the page, to the program and to Prometheus.

mod alerts;
mod dashboards;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use testenv::tools::Tool;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/monitoring")
}

/// Runs promtool, which has to be content, and returns what it says.
fn promtool(arguments: &[&str]) -> Result<String> {
    let home = tempfile::tempdir()?;
    let output = Tool::Promtool.command(home.path())?.args(arguments).current_dir(folder()).output()?;
    let said = String::from_utf8([output.stdout, output.stderr].concat())?;
    ensure!(output.status.success(), "{said}");
    Ok(said)
}

/// Whether Prometheus can parse all of these.
fn parses(queries: &[String]) -> Result<()> {
    let place = tempfile::tempdir()?;
    let file = place.path().join("queries.yaml");
    let rules: Vec<_> = queries
        .iter()
        .enumerate()
        .map(|(n, query)| serde_json::json!({"record": format!("query_{n}"), "expr": query}))
        .collect();
    fs::write(&file, serde_json::json!({"groups": [{"name": "queries", "rules": rules}]}).to_string())?;
    promtool(&["check", "rules", "--lint-fatal", &file.display().to_string()]).map(drop)
}

#[test]
fn a_query_that_prometheus_cannot_parse_is_noticed() {
    let error = parses(&["sum by (le (countersign_waits)".to_owned()]).unwrap_err().to_string();
    assert!(error.contains("could not parse expression"), "{error}");
}
