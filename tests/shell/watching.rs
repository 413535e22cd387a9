//! What is watched, and how the operator keeps in step.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign_core::decide::Plan;
use serde_json::json;

use crate::objects::{agreement, broken, decision, order, to_phase};
use testkit::fake::operator::Operator;
use testkit::fake::{Script, Server};

fn pending(server: &Server, name: &str) -> bool {
    server.get("customeragreements", name)["status"]["phase"] == "Pending"
}

#[tokio::test(start_paused = true)]
async fn one_object_that_cannot_be_read_stops_no_other() {
    let server = Server::new();
    server.put("customeragreements", broken("bad"));
    server.put("customeragreements", agreement("good"));
    let operator = Operator::start(&server, |seen, _| to_phase(seen.agreement, "Pending"));
    server.until("the good one", |s| pending(s, "good")).await;
    server.put("customeragreements", broken("worse"));
    server.put("customeragreements", agreement("better"));
    server.until("the better one", |s| pending(s, "better")).await;
    let count = "countersign_undecodable_objects{kind=\"customeragreements\"}";
    assert_eq!(operator.metric(count), "2");

    // One that could be read and cannot any more is left alone until it can.
    let before = server.writes().len();
    let mut worse = server.get("customeragreements", "good");
    worse["spec"]["offerVersion"] = json!("two");
    server.put("customeragreements", worse.clone());
    server.pass(10_000).await;
    assert_eq!((operator.metric(count), server.writes().len()), ("3".to_owned(), before));
    worse["spec"]["offerVersion"] = json!(2);
    worse["status"] = json!({});
    server.put("customeragreements", worse);
    server.until("well again", |s| pending(s, "good")).await;
}

#[tokio::test(start_paused = true)]
async fn at_rest_there_is_nothing_but_watches() {
    let server = Server::new();
    for i in 0..20 {
        server.put("customeragreements", agreement(&format!("a{i}")));
    }
    let operator = Operator::start(&server, |seen, _| to_phase(seen.agreement, "Pending"));
    server.until("all", |s| s.sent("PATCH", "/status").len() == 20).await;
    assert!(operator.is_ready());
    let before = server.requests().len();
    server.pass(7 * 3_600).await;
    let since = &server.requests()[before..];
    let lists = since.iter().filter(|s| s.is_list()).count();
    assert_eq!(since.iter().filter(|s| !s.is_watch()).count(), lists, "{since:#?}");
    assert!((6 * 6..=6 * 8).contains(&lists), "each kind once an hour, and not {lists} lists");
}

#[tokio::test(start_paused = true)]
async fn a_restart_writes_nothing_and_lists_each_kind_once() {
    let server = Server::new();
    server.put("customeragreements", agreement("a"));
    let operator = Operator::start(&server, |seen, _| to_phase(seen.agreement, "Pending"));
    server.until("pending", |s| pending(s, "a")).await;
    operator.stop().await.unwrap();
    let before = server.requests().len();
    let operator = Operator::start(&server, |seen, _| to_phase(seen.agreement, "Pending"));
    server.until("ready", |_| operator.is_ready()).await;
    server.pass(10).await;
    let since = &server.requests()[before..];
    let (lists, watches) = (since.iter().filter(|s| s.is_list()), since.iter().filter(|s| s.is_watch()));
    assert_eq!((lists.clone().count(), watches.count()), (6, 6));
    assert_eq!(since.len(), 13, "the kinds, six lists and six watches: {since:#?}");
    assert!(
        lists.clone().all(|s| s.parameter("resourceVersion").is_none()),
        "not from an old cache of the server"
    );
}

