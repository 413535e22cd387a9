//! What a running operator shows, and whether a query asks for something that it shows.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::decide::Plan;
use serde_json::json;

use crate::fake::{self, operator};

/// A metric: its type, and the values that each of its labels takes.
#[derive(Debug, Default, PartialEq)]
pub struct Metric {
    pub type_: String,
    pub labels: BTreeMap<String, BTreeSet<String>>,
}

/// What a running operator shows that was started when one agreement waited for a manager.
pub async fn shown() -> BTreeMap<String, Metric> {
    let server = fake::Server::new();
    server.put("customeragreements", waits_for_a_manager());
    let operator = operator::Operator::start(&server, |_, _| Plan::default());
    server.until("listed", |_| operator.is_ready()).await;
    // Which level it is was not known before the first scrape.
    operator.metrics.render().unwrap();
    // These come with the first error, of which there is none in here.
    let mut text = operator.metrics.render().unwrap();
    text.push_str("# TYPE countersign_reconcile_errors counter\n");
    for category in categories() {
        text.push_str(&format!("countersign_reconcile_errors_total{{category=\"{category}\"}} 0\n"));
    }
    parse(&text)
}

fn waits_for_a_manager() -> serde_json::Value {
    let asked = "2026-05-31T00:00:00Z";
    json!({
        "apiVersion": "countersign.dev/v1alpha1", "kind": "CustomerAgreement",
        "metadata": {"namespace": "n", "name": "a", "generation": 1},
        "spec": {
            "title": "a", "agreementType": "Commercial", "offerVersion": 1,
            "customer": {"id": "c", "name": "Customer", "representatives": []},
            "provider": {"id": "p", "name": "Provider", "ownerUsername": "owner", "signatories": []},
            "agreementPeriod": {"startTime": asked}, "offerEndTime": "2026-12-31T00:00:00Z",
            "standardTermsRef": {"name": "standard"}
        },
        "status": {
            "phase": "Escalated",
            "approvals": [{
                "function": "finance", "level": "L1", "because": [], "state": "Waiting", "quorum": 1,
                "asked": [{"level": "L1", "askedTime": asked}],
            }],
            "waitingFor": [{"who": "x", "for": "Approve", "askedTime": asked}],
        },
    })
}

/// The kinds of failure, from the source.
fn categories() -> BTreeSet<&'static str> {
    let source = include_str!("../../src/controller/client/error.rs");
    let body = source.split("pub fn category").nth(1).unwrap().split("    /// ").next().unwrap();
    let categories: BTreeSet<_> = body.split('"').skip(1).step_by(2).collect();
    assert!(categories.len() > 10, "the kinds of failure are no longer found: {categories:?}");
    categories
}

fn parse(text: &str) -> BTreeMap<String, Metric> {
    let mut metrics = BTreeMap::<String, Metric>::new();
    for line in text.lines() {
        if let Some((name, type_)) = line.strip_prefix("# TYPE ").and_then(|line| line.split_once(' ')) {
            let suffix = match type_ {
                "counter" => "_total",
                "info" => "_info",
                _ => "",
            };
            metrics.entry(format!("{name}{suffix}")).or_default().type_ = type_.to_owned();
        } else if !line.starts_with('#') {
            let (series, _) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let metric = metrics.get_mut(base(name)).unwrap_or_else(|| panic!("no type before {line}"));
            let labels = labels.trim_end_matches('}').split(',').filter_map(|pair| pair.split_once('='));
            for (label, value) in labels.filter(|(label, _)| *label != "le") {
                let values = metric.labels.entry(label.to_owned()).or_default();
                values.insert(value.trim_matches('"').to_owned());
            }
        }
    }
    metrics
}

/// The metric of a series.
fn base(series: &str) -> &str {
    let suffixes = ["_bucket", "_sum", "_count"];
    suffixes.into_iter().find_map(|suffix| series.strip_suffix(suffix)).unwrap_or(series)
}

/// Whether the metrics of a query exist, are used as what they are, and have the labels and values that it asks for.
pub fn check_query(shown: &BTreeMap<String, Metric>, query: &str) {
    let open = query.matches(['(', '{']).count();
    assert_eq!(open, query.matches([')', '}']).count(), "{query}");
    for part in query.split("countersign_").skip(1) {
        let end = part.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(part.len());
        let (series, rest) = part.split_at(end);
        let series = format!("countersign_{series}");
        let metric = shown.get(base(&series)).unwrap_or_else(|| panic!("{series} in {query}"));
        if base(&series) != series {
            assert_eq!(metric.type_, "histogram", "{query}");
        }
        assert_eq!(metric.type_ == "gauge" || metric.type_ == "info", !rest.contains(']'), "{query}");
        let matchers = rest.strip_prefix('{').and_then(|rest| rest.split('}').next()).unwrap_or_default();
        for matcher in matchers.split(", ").filter(|matcher| !matcher.is_empty()) {
            let (label, values) = matcher.split_once(['=', '!']).unwrap();
            let known = metric.labels.get(label).unwrap_or_else(|| panic!("{label} in {query}"));
            for value in values.trim_start_matches(['=', '~']).trim_matches('"').split('|') {
                assert!(known.contains(value), "{label} is never {value:?} in {query}");
            }
        }
    }
}
