//! Watches that fail without a word, and what makes good what one left out.

use std::sync::{Arc, Mutex};

use countersign_core::decide::Plan;
use serde_json::{Value, json};

use crate::objects::{agreement, decision, to_phase};
use testkit::fake::operator::Operator;
use testkit::fake::{Fault, Script, Server};

const KIND: &str = "customeragreements";

fn pending(server: &Server, name: &str) -> bool {
    server.get(KIND, name)["status"]["phase"] == "Pending"
}

fn known(operator: &Operator) -> String {
    operator.metric("countersign_agreements{phase=\"Pending\",classification=\"Unclassified\"}")
}

fn lists(server: &Server) -> usize {
    server.sent("GET", &format!("/{KIND}")).iter().filter(|seen| seen.is_list()).count()
}

/// A server with an agreement, and an operator that has written it.
async fn in_step() -> (Server, Operator) {
    let server = Server::new();
    server.put(KIND, agreement("a"));
    let operator = Operator::start(&server, |seen, _| to_phase(seen.agreement, "Pending"));
    server.until("pending", |s| pending(s, "a")).await;
    server.until("ready", |_| operator.is_ready()).await;
    (server, operator)
}

async fn is_known_in_time_and_mended_in_time(fault: Fault, begins: u64, ends: u64) {
    let case = format!("{fault:?} from {begins} s for {ends} s");
    let (server, operator) = in_step().await;
    server.pass(begins).await;
    server.fails(KIND, fault);
    server.pass(60).await;
    let readiness = operator.health.readiness(&operator.clock);
    assert!(readiness.as_ref().is_err_and(|missing| missing.contains(KIND)), "{case}: {readiness:?}");
    for _ in 0..ends {
        server.pass(1).await;
        assert!(!operator.is_ready(), "{case}: the fault goes on");
    }
    server.put(KIND, agreement("b"));
    server.recovers(KIND);
    server.pass(30).await;
    assert!(pending(&server, "b"), "{case}");
    assert!(operator.is_ready(), "{case}: {:?}", operator.health.readiness(&operator.clock));
    server.pass(300).await;
    assert!(operator.is_ready(), "{case}: and stays so");
}

