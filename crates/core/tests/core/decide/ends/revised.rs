//! Back to the author: a change asked for, a new revision.

use countersign_api::agreement_status::WaitingAction;
use countersign_api::delegation_policy::OnTimeout;
use countersign_api::{Action, CustomerAgreement};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use testkit::people::{DESK, EVA, LEA, MARY, RITA, Somebody};
use testkit::world::{World, read};

use super::{at, fibre};

/// A change that somebody asked for is a new revision and voids everything.
#[test]
fn a_change_that_was_asked_for_is_a_new_revision_and_voids_all() {
    let mut world = World::confirmed_fibre();
    let decision = world.act_because(EVA, Action::RequestChange, "45 days to pay");
    world.settle();
    assert_eq!(world.phase(), "Revising");
    let change = world.status().change_request.clone().unwrap();
    assert_eq!(
        (change.decision, change.username, change.reason),
        (decision, EVA.0.to_owned(), "45 days to pay".to_owned())
    );
    assert_eq!(change.time, Time(world.now));
    assert_eq!(
        world.condition("Ready").2,
        "eva.lund@norrland-timber.example asked for a change: 45 days to pay; edit the terms, or raise `spec.offerVersion` to offer them unchanged"
    );
    let wait = &world.status().waiting_for[0];
    assert_eq!(
        (wait.action, wait.who.as_str(), wait.wait_end_time.as_ref()),
        (WaitingAction::Edit, "j.berg", None)
    );
    let old = world.terms_digest();
    world.pass(60).edit(|agreement| agreement.spec.terms[0].value = Some("29".to_owned()));
    assert_eq!(world.settle(), 1);
    assert_eq!(world.phase(), "AwaitingConfirmation");
    let status = world.status();
    assert_eq!(status.terms.as_ref().unwrap().revision, 2);
    assert_ne!(world.terms_digest(), old);
    assert_eq!((&status.confirmation, &status.change_request), (&None, &None));
    let reasons: Vec<_> = world.ignored().iter().map(|i| i.reason.as_str()).collect();
    assert_eq!(reasons, ["Stale", "Stale"]);
    assert_eq!(
        world.ignored()[0].message,
        "it was made on revision 1, and the terms are at revision 2: decide again on what they say now"
    );
    assert!(world.told.iter().any(|notice| notice.reason == "TermsChanged"));
}

#[test]
fn while_the_terms_are_revised_every_wait_but_the_offers_end_stops() {
    let mut world = World::escalated_fleet();
    world.act_because(LEA, Action::RequestChange, "cheaper");
    world.settle();
    let asked = world.status().approvals[0].asked.clone();
    assert_eq!(asked.len(), 1);
    world.pass(40 * 86_400);
    assert_eq!(world.settle(), 0, "finance is not asked in vain");
    assert_eq!(world.status().approvals[0].asked, asked);
    assert_eq!(world.wake, Some(at("2027-12-01T08:00:05Z")));
    let mut expiring = World::escalated_fleet();
    expiring.rules(|policy| policy.spec.rules.escalation.on_timeout = OnTimeout::Expire);
    expiring.act_because(LEA, Action::RequestChange, "cheaper");
    expiring.pass(40 * 86_400).settle();
    assert_eq!(expiring.phase(), "Revising");
}

/// What was late stays late though the wait that it missed is not named any more.
#[test]
fn what_was_late_stays_late_though_its_wait_is_not_named_any_more() {
    let mut world = World::fibre();
    world.rules(|policy| policy.spec.rules.confirmation.deadline_seconds = 100);
    world.settle();
    // Within the seconds in which decisions made in time may be on their way.
    world.pass(101).confirm(EVA);
    world.settle();
    assert_eq!(world.last_ignored(), "Late");
    world.pass(1).act_because(EVA, Action::RequestChange, "60 days");
    world.settle();
    assert_eq!(world.phase(), "Revising");
    assert_eq!(world.settle(), 0);
    let reasons: Vec<&str> = world.ignored().iter().map(|ignored| ignored.reason.as_str()).collect();
    assert_eq!((reasons, world.condition("Understood").0.as_str()), (vec!["Late"], "False"));
}

