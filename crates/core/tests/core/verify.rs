//! `countersign verify`: what really happened holds, and whatever was tampered with is named.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_api::Action;
use countersign_api::references::AgreementNameRef;
use countersign_core::verify::{AgreementReport, Claim, Statement, Verdict};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use testkit::history::{everything, live};
use testkit::papers::{Papers, read};
use testkit::world::{DESK, EVA, JONAS, NINA, RITA, World};

// ---- Lives, and the exports of them --------------------------------------------------------------------------------

fn declined_cafe() -> World {
    let mut world = World::cafe();
    world.settle();
    world.pass(60).act_because(NINA, Action::Decline, "too long");
    world.settle();
    assert_eq!(world.phase(), "Declined");
    world
}

fn expired_fibre() -> World {
    let mut world = World::fibre();
    world.settle();
    world.pass(500 * 86_400);
    world.settle();
    assert_eq!(world.phase(), "Expired");
    world
}

/// An amendment of the fibre agreement, agreed, beside what it amends.
fn agreed_amendment() -> World {
    let mut first = World::agreed_fibre();
    let mut world = World::fibre();
    world.pass(86_400);
    world.agreement.metadata.name = Some("more-fibre".to_owned());
    world.agreement.metadata.uid = Some("agreement-2".to_owned());
    world.agreement.metadata.creation_timestamp =
        Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(world.now));
    world.edit(|agreement| {
        let spec = &mut agreement.spec;
        spec.agreement_type = "Amendment".to_owned();
        spec.amends_ref = Some(AgreementNameRef { name: "norrland-timber-fibre".to_owned() });
        spec.terms.clear();
    });
    world.related.push(Arc::new(first.agreement.clone()));
    world.settle();
    world.pass(60).confirm(EVA);
    world.settle();
    world.pass(60).act(EVA, Action::Sign);
    world.settle();
    world.pass(60).act(JONAS, Action::Countersign);
    world.settle();
    assert_eq!(world.phase(), "Agreed");
    first.related.push(Arc::new(world.agreement.clone()));
    first.settle();
    // The export has both, with everything around them; names of decisions are unique in a namespace.
    for decision in &mut world.decisions {
        let decision = Arc::make_mut(decision);
        decision.metadata.name = decision.metadata.name.as_ref().map(|name| format!("amend-{name}"));
    }
    let status = serde_json::to_string(&world.agreement.status).unwrap();
    world.agreement.status =
        serde_json::from_str(&status.replace("\"decision-0", "\"amend-decision-0")).unwrap();
    world.decisions.extend(first.decisions);
    world.orders.extend(first.orders);
    world.related = vec![Arc::new(first.agreement)];
    world
}

fn that_are(agreement: &AgreementReport, verdict: Verdict) -> Vec<&Statement> {
    agreement.statements.iter().filter(|statement| statement.verdict == verdict).collect()
}

// ---- What really happened ------------------------------------------------------------------------------------------

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
    let (_, page) = include_str!("../../../../docs/audit.md").split_once("```text\n").unwrap();
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

// ---- Whatever was tampered with ------------------------------------------------------------------------------------

type Tamper = fn(&mut Papers);

struct Case {
    what: &'static str,
    life: fn() -> World,
    tamper: Tamper,
    claim: Claim,
    says: &'static str,
}

const AGREEMENT: &str = "CustomerAgreement";
const DECISION: &str = "AgreementDecision";
const REQUEST: &str = "OrderRequest";

/// The decisions of the fleet, in the order in which they were made.
const OMARS: &str = "decision-001";
const DESKS: &str = "decision-003";
const MARYS: &str = "decision-004";
const LEA_SIGNED: &str = "decision-005";

fn other_digest() -> String {
    format!("sha256:{}", "0".repeat(64))
}