/// An empty line and half a line are no events either.
#[tokio::test(start_paused = true)]
async fn silence_is_known_within_a_minute_and_mended_within_half_a_minute() {
    for fault in [Fault::Dead, Fault::Trickles("\n"), Fault::Trickles("x"), Fault::NeverAnswers] {
        for (begins, ends) in [(0, 60), (9, 71), (20, 83), (25, 97)] {
            is_known_in_time_and_mended_in_time(fault, begins, ends).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_without_end_is_cut_off() {
    let (server, operator) = in_step().await;
    server.fails(KIND, Fault::Endless);
    server.pass(120).await;
    let missing = operator.health.readiness(&operator.clock).unwrap_err();
    assert!(missing.contains("a line without end"), "{missing}");
    server.recovers(KIND);
    server.pass(30).await;
    assert!(operator.is_ready());
}

/// Where one connection died and the next one is well, nothing is missed for long.
#[tokio::test(start_paused = true)]
async fn a_dead_connection_is_replaced() {
    let (server, operator) = in_step().await;
    server.fails(KIND, Fault::Dead);
    server.recovers(KIND);
    server.put(KIND, agreement("b"));
    server.pass(45).await;
    assert!(pending(&server, "b"));
    server.pass(20).await;
    assert!(operator.is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_watches_at_once_gets_at_most_a_request_a_second() {
    let (server, operator) = in_step().await;
    server.fails(KIND, Fault::EndsAtOnce);
    let before = server.sent("GET", &format!("/{KIND}")).len();
    server.put(KIND, agreement("b"));
    server.pass(45).await;
    assert!(pending(&server, "b"), "what no watch shows is listed");
    server.pass(255).await;
    let requests = server.sent("GET", &format!("/{KIND}")).len() - before;
    assert!(requests <= 302, "{requests} requests in 300 s");
    server.recovers(KIND);
    server.pass(30).await;
    assert!(operator.is_ready());
}

/// The server answers a watch from a version that it has not reached with 200 and silence.
#[tokio::test(start_paused = true)]
async fn a_history_that_began_anew_is_noticed() {
    let (server, operator) = in_step().await;
    let backup = server.backup();
    for name in ["b", "c"] {
        server.put(KIND, agreement(name));
    }
    server.until("all", |s| pending(s, "b") && pending(s, "c")).await;
    let mut edited = server.get(KIND, "a");
    edited["metadata"]["labels"] = json!({"after": "the backup"});
    server.put(KIND, edited);
    server.pass(40).await;
    server.restore(backup);
    server.pass(30).await;
    assert_eq!(known(&operator), "1", "what was not in the backup is gone");
    server.put(KIND, agreement("d"));
    server.pass(1).await;
    assert!(pending(&server, "d"), "and what happens in the new history is seen at once");
    server.pass(20).await;
    assert!(operator.is_ready());
}

/// The versions of an agreement in the order in which they were decided on.
fn recording(server: &Server, resync: u64) -> (Operator, Arc<Mutex<Vec<u64>>>) {
    let versions = Arc::new(Mutex::new(Vec::new()));
    let recorded = versions.clone();
    let operator = Operator::start_resyncing(server, resync, move |seen, _| {
        if seen.agreement.metadata.name.as_deref() == Some("a") {
            let version = seen.agreement.metadata.resource_version.clone().unwrap_or_default();
            recorded.lock().unwrap().push(version.parse().unwrap());
        }
        to_phase(seen.agreement, "Pending")
    });
    (operator, versions)
}

fn touched(server: &Server, name: &str, how: &str) -> Value {
    let mut touched = server.get(KIND, name);
    touched["metadata"]["labels"] = json!({"touched": how});
    touched
}

#[tokio::test(start_paused = true)]
async fn an_event_that_comes_again_or_late_takes_nothing_back() {
    let server = Server::new();
    let old = server.put(KIND, agreement("a"));
    let (operator, versions) = recording(&server, 3_600);
    server.until("pending", |s| pending(s, "a")).await;
    let gone = server.put(KIND, agreement("gone"));
    server.until("pending", |s| pending(s, "gone")).await;
    server.delete(KIND, "gone");
    server.pass(5).await;
    let before = lists(&server);
    server.send(KIND, &json!({"type": "MODIFIED", "object": old}));
    server.pass(5).await;
    server.send(KIND, &json!({"type": "ADDED", "object": gone}));
    server.pass(5).await;
    assert!(versions.lock().unwrap().is_sorted(), "{versions:?}");
    assert_eq!(known(&operator), "1", "what was deleted does not come back");
    assert_eq!(lists(&server) - before, 2, "a watch that goes back is not trusted");
    assert!(operator.is_ready());
}

#[tokio::test(start_paused = true)]
async fn events_that_were_swapped_are_both_seen() {
    let server = Server::new();
    let (operator, _) = recording(&server, 3_600);
    server.until("ready", |_| operator.is_ready()).await;
    server.pass(1).await;
    server.put_unseen(KIND, agreement("a"));
    server.put_unseen(KIND, agreement("b"));
    for name in ["b", "a"] {
        server.send(KIND, &json!({"type": "ADDED", "object": server.get(KIND, name)}));
    }
    server.pass(2).await;
    assert!(pending(&server, "a") && pending(&server, "b"));
}

/// Leaves the creation of `b` out, and shows something newer, so that the watch goes on behind it.
async fn leaves_b_out(server: &Server) {
    server.put_unseen(KIND, agreement("b"));
    server.put(KIND, touched(server, "a", "once"));
    server.pass(2).await;
}

#[tokio::test(start_paused = true)]
async fn an_event_that_was_dropped_is_made_good_by_the_next_one_of_its_object() {
    let server = Server::new();
    server.put(KIND, agreement("a"));
    let (_operator, _) = recording(&server, 86_400);
    server.until("pending", |s| pending(s, "a")).await;
    leaves_b_out(&server).await;
    server.pass(7_200).await;
    assert!(!pending(&server, "b"), "the event was dropped");
    server.put(KIND, touched(&server, "b", "once"));
    server.pass(1).await;
    assert!(pending(&server, "b"));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_was_dropped_is_made_good_by_the_next_full_list() {
    for resync in [20, 3_600] {
        let server = Server::new();
        server.put(KIND, agreement("a"));
        let (operator, _) = recording(&server, resync);
        server.until("pending", |s| pending(s, "a")).await;
        leaves_b_out(&server).await;
        server.pass(resync + 1).await;
        assert!(pending(&server, "b"), "{resync}");
        assert!(operator.is_ready());
    }
}

#[tokio::test(start_paused = true)]
async fn at_the_second_conflict_on_one_version_the_agreement_is_read() {
    let server = Server::new();
    server.put(KIND, agreement("a"));
    server.put(KIND, agreement("other"));
    let operator = Operator::start(&server, |seen, _| match seen.decisions.is_empty() {
        true => Plan::default(),
        false => to_phase(seen.agreement, "Pending"),
    });
    server.until("listed", |_| operator.is_ready()).await;
    server.pass(1).await;
    server.put_unseen(KIND, touched(&server, "a", "unseen"));
    server.put(KIND, touched(&server, "other", "seen"));
    server.put("agreementdecisions", decision("d", "a"));
    server.until("a conflict", |_| operator.metric("countersign_conflicts_total") == "1").await;
    let read = |server: &Server| server.sent("GET", "/namespaces/n/customeragreements");
    assert!(read(&server).is_empty(), "the watch may yet show it");
    server.until("pending", |s| pending(s, "a")).await;
    assert_eq!(operator.metric("countersign_conflicts_total"), "2");
    let read = read(&server);
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].parameter("fieldSelector"), Some("metadata.name%3Da"));
}

/// The API server ends the watches on a kind whose definition is replaced, does not serve it for a moment, and has other objects then.
#[tokio::test(start_paused = true)]
async fn a_definition_that_is_replaced_twice_within_a_second_is_followed() {
    for answers in [[404, 404], [410, 410], [503, 410]] {
        let (server, operator) = in_step().await;
        for (n, code) in answers.into_iter().enumerate() {
            server.cut(KIND);
            for name in ["a", "old"] {
                server.delete(KIND, name);
            }
            server.script(Script::new(
                "GET",
                &format!("/{KIND}"),
                code,
                "Gone",
                "the definition is replaced",
            ));
            let mut fresh = agreement(if n == 0 { "old" } else { "new" });
            fresh["metadata"]["uid"] = json!(format!("uid-{n}"));
            server.put(KIND, fresh);
        }
        server.pass(30).await;
        assert!(pending(&server, "new"), "{answers:?}");
        assert_eq!(known(&operator), "1", "{answers:?}");
        assert!(operator.is_ready(), "{answers:?}");
    }
}

/// As HTTP status of a list, of its second try, of a watch, and as an event in the stream.
#[tokio::test(start_paused = true)]
async fn whatever_says_that_the_version_is_gone_leads_to_a_list() {
    let gone = || Script::new("GET", &format!("/{KIND}"), 410, "Expired", "too old");
    let in_stream = json!({"type": "ERROR", "object": gone().body});
    for (case, cut, answers) in [("in the stream", false, 0), ("watch", true, 1), ("watch and list", true, 3)]
    {
        let (server, operator) = in_step().await;
        (0..answers).for_each(|_| server.script(gone()));
        if cut {
            server.cut(KIND);
        } else {
            server.send(KIND, &in_stream);
        }
        server.put_unseen(KIND, agreement("b"));
        server.pass(30).await;
        assert!(pending(&server, "b"), "{case}");
        assert!(operator.is_ready(), "{case}");
    }
}