#[tokio::test(start_paused = true)]
async fn a_start_lists_in_pages_and_follows_from_there() {
    let server = Server::new();
    server.put("customeragreements", agreement("a"));
    let operator = Operator::start(&server, |_, _| Plan::default());
    server.until("ready", |_| operator.is_ready()).await;
    server.pass(1).await;
    let seen = server.sent("GET", "/customeragreements");
    let [list, watch] = seen.as_slice() else { panic!("{seen:#?}") };
    assert!(list.is_list() && list.parameter("limit") == Some("500") && list.parameter("watch").is_none());
    assert!(watch.is_watch() && watch.parameter("resourceVersion") == Some("101"));
    assert!(
        watch.parameter("allowWatchBookmarks") == Some("true")
            && watch.parameter("sendInitialEvents").is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_lost_the_thread_begins_anew() {
    let gone = || Script::new("GET", "/customeragreements", 410, "Expired", "too old");
    let behind = || Script::new("GET", "/customeragreements", 504, "Timeout", "Too large resource version");
    for (case, script) in [("410", gone()), ("504", behind())] {
        let server = Server::new();
        server.put("customeragreements", agreement("a"));
        server.put("customeragreements", agreement("deleted"));
        let operator = Operator::start(&server, |seen, _| to_phase(seen.agreement, "Pending"));
        server.until("pending", |s| pending(s, "a") && pending(s, "deleted")).await;
        server.script(script);
        server.hold_watches();
        server.cut("customeragreements");
        server.delete("customeragreements", "deleted");
        server.put("customeragreements", agreement("new"));
        let began = operator.clock.now();
        server.until(case, |s| pending(s, "new")).await;
        assert!(operator.clock.now().duration_since(began).as_secs() < 60);
        assert_eq!(
            operator.metric("countersign_agreements{phase=\"Pending\",classification=\"Unclassified\"}"),
            "2",
            "{case}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_in_the_stream_and_nonsense_are_survived() {
    let server = Server::new();
    server.put("customeragreements", agreement("a"));
    let _operator = Operator::start(&server, |seen, _| to_phase(seen.agreement, "Pending"));
    server.until("pending", |s| pending(s, "a")).await;
    server.send(
        "customeragreements",
        &json!({"type": "ERROR", "object": Script::new("", "", 410, "Expired", "gone").body}),
    );
    server.pass(5).await;
    server.put("customeragreements", agreement("b"));
    server.until("b", |s| pending(s, "b")).await;
    server.send("customeragreements", &json!(["what is this?"]));
    server.pass(5).await;
    server.put("customeragreements", agreement("c"));
    server.until("c", |s| pending(s, "c")).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_died_silently_is_noticed() {
    let server = Server::new();
    let operator = Operator::start(&server, |seen, _| to_phase(seen.agreement, "Pending"));
    server.until("ready", |_| operator.is_ready()).await;
    server.hold_watches();
    server.put("customeragreements", agreement("a"));
    server.pass(30).await;
    let began = operator.clock.now();
    server.until("pending", |s| pending(s, "a")).await;
    assert!(operator.clock.now().duration_since(began).as_secs() <= 90);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_stays_away_makes_the_operator_unready() {
    let server = Server::new();
    let operator = Operator::start(&server, |_, _| Plan::default());
    server.until("ready", |_| operator.is_ready()).await;
    for _ in 0..100 {
        server.script(Script::new("GET", "/agreementdecisions", 403, "Forbidden", "no rights"));
    }
    server.cut("agreementdecisions");
    server.until("unready", |_| !operator.is_ready()).await;
    let missing = operator.health.readiness(&operator.clock).unwrap_err();
    assert!(missing.contains("agreementdecisions") && missing.contains("no rights"), "{missing}");
    server.unscript();
    server.until("ready again", |_| operator.is_ready()).await;
}

#[tokio::test(start_paused = true)]
async fn the_kinds_are_waited_for_and_named() {
    let server = Server::new();
    server.serves_kinds(false);
    server.put("customeragreements", agreement("a"));
    let operator = Operator::start(&server, |seen, _| to_phase(seen.agreement, "Pending"));
    server.pass(60).await;
    let missing = operator.health.readiness(&operator.clock).unwrap_err();
    assert!(missing.contains("customeragreements") && !missing.contains("standardterms"), "{missing}");
    assert!(server.requests().iter().all(|s| s.is("GET", "/v1alpha1")) && server.requests().len() <= 6);
    server.serves_kinds(true);
    server.until("pending", |s| pending(s, "a")).await;
}

#[tokio::test(start_paused = true)]
async fn what_an_agreement_depends_on_wakes_it() {
    let server = Server::new();
    for name in ["a", "unrelated"] {
        server.put("customeragreements", agreement(name));
    }
    let mut amendment = agreement("amendment");
    amendment["spec"]["amendsRef"] = json!({"name": "a"});
    server.put("customeragreements", amendment);
    let looked_at = Arc::new(Mutex::new(Vec::<String>::new()));
    let operator = Operator::start(&server, {
        let looked_at = looked_at.clone();
        move |seen, _| {
            looked_at.lock().unwrap().extend(seen.agreement.metadata.name.clone());
            Plan::default()
        }
    });
    server.until("ready", |_| operator.is_ready()).await;
    let read = |stored: serde_json::Value| {
        serde_json::from_value::<countersign_api::CustomerAgreement>(stored).unwrap()
    };
    let of_a = serde_json::to_value(order(&read(server.get("customeragreements", "a")), "o")).unwrap();
    let mut labelled = server.get("namespaces", "n");
    labelled["metadata"]["labels"] = json!({"team": "x"});
    let cases = [
        ("agreementdecisions", decision("d", "a"), vec!["a"]),
        ("orderrequests", of_a, vec!["a"]),
        ("customeragreements", server.get("customeragreements", "a"), vec!["a", "amendment"]),
        ("customeragreements", server.get("customeragreements", "amendment"), vec!["a", "amendment"]),
        ("delegationpolicies", crate::objects::policy("p"), vec!["a", "amendment", "unrelated"]),
        ("namespaces", labelled.clone(), vec!["a", "amendment", "unrelated"]),
        ("namespaces", labelled, vec![]),
    ];
    for (plural, object, expected) in cases {
        server.pass(1).await;
        looked_at.lock().unwrap().clear();
        server.put(plural, object);
        server.pass(1).await;
        let mut names = std::mem::take(&mut *looked_at.lock().unwrap());
        names.sort();
        assert_eq!(names, expected, "{plural}");
    }
}

#[tokio::test(start_paused = true)]
async fn told_to_stop_it_finishes_what_is_under_way() {
    let server = Server::new();
    server.put("customeragreements", agreement("a"));
    let operator = Operator::start(&server, |seen, _| to_phase(seen.agreement, "Pending"));
    let busy =
        Script { headers: vec![("retry-after", "2")], ..Script::new("PATCH", "/a/status", 503, "", "") };
    server.script(busy);
    server.until("under way", |s| s.sent("PATCH", "/a/status").len() == 1).await;
    tokio::time::timeout(Duration::from_secs(20), operator.stop()).await.unwrap().unwrap();
    assert!(pending(&server, "a"));
}