#[test]
fn a_manager_who_could_approve_may_ask_for_a_change_and_others_may_not() {
    let ask = |who: Somebody, function: &str, level: &str| {
        let mut world = World::escalated_fleet();
        world.manage(who, Action::RequestChange, (function, level), Some("because"));
        world.settle();
        (world.phase().to_owned(), world.last_ignored().to_owned())
    };
    let pair = |phase: &str, ignored: &str| (phase.to_owned(), ignored.to_owned());
    assert_eq!(ask(DESK, "finance", "L1"), pair("Revising", ""));
    assert_eq!(ask(RITA, "finance", "L1"), pair("Escalated", "NotHolder"));
    assert_eq!(ask(MARY, "sales", "L3"), pair("Escalated", "OutOfTurn"), "sales comes after finance");
    assert_eq!(ask(DESK, "legal", "L1"), pair("Escalated", "OutOfTurn"), "nobody asks legal");
}

#[test]
fn raising_the_offer_version_offers_the_same_text_again() {
    let mut world = World::confirmed_fibre();
    world.act_because(EVA, Action::RequestChange, "60 days");
    world.settle();
    world.edit(|agreement| agreement.spec.offer_version = 2);
    world.settle();
    assert_eq!((world.phase(), world.status().terms.as_ref().unwrap().revision), ("AwaitingConfirmation", 2));
}

#[test]
fn a_text_that_comes_back_does_not_bring_back_what_was_decided_on_it() {
    let mut world = World::confirmed_fibre();
    let first = world.status().terms.clone().unwrap();
    world.edit(|agreement| agreement.spec.terms[0].value = Some("29".to_owned()));
    world.settle();
    world.edit(|agreement| agreement.spec.terms[0].value = Some("30".to_owned()));
    world.settle();
    let third = world.status().terms.clone().unwrap();
    assert_eq!((third.revision, &third.digest), (3, &first.digest));
    assert_eq!((world.phase(), world.status().confirmation.as_ref()), ("AwaitingConfirmation", None));
    assert_eq!(world.ignored()[0].reason, "Stale");
    // What the operator never saw is no change.
    world.edit(|agreement| agreement.spec.terms[0].value = Some("29".to_owned()));
    world.edit(|agreement| agreement.spec.terms[0].value = Some("30".to_owned()));
    world.settle();
    assert_eq!(world.status().terms, Some(third));
}

#[test]
fn editing_what_is_outside_voids_nothing() {
    type Edit = fn(&mut CustomerAgreement);
    let document = "{name: GTC, role: GeneralTerms, uri: 'archive:1', digest: 'sha256:5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8'}";
    let edits: [(&str, Edit); 9] = [
        ("title", |a| a.spec.title = "x".to_owned()),
        ("description", |a| a.spec.description = Some("x".to_owned())),
        ("documentNumber", |a| a.spec.document_number = Some("x".to_owned())),
        ("offerEndTime", |a| a.spec.offer_end_time = Time("2028-01-01T00:00:00Z".parse().unwrap())),
        ("ownerUsername", |a| a.spec.provider.owner_username = "x".to_owned()),
        ("signatories", |a| a.spec.provider.signatories[0].username = "x".to_owned()),
        ("document name", |a| a.spec.documents[0].name = "x".to_owned()),
        ("document uri", |a| a.spec.documents[0].uri = None),
        ("metadata", |a| a.metadata.labels = Some([("a".to_owned(), "b".to_owned())].into())),
    ];
    for (what, edit) in edits {
        let mut world = World::fibre();
        world.edit(|agreement| agreement.spec.documents.push(read(document)));
        world.settle();
        world.confirm(EVA);
        world.settle();
        let before = world.status().clone();
        world.edit(edit);
        world.settle();
        let after = world.status();
        assert_eq!(
            (&after.terms, &after.confirmation, world.phase()),
            (&before.terms, &before.confirmation, "AwaitingSignOff"),
            "{what}"
        );
        assert_eq!(after.observed_generation, before.observed_generation.map(|g| g + 1));
    }
}

#[test]
fn everybody_who_was_ever_named_owner_is_remembered() {
    let mut world = fibre();
    for owner in ["a.first", "a.second", "j.berg", "a.first"] {
        world.edit(|agreement| agreement.spec.provider.owner_username = owner.to_owned());
        world.settle();
    }
    assert_eq!(world.status().owners, ["j.berg", "a.first", "a.second"]);
    // And may still withdraw.
    world.act_because(Somebody("a.second", &[]), Action::Withdraw, "w");
    world.settle();
    assert_eq!(world.phase(), "Withdrawn");
}
