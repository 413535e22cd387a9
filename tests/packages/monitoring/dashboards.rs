//! The dashboards ask for what the program shows, of whatever data source somebody chooses.

use std::collections::BTreeSet;
use std::fs;

use anyhow::Result;
use serde_json::Value;

use super::{folder, parses};
use testkit::shown::{check_query, shown};

fn dashboards() -> Vec<(String, Value)> {
    let files = fs::read_dir(folder().join("dashboards")).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> = files
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path.file_name().unwrap().to_str().unwrap().to_owned(), serde_json::from_str(&text).unwrap())
        })
        .collect();
    all.sort_by(|(a, _): &(String, Value), (b, _)| a.cmp(b));
    all
}

fn panels(dashboard: &Value) -> Vec<&Value> {
    dashboard["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row").collect()
}

/// With what Grafana fills in.
fn queries(dashboard: &Value) -> Vec<String> {
    let targets = panels(dashboard).into_iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    targets.map(|target| target["expr"].as_str().unwrap().replace("$__rate_interval", "5m")).collect()
}

#[tokio::test(start_paused = true)]
async fn panels_ask_for_what_the_program_shows_and_prometheus_understands_them() -> Result<()> {
    let shown = shown().await;
    let mut asked = BTreeSet::new();
    for (_, dashboard) in dashboards() {
        let queries = queries(&dashboard);
        queries.iter().for_each(|query| check_query(&shown, query));
        asked.extend(shown.keys().filter(|name| {
            queries.iter().any(|query| {
                let found = query.split(|c: char| !c.is_ascii_lowercase() && c != '_');
                found.into_iter().any(|word| word.trim_end_matches("_bucket") == name.as_str())
            })
        }));
        parses(&queries)?;
    }
    let all: BTreeSet<_> = shown.keys().collect();
    assert_eq!(asked, all, "every metric is on a dashboard");
    Ok(())
}

/// Gauges are never added over instances where every instance shows the same.
#[test]
fn gauges_that_every_instance_shows_are_never_added_up() {
    let same = [
        "agreements",
        "agreements_stalled",
        "waits",
        "approvals_waiting",
        "approvals_longest_wait_seconds",
        "handovers_overdue",
        "order_requests",
    ];
    for (file, dashboard) in dashboards() {
        for query in queries(&dashboard) {
            for gauge in same {
                for (at, found) in query.match_indices(&format!("countersign_{gauge}")) {
                    let rest = query[at + found.len()..].chars().next().unwrap_or(')');
                    if rest == '_' {
                        continue;
                    }
                    let before = query[..at].trim_end_matches('(').trim_end();
                    let by = before.rsplit_once(" by (").filter(|_| before.ends_with(')'));
                    let aggregation = by.map_or(before, |(aggregation, _)| aggregation);
                    assert!(aggregation.ends_with("max"), "{file}: {query}");
                }
            }
        }
    }
}

#[test]
fn counters_are_added_over_instances() {
    for (file, dashboard) in dashboards() {
        for query in queries(&dashboard) {
            for (at, _) in query.match_indices("_total") {
                let before = &query[..at];
                assert!(before.contains("sum(") || before.contains("sum by ("), "{file}: {query}");
                assert!(before.contains("rate(") || before.contains("increase("), "{file}: {query}");
            }
        }
    }
}

/// The data source is for people to choose and every panel explains itself.
#[test]
fn people_choose_the_data_source_and_every_panel_explains_itself() {
    let dashboards = dashboards();
    let files: Vec<&str> = dashboards.iter().map(|(file, _)| file.as_str()).collect();
    assert_eq!(files, ["business.json", "operator.json"]);
    let mut ids = BTreeSet::new();
    for (file, dashboard) in &dashboards {
        assert!(ids.insert(dashboard["uid"].as_str().unwrap()), "{file}");
        assert!(dashboard["schemaVersion"].as_i64().unwrap() >= 39, "{file}: Grafana 11");
        let variable = &dashboard["templating"]["list"][0];
        assert_eq!((&variable["name"], &variable["type"]), (&"datasource".into(), &"datasource".into()));
        let mut panel_ids = BTreeSet::new();
        for panel in panels(dashboard) {
            let title = panel["title"].as_str().unwrap();
            assert!(panel_ids.insert(panel["id"].as_i64().unwrap()), "{file}: {title}");
            assert!(panel["description"].as_str().unwrap().ends_with('.'), "{file}: {title}");
            assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{file}: {title}");
            let targets = panel["targets"].as_array().unwrap().iter();
            for asked in targets.chain([panel]) {
                assert_eq!(asked["datasource"]["uid"], "${datasource}", "{file}: {title}");
            }
        }
    }
}
