//! What somebody records for a representative.

use std::sync::Arc;

use countersign_api::delegation_policy::Permission;
use countersign_api::{Action, AgreementDecisionSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use testkit::people::{CLERK, DESK, EVA, JONAS, LEA, MARY, OMAR, Somebody};
use testkit::world::{World, read};

use super::{at, fibre, seconds, store_with};

#[test]
fn a_representatives_act_is_recorded_where_the_policy_allows_it() {
    let mut world = fibre();
    let decision = world.attest(CLERK, EVA, Action::Confirm);
    world.settle();
    let counted = &world.status().confirmation.as_ref().unwrap().decisions[0];
    assert_eq!((&counted.decision, counted.username.as_str()), (&decision, EVA.0));
    assert_eq!(counted.attested_by.as_deref(), Some(CLERK.0));
    world.pass(60).attest(CLERK, EVA, Action::Sign);
    world.settle();
    let signature = &world.status().sign_off.as_ref().unwrap().signatures[0];
    assert_eq!((signature.username.as_str(), signature.attested_by.as_deref()), (EVA.0, Some(CLERK.0)));
    for (action, phase) in [(Action::Decline, "Declined"), (Action::RequestChange, "Revising")] {
        let mut world = fibre();
        world.attest(CLERK, EVA, action);
        world.settle();
        assert_eq!(world.phase(), phase);
    }
}

/// A representatives act is not recorded by the owner a party or against the policy.
#[test]
fn no_owner_or_party_attests_and_nobody_against_the_policy() {
    let attest = |by: Somebody, change: fn(&mut World)| {
        let mut world = fibre();
        change(&mut world);
        world.settle();
        world.attest(by, EVA, Action::Confirm);
        world.settle();
        assert_eq!(world.phase(), "AwaitingConfirmation", "{}", by.0);
        world.last_ignored().to_owned()
    };
    let forbidden = attest(CLERK, |world| {
        world.rules(|policy| policy.spec.rules.confirmation.attestation = Permission::Forbidden);
    });
    assert_eq!(forbidden, "AttestationForbidden");
    assert_eq!(attest(JONAS, |_| {}), "NotHolder", "the owner");
    let former = attest(JONAS, |world| {
        world.edit(|agreement| {
            agreement.spec.provider.owner_username = "s.patel".to_owned();
            agreement.spec.provider.signatories[0].username = MARY.0.to_owned();
        });
    });
    assert_eq!(former, "NotHolder", "a former owner");
    let alias = attest(Somebody("oidc:j.berg", &[]), |world| {
        world.rules(|policy| policy.spec.aliases.push(read("{username: j.berg, aliases: ['oidc:j.berg']}")));
    });
    assert_eq!(alias, "NotHolder", "the owner under an alias");
    let signatory = attest(Somebody("oidc:m.osei@telecom.example", &[]), |world| {
        world.edit(|agreement| agreement.spec.provider.signatories[0].username = MARY.0.to_owned());
    });
    assert_eq!(signatory, "NotHolder", "a signatory under an alias");
}

#[test]
fn who_attests_decides_nothing_else_on_that_agreement() {
    // The deal desk records the customer's word, and then approves what it recorded.
    let mut world = World::fleet();
    world.settle();
    world.pass(60).attest(DESK, OMAR, Action::Confirm);
    world.pass(60).confirm(LEA);
    world.settle();
    assert_eq!(world.phase(), "Escalated");
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    assert_eq!(world.last_ignored(), "NotDistinct");
    assert_eq!(world.status().waiting_for[0].who, "Deal desk (finance L1)");
    // Nor the other way round: who approved records nothing afterwards.
    let mut world = World::escalated_fleet();
    world.approve(DESK, "finance", "L1");
    world.settle();
    world.pass(60).approve(MARY, "sales", "L3");
    world.settle();
    world.pass(60).attest(DESK, LEA, Action::Sign);
    world.settle();
    assert_eq!((world.last_ignored(), world.phase()), ("NotDistinct", "AwaitingSignOff"));
    world.attest(CLERK, LEA, Action::Sign);
    world.settle();
    assert_eq!(world.status().sign_off.as_ref().unwrap().signatures.len(), 1);
}

#[test]
fn the_time_on_a_paper_is_shown_and_not_trusted() {
    let mut world = fibre();
    let end = world.now + seconds(1_000);
    world.edit(|agreement| agreement.spec.offer_end_time = Time(end));
    world.settle();
    world.attest(CLERK, EVA, Action::Confirm);
    let mut late = (*world.decisions[0]).clone();
    late.metadata.creation_timestamp = Some(Time(end + seconds(1)));
    assert!(late.spec.evidence.as_ref().unwrap().signed_time.0 < end, "signed in time");
    world.decisions = vec![Arc::new(late)];
    world.now = end + seconds(1);
    world.settle();
    assert_eq!((world.last_ignored(), world.phase()), ("Late", "AwaitingConfirmation"));
    // Nor does it matter where the paper says that it was signed before the offer, or tomorrow.
    for signed in [at("2020-01-01T00:00:00Z"), at("2030-01-01T00:00:00Z")] {
        let mut world = fibre();
        world.attest(CLERK, EVA, Action::Confirm);
        let mut own = (*world.decisions[0]).clone();
        own.spec.evidence.as_mut().unwrap().signed_time = Time(signed);
        world.decisions = vec![Arc::new(own)];
        world.settle();
        assert_eq!(world.phase(), "AwaitingSignOff");
        let understood = world.status().confirmation.as_ref().unwrap().understood_time.clone();
        assert_eq!(understood, Some(Time(world.now)));
    }
}

fn on_another_digest(spec: &mut AgreementDecisionSpec) {
    spec.agreement_ref.digest = format!("sha256:{}", "0".repeat(64));
}

#[test]
fn who_tried_to_decide_on_another_digest_may_still_attest() {
    let mut world = fibre();
    store_with(&mut world, CLERK, Action::Decline, on_another_digest);
    world.settle();
    assert_eq!(world.last_ignored(), "Stale");
    world.pass(60).attest(CLERK, EVA, Action::Confirm);
    world.settle();
    assert_eq!((world.last_ignored(), world.phase()), ("", "AwaitingSignOff"));
}

#[test]
fn who_recorded_an_act_on_another_digest_may_still_approve() {
    let mut world = World::escalated_fleet();
    store_with(&mut world, DESK, Action::Decline, |spec| {
        spec.on_behalf_of = Some(LEA.0.to_owned());
        on_another_digest(spec);
    });
    world.settle();
    assert_eq!(world.last_ignored(), "Stale");
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    assert_eq!((world.last_ignored(), world.phase()), ("", "Escalated"));
}