fn cases() -> Vec<Case> {
    let case =
        |what, tamper: Tamper, claim, says| Case { what, life: World::agreed_fleet, tamper, claim, says };
    vec![
        case(
            "a price was changed",
            |papers| papers.set(AGREEMENT, "", "/spec/orders/0/items/0/prices/0/amount", "1.20"),
            Claim::TermsDigest,
            "the status says sha256:",
        ),
        case(
            "a term was changed",
            |papers| papers.set(AGREEMENT, "", "/spec/terms/0/value", "90"),
            Claim::TermsDigest,
            "the status says sha256:",
        ),
        case(
            "a term was changed, and the class with it is another",
            |papers| papers.set(AGREEMENT, "", "/spec/terms/0/value", "90"),
            Claim::Classification,
            "`deviations[0].category` says \"AlternateUsed\", and it follows \"Beyond\"",
        ),
        case(
            "a representative was exchanged",
            |papers| papers.set(AGREEMENT, "", "/spec/customer/representatives/1/username", "mallory"),
            Claim::Signatures,
            "\"lea@havlink.example\" is not a Signatory of the customer",
        ),
        case(
            "it was edited after its status",
            |papers| papers.set(AGREEMENT, "", "/metadata/generation", 2),
            Claim::Current,
            "it is at generation 2, and the status speaks of 1",
        ),
        case(
            "a decision has another person",
            |papers| papers.set(DECISION, OMARS, "/spec/decidedBy/username", "mallory"),
            Claim::Decision,
            "the status says `username` \"omar@havlink.example\", and the decision \"mallory\"",
        ),
        case(
            "a decision has another digest",
            |papers| papers.set(DECISION, LEA_SIGNED, "/spec/agreementRef/digest", other_digest()),
            Claim::Decision,
            "is not the confirmation digest",
        ),
        case(
            "an approval is of the terms, and the policy asks for what was confirmed",
            |papers| {
                let terms = papers.agreement()["status"]["terms"]["digest"].clone();
                papers.set(DECISION, DESKS, "/spec/agreementRef/digest", terms);
            },
            Claim::Decision,
            "which the policy asks managers about",
        ),
        case(
            "a decision is on another revision",
            |papers| papers.set(DECISION, OMARS, "/spec/agreementRef/revision", 2),
            Claim::Decision,
            "its `spec.agreementRef.revision` is \"2\" and not \"1\"",
        ),
        case(
            "a decision is on another agreement",
            |papers| papers.set(DECISION, OMARS, "/spec/agreementRef/uid", "agreement-9"),
            Claim::Decision,
            "its `spec.agreementRef.uid` is \"agreement-9\" and not \"agreement-1\"",
        ),
        case(
            "a decision is another act",
            |papers| papers.set(DECISION, LEA_SIGNED, "/spec/action", "Withdraw"),
            Claim::Decision,
            "its `spec.action` is Withdraw, which cannot count there",
        ),
        case(
            "a decision states less",
            |papers| papers.set(DECISION, OMARS, "/spec/statements", json!(["Acceptable"])),
            Claim::Decision,
            "the status counts Understood of it, which it does not state",
        ),
        case(
            "a statement is missing",
            |papers| papers.set(DECISION, OMARS, "/spec/statements", json!(["Acceptable"])),
            Claim::Statements,
            "Understood is missing from \"omar@havlink.example\"",
        ),
        case(
            "a representative is missing from the confirmation",
            |papers| {
                let decisions = papers.agreement().pointer_mut("/status/confirmation/decisions").unwrap();
                decisions.as_array_mut().unwrap().remove(0);
            },
            Claim::Statements,
            "Understood and Acceptable is missing from \"omar@havlink.example\"",
        ),
        case(
            "a decision leaves another order out",
            |papers| papers.set(DECISION, OMARS, "/spec/orders/0/outcome", "NotConfirmed"),
            Claim::Orders,
            "the status calls `sims` confirmed, and the customer left it out",
        ),
        case(
            "an order that was left out is called confirmed",
            |papers| papers.set(AGREEMENT, "", "/status/orders/1/confirmed", true),
            Claim::Orders,
            "the status calls `handsets` confirmed, and the customer left it out",
        ),
        case(
            "an order that was left out is called confirmed, and the digest is not its own any more",
            |papers| papers.set(AGREEMENT, "", "/status/orders/1/confirmed", true),
            Claim::ConfirmationDigest,
            "and that of the terms with the orders it calls confirmed is sha256:",
        ),
        case(
            "the confirmation digest was exchanged",
            |papers| papers.set(AGREEMENT, "", "/status/confirmation/digest", other_digest()),
            Claim::ConfirmationDigest,
            "the status says sha256:0000",
        ),
        case(
            "a decision was taken away",
            |papers| papers.remove(DECISION, MARYS),
            Claim::Decision,
            "it is not in the export",
        ),
        case(
            "a decision was taken away, and without it nothing is sealed",
            |papers| papers.remove(DECISION, MARYS),
            Claim::Replay,
            "it would not be sealed, but Escalated",
        ),
        case(
            "a signature was added",
            |papers| {
                let signatures = papers.agreement().pointer_mut("/status/signOff/signatures").unwrap();
                signatures
                    .as_array_mut()
                    .unwrap()
                    .push(json!({"decision": OMARS, "username": "omar@havlink.example", "side": "Customer"}));
            },
            Claim::Decision,
            "its `spec.action` is Confirm, which cannot count there",
        ),
        case(
            "a decision counts in two places",
            |papers| {
                let signatures = papers.agreement().pointer_mut("/status/signOff/signatures").unwrap();
                let first = signatures[0].clone();
                signatures.as_array_mut().unwrap().push(first);
            },
            Claim::CountedOnce,
            "`decision-005` stands in the status twice",
        ),
        case(
            "a decision counts and is ignored",
            |papers| {
                papers.agreement()["status"]["ignoredDecisions"] =
                    json!([{"name": MARYS, "username": "m.osei", "reason": "NotHolder", "message": "no"}]);
            },
            Claim::CountedOnce,
            "`decision-004` counts and is ignored",
        ),
        case(
            "a signature was taken away",
            |papers| {
                let signatures = papers.agreement().pointer_mut("/status/signOff/signatures").unwrap();
                signatures.as_array_mut().unwrap().pop();
            },
            Claim::Signatures,
            "the countersignature is missing",
        ),
        case(
            "a verdict was invented",
            |papers| {
                papers.set(
                    AGREEMENT,
                    "",
                    "/status/approvals/1/decidedBy/0",
                    json!({
                        "decision": "never-made", "username": "r.lind", "level": "L3", "via": "User r.lind",
                    }),
                );
            },
            Claim::Decision,
            "it is not in the export",
        ),
        case(
            "a verdict claims more authority than was used",
            |papers| papers.set(AGREEMENT, "", "/status/approvals/1/decidedBy/0/level", "L4"),
            Claim::Decision,
            "the status says `level` \"L4\", and the decision \"L3\"",
        ),
        case(
            "an approval with too little authority counts",
            |papers| {
                papers.set(AGREEMENT, "", "/status/approvals/1/decidedBy/0/level", "L2");
                papers.set(DECISION, MARYS, "/spec/level", "L2");
            },
            Claim::Approval,
            "\"m.osei\" acted with L2, and L3 is needed",
        ),
        case(
            "a lower level is asked than the rules ask for",
            |papers| papers.set(AGREEMENT, "", "/status/approvals/1/level", "L1"),
            Claim::Requirements,
            "sales L3 must approve, and the status asks sales L1",
        ),
        case(
            "a step was taken away",
            |papers| {
                let steps = papers.agreement().pointer_mut("/status/approvals").unwrap();
                steps.as_array_mut().unwrap().remove(0);
            },
            Claim::Requirements,
            "finance L1 must approve, and the status has no such step",
        ),
        case(
            "a verdict rests on a group that its maker did not name",
            |papers| papers.set(AGREEMENT, "", "/status/approvals/0/decidedBy/0/via", "Group auditors"),
            Claim::Decision,
            "which `spec.decidedBy.groups` does not have",
        ),
        case(
            "a step is called Approved without its quorum",
            |papers| {
                papers.set(AGREEMENT, "", "/status/approvals/0/quorum", 2);
                papers.set("DelegationPolicy", "", "/spec/rules/escalation/quorum", 2);
            },
            Claim::Approval,
            "2 must approve, and 1 did",
        ),
        case(
            "a quorum is another than that of the policy",
            |papers| papers.set("DelegationPolicy", "", "/spec/rules/escalation/quorum", 2),
            Claim::Approval,
            "the policy wants 2 of that level, and the status 1",
        ),
        case(
            "one person makes up a quorum alone",
            |papers| {
                let mut again = papers.get(DECISION, DESKS).clone();
                again["metadata"]["name"] = json!("again");
                again["metadata"]["uid"] = json!("uid-of-again");
                papers.0.push(again);
                let step = papers.agreement().pointer_mut("/status/approvals/0").unwrap();
                let mut verdict = step["decidedBy"][0].clone();
                verdict["decision"] = json!("again");
                step["decidedBy"].as_array_mut().unwrap().push(verdict);
            },
            Claim::Approval,
            "\"d.desk\" counts twice",
        ),
        case(
            "one person approves two steps",
            |papers| {
                papers.set(AGREEMENT, "", "/status/approvals/0/decidedBy/0/username", "m.osei");
                papers.set(DECISION, DESKS, "/spec/decidedBy/username", "m.osei");
            },
            Claim::Sides,
            "\"m.osei\" approved more than one step",
        ),
        case(
            "the owner is among the approvers",
            |papers| {
                papers.set(AGREEMENT, "", "/status/approvals/1/decidedBy/0/username", "s.patel");
                papers.set(DECISION, MARYS, "/spec/decidedBy/username", "s.patel");
            },
            Claim::Sides,
            "\"s.patel\" was account owner and approved",
        ),
        case(
            "a representative is among the approvers",
            |papers| {
                papers.set(AGREEMENT, "", "/status/approvals/1/decidedBy/0/username", "omar@havlink.example");
                papers.set(DECISION, MARYS, "/spec/decidedBy/username", "omar@havlink.example");
            },
            Claim::Sides,
            "represents the customer and approved for the provider",
        ),
        case(
            "a signature is older than the agreement",
            |papers| papers.set(DECISION, LEA_SIGNED, "/metadata/creationTimestamp", "2026-01-01T00:00:00Z"),
            Claim::Times,
            "is older than the agreement",
        ),
        case(
            "a signature was made after the sealing",
            |papers| papers.set(DECISION, LEA_SIGNED, "/metadata/creationTimestamp", "2026-12-24T00:00:00Z"),
            Claim::Times,
            "after it was irrevocable 2026-11-24T",
        ),
        case(
            "the provider signed first",
            |papers| {
                let time = papers.get(DECISION, MARYS)["metadata"]["creationTimestamp"].clone();
                papers.set(DECISION, "decision-006", "/metadata/creationTimestamp", time);
            },
            Claim::Times,
            "the provider signed before the customer",
        ),
        case(
            "the offer had ended",
            |papers| papers.set(AGREEMENT, "", "/spec/offerEndTime", "2026-11-24T09:01:30Z"),
            Claim::Times,
            "after the end of the offer 2026-11-24T09:01:30Z",
        ),
        case(
            "it is called agreed and was never sealed",
            |papers| {
                papers.agreement()["status"]["signOff"].as_object_mut().unwrap().remove("sealedTime");
            },
            Claim::Outcome,
            "it is agreed, and not sealed",
        ),
        case(
            "the phase was changed",
            |papers| papers.set(AGREEMENT, "", "/status/phase", "Declined"),
            Claim::Outcome,
            "the phase must be Agreed, and is \"Declined\"",
        ),
        case(
            "the value was changed",
            |papers| papers.set(AGREEMENT, "", "/status/value/total", "1.00"),
            Claim::Value,
            "`value.total` says \"1.00\", and it follows \"322560.00\"",
        ),
        case(
            "the class was changed",
            |papers| papers.set(AGREEMENT, "", "/status/classification", "Standard"),
            Claim::Classification,
            "the terms are NonStandard by the catalogue",
        ),
        case(
            "an order was passed on that nobody confirmed",
            |papers| {
                let mut forged = papers.get(REQUEST, "").clone();
                forged["metadata"]["name"] = json!("havlink-fleet-handsets-0123");
                forged["metadata"]["uid"] = json!("forged");
                forged["spec"]["orderId"] = json!("handsets");
                papers.0.push(forged);
            },
            Claim::NoOtherOrders,
            "`havlink-fleet-handsets-0123` passes on order `handsets`",
        ),
        case(
            "an order was passed on twice",
            |papers| {
                let mut twice = papers.get(REQUEST, "").clone();
                twice["metadata"]["name"] = json!("havlink-fleet-sims-again");
                twice["metadata"]["uid"] = json!("twice");
                papers.0.push(twice);
            },
            Claim::NoOtherOrders,
            "order `sims` was passed on 2 times",
        ),
        case(
            "an order was passed on with another quantity",
            |papers| papers.set(REQUEST, "", "/spec/items/0/quantity", 12_000),
            Claim::OrderRequest,
            "`spec.items[0].quantity` says 12000, and it follows 1200",
        ),
        case(
            "an order has another idempotency key",
            |papers| papers.set(REQUEST, "", "/spec/idempotencyKey", "mine"),
            Claim::OrderRequest,
            "`spec.idempotencyKey` says \"mine\"",
        ),
        case(
            "an order is owned by something else",
            |papers| papers.set(REQUEST, "", "/metadata/ownerReferences/0/uid", "other"),
            Claim::OrderRequest,
            "the agreement does not own it",
        ),
        case(
            "an order is called passed on under another name",
            |papers| papers.set(AGREEMENT, "", "/status/orders/0/orderRequestName", "mine"),
            Claim::OrderRequest,
            "and the status says \"mine\"",
        ),
        case(
            "an order request is gone",
            |papers| papers.remove(REQUEST, ""),
            Claim::OrderRequest,
            "is not in the export",
        ),
        case(
            "the status of another agreement was put in",
            |papers| {
                papers.agreement()["status"] = json!(World::agreed_fibre().agreement.status);
            },
            Claim::TermsDigest,
            "the status says sha256:",
        ),
        Case {
            what: "a decline has other words",
            life: declined_cafe,
            tamper: |papers| papers.set(AGREEMENT, "", "/status/closed/reason", "too dear"),
            claim: Claim::Decision,
            says: "the status says `reason` \"too dear\", and the decision \"too long\"",
        },
        Case {
            what: "a decline is called a withdrawal",
            life: declined_cafe,
            tamper: |papers| {
                papers.set(AGREEMENT, "", "/status/closed/outcome", "Withdrawn");
                papers.set(AGREEMENT, "", "/status/phase", "Withdrawn");
            },
            claim: Claim::Decision,
            says: "its `spec.action` is Decline, which cannot count there",
        },
        Case {
            what: "it ended while the offer was open",
            life: expired_fibre,
            tamper: |papers| papers.set(AGREEMENT, "", "/status/closed/time", "2026-11-25T00:00:00Z"),
            claim: Claim::Replay,
            says: "`status.closed` says",
        },
        Case {
            what: "a refusal is nobody's",
            life: World::refused_fleet,
            tamper: |papers| papers.set(AGREEMENT, "", "/status/closed/decisions", json!([])),
            claim: Claim::Outcome,
            says: "Refused takes 1 decision, and 0 are named",
        },
        Case {
            what: "the owner was taken out of the status",
            life: World::confirmed_fibre,
            tamper: |papers| papers.set(AGREEMENT, "", "/status/owners", json!(["somebody.else"])),
            claim: Claim::Sides,
            says: "the owner \"j.berg\" is not among `status.owners`",
        },
        Case {
            what: "who amends less than the approvals for the whole",
            life: agreed_amendment,
            tamper: |papers| papers.set(AGREEMENT, "more-fibre", "/status/value/comparedTotal", "1.00"),
            claim: Claim::Value,
            says: "`value.comparedTotal` says \"1.00\", and it follows \"101880.00\"",
        },
    ]
}

