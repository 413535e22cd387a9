//! Sign-off, and what cannot be revoked: sealing, the four ends, and the order requests that follow.

use std::collections::{BTreeMap, BTreeSet};

use countersign_api::Action;
use countersign_api::agreement_status::{ApprovalState, CustomerAgreementStatus, Side};
use countersign_api::customer_agreement::RepresentativeRole;
use countersign_api::delegation_policy::{Countersignature, Required};
use proptest::prelude::*;

use super::{config, is_final, revision, sealed_time, seconds};
use testkit::history::{Moment, at_rest, everything, live};
use testkit::scenario::Scenario;
use testkit::world::{World, changes};

proptest! {
    #![proptest_config(config(200))]

    /// A signature that counts stays within a revision without a request for change.
    #[test]
    fn a_signature_that_counts_stays_within_its_revision(history in everything()) {
        let mut before: Option<(i64, BTreeSet<String>)> = None;
        at_rest(&history, |world| {
            let status = world.status();
            if status.change_request.is_some() {
                before = None;
                return;
            }
            let signatures = status.sign_off.iter().flat_map(|sign_off| &sign_off.signatures);
            let now: BTreeSet<String> = signatures.map(|signature| signature.decision.clone()).collect();
            if let Some((_, before)) = before.as_ref().filter(|(before, _)| *before == revision(status)) {
                assert!(before.is_subset(&now), "of {before:?} there are {now:?}");
            }
            before = Some((revision(status), now));
        });
    }

    #[test]
    fn nothing_is_sealed_without_every_signature_that_the_policy_asks_for(history in everything()) {
        live(&history, |world, moment| {
            let Moment::Planned(plan) = moment else { return };
            let Some(status) = plan.status.as_deref().filter(|status| sealed_time(status).is_some()) else { return };
            signed_by_everybody(world, status, &history.scenario);
            assert!(status.closed.is_none(), "sealed and closed");
        });
    }

    #[test]
    fn what_is_sealed_or_closed_stays_so_for_ever(history in everything()) {
        let mut before: Option<CustomerAgreementStatus> = None;
        at_rest(&history, |world| {
            let status = world.status();
            for later in [0, 1, 86_400, 86_400 * 400] {
                if let Some(before) = &before {
                    stays(before, status);
                }
                if is_final(status) {
                    let plan = changes(world.plan_at(world.now + seconds(later), true));
                    let later = plan.status.as_deref().unwrap_or(status);
                    stays(status, later);
                    assert_eq!(later.phase, status.phase, "at {:?}", world.now);
                    assert_eq!(later.orders, status.orders);
                }
            }
            before = Some(status.clone());
        });
    }

    /// An order request follows every signature and each confirmed order has one.
    #[test]
    fn order_requests_follow_signatures_one_for_each_confirmed_order(history in everything()) {
        let mut made: BTreeMap<String, usize> = BTreeMap::new();
        let mut names = BTreeSet::new();
        let life = live(&history, |world, moment| {
            let Moment::Planned(plan) = moment else { return };
            if plan.orders.is_empty() {
                return;
            }
            let status = world.status();
            assert!(sealed_time(status).is_some(), "before sealing");
            assert!(status.closed.is_none() && status.agreed_time.is_none());
            signed_by_everybody(world, status, &history.scenario);
            for order in &plan.orders {
                let spec = &order.spec;
                let outcome = status.orders.iter().find(|outcome| outcome.id == spec.order_id).unwrap();
                assert_eq!(outcome.confirmed, Some(true));
                assert_eq!(outcome.order_request_name, order.metadata.name);
                assert_eq!(Some(&spec.agreement_ref.digest), status.confirmation.as_ref().unwrap().digest.as_ref());
                if world.refused.iter().any(|refused| refused.order_id == spec.order_id) {
                    continue;
                }
                *made.entry(spec.order_id.clone()).or_default() += 1;
                names.insert(order.metadata.name.clone().unwrap());
            }
        });
        prop_assert!(made.values().all(|times| *times == 1), "{:?}", made);
        prop_assert_eq!(names.len(), made.len());
        let status = life.world.status();
        if status.agreed_time.is_some() {
            let confirmed = status.orders.iter().filter(|order| order.confirmed == Some(true));
            let confirmed: Vec<&String> = confirmed.map(|order| &order.id).collect();
            prop_assert_eq!(made.keys().collect::<Vec<_>>(), confirmed);
        }
    }
}

/// What no later status takes back.
fn stays(before: &CustomerAgreementStatus, after: &CustomerAgreementStatus) {
    assert!(revision(before) <= revision(after));
    assert!(before.owners.iter().all(|owner| after.owners.contains(owner)));
    assert!(before.decided_time.is_none() || before.decided_time == after.decided_time);
    assert!(before.closed.is_none() || (&before.closed, &before.phase) == (&after.closed, &after.phase));
    assert!(
        before.agreed_time.is_none()
            || (&before.agreed_time, &before.phase) == (&after.agreed_time, &after.phase)
    );
    if sealed_time(before).is_some() {
        assert_eq!((&before.sign_off, &before.terms), (&after.sign_off, &after.terms));
        assert_eq!((&before.confirmation, &before.approvals), (&after.confirmation, &after.approvals));
        assert_eq!(after.closed, None);
    }
}

/// Every approval and every signature is there, each by a decision of its kind on what was confirmed.
fn signed_by_everybody(world: &World, status: &CustomerAgreementStatus, scenario: &Scenario) {
    let rules = &scenario.rules;
    let confirmation = status.confirmation.as_ref().unwrap();
    let signatures = &status.sign_off.as_ref().unwrap().signatures;
    let signed = |username: &String| {
        signatures.iter().any(|signature| signature.side == Side::Customer && signature.username == *username)
    };
    let representatives = world.agreement.spec.customer.representatives.iter();
    let mut signatories = representatives.filter(|r| r.roles.contains(&RepresentativeRole::Signatory));
    match rules.sign_off.customers {
        Required::All => assert!(signatories.all(|r| signed(&r.username))),
        Required::Any => assert!(signatories.any(|r| signed(&r.username))),
    }
    let provider = signatures.iter().filter(|signature| signature.side == Side::Provider).count();
    let required = rules.sign_off.countersignature == Countersignature::Required;
    assert_eq!(provider, usize::from(required));
    for step in &status.approvals {
        assert_eq!(step.state, ApprovalState::Approved);
        assert!(!step.decided_by.is_empty());
    }
    for signature in signatures {
        let name = Some(&signature.decision);
        let decision = world.decisions.iter().find(|decision| decision.metadata.name.as_ref() == name);
        let spec = &decision.unwrap().spec;
        let action = if signature.side == Side::Customer { Action::Sign } else { Action::Countersign };
        assert_eq!(spec.action, action);
        assert_eq!(Some(&spec.agreement_ref.digest), confirmation.digest.as_ref());
        assert_eq!(Some(&spec.agreement_ref.uid), world.agreement.metadata.uid.as_ref());
        assert_eq!(spec.agreement_ref.revision, revision(status));
    }
}
