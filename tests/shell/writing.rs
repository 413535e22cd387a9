//! What is written, in which order, and what becomes of it when the server will not have it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use countersign_core::decide::{Changes, Evidence, Plan};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::objects::{agreement, decision, order, phase, telling, to_phase, to_status};
use testkit::fake::operator::Operator;
use testkit::fake::{Script, Server};

/// As an agreement does once everybody has signed: seal, pass the order on, be done.
fn seal_and_pass_on(seen: &countersign_core::decide::Observed<'_>, _: Timestamp) -> Plan {
    let agreement = seen.agreement;
    match phase(agreement) {
        None => telling(to_phase(agreement, "IssuingOrders"), "Sealed"),
        Some("IssuingOrders") if seen.orders.is_empty() => {
            let orders = vec![order(agreement, "o1"), order(agreement, "o2")];
            Plan::Write(Changes { orders, ..Changes::default() })
        }
        Some("IssuingOrders") => telling(to_phase(agreement, "Agreed"), "Agreed"),
        _ => Plan::default(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_life_takes_its_writes_and_no_others_even_if_the_watch_shows_nothing() {
    let server = Server::new();
    server.put("customeragreements", agreement("a"));
    let operator = Operator::start(&server, seal_and_pass_on);
    server.until("listed", |_| operator.is_ready()).await;
    server.hold_watches();
    server.until("agreed", |s| s.get("customeragreements", "a")["status"]["phase"] == "Agreed").await;
    server.pass(600).await;
    server.release_watches();
    server.pass(86_400).await;
    let writes: Vec<_> = server.writes().iter().map(|w| (w.method.clone(), w.path.clone())).collect();
    let status = (
        "PATCH".to_owned(),
        "/apis/countersign.dev/v1alpha1/namespaces/n/customeragreements/a/status".to_owned(),
    );
    let orders = ("POST".to_owned(), "/apis/countersign.dev/v1alpha1/namespaces/n/orderrequests".to_owned());
    assert_eq!(writes, [status.clone(), orders.clone(), orders, status]);
    assert_eq!(operator.metric("countersign_conflicts_total"), "0");
    assert_eq!(operator.metric("countersign_writes_total{verb=\"create\",resource=\"orderrequests\"}"), "2");
    assert_eq!(
        operator.metric("countersign_agreements{phase=\"Agreed\",classification=\"Unclassified\"}"),
        "1"
    );
    let reads = server.requests();
    let (lists, others): (Vec<_>, Vec<_>) =
        reads.iter().filter(|s| s.method == "GET" && !s.is_watch()).partition(|s| s.is_list());
    assert_eq!(others.len(), 1, "the kinds, at the start");
    assert!(lists.len() <= 6 * 28, "those of the start and of each hour: {}", lists.len());
}

#[tokio::test(start_paused = true)]
async fn the_patch_holds_the_difference_the_version_and_the_uid() {
    let server = Server::new();
    let mut stored = agreement("a");
    stored["status"] = json!({"phase": "Old", "waitingOn": "somebody", "owners": ["x"]});
    let stored = server.put("customeragreements", stored);
    let _operator = Operator::start(&server, |seen, _| {
        let mut status = seen.agreement.status.clone().unwrap_or_default();
        status.phase = Some("New".to_owned());
        status.waiting_on = None;
        to_status(seen.agreement, status)
    });
    server.until("a patch", |s| !s.writes().is_empty()).await;
    let patch = &server.writes()[0];
    let expected = json!({
        "metadata": {"resourceVersion": stored["metadata"]["resourceVersion"], "uid": "uid-of-a"},
        "status": {"phase": "New", "waitingOn": null}
    });
    assert_eq!(patch.body, expected);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_waits_for_the_watch() {
    let server = Server::new();
    server.put("customeragreements", agreement("a"));
    let operator = Operator::start(&server, |seen, _| match seen.decisions.is_empty() {
        true => Plan::default(),
        false => to_phase(seen.agreement, "Pending"),
    });
    server.until("listed", |_| operator.is_ready()).await;
    server.pass(1).await;
    server.hold_watches();
    server.put("customeragreements", agreement("a"));
    server.release_watches_of("agreementdecisions", || server.put("agreementdecisions", decision("d", "a")));
    server.until("a patch", |s| !s.writes().is_empty()).await;
    server.pass(10).await;
    assert_eq!(server.writes().len(), 1, "the old version is not tried twice");
    assert_eq!(operator.metric("countersign_conflicts_total"), "1");
    server.release_watches();
    server.until("the status", |s| s.get("customeragreements", "a")["status"]["phase"] == "Pending").await;
    assert_eq!(server.writes().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_order_request_that_is_there_already_is_no_error() {
    let server = Server::new();
    server.put("customeragreements", agreement("a"));
    let operator = Operator::start(&server, seal_and_pass_on);
    // The first answer is lost on its way; the order request was made all the same.
    server
        .script(Script { after: true, ..Script::new("POST", "/orderrequests", 504, "Timeout", "too slow") });
    server.until("agreed", |s| s.get("customeragreements", "a")["status"]["phase"] == "Agreed").await;
    assert!(server.sent("POST", "/orderrequests").len() <= 4);
    assert_eq!(operator.metric("countersign_reconcile_panics_total"), "0");
}

#[tokio::test(start_paused = true)]
async fn a_refused_order_request_is_told_at_once_and_tried_again_with_patience() {
    let server = Server::new();
    server.put("customeragreements", agreement("a"));
    for _ in 0..3 {
        server.script(Script::new("POST", "/orderrequests", 403, "Forbidden", "exceeded quota"));
    }
    let _operator = Operator::start(&server, |seen, _| {
        if seen.orders.iter().any(|order| order.spec.order_id == "o1") {
            return to_phase(seen.agreement, "Agreed");
        }
        let said = seen.refused.first().map_or("", |refused| refused.message.as_str());
        let changes = match to_phase(seen.agreement, &format!("Issuing {said}")) {
            Plan::Write(changes) => changes,
            Plan::Rest { .. } | Plan::Need(_) => Changes::default(),
        };
        Plan::Write(Changes { orders: vec![order(seen.agreement, "o1")], ..changes })
    });
    server
        .until("told", |s| s.get("customeragreements", "a")["status"]["phase"] == "Issuing exceeded quota")
        .await;
    assert_eq!(server.sent("POST", "/orderrequests").len(), 1);
    server.pass(2).await;
    assert_eq!(server.sent("POST", "/orderrequests").len(), 1, "not yet");
    server.until("agreed", |s| s.get("customeragreements", "a")["status"]["phase"] == "Agreed").await;
    assert_eq!(server.sent("POST", "/orderrequests").len(), 4);
    assert_eq!(server.sent("PATCH", "/status").len(), 3, "the condition does not flicker between the tries");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_a_day_of_patience_does_not_get_it() {
    let server = Server::new();
    let busy = |method, path_end: &str| Script {
        headers: vec![("retry-after", "86400")],
        ..Script::new(method, path_end, 503, "ServiceUnavailable", "come back tomorrow")
    };
    server.put("customeragreements", agreement("a"));
    server.put("customeragreements", agreement("b"));
    for _ in 0..5 {
        server.script(busy("PATCH", "/a/status"));
        server.script(busy("POST", "/orderrequests"));
    }
    let operator = Operator::start(&server, seal_and_pass_on);
    let began = operator.clock.now();
    server
        .until("the other one is done", |s| s.get("customeragreements", "b")["status"]["phase"] == "Agreed")
        .await;
    server.until("and this one", |s| s.get("customeragreements", "a")["status"]["phase"] == "Agreed").await;
    assert!(operator.clock.now().duration_since(began) < SignedDuration::from_secs(120));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_holds_up_nobody_else() {
    let server = Server::new();
    for name in ["a", "b", "c"] {
        server.put("customeragreements", agreement(name));
    }
    server.script(Script { hang: true, ..Script::new("PATCH", "/a/status", 200, "", "") });
    let operator = Operator::start(&server, |seen, _| to_phase(seen.agreement, "Pending"));
    let began = operator.clock.now();
    let pending = |s: &Server, name: &str| s.get("customeragreements", name)["status"]["phase"] == "Pending";
    server.until("the others", |s| pending(s, "b") && pending(s, "c")).await;
    assert!(operator.clock.now().duration_since(began) < SignedDuration::from_secs(2));
    server.until("this one", |s| pending(s, "a")).await;
    assert!(operator.clock.now().duration_since(began) < SignedDuration::from_secs(15));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_met_without_any_request() {
    let server = Server::new();
    server.put("customeragreements", agreement("a"));
    let deadline: Timestamp = "2026-06-20T12:00:00Z".parse().unwrap();
    let operator = Operator::start(&server, move |seen, now| {
        if now >= deadline {
            to_phase(seen.agreement, "Expired")
        } else {
            Plan::Rest { wake: Some(deadline) }
        }
    });
    server.until("listed", |_| operator.is_ready()).await;
    operator.clock.advance(std::time::Duration::from_secs(19 * 86_400 + 10 * 3_600));
    server.pass(3_600).await;
    assert!(server.writes().is_empty());
    server.until("expired", |s| s.get("customeragreements", "a")["status"]["phase"] == "Expired").await;
    let late = operator.clock.now().duration_since(deadline);
    assert!(late < SignedDuration::from_secs(2), "{late:?}");
}

#[tokio::test(start_paused = true)]
async fn a_panic_takes_nothing_else_down() {
    let server = Server::new();
    server.put("customeragreements", agreement("a"));
    server.put("customeragreements", agreement("b"));
    let panics = AtomicUsize::new(0);
    let operator = Operator::start(&server, move |seen, _| {
        assert!(
            seen.agreement.metadata.name.as_deref() != Some("a")
                || panics.fetch_add(1, Ordering::Relaxed) >= 3,
            "a bug"
        );
        to_phase(seen.agreement, "Pending")
    });
    server.until("the other one", |s| s.get("customeragreements", "b")["status"]["phase"] == "Pending").await;
    server.until("tried again", |s| s.get("customeragreements", "a")["status"]["phase"] == "Pending").await;
    assert_eq!(operator.metric("countersign_reconcile_panics_total"), "3");
    operator.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn events_follow_the_write_that_caused_them() {
    let server = Server::new();
    server.put("customeragreements", agreement("a"));
    server.script(Script::new("PATCH", "/a/status", 500, "InternalError", "no"));
    let _operator = Operator::start(&server, seal_and_pass_on);
    server.until("told", |s| s.sent("POST", "/events").len() == 2).await;
    server.pass(86_400).await;
    let told = server.sent("POST", "/events");
    let reasons: Vec<_> =
        told.iter().map(|event| event.body["reason"].as_str().unwrap().to_owned()).collect();
    assert_eq!(reasons, ["Sealed", "Agreed"], "each once, although the first write failed at first");
    let event = &told[0].body;
    assert_eq!((&event["reportingController"], &event["type"]), (&json!("countersign"), &json!("Normal")));
    assert_eq!((&event["regarding"]["name"], &event["regarding"]["uid"]), (&json!("a"), &json!("uid-of-a")));
    let first =
        |what: &dyn Fn(&testkit::fake::Seen) -> bool| server.requests().iter().position(what).unwrap();
    assert!(first(&|s| s.is("POST", "/events")) > first(&|s| s.is("PATCH", "/a/status")));
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_never_settles_does_not_spin() {
    let server = Server::new();
    server.put("customeragreements", agreement("a"));
    let count = AtomicUsize::new(0);
    let _operator = Operator::start(&server, move |seen, _| {
        to_phase(seen.agreement, &count.fetch_add(1, Ordering::Relaxed).to_string())
    });
    server.pass(300).await;
    assert!(server.writes().len() < 200, "{}", server.writes().len());
}

#[tokio::test(start_paused = true)]
async fn an_irrevocable_step_takes_one_read_and_its_findings_last() {
    let server = Server::new();
    server.put("customeragreements", agreement("a"));
    server.put("agreementdecisions", decision("seen", "a"));
    let views = Arc::new(Mutex::new(Vec::new()));
    let operator = Operator::start(&server, {
        let views = views.clone();
        move |seen, _| {
            let names: Vec<_> = seen.decisions.iter().filter_map(|d| d.metadata.name.clone()).collect();
            views.lock().unwrap().push((seen.evidence.fresh_decisions, names));
            match phase(seen.agreement) {
                Some(_) => Plan::default(),
                None if seen.policies.is_empty() => Plan::default(),
                None if seen.evidence.fresh_decisions => to_phase(seen.agreement, "Declined"),
                None => Plan::Need(Evidence::FreshDecisions),
            }
        }
    });
    server.until("listed", |_| operator.is_ready()).await;
    server.pass(1).await;
    views.lock().unwrap().clear();
    server.hold_watches();
    server.put("agreementdecisions", decision("unseen", "a"));
    server.put("agreementdecisions", decision("of-another", "b"));
    let mut broken = decision("broken", "a");
    broken["spec"]["action"] = json!("Dance");
    server.put("agreementdecisions", broken);
    server.release_watches_of("customeragreements", || {
        let mut touched = server.get("customeragreements", "a");
        touched["metadata"]["labels"] = json!({"touched": "yes"});
        server.put("customeragreements", touched)
    });
    server.release_watches_of("delegationpolicies", || {
        server.put("delegationpolicies", crate::objects::policy("p"))
    });
    server.until("declined", |s| s.get("customeragreements", "a")["status"]["phase"] == "Declined").await;
    server.pass(10).await;
    let lists = server.sent("GET", "/namespaces/n/agreementdecisions");
    assert_eq!(lists.len(), 1, "{lists:?}");
    assert!(
        lists[0].query.contains("fieldSelector=spec.agreementRef.name%3Da")
            && !lists[0].query.contains("resourceVersion")
    );
    let views = views.lock().unwrap().clone();
    let whole = vec!["seen".to_owned(), "unseen".to_owned()];
    let fresh = views.iter().position(|(fresh, _)| *fresh).unwrap();
    assert_eq!(views[fresh].1, whole, "all of its own and nothing else");
    assert_eq!(views[fresh + 1], (false, whole), "the next round knows as much");
}