#[test]
fn whatever_was_tampered_with_is_named() {
    let mut lives: BTreeMap<usize, Papers> = BTreeMap::new();
    for case in cases() {
        let papers = lives.entry(case.life as usize).or_insert_with(|| Papers::of(&(case.life)()));
        assert!(papers.report().holds_whole(), "{}: it holds before", case.what);
        let mut papers = papers.clone();
        (case.tamper)(&mut papers);
        let report = papers.report();
        let found = report
            .agreements
            .iter()
            .flat_map(|agreement| that_are(agreement, Verdict::Fails))
            .any(|statement| statement.claim == case.claim && statement.because.contains(case.says));
        assert!(found, "{}: {:?} must say {:?}\n{report}", case.what, case.claim, case.says);
        assert!(!report.holds());
    }
}

/// Every place in a value, as a JSON pointer, whose change would be another statement, decision or order.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| leaves(value, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, value)| leaves(value, &format!("{at}/{index}"), found));
        }
        _ => found.push(at.to_owned()),
    }
}

/// Where a change says nothing about what was agreed, or cannot be found out by anybody.
fn says_nothing(kind: &str, pointer: &str) -> bool {
    let begins = |places: &[&str]| places.iter().any(|place| pointer.starts_with(place));
    let ends = |places: &[&str]| places.iter().any(|place| pointer.ends_with(place));
    match kind {
        "CustomerAgreement" => {
            begins(&["/status/conditions", "/spec/title", "/spec/provider/signatories"])
                // Times are the word of server and operator, as long as they are in order.
                || ends(&["/agreedTime", "/creationTimestamp", "/offerEndTime", "/askedTime", "/waitEndTime"])
        }
        "AgreementDecision" => {
            begins(&["/metadata/uid", "/metadata/creationTimestamp", "/spec/decidedBy/groups"])
                || ends(&["/reason"])
        }
        "OrderRequest" => begins(&["/metadata/ownerReferences/0"]) && !ends(&["/uid"]),
        _ => false,
    }
}

