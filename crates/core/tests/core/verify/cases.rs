//! What can be tampered with, one thing at a time.

use countersign_core::verify::Claim;
use serde_json::json;
use testkit::papers::Papers;
use testkit::world::World;

use super::{AGREEMENT, DECISION, agreed_amendment, declined_cafe, expired_fibre};

type Tamper = fn(&mut Papers);

pub(super) struct Case {
    pub(super) what: &'static str,
    pub(super) life: fn() -> World,
    pub(super) tamper: Tamper,
    pub(super) claim: Claim,
    pub(super) says: &'static str,
}

const REQUEST: &str = "OrderRequest";

/// The decisions of the fleet, in the order in which they were made.
const OMARS: &str = "decision-001";
const DESKS: &str = "decision-003";
const MARYS: &str = "decision-004";
const LEA_SIGNED: &str = "decision-005";

fn other_digest() -> String {
    format!("sha256:{}", "0".repeat(64))
}

pub(super) fn cases() -> Vec<Case> {
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
            "it is at generation 2, and the status is for 1",
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
            "`decision-005` is in the status twice",
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
            |papers| papers.set(AGREEMENT, "", "/status/approvals/0/decidedBy/0/subject/name", "auditors"),
            Claim::Decision,
            "which `spec.decidedBy.groups` does not have",
        ),
        case(
            "a verdict says in words that it rests on something else",
            |papers| papers.set(AGREEMENT, "", "/status/approvals/0/decidedBy/0/via", "Group auditors"),
            Claim::Decision,
            "the status says `via` \"Group auditors\" and means by `subject` \"Group deal-desk\"",
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
            what: "an offer that nobody answered is said to have been decided on",
            life: expired_fibre,
            tamper: |papers| papers.set(AGREEMENT, "", "/status/closed/cause", "Decision"),
            claim: Claim::Outcome,
            says: "the cause of its end does not fit the outcome",
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
