//! `deploy/monitoring/alerts.yaml` and the section of `docs/operations.md` that explains it are one thing told twice.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Result;
use serde_json::Value;

use super::{folder, parses, promtool};
use testkit::shown::{check_query, shown};

/// An alert: how grave it is, what it asks, and for how long that has to hold.
#[derive(Debug, PartialEq)]
struct Alert {
    severity: String,
    query: String,
    holds: Option<String>,
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn rules() -> Vec<Value> {
    let text = fs::read_to_string(folder().join("alerts.yaml")).unwrap();
    let file: Value = serde_saphyr::from_str(&text).unwrap();
    let groups = file["groups"].as_array().unwrap();
    groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
}

fn in_the_file() -> BTreeMap<String, Alert> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let alert = |rule: &Value| Alert {
        severity: word(&rule["labels"]["severity"]),
        query: one_line(rule["expr"].as_str().unwrap()),
        holds: rule["for"].as_str().map(str::to_owned),
    };
    rules().iter().map(|rule| (word(&rule["alert"]), alert(rule))).collect()
}

/// The section of the page, from its heading to the next one of its kind.
fn section(title: &str) -> &'static str {
    let page = include_str!("../../../docs/operations.md");
    let (mark, _) = title.split_once(' ').unwrap();
    let text = page.split(&format!("\n{title}\n")).nth(1).unwrap();
    let end = text.find(&format!("\n{mark} ")).unwrap_or(text.len());
    let end = end.min(text.find("\n## ").unwrap_or(text.len()));
    &text[..end]
}

fn on_the_page() -> BTreeMap<String, Alert> {
    let groups = [("### Something is broken", "critical"), ("### Somebody has to act", "warning")];
    let mut alerts = BTreeMap::new();
    for (title, severity) in groups {
        for text in section(title).split("\n#### ").skip(1) {
            let (_, rest) = text.split_once("```promql\n").unwrap();
            let (query, after) = rest.split_once("```").unwrap();
            let holds = after.trim().strip_prefix("For ").map(|words| {
                let mut words = words.split([' ', ',', '.', ':', ';']);
                let (number, unit) = (words.next().unwrap(), words.next().unwrap());
                format!("{number}{}", &unit[..1])
            });
            let name = text.lines().next().unwrap().to_owned();
            alerts.insert(name, Alert { severity: severity.to_owned(), query: one_line(query), holds });
        }
    }
    alerts
}

#[test]
fn file_and_page_have_the_same_alerts() {
    let alerts = in_the_file();
    assert!(alerts.len() > 10, "{alerts:?}");
    assert_eq!(alerts.len(), rules().len(), "a name stands for one alert");
    assert_eq!(alerts, on_the_page());
}

#[test]
fn every_alert_says_what_is_wrong_and_leads_to_what_to_do() {
    let page = one_line(section("## Alerts"));
    for rule in rules() {
        let name = rule["alert"].as_str().unwrap();
        let note = |key: &str| rule["annotations"][key].as_str().unwrap_or_default();
        assert!(!note("summary").is_empty(), "{name}");
        let (_, anchor) = note("runbook_url").split_once("/docs/operations.md#").unwrap();
        assert_eq!(anchor, name.to_lowercase());
        let said = note("description").trim_end_matches('.');
        assert!(!said.is_empty() && page.contains(said), "{name}: the page does not say {said:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn alerts_ask_for_what_the_program_shows() -> Result<()> {
    let shown = shown().await;
    let queries: Vec<String> = in_the_file().into_values().map(|alert| alert.query).collect();
    queries.iter().for_each(|query| check_query(&shown, query));
    parses(&queries)
}

#[test]
fn no_outcome_of_business_raises_an_alert() {
    let ends = ["Declined", "Refused", "Expired", "Withdrawn"];
    let told = ["OfferDeclined", "AgreementRefused", "OfferExpired", "AgreementWithdrawn"];
    for (name, alert) in in_the_file() {
        let mut words = alert.query.split(|c: char| !c.is_alphanumeric() && c != '_');
        let outcome = words.find(|word| {
            ends.contains(word) || told.contains(word) || *word == "countersign_agreement_outcomes_total"
        });
        assert_eq!(outcome, None, "{name}");
    }
}

#[test]
fn each_alert_fires_when_it_should_and_not_when_it_should_not() -> Result<()> {
    promtool(&["check", "rules", "--lint-fatal", "alerts.yaml"])?;
    promtool(&["test", "rules", "alerts_test.yaml"])?;
    let tests = fs::read_to_string(folder().join("alerts_test.yaml"))?;
    for name in in_the_file().into_keys() {
        assert!(tests.contains(&name), "{name} fires in no test");
    }
    Ok(())
}