#[test]
fn no_word_of_the_evidence_can_be_changed_without_being_noticed() {
    let papers = Papers::of(&World::agreed_fleet());
    let mut unnoticed = Vec::new();
    for (index, object) in papers.0.iter().enumerate() {
        let kind = object["kind"].as_str().unwrap();
        if !["CustomerAgreement", "AgreementDecision", "OrderRequest"].contains(&kind) {
            continue;
        }
        let mut pointers = Vec::new();
        leaves(object, "", &mut pointers);
        for pointer in pointers.into_iter().filter(|pointer| !says_nothing(kind, pointer)) {
            let mut changed = papers.clone();
            let place = changed.0[index].pointer_mut(&pointer).unwrap();
            *place = match &*place {
                Value::String(text) if text.ends_with("00Z") => json!(text.replace("00Z", "01Z")),
                Value::String(text) => json!(format!("{text}0")),
                Value::Number(number) => json!(number.as_i64().unwrap() + 1),
                Value::Bool(yes) => json!(!yes),
                other => other.clone(),
            };
            if changed.report().holds_whole() {
                unnoticed.push(format!("{kind} {pointer}"));
            }
        }
    }
    assert_eq!(unnoticed, Vec::<String>::new());
}

// ---- Histories at random -------------------------------------------------------------------------------------------

