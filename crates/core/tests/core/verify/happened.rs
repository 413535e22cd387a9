//! What really happened holds.

use std::sync::Arc;

use countersign_api::Action;
use countersign_core::verify::{Claim, Statement, Verdict};
use serde_json::{Value, json};
use testkit::papers::Papers;
use testkit::people::{DESK, EVA, JONAS};
use testkit::world::World;

use super::{agreed_amendment, declined_cafe, expired_fibre, that_are};

#[test]
fn whatever_really_happened_holds_whole() {
    let open = World::confirmed_fibre();
    for (world, statements) in [
        (World::agreed_fibre(), 21),
        (World::agreed_fleet(), 26),
        (declined_cafe(), 14),
        (World::refused_fleet(), 22),
        (expired_fibre(), 10),
        (agreed_amendment(), 42),
        (open, 17),
    ] {
        let report = Papers::of(&world).report();
        assert!(report.holds_whole(), "{report}");
        assert_eq!((report.summary.ok, report.unreadable.len()), (statements, 0), "{report}");
    }
}

/// Evidence stays good when a later version verifies it that knows more fields.
#[test]
fn what_an_earlier_version_wrote_holds_whole() {
    for (world, statements) in [
        (World::agreed_fleet(), 26),
        (declined_cafe(), 14),
        (World::refused_fleet(), 22),
        (expired_fibre(), 10),
        (World::escalated_fleet(), 20),
    ] {
        let mut papers = Papers::of(&world);
        let today = papers.clone();
        let status = papers.agreement()["status"].as_object_mut().unwrap();
        for wait in status.get_mut("waitingFor").and_then(Value::as_array_mut).into_iter().flatten() {
            let wait = wait.as_object_mut().unwrap();
            wait.remove("function");
            wait.remove("level");
        }
        for step in status.get_mut("approvals").and_then(Value::as_array_mut).into_iter().flatten() {
            let verdicts = step.get_mut("decidedBy").and_then(Value::as_array_mut);
            for verdict in verdicts.into_iter().flatten() {
                verdict.as_object_mut().unwrap().remove("subject");
            }
        }
        if let Some(closed) = status.get_mut("closed").and_then(Value::as_object_mut) {
            closed.remove("cause");
            closed.remove("offerEndTime");
        }
        assert_ne!(papers.0, today.0);
        let report = papers.report();
        assert!(report.holds_whole(), "{report}");
        assert_eq!(report.summary.ok, statements, "{report}");
    }
}

#[test]
fn what_the_rules_would_say_is_not_checked_where_they_are_missing() {
    for (kind, others) in [("StandardTerms", 0), ("DelegationPolicy", 2)] {
        let mut papers = Papers::of(&World::agreed_fleet());
        papers.remove(kind, "");
        let report = papers.report();
        let agreement = &report.agreements[0];
        assert_eq!(that_are(agreement, Verdict::Fails), Vec::<&Statement>::new());
        assert!(report.holds() && !report.holds_whole());
        let unknown: Vec<Claim> =
            that_are(agreement, Verdict::NotChecked).iter().map(|statement| statement.claim).collect();
        for claim in [
            Claim::Rules,
            Claim::Classification,
            Claim::Value,
            Claim::Requirements,
            Claim::Replay,
            Claim::Authority,
        ] {
            assert!(unknown.contains(&claim), "{claim:?} without {kind}: {report}");
        }
        let approvals = unknown.iter().filter(|claim| **claim == Claim::Approval).count();
        assert_eq!(approvals, others, "without {kind}: {report}");
        // What needs no rules is looked at all the same.
        for claim in [
            Claim::TermsDigest,
            Claim::ConfirmationDigest,
            Claim::Decision,
            Claim::Orders,
            Claim::OrderRequest,
        ] {
            assert!(!unknown.contains(&claim), "{claim:?} without {kind}");
        }
    }
    // A policy of the same name that is another one is not the one.
    let mut papers = Papers::of(&World::agreed_fleet());
    papers.set("DelegationPolicy", "", "/metadata/uid", "policy-2");
    let report = papers.report();
    let rules = report.agreements[0].statements.iter().find(|own| own.claim == Claim::Rules).unwrap();
    assert_eq!(rules.verdict, Verdict::NotChecked);
    assert!(rules.because.contains("the one of that name there has the uid policy-2"), "{rules:?}");
}

