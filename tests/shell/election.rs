//! Of several operators one acts, and which one does not matter to any agreement.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign_core::decide::{Evidence, Observed, Plan};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::objects::{agreement, to_phase};
use testkit::fake::operator::Operator;
use testkit::fake::{Script, Server};

const LEASE: &str = "/leases/countersign";
const LEADING: &str = "countersign_leader_election_master_status";

/// One of several, and how often it decided.
struct Replica {
    operator: Operator,
    looks: Arc<AtomicUsize>,
}

impl Replica {
    fn start(server: &Server) -> Self {
        Self::start_deciding(server, |seen, _| to_phase(seen.agreement, "Seen"))
    }

    fn start_deciding(server: &Server, decide: fn(&Observed<'_>, Timestamp) -> Plan) -> Self {
        let looks = Arc::new(AtomicUsize::new(0));
        let counted = looks.clone();
        let operator = Operator::start_elected(server, move |seen, now| {
            counted.fetch_add(1, Ordering::Relaxed);
            decide(seen, now)
        });
        Self { operator, looks }
    }

    async fn until_leading(&self, server: &Server) {
        server.until("it leads", |_| self.leads()).await;
    }

    fn leads(&self) -> bool {
        self.operator.metric(LEADING) == "1"
    }

    fn looks(&self) -> usize {
        self.looks.load(Ordering::Relaxed)
    }
}

fn lease(server: &Server) -> Value {
    server.get("leases", "countersign")["spec"].clone()
}

fn holder(server: &Server) -> Option<String> {
    lease(server)["holderIdentity"].as_str().map(str::to_owned)
}

fn is_seen(server: &Server, name: &str) -> bool {
    server.get("customeragreements", name)["status"]["phase"] == "Seen"
}

/// Stores an agreement and waits until somebody has looked at it.
async fn is_looked_at(server: &Server, name: &str) {
    server.put("customeragreements", agreement(name));
    server.until(name, |server| is_seen(server, name)).await;
}

/// Two that are ready, of which the first leads.
async fn two(server: &Server) -> (Replica, Replica) {
    let first = Replica::start(server);
    first.until_leading(server).await;
    let second = Replica::start(server);
    server.until("the second stands by, ready", |_| second.operator.is_ready()).await;
    (first, second)
}

#[tokio::test(start_paused = true)]
async fn one_acts_and_the_other_only_watches() {
    let server = Server::new();
    let (first, second) = two(&server).await;
    is_looked_at(&server, "a").await;
    server.pass(86_400).await;
    is_looked_at(&server, "b").await;
    assert!(first.leads() && !second.leads());
    assert!(first.looks() >= 2);
    assert_eq!(second.looks(), 0);
    assert_eq!(lease(&server)["leaseTransitions"], 0, "it kept the lease all day");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_told_to_stop_makes_room_at_once() {
    let server = Server::new();
    let (first, second) = two(&server).await;
    first.operator.stop().await.unwrap();
    assert_eq!(holder(&server), None);
    server.pass(6).await;
    assert!(second.leads());
    assert_eq!(lease(&server)["leaseTransitions"], 1);
    is_looked_at(&server, "a").await;
}

#[tokio::test(start_paused = true)]
async fn whoever_vanishes_is_replaced_once_its_lease_is_over_and_not_before() {
    let server = Server::new();
    let (first, second) = two(&server).await;
    first.operator.crash();
    // It looks every five seconds, and the last renewal may be ten seconds old.
    server.pass(19).await;
    server.put("customeragreements", agreement("a"));
    assert!(!second.leads());
    server.pass(17).await;
    assert!(second.leads());
    server.until("what happened meanwhile is looked at", |server| is_seen(server, "a")).await;
}

/// A lease with a time of another clock or rubbish is judged by its renewals.
#[tokio::test(start_paused = true)]
async fn a_lease_with_a_time_of_another_clock_is_judged_by_its_renewals() {
    let server = Server::new();
    for (time, seconds) in [
        ("1999-01-01T00:00:00.000000Z", 30),
        ("2099-01-01T00:00:00.000000Z", 30),
        ("2026-06-01T00:00:00.000000Z", 1),
        ("2026-06-01T00:00:00.000000Z", i32::MAX),
    ] {
        let spec = json!({"holderIdentity": "somebody", "leaseDurationSeconds": seconds, "renewTime": time});
        server.put("leases", json!({"metadata": {"namespace": "n", "name": "countersign"}, "spec": spec}));
        let replica = Replica::start(&server);
        server.pass(29).await;
        assert!(!replica.leads(), "{time}");
        server.pass(8).await;
        assert!(replica.leads(), "{time}");
        replica.operator.stop().await.unwrap();
    }
}

/// Whoever cannot renew stops acting before another may begin and takes up everything later.
#[tokio::test(start_paused = true)]
async fn who_cannot_renew_stops_before_another_may_begin() {
    let server = Server::new();
    let (replica, other) = two(&server).await;
    is_looked_at(&server, "a").await;
    let refused = Script::new("PATCH", LEASE, 500, "InternalError", "etcd is away");
    let keep_refusing = |server: &Server| (0..400).for_each(|_| server.script(refused.clone()));
    keep_refusing(&server);
    server.pass(21).await;
    assert!(!replica.leads(), "20 s after the last renewal");
    server.put("customeragreements", agreement("b"));
    server.pass(60).await;
    assert!(!other.leads(), "it cannot write to the lease either");
    assert!(!is_seen(&server, "b"));
    let unready = replica.operator.health.readiness(&replica.operator.clock).unwrap_err();
    assert!(unready.contains("lease n/countersign") && unready.contains("etcd is away"), "{unready}");
    server.unscript();
    server.until("what happened meanwhile is looked at", |server| is_seen(server, "b")).await;
    server.pass(10).await;
    assert!(replica.operator.is_ready());
    assert_ne!(replica.leads(), other.leads());
}

/// A look begins whose read is answered so late that the lease is somebody else's by then.
async fn looks_for_too_long(server: &Server, seconds: u64) -> Replica {
    let replica = Replica::start_deciding(server, |seen, _| {
        if seen.evidence.fresh_decisions {
            to_phase(seen.agreement, "Seen")
        } else {
            Plan::Need(Evidence::FreshDecisions)
        }
    });
    replica.until_leading(server).await;
    server.script(Script {
        slow: Some(seconds),
        ..Script::new("GET", "/namespaces/n/agreementdecisions", 200, "", "")
    });
    server.put("customeragreements", agreement("a"));
    server.pass(1).await;
    let mut taken = server.get("leases", "countersign");
    taken["spec"]["holderIdentity"] = json!("somebody");
    server.put("leases", taken);
    server.pass(10).await;
    assert!(!replica.leads());
    replica
}

fn superseded(replica: &Replica) -> String {
    replica.operator.metric("countersign_reconcile_total{result=\"superseded\"}")
}

#[tokio::test(start_paused = true)]
async fn what_was_decided_under_a_lease_is_not_written_without_it() {
    let server = Server::new();
    let replica = looks_for_too_long(&server, 15).await;
    server.pass(10).await;
    assert!(replica.looks() >= 2, "it was decided anew once the read was answered");
    assert_eq!(superseded(&replica), "1");
    assert!(!is_seen(&server, "a"));
}

#[tokio::test(start_paused = true)]
async fn what_was_read_in_one_term_is_not_written_in_the_next() {
    let server = Server::new();
    let replica = looks_for_too_long(&server, 25).await;
    let mut let_go = server.get("leases", "countersign");
    let_go["spec"] = json!({"leaseDurationSeconds": 1});
    server.put("leases", let_go);
    server.pass(6).await;
    assert!(holder(&server).is_some(), "it is ours again, before the read is answered");
    server.pass(10).await;
    assert_eq!(superseded(&replica), "1");
    assert!(replica.leads());
    server.until("it is looked at anew", |server| is_seen(server, "a")).await;
}

/// A lease that is deleted or edited by a stranger is mended without a pause.
#[tokio::test(start_paused = true)]
async fn a_lease_that_is_deleted_or_edited_is_restored_without_a_pause() {
    let server = Server::new();
    let replica = Replica::start(&server);
    replica.until_leading(&server).await;
    let ours = holder(&server);
    server.delete("leases", "countersign");
    server.pass(12).await;
    assert!(replica.leads());
    assert_eq!(holder(&server), ours, "it was made anew");
    let mut edited = server.get("leases", "countersign");
    edited["metadata"]["annotations"] = json!({"who": "was here"});
    edited["spec"]["leaseDurationSeconds"] = json!(9_999);
    server.put("leases", edited);
    server.pass(60).await;
    assert!(replica.leads());
    assert_eq!(lease(&server)["leaseDurationSeconds"], 30);
    is_looked_at(&server, "a").await;
    assert_eq!(replica.looks(), 2, "one look that writes, and one that finds nothing to do");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_deleted_or_emptied_makes_no_second_one_act() {
    let server = Server::new();
    let (first, second) = two(&server).await;
    for deleted in [true, false] {
        if deleted {
            server.delete("leases", "countersign");
        } else {
            let mut emptied = server.get("leases", "countersign");
            emptied["spec"]["holderIdentity"] = Value::Null;
            server.put("leases", emptied);
        }
        for _ in 0..120 {
            server.pass(1).await;
            assert!(first.leads() && !second.leads(), "deleted: {deleted}");
        }
    }
    first.operator.crash();
    server.delete("leases", "countersign");
    server.pass(45).await;
    assert!(second.leads(), "but nobody waits for ever");
}

#[tokio::test(start_paused = true)]
async fn whoever_lost_an_answer_still_lets_go_of_the_lease() {
    let server = Server::new();
    let (first, second) = two(&server).await;
    server.script(Script { after: true, hang: true, ..Script::new("PATCH", LEASE, 200, "", "") });
    server.pass(11).await;
    first.operator.stop().await.unwrap();
    assert_eq!(holder(&server), None);
    server.pass(6).await;
    assert!(second.leads());
}

/// Whoever has not seen everything does not take the lease from whoever has.
#[tokio::test(start_paused = true)]
async fn who_has_not_seen_everything_does_not_take_the_lease() {
    let server = Server::new();
    let (first, second) = two(&server).await;
    let never = Script { hang: true, ..Script::new("GET", "/standardterms", 200, "", "") };
    (0..20).for_each(|_| server.script(never.clone()));
    let third = Replica::start(&server);
    server.pass(15).await;
    assert!(!third.operator.is_ready());
    first.operator.stop().await.unwrap();
    server.pass(6).await;
    assert!(second.leads() && !third.leads());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_costs_nothing() {
    let server = Server::new();
    let (first, second) = two(&server).await;
    for _ in 0..3 {
        server.script(Script { after: true, hang: true, ..Script::new("PATCH", LEASE, 200, "", "") });
        for _ in 0..40 {
            server.pass(1).await;
            assert!(first.leads() && !second.leads());
        }
    }
    assert_eq!(lease(&server)["leaseTransitions"], 0);
}

#[tokio::test(start_paused = true)]
async fn without_the_right_to_the_lease_nobody_acts_and_readiness_says_so() {
    let server = Server::new();
    let refused = Script::new("GET", LEASE, 403, "Forbidden", "leases is forbidden");
    (0..200).for_each(|_| server.script(refused.clone()));
    let replica = Replica::start(&server);
    server.put("customeragreements", agreement("a"));
    // A rollout must not take away what works, so it is never ready for a moment.
    for _ in 0..90 {
        server.pass(1).await;
        assert!(!replica.operator.is_ready());
    }
    assert_eq!(replica.looks(), 0);
    server.unscript();
    server.until("it acts", |server| is_seen(server, "a")).await;
}

#[tokio::test(start_paused = true)]
async fn a_day_at_rest_is_one_write_every_ten_seconds_and_no_read() {
    let server = Server::new();
    let replica = Replica::start(&server);
    replica.until_leading(&server).await;
    let before = server.sent("GET", LEASE).len();
    server.pass(86_400).await;
    let renewals = server.sent("PATCH", LEASE).len();
    assert!((8_600..=8_640).contains(&renewals), "{renewals}");
    assert_eq!(server.sent("GET", LEASE).len(), before);
}