/// Whatever people do, and however the operator was interrupted, what it wrote holds.
#[test]
fn every_history_that_the_operator_wrote_holds() {
    let mut runner = TestRunner::deterministic();
    let strategy = everything();
    let mut phases: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..400 {
        let history = strategy.new_tree(&mut runner).unwrap().current();
        let world = live(&history, |_, _| {}).world;
        let report = Papers::of(&world).report();
        assert_eq!(report.unreadable, []);
        let own = report.agreements.iter().find(|own| own.uid == "agreement-1").unwrap();
        let failed = that_are(own, Verdict::Fails);
        assert!(failed.is_empty(), "{history:#?}\n{:#?}\n{report}", world.agreement.status);
        *phases.entry(own.phase.clone()).or_default() += 1;
    }
    for phase in ["Agreed", "Declined", "Refused", "Withdrawn", "Expired", "Escalated"] {
        assert!(phases.get(phase).is_some_and(|times| *times >= 5), "{phases:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands in the place of whatever, something is said about it, in words that break no terminal.
    #[test]
    fn no_export_is_too_wild(
        places in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..9, ".{0,40}"), 1..8),
    ) {
        let mut papers = Papers::of(&World::agreed_fleet());
        for (place, kind, text) in places {
            let mut pointers = Vec::new();
            leaves(&Value::Array(papers.0.clone()), "", &mut pointers);
            let pointer = pointers.swap_remove(place.index(pointers.len()));
            // Sometimes all around the place goes too.
            let at = if kind == 8 { pointer.rsplit_once('/').unwrap().0 } else { &pointer };
            let (index, rest) = at[1..].split_once('/').unwrap_or((&at[1..], ""));
            let rest = if rest.is_empty() { String::new() } else { format!("/{rest}") };
            let found = papers.0[index.parse::<usize>().unwrap()].pointer_mut(&rest).unwrap();
            *found = match kind {
                0 => json!(-1),
                1 => json!(i64::MAX),
                2 => json!({}),
                3 => json!([]),
                4 => json!(1.5),
                5 => json!("9".repeat(60)),
                6 => Value::Null,
                _ => json!(text),
            };
        }
        let text = papers.report().to_string();
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
        prop_assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn no_text_is_too_wild(text in "\\PC{0,200}", yaml in "(---\n|kind: |List|items: \\[|\\{|\\}|\"|- |\n|  |a: |&a |\\*a |! ){0,30}") {
        prop_assert!(read(&text).agreements.is_empty());
        prop_assert!(read(&yaml).agreements.is_empty());
    }
}

// ---- What is handed in ---------------------------------------------------------------------------------------------

fn yaml(value: &Value) -> String {
    serde_saphyr::to_string(value).unwrap()
}

#[test]
fn documents_lists_and_json_are_the_same_export() {
    let papers = Papers::of(&World::agreed_fibre());
    let expected = papers.report().to_string();
    let documents: String = papers.0.iter().map(|object| format!("---\n{}", yaml(object))).collect();
    let list = yaml(&json!({"apiVersion": "v1", "kind": "List", "items": papers.0}));
    let lines: String = papers.0.iter().map(|object| format!("{object}\n")).collect();
    for (what, text) in [
        ("documents", documents.clone()),
        ("documents of Windows", documents.replace('\n', "\r\n")),
        ("a list", list),
        ("objects of JSON", lines),
        ("an array", Value::Array(papers.0.clone()).to_string()),
    ] {
        assert_eq!(read(&text).to_string(), expected, "{what}");
    }
    // Typed lists, whose items leave out what the list says for all of them.
    let mut typed = String::new();
    for kind in
        ["CustomerAgreement", "AgreementDecision", "OrderRequest", "StandardTerms", "DelegationPolicy"]
    {
        let mut items: Vec<Value> =
            papers.0.iter().filter(|object| object["kind"] == kind).cloned().collect();
        for item in &mut items {
            item.as_object_mut().unwrap().remove("kind");
            item.as_object_mut().unwrap().remove("apiVersion");
        }
        let list =
            json!({"apiVersion": "countersign.dev/v1alpha1", "kind": format!("{kind}List"), "items": items});
        typed.push_str(&list.to_string());
    }
    assert_eq!(read(&typed).to_string(), expected);
}

#[test]
fn what_cannot_be_read_is_named_and_takes_nothing_with_it() {
    let mut papers = Papers::of(&World::agreed_fibre());
    papers.0.push(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}));
    let mut dance = papers.get(DECISION, "decision-001").clone();
    dance["metadata"]["name"] = json!("dance");
    dance["spec"]["orders"][0]["outcome"] = json!("Dance");
    let mut without = papers.get(DECISION, "decision-001").clone();
    without["metadata"]["name"] = json!("without");
    without["spec"]["decidedBy"].as_object_mut().unwrap().remove("username");
    let mut manifest = papers.agreement().clone();
    manifest["metadata"].as_object_mut().unwrap().remove("uid");
    let mut future = papers.get(DECISION, "decision-001").clone();
    future["apiVersion"] = json!("countersign.dev/v9");
    let mut contradiction = papers.get(DECISION, "decision-001").clone();
    contradiction["spec"]["decidedBy"]["username"] = json!("mallory");
    let same = papers.get(DECISION, "decision-001").clone();
    papers.0.extend([dance, without, manifest, future, contradiction, same]);
    let mut text: String = papers.0.iter().map(|object| format!("---\n{}", yaml(object))).collect();
    text.push_str("---\n- [broken\n---\njust words\n");
    let report = read(&text);
    assert_eq!(report.summary.fails, 0, "{report}");
    assert_eq!((report.agreements.len(), report.others), (1, 1));
    assert!(!report.holds(), "nobody knows what the rest says");
    let told: Vec<(usize, String, String)> = report
        .unreadable
        .iter()
        .map(|own| {
            assert_eq!(own.file, "export.yaml");
            (own.document, own.field.clone().unwrap_or_default(), own.message.clone())
        })
        .collect();
    let objects = papers.0.len();
    let fields: Vec<(usize, &str)> =
        told.iter().map(|(document, field, _)| (*document, field.as_str())).collect();
    assert_eq!(
        fields,
        [
            (objects - 5, "spec.orders[0].outcome"),
            (objects - 4, "spec.decidedBy"),
            (objects - 3, "metadata.uid"),
            (objects - 2, "apiVersion"),
            (objects - 1, ""),
            (objects + 1, ""),
            (objects + 2, ""),
        ],
        "{told:#?}"
    );
    for (index, words) in [
        (0, "unknown variant `Dance`"),
        (1, "missing field `username`"),
        (2, "not their manifests"),
        (3, "\"countersign.dev/v9\" must be countersign.dev/v1alpha1"),
        (4, "exported twice, with different content"),
        (5, "it is not YAML"),
        (6, "it must be an object or a list of objects, and is a text"),
    ] {
        assert!(told[index].2.contains(words), "{:?}", told[index]);
    }
    assert_eq!(report.unreadable[0].object.as_deref(), Some("AgreementDecision commerce/dance"));
}