#[test]
fn people_may_leave_and_what_they_decided_stands() {
    let mut papers = Papers::of(&World::agreed_fleet());
    papers.set("DelegationPolicy", "", "/spec/holders", json!([]));
    let report = papers.report();
    assert!(report.holds(), "{report}");
    let unknown = that_are(&report.agreements[0], Verdict::NotChecked);
    assert_eq!(unknown.iter().map(|own| own.claim).collect::<Vec<_>>(), [Claim::Authority], "{report}");
    assert!(unknown[0].because.contains("does not hold finance L1"), "{unknown:?}");
}

#[test]
fn what_may_be_edited_after_sealing_is_told_from_what_may_not() {
    let mut papers = Papers::of(&World::agreed_fibre());
    papers.set("CustomerAgreement", "", "/spec/documentNumber", "CA-2027-1");
    let report = papers.report();
    assert!(report.holds(), "{report}");
    let unknown = that_are(&report.agreements[0], Verdict::NotChecked);
    assert_eq!(unknown.len(), 1, "{report}");
    assert_eq!(unknown[0].claim, Claim::OrderRequest);
    assert!(unknown[0].because.contains("`spec.externalId`"), "{unknown:?}");
}

#[test]
fn an_ignored_decision_that_would_have_counted_is_found() {
    // The customer took it back before it was sealed, and somebody made the status say that it was too late.
    let mut world = World::confirmed_fibre();
    world.act(EVA, Action::Sign);
    world.settle();
    let signed = world.clone();
    world.pass(60).act(JONAS, Action::Countersign);
    world.settle();
    let mut papers = Papers::of(&world);
    let mut withdrawal = signed;
    withdrawal.act_because(EVA, Action::Withdraw, "changed our mind");
    let mut object = json!(**withdrawal.decisions.last().unwrap());
    object["metadata"]["name"] = json!("taken-back");
    papers.0.push(object);
    // Passed over in silence:
    let report = papers.report();
    let failed = that_are(&report.agreements[0], Verdict::Fails);
    assert!(
        failed.iter().any(|own| own.claim == Claim::Replay && own.because.contains("it would not be sealed")),
        "{report}"
    );
    // Or called too late:
    papers.agreement()["status"]["ignoredDecisions"] =
        json!([{"name": "taken-back", "username": EVA.0, "reason": "Sealed", "message": "too late"}]);
    let report = papers.report();
    let failed = that_are(&report.agreements[0], Verdict::Fails);
    assert_eq!(failed.iter().map(|own| own.claim).collect::<Vec<_>>(), [Claim::Ignored], "{report}");
    assert_eq!(failed[0].because, "`taken-back`, ignored as Sealed, would count");
}

#[test]
fn what_came_between_the_last_read_and_the_write_was_too_late() {
    let mut world = World::confirmed_fibre();
    world.act(EVA, Action::Sign);
    world.settle();
    let before = world.clone();
    world.pass(5).act(JONAS, Action::Countersign);
    world.settle();
    let mut late = before;
    late.pass(4).act_because(EVA, Action::Withdraw, "changed our mind");
    let mut decision = (**late.decisions.last().unwrap()).clone();
    decision.metadata.name = Some("taken-back".to_owned());
    decision.metadata.creation_timestamp =
        Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(world.now));
    world.decisions.push(Arc::new(decision));
    world.settle();
    assert_eq!(world.ignored()[0].reason, "Sealed");
    let report = Papers::of(&world).report();
    assert!(report.holds_whole(), "{report}");
}

#[test]
fn the_page_for_auditors_shows_what_the_program_says() {
    let report = Papers::of(&World::agreed_fibre()).report().to_string();
    let (_, page) = include_str!("../../../../../docs/audit.md").split_once("```text\n").unwrap();
    assert_eq!(page.split("```").next().unwrap(), report);
}

/// A change that a manager asked for stands in status, and is called ignored once a pinned rule is gone.
#[test]
fn a_change_that_was_asked_for_stands_though_a_pinned_rule_is_gone() {
    let mut world = World::escalated_fleet();
    world.manage(DESK, Action::RequestChange, ("finance", "L1"), Some("30 days"));
    world.settle();
    assert_eq!(world.phase(), "Revising");
    world.terms = None;
    world.settle();
    assert!(world.status().change_request.is_some());
    assert_eq!(world.last_ignored(), "", "it stands");
    let report = Papers::of(&world).report();
    assert!(report.holds(), "{report}");
}
