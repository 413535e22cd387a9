//! `countersign verify`: what really happened holds, and whatever was tampered with is named.

mod cases;
mod happened;
mod input;
mod tampered;

use std::sync::Arc;

use countersign_api::Action;
use countersign_api::references::AgreementNameRef;
use countersign_core::verify::{AgreementReport, Statement, Verdict};
use serde_json::Value;
use testkit::people::NINA;
use testkit::world::World;

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
    world.agreed();
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

const AGREEMENT: &str = "CustomerAgreement";
const DECISION: &str = "AgreementDecision";

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

fn yaml(value: &Value) -> String {
    serde_saphyr::to_string(value).unwrap()
}