#[test]
fn agreements_of_one_name_are_told_apart_by_namespace_and_uid() {
    let here = Papers::of(&World::agreed_fibre());
    // The same in another namespace, declined there.
    let mut world = World::fibre();
    world.settle();
    world.pass(60).act_because(EVA, Action::Decline, "too long");
    world.settle();
    let mut there = Papers::of(&world);
    for object in &mut there.0 {
        if object["metadata"].get("namespace").is_some() {
            object["metadata"]["namespace"] = json!("elsewhere");
        }
    }
    // And an earlier one of that name, which was deleted and made again.
    let mut earlier = World::fibre();
    earlier.agreement.metadata.uid = Some("agreement-0".to_owned());
    earlier.settle();
    earlier.pass(30).act_because(EVA, Action::Withdraw, "a wrong price");
    earlier.settle();
    let mut earlier = Papers::of(&earlier);
    for object in earlier.0.iter_mut().filter(|object| object["kind"] == DECISION) {
        // Names are given twice where the first was purged.
        object["metadata"]["uid"] = json!("uid-of-the-first-decision-001");
    }
    let mut all = here;
    all.0.extend(there.0);
    all.0.extend(earlier.0);
    let report = all.report();
    assert!(report.holds_whole(), "{report}");
    let told: Vec<(&str, &str, &str)> = report
        .agreements
        .iter()
        .map(|own| (own.namespace.as_str(), own.uid.as_str(), own.phase.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("commerce", "agreement-0", "Withdrawn"),
            ("commerce", "agreement-1", "Agreed"),
            ("elsewhere", "agreement-1", "Declined"),
        ]
    );
}

