//! `docs/operations.md` explains every metric, flag and variable. None may be missing, and none may be invented.

use std::collections::BTreeSet;
use std::process::Command;

use countersign_api::conditions::{event, ignored, phase, reason};
use testkit::shown::{check_query, shown};

const PAGE: &str = include_str!("../../docs/operations.md");
const WORDS: &str = include_str!("../../docs/lifecycle.md");

/// The rows of the page whose first cell begins like this.
fn rows(start: &str) -> Vec<Vec<&'static str>> {
    let rows = PAGE.lines().filter(|line| line.starts_with(&format!("| `{start}")));
    // Two cells stand outside.
    rows.map(|row| row.split('|').map(str::trim).skip(1).collect()).collect()
}

fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The words that a section of `docs/lifecycle.md` explains.
fn section(anchor: &str) -> BTreeSet<&'static str> {
    let anchor_of = |title: &str| title.to_lowercase().replace(' ', "-");
    let mut sections = WORDS.split("\n## ").filter(|text| anchor_of(text.lines().next().unwrap()) == anchor);
    let text = sections.next().unwrap_or_else(|| panic!("docs/lifecycle.md has no section {anchor}"));
    quoted(text).collect()
}

#[tokio::test(start_paused = true)]
async fn every_metric_is_explained_and_none_is_invented() {
    let shown = shown().await;
    let explained = rows("countersign_");
    let names: BTreeSet<&str> = explained.iter().map(|row| row[0].trim_matches('`')).collect();
    assert_eq!(names.len(), explained.len(), "one is explained twice");
    assert_eq!(names, shown.keys().map(String::as_str).collect());
    assert!(names.len() > 20, "the rows are no longer found");
    for row in explained {
        let name = row[0].trim_matches('`');
        assert_eq!(row[1], shown[name].type_, "{name}");
        let labels: BTreeSet<&str> = row[2]
            .split("; ")
            .filter(|label| *label != "-")
            .map(|label| quoted(label).next().unwrap())
            .collect();
        assert_eq!(labels, shown[name].labels.keys().map(String::as_str).collect(), "{name}");
        assert!(!row[3].is_empty(), "{name} is not explained");
    }
}

#[tokio::test(start_paused = true)]
async fn every_value_of_a_label_is_explained_and_there_from_the_start() {
    let shown = shown().await;
    for row in rows("countersign_") {
        let name = row[0].trim_matches('`');
        for label in row[2].split("; ").filter(|label| *label != "-") {
            let values: BTreeSet<&str> =
                shown[name].labels[quoted(label).next().unwrap()].iter().map(String::as_str).collect();
            let links = label.split("lifecycle.md#").skip(1);
            let explained: BTreeSet<_> =
                links.flat_map(|link| section(link.split(')').next().unwrap())).collect();
            if !explained.is_empty() {
                let missing: Vec<_> = values.difference(&explained).collect();
                assert!(missing.is_empty(), "{missing:?} of {name} are not where {label} says");
            } else if label.contains(':') {
                assert_eq!(quoted(label).skip(1).collect::<BTreeSet<_>>(), values, "{name}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_lists_from_which_labels_come_are_whole() {
    let shown = shown().await;
    let values = |metric: &str, label: &str| shown[metric].labels[label].clone();
    let source = include_str!("../../crates/api/src/conditions.rs");
    let declared = |module: &str| -> BTreeSet<String> {
        let body = source.split(&format!("pub mod {module} {{")).nth(1).unwrap().split("\n}").next().unwrap();
        let constants = body.lines().filter_map(|line| line.split_once(": &str = \"")?.1.strip_suffix("\";"));
        constants.map(str::to_owned).collect()
    };
    let owned = |list: &[&str]| -> BTreeSet<String> { list.iter().map(|word| (*word).to_owned()).collect() };
    assert_eq!(declared("phase"), owned(&phase::ALL));
    assert_eq!(declared("event"), owned(&event::ALL));
    assert_eq!(declared("ignored"), owned(&ignored::ALL));

    assert_eq!(values("countersign_agreements", "phase"), owned(&phase::ALL));
    assert_eq!(values("countersign_agreements_stalled", "reason"), owned(&reason::STALLING));
    assert_eq!(values("countersign_decisions_ignored_total", "reason"), owned(&ignored::ALL));
    let events = [event::ALL.as_slice(), &reason::STALLING].concat();
    assert_eq!(values("countersign_agreement_events_total", "reason"), owned(&events));
    assert_eq!(values("countersign_agreement_outcomes_total", "outcome"), owned(&phase::FINAL));
    let left: BTreeSet<_> = declared("phase").difference(&owned(&phase::FINAL)).cloned().collect();
    assert_eq!(values("countersign_agreement_outcomes_total", "phase"), left);
    assert_eq!(values("countersign_phase_duration_seconds", "phase"), left);
}

#[tokio::test(start_paused = true)]
async fn queries_on_the_page_ask_for_what_there_is() {
    let shown = shown().await;
    let queries: Vec<&str> =
        PAGE.split("```promql\n").skip(1).map(|text| text.split("```").next().unwrap()).collect();
    assert!(queries.len() > 10, "the queries are no longer found");
    for query in queries {
        check_query(&shown, query);
    }
}

#[test]
fn every_flag_and_variable_is_explained_and_none_is_invented() {
    let output = Command::new(env!("CARGO_BIN_EXE_countersign")).args(["run", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let words = |prefix: &str| -> BTreeSet<&str> {
        let words = help.split(|c: char| c.is_whitespace() || "[],=".contains(c));
        words.filter(|word| word.starts_with(prefix) && *word != "--help").collect()
    };
    let explained: BTreeSet<&str> = rows("--").iter().flat_map(|row| quoted(row[0])).collect();
    assert_eq!(explained, words("--"));
    let variables: BTreeSet<&str> = rows("--")
        .iter()
        .flat_map(|row| quoted(row[1]))
        .filter(|name| name.starts_with("COUNTERSIGN_"))
        .collect();
    assert_eq!(variables, words("COUNTERSIGN_"));
}