#[test]
fn what_belongs_to_no_agreement_in_the_export_is_said() {
    let mut papers = Papers::of(&World::agreed_fleet());
    papers.remove(AGREEMENT, "");
    let mut cafe = World::cafe();
    cafe.agreement.metadata.uid = Some("agreement-7".to_owned());
    cafe.settle();
    papers.0.push(json!(cafe.agreement));
    let report = papers.report();
    assert!(report.holds() && !report.holds_whole(), "{report}");
    assert_eq!(report.strays.len(), 2, "{report}");
    assert!(report.strays[0].starts_with("OrderRequest commerce/havlink-fleet-sims-"), "{report}");
    assert_eq!(
        report.strays[1],
        "decisions on commerce/havlink-fleet (uid agreement-1): that agreement is not in the export"
    );
}

#[test]
fn an_order_request_that_is_gone_is_no_secret() {
    let mut world = World::agreed_fibre();
    world.orders.clear();
    world.settle();
    assert_eq!(world.condition("OrdersIssued").1, "OrderRequestMissing");
    let report = Papers::of(&world).report();
    assert!(report.holds(), "{report}");
    let unknown = that_are(&report.agreements[0], Verdict::NotChecked);
    assert_eq!(unknown.iter().map(|own| own.claim).collect::<Vec<_>>(), [Claim::OrderRequest], "{report}");
    assert!(
        unknown[0].because.ends_with("is gone, as the status says; what it said cannot be seen"),
        "{report}"
    );
}

#[test]
fn an_approval_that_was_held_then_is_not_called_forged() {
    // Who approved was no holder when the first attempt was weighed, and holds the level in the export.
    let mut world = World::escalated_fleet();
    world.approve(RITA, "finance", "L1");
    world.settle();
    assert_eq!(world.last_ignored(), "NotHolder");
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    world.approve_for_sales_and_sign();
    let mut papers = Papers::of(&world);
    assert!(papers.report().holds_whole());
    let holders = papers.get("DelegationPolicy", "").pointer_mut("/spec/holders").unwrap();
    holders.as_array_mut().unwrap().push(
        json!({"function": "finance", "level": "L1", "subjects": [{"kind": "User", "name": "r.lind"}]}),
    );
    let report = papers.report();
    assert!(report.holds(), "{report}");
    let ignored = report.agreements[0].statements.iter().find(|own| own.claim == Claim::Ignored).unwrap();
    assert_eq!(ignored.verdict, Verdict::NotChecked, "{report}");
}
