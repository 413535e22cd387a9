//! How it ends without agreement, what an edit voids, and which decisions never count.

use std::sync::Arc;

use countersign_api::agreement_status::{ClosedOutcome, EndsWith, WaitingAction};
use countersign_api::delegation_policy::{Calendar, OnTimeout, Permission, Weekday};
use countersign_api::{Action, AgreementDecision, AgreementDecisionSpec, CustomerAgreement};
use countersign_core::decide::{Changes, Evidence, Guard, Plan};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use testkit::world::{DESK, EVA, JONAS, LEA, MARY, NINA, OMAR, RITA, Somebody, World, read};

const CLERK: Somebody = Somebody("clerk", &["back-office"]);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

fn fibre() -> World {
    let mut world = World::fibre();
    world.settle();
    world.pass(60);
    world
}

/// Every phase that an agreement can be in before it is sealed.
fn every_open_phase() -> Vec<World> {
    let mut pending = World::fibre();
    pending.edit(|agreement| agreement.spec.terms[0].value = Some("soon".to_owned()));
    pending.settle();
    let mut revising = fibre();
    revising.act_because(EVA, Action::RequestChange, "60 days");
    revising.settle();
    let worlds = vec![pending, fibre(), World::escalated_fleet(), revising, World::confirmed_fibre()];
    let phases: Vec<&str> = worlds.iter().map(World::phase).collect();
    assert_eq!(phases, ["Pending", "AwaitingConfirmation", "Escalated", "Revising", "AwaitingSignOff"]);
    worlds
}

fn customer(world: &World) -> Somebody {
    if world.agreement.metadata.name.as_deref() == Some("havlink-fleet") { LEA } else { EVA }
}

fn store_with(
    world: &mut World,
    who: Somebody,
    action: Action,
    change: impl FnOnce(&mut AgreementDecisionSpec),
) {
    let mut spec = world.draft(who, action);
    spec.reason = Some("because".to_owned());
    change(&mut spec);
    world.store(spec);
}

fn refuse(world: &mut World, who: Somebody, function: &str, level: &str) {
    world.manage(who, Action::Refuse, (function, level), Some("because"));
}

#[test]
fn either_side_withdraws_in_every_phase_before_it_is_sealed() {
    for world in every_open_phase() {
        let owner = if customer(&world).0 == LEA.0 { Somebody("s.patel", &[]) } else { JONAS };
        let signatory = if customer(&world).0 == LEA.0 { MARY } else { JONAS };
        for who in [customer(&world), owner, signatory] {
            let (mut world, phase) = (world.clone(), world.phase().to_owned());
            let decision = world.act_because(who, Action::Withdraw, "budget cut");
            assert_eq!(world.settle(), 1, "{phase} {}", who.0);
            assert_eq!((world.phase(), world.wake), ("Withdrawn", None), "{phase} {}", who.0);
            let closed = world.status().closed.clone().unwrap();
            assert_eq!((closed.outcome, closed.reason.as_str()), (ClosedOutcome::Withdrawn, "budget cut"));
            assert_eq!((closed.decisions, closed.time), (vec![decision], Time(world.now)));
            let ready = world.condition("Ready");
            assert_eq!((ready.0.as_str(), ready.1.as_str()), ("False", "Withdrawn"));
            assert_eq!(ready.2, "the agreement ended: budget cut");
            assert_eq!(
                (world.condition("Stalled").0.as_str(), world.condition("Reconciling").0.as_str()),
                ("", "")
            );
            assert_eq!((world.status().waiting_for.len(), world.status().waiting_on.as_deref()), (0, None));
        }
    }
}

#[test]
fn who_has_no_part_in_it_withdraws_and_declines_nothing() {
    for (who, action, message) in [
        (
            NINA,
            Action::Withdraw,
            "\"owner@cafe-corner.example\" is not a representative, the owner or a signatory of the provider",
        ),
        (
            MARY,
            Action::Withdraw,
            "\"m.osei\" is not a representative, the owner or a signatory of the provider",
        ),
        (JONAS, Action::Decline, "\"j.berg\" is not a representative of the customer"),
        (
            NINA,
            Action::RequestChange,
            "\"owner@cafe-corner.example\" is not a representative of the customer",
        ),
    ] {
        let mut world = fibre();
        world.act_because(who, action, "no");
        world.settle();
        assert_eq!((world.phase(), world.last_ignored()), ("AwaitingConfirmation", "NotHolder"));
        assert_eq!(world.ignored()[0].message, message);
    }
}

#[test]
fn a_withdraw_or_a_decline_names_the_terms() {
    for action in [Action::Withdraw, Action::Decline, Action::RequestChange] {
        let mut world = World::confirmed_fibre();
        let digest = world.confirmation_digest();
        store_with(&mut world, EVA, action, |spec| spec.agreement_ref.digest = digest);
        world.settle();
        assert_eq!((world.phase(), world.last_ignored()), ("AwaitingSignOff", "Stale"), "{action:?}");
    }
}

#[test]
fn the_customer_declines_in_every_phase_before_it_is_sealed_for_good() {
    for mut world in every_open_phase() {
        let phase = world.phase().to_owned();
        let who = customer(&world);
        world.act_because(who, Action::Decline, "24 months is too long");
        world.settle();
        assert_eq!(world.phase(), "Declined", "{phase}");
        let acceptable = world.condition("Acceptable");
        assert_eq!((acceptable.0.as_str(), acceptable.1.as_str()), ("False", "Declined"));
        // The café thinks again, too late.
        let terms = world.status().terms.clone();
        world.pass(60).confirm(who);
        assert_eq!(world.settle(), 1);
        assert_eq!((world.phase(), world.last_ignored()), ("Declined", "Closed"));
        assert_eq!(
            world.ignored().last().unwrap().message,
            "the agreement has ended (Declined); nothing can be decided on it any more"
        );
        // Nor does a new offer bring it back.
        world.edit(|agreement| agreement.spec.offer_version += 1);
        world.settle();
        assert_eq!((world.phase(), &world.status().terms), ("Declined", &terms));
    }
}

#[test]
fn a_manager_who_refuses_ends_it() {
    let mut world = World::escalated_fleet();
    refuse(&mut world, DESK, "finance", "L1");
    world.settle();
    assert_eq!(world.phase(), "Refused");
    let approved = world.condition("Approved");
    assert_eq!((approved.0.as_str(), approved.1.as_str()), ("False", "Refused"));
    assert_eq!(world.status().closed.as_ref().unwrap().outcome, ClosedOutcome::Refused);
}

#[test]
fn of_what_is_read_at_once_the_gravest_counts_whatever_came_first() {
    type Act = fn(&mut World);
    let acts: [(&str, Act); 5] = [
        ("Withdrawn", |world| {
            world.act_because(LEA, Action::Withdraw, "w");
        }),
        ("Declined", |world| {
            world.act_because(OMAR, Action::Decline, "d");
        }),
        ("Refused", |world| refuse(world, DESK, "finance", "L1")),
        ("Revising", |world| {
            world.act_because(OMAR, Action::RequestChange, "c");
        }),
        ("Escalated", |world| {
            world.confirm(LEA);
        }),
    ];
    for (n, (phase, gravest)) in acts.iter().enumerate() {
        for lesser in &acts[n + 1..] {
            for gravest_first in [true, false] {
                let mut world = World::escalated_fleet();
                let (one, other) = if gravest_first { (gravest, &lesser.1) } else { (&lesser.1, gravest) };
                one(&mut world);
                world.pass(60);
                other(&mut world);
                world.settle();
                assert_eq!(world.phase(), *phase, "over {}, first: {gravest_first}", lesser.0);
            }
        }
    }
}

#[test]
fn the_second_who_ends_it_in_the_same_read_is_told() {
    let mut world = fibre();
    world.act_because(EVA, Action::Withdraw, "first");
    world.pass(1).act_because(JONAS, Action::Withdraw, "second");
    world.settle();
    assert_eq!(world.status().closed.as_ref().unwrap().reason, "first");
    assert_eq!(world.last_ignored(), "NotRequired");
}

#[test]
fn nothing_ends_from_a_stale_list() {
    let mut world = fibre();
    world.act_because(EVA, Action::Decline, "no");
    let needs_fresh = Plan::Need(Evidence::FreshDecisions);
    assert_eq!(world.plan_at(world.now, false), needs_fresh);
    world.decisions.clear();
    world.now = world.status().waiting_for[0].deadline_time.clone().unwrap().0 + seconds(5);
    assert_eq!(world.plan_at(world.now, false), needs_fresh);
    // The fresh read brings the answer that the cache did not have.
    let now = world.now;
    world.pass(-60).confirm(EVA);
    world.now = now;
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
}

#[test]
fn a_change_that_somebody_asked_for_is_a_new_revision_and_voids_everything() {
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

#[test]
fn what_was_late_stays_late_though_the_wait_that_it_missed_is_not_named_any_more() {
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

#[test]
fn a_wait_that_runs_over_ends_the_offer_five_seconds_later() {
    let mut signing = World::confirmed_fibre();
    signing.act(EVA, Action::Sign);
    signing.settle();
    for (mut world, who) in
        [(fibre(), "Eva Lund"), (World::confirmed_fibre(), "Eva Lund"), (signing, "Jonas Berg")]
    {
        let wait = world.status().waiting_for[0].clone();
        let end = wait.asked_time.0 + seconds(1_209_600);
        assert_eq!((wait.wait_end_time, wait.deadline_time), (Some(Time(end)), Some(Time(end))));
        assert_eq!(wait.ends_with, Some(EndsWith::Wait));
        world.now = end + seconds(4);
        world.settle();
        assert_ne!(world.phase(), "Expired", "{who}");
        assert_eq!(world.wake, Some(end + seconds(5)));
        world.now = end + seconds(5);
        assert_eq!(world.settle(), 1);
        assert_eq!(world.phase(), "Expired", "{who}");
        let closed = world.status().closed.clone().unwrap();
        assert_eq!((closed.reason, closed.decisions), (format!("{who} did not answer in time"), vec![]));
    }
}

#[test]
fn the_offer_ends_in_every_phase_before_it_is_sealed() {
    for mut world in every_open_phase() {
        let phase = world.phase().to_owned();
        let end = world.now + seconds(1_000);
        world.edit(|agreement| agreement.spec.offer_end_time = Time(end));
        world.settle();
        let wait = &world.status().waiting_for[0];
        assert_eq!(
            (wait.deadline_time.as_ref(), wait.ends_with),
            (Some(&Time(end)), Some(EndsWith::Offer)),
            "{phase}"
        );
        assert_eq!(world.wake, Some(end + seconds(5)), "{phase}");
        world.now = end + seconds(4);
        assert_eq!(world.settle(), 0, "{phase}");
        world.pass(1).settle();
        assert_eq!(world.phase(), "Expired", "{phase}");
        assert_eq!(world.status().closed.as_ref().unwrap().reason, format!("the offer ended at {end}"));
    }
}

#[test]
fn an_offer_is_extended_before_it_ended_and_not_after() {
    let extend = |late: bool| {
        let mut world = fibre();
        let end = world.now + seconds(1_000);
        world.edit(|agreement| agreement.spec.offer_end_time = Time(end));
        world.settle();
        world.now = end + seconds(if late { 5 } else { 4 });
        if late {
            world.settle();
        }
        world.edit(|agreement| agreement.spec.offer_end_time = Time(end + seconds(10_000)));
        world.settle();
        world.phase().to_owned()
    };
    assert_eq!((extend(false).as_str(), extend(true).as_str()), ("AwaitingConfirmation", "Expired"));
}

#[test]
fn what_is_decided_after_the_offer_ended_is_late() {
    let mut world = fibre();
    let end = world.now + seconds(1_000);
    world.edit(|agreement| agreement.spec.offer_end_time = Time(end));
    world.settle();
    world.now = end + seconds(1);
    world.act_because(EVA, Action::Decline, "no");
    world.settle();
    assert_eq!((world.phase(), world.last_ignored()), ("AwaitingConfirmation", "Late"));
    assert_eq!(world.ignored()[0].message, format!("the offer ended at {end}"));
}

fn spoiled(change: impl FnOnce(&mut AgreementDecisionSpec)) -> World {
    let mut world = fibre();
    store_with(&mut world, EVA, Action::Decline, change);
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
    world
}

#[test]
fn a_decision_on_something_else_never_counts() {
    let uid = spoiled(|spec| spec.agreement_ref.uid = "agreement-0".to_owned());
    assert_eq!(
        uid.ignored()[0].message,
        "it names uid agreement-0, and this agreement's is agreement-1: decide again"
    );
    let name = spoiled(|spec| spec.agreement_ref.name = "another".to_owned());
    assert_eq!(
        name.ignored()[0].message,
        "it names the agreement \"another\", and this one is \"norrland-timber-fibre\""
    );
    let revision = spoiled(|spec| spec.agreement_ref.revision = 2);
    assert_eq!(
        revision.ignored()[0].message,
        "it was made on revision 2, and the terms are at revision 1: decide again on what they say now"
    );
    let digest = spoiled(|spec| spec.agreement_ref.digest = format!("sha256:{}", "0".repeat(64)));
    assert!(digest.ignored()[0].message.starts_with("a Decline must name the terms digest sha256:"));
    for world in [uid, name, revision, digest] {
        assert_eq!(world.last_ignored(), "Stale");
        assert_eq!(world.status().decided_time, None);
    }
}

#[test]
fn what_was_decided_on_an_earlier_agreement_of_the_name_is_history() {
    let mut world = fibre();
    store_with(&mut world, EVA, Action::Decline, |spec| spec.agreement_ref.uid = "agreement-0".to_owned());
    // The agreement is deleted and made again, after that.
    world.agreement.metadata.creation_timestamp = Some(Time(world.now + seconds(1)));
    world.pass(60);
    assert_eq!((world.settle(), world.ignored().len()), (0, 0));
}

#[test]
fn without_the_guard_nothing_is_counted_and_nothing_ends_by_time() {
    let mut world = fibre();
    world.guard = Guard::Inactive { because: "the policy binding was deleted".to_owned() };
    world.confirm(EVA);
    world.act_because(EVA, Action::Decline, "forged");
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
    let message = "the admission policies are not in force (the policy binding was deleted), so no decision is counted; 2 decisions held back; an admin must install them again";
    for type_ in ["Ready", "Stalled"] {
        let (_, reason, text) = world.condition(type_);
        assert_eq!((reason.as_str(), text.as_str()), ("GuardInactive", message));
    }
    assert_eq!(world.status().waiting_on.as_deref(), Some("an admin, see Stalled"));
    assert_eq!(world.ignored().len(), 0);
    world.now = world.agreement.spec.offer_end_time.0 + seconds(1_000);
    world.settle();
    assert_eq!((world.phase(), world.status().closed.as_ref()), ("AwaitingConfirmation", None));
    let mut escalated = World::escalated_fleet();
    escalated.guard = Guard::Inactive { because: "gone".to_owned() };
    escalated.pass(10 * 86_400).settle();
    assert_eq!(escalated.status().approvals[0].asked.len(), 1);
}

#[test]
fn what_was_decided_while_the_guard_was_away_never_counts_though_the_policies_are_the_same() {
    let mut world = fibre();
    let since = Guard::Active { since: Some(world.now - seconds(3_600)) };
    world.guard = Guard::Inactive { because: "a forged decision was let through".to_owned() };
    world.settle();
    world.pass(60).confirm(EVA);
    world.settle();
    world.guard = since.clone();
    world.pass(60).settle();
    assert_eq!((world.last_ignored(), world.phase()), ("BeforeGuard", "AwaitingConfirmation"));
    assert_eq!(world.settle(), 0, "and not at the next look either");
    world.pass(60).confirm(EVA);
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
}

#[test]
fn what_was_decided_before_the_guard_was_back_is_decided_again_unless_it_stands() {
    let mut world = World::confirmed_fibre();
    world.act(EVA, Action::Sign);
    let back = world.now;
    world.guard = Guard::Active { since: Some(back) };
    world.now = back + seconds(9);
    world.act(EVA, Action::Sign);
    world.settle();
    let reasons: Vec<_> = world.ignored().iter().map(|i| i.reason.as_str()).collect();
    assert_eq!(reasons, ["BeforeGuard", "BeforeGuard"]);
    assert!(world.status().confirmation.is_some(), "what counted before stands");
    world.now = back + seconds(10);
    world.act(EVA, Action::Sign);
    world.settle();
    assert_eq!(world.last_ignored(), "");
    assert_eq!(world.status().sign_off.as_ref().unwrap().signatures.len(), 1);
}

#[test]
fn a_representatives_act_is_recorded_where_the_policy_allows_it() {
    let mut world = fibre();
    let decision = world.attest(CLERK, EVA, Action::Confirm);
    world.settle();
    let counted = &world.status().confirmation.as_ref().unwrap().decisions[0];
    assert_eq!((&counted.decision, counted.username.as_str()), (&decision, EVA.0));
    assert_eq!(counted.attested_by.as_deref(), Some("clerk"));
    world.pass(60).attest(CLERK, EVA, Action::Sign);
    world.settle();
    let signature = &world.status().sign_off.as_ref().unwrap().signatures[0];
    assert_eq!((signature.username.as_str(), signature.attested_by.as_deref()), (EVA.0, Some("clerk")));
    for (action, phase) in [(Action::Decline, "Declined"), (Action::RequestChange, "Revising")] {
        let mut world = fibre();
        world.attest(CLERK, EVA, action);
        world.settle();
        assert_eq!(world.phase(), phase);
    }
}

#[test]
fn a_representatives_act_is_not_recorded_by_the_owner_a_party_or_against_the_policy() {
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
fn the_newest_twenty_ignored_decisions_are_shown() {
    let mut world = fibre();
    for _ in 0..25 {
        world.pass(1).act_because(NINA, Action::Decline, "no");
    }
    world.settle();
    let shown: Vec<_> = world.ignored().iter().map(|i| i.name.as_str()).collect();
    assert_eq!((shown.len(), shown[0], shown[19]), (20, "decision-006", "decision-025"));
    world.act_because(EVA, Action::Withdraw, "enough");
    world.settle();
    for _ in 0..3 {
        world.pass(1).act_because(NINA, Action::Decline, "no");
    }
    world.settle();
    let shown: Vec<_> = world.ignored().iter().map(|i| i.name.as_str()).collect();
    assert_eq!((shown.len(), shown[0], shown[19]), (20, "decision-009", "decision-029"));
}

#[test]
fn words_of_others_are_shown_on_one_line() {
    let mut world = fibre();
    world.act_because(EVA, Action::Decline, "too\r\ndear\u{1b}[31m\u{202e}");
    world.settle();
    assert_eq!(world.status().closed.as_ref().unwrap().reason, "too  dear [31m");
}

#[test]
fn who_decides_on_faulty_terms_is_told_to_decide_again() {
    let mut world = fibre();
    world.edit(|agreement| agreement.spec.terms[0].value = Some("soon".to_owned()));
    world.settle();
    world.pass(60).confirm(EVA);
    assert_eq!(world.settle(), 1);
    assert_eq!((world.last_ignored(), world.phase()), ("OutOfTurn", "Pending"));
    assert_eq!(world.ignored()[0].message, "the terms have faults; decide again once they are mended");
}

#[test]
fn what_is_being_deleted_is_left_alone() {
    let mut world = fibre();
    world.confirm(EVA);
    world.agreement.metadata.deletion_timestamp = Some(Time(world.now));
    assert_eq!(world.plan(), Changes::default());
}

#[test]
fn the_time_of_the_first_decision_that_counted_is_kept() {
    let mut world = fibre();
    world.act_because(NINA, Action::Decline, "no");
    world.settle();
    assert_eq!(world.status().decided_time, None, "nothing counted");
    let first = world.pass(60).now;
    world.confirm(EVA);
    world.settle();
    assert_eq!(world.status().decided_time, Some(Time(first)));
    world.pass(60).act(EVA, Action::Sign);
    world.settle();
    world.edit(|agreement| agreement.spec.offer_version += 1);
    world.settle();
    assert_eq!(
        world.status().decided_time,
        Some(Time(first)),
        "a new revision does not undo that it was decided on"
    );
    let mut declined = fibre();
    declined.act_because(EVA, Action::Decline, "no");
    declined.settle();
    assert_eq!(declined.status().decided_time, Some(Time(declined.now)));
}

#[test]
fn one_line_says_who_is_waited_for_and_since_when() {
    let mut world = World::fleet();
    world.settle();
    assert_eq!(world.status().waiting_on.as_deref(), Some("Omar Diallo +1 since 24 Nov"));
    let ready =
        "waiting for Omar Diallo and Lea Vogt to confirm until 2026-12-08T09:00:00Z, then the offer expires";
    assert_eq!(world.condition("Ready").2, ready);
    world.pass(60).confirm(OMAR);
    world.settle();
    assert_eq!(world.status().waiting_on.as_deref(), Some("Lea Vogt since 24 Nov"));
    let escalated = World::escalated_fleet();
    assert_eq!(escalated.status().waiting_on.as_deref(), Some("Deal desk (finance L1) since 24 Nov"));
    assert_eq!(
        escalated.condition("Ready").2,
        "waiting for Deal desk (finance L1) to approve until 2026-11-25T09:02:00Z, then the next level is asked"
    );
}

#[test]
fn half_way_people_are_reminded_once() {
    let mut world = fibre();
    let half = world.status().waiting_for[0].asked_time.0 + seconds(604_800);
    assert_eq!(world.wake, Some(half));
    world.now = half - seconds(1);
    assert_eq!(world.settle(), 0);
    world.now = half;
    assert_eq!(world.settle(), 1);
    assert_eq!(world.status().waiting_for[0].reminded_time, Some(Time(half)));
    world.pass(3_600);
    assert_eq!(world.settle(), 0);
    let reminders: Vec<_> =
        world.told.iter().filter(|n| n.reason == "Reminder").map(|n| n.note.as_str()).collect();
    assert_eq!(reminders, ["half of the time is gone: Eva Lund has until 2026-12-08T09:00:00Z"]);
}

#[test]
fn days_on_which_nobody_works_do_not_count_in_a_wait() {
    use Weekday::{Friday, Monday, Thursday, Tuesday, Wednesday};
    let mut world = World::fibre();
    world.rules(|policy| {
        policy.spec.rules.confirmation.deadline_seconds = 5 * 86_400;
        policy.spec.rules.calendar = Some(Calendar {
            time_zone: "Europe/Stockholm".to_owned(),
            work_days: vec![Monday, Tuesday, Wednesday, Thursday, Friday],
            holidays: vec!["2026-11-26".to_owned()],
        });
    });
    world.settle();
    // From Tuesday morning, over a holiday on Thursday and the weekend, to Wednesday morning.
    let wait = &world.status().waiting_for[0];
    assert_eq!(wait.deadline_time, Some(Time(at("2026-12-02T09:00:00Z"))));
    assert_eq!(world.wake, Some(at("2026-11-27T21:00:00Z")), "half-way in working time");
}

#[test]
fn a_question_keeps_the_time_at_which_it_was_asked() {
    let mut world = fibre();
    let asked = world.status().waiting_for[0].asked_time.clone();
    world.pass(86_400).edit(|agreement| agreement.spec.title = "x".to_owned());
    world.settle();
    assert_eq!(world.status().waiting_for[0].asked_time, asked);
    world.edit(|agreement| agreement.spec.offer_version += 1);
    world.settle();
    assert_eq!(world.status().waiting_for[0].asked_time, Time(world.now), "another question");
}

#[test]
fn a_decision_without_a_time_is_no_decision() {
    let mut world = fibre();
    world.confirm(EVA);
    let mut timeless: AgreementDecision = (*world.decisions[0]).clone();
    timeless.metadata.creation_timestamp = None;
    world.decisions = vec![Arc::new(timeless)];
    assert_eq!(world.settle(), 0);
}

#[test]
fn after_the_end_and_after_sealing_that_is_the_reason_whatever_else_is_wrong() {
    let mut closed = fibre();
    closed.act_because(EVA, Action::Decline, "no");
    closed.settle();
    for (world, reason) in [(closed, "Closed"), (World::agreed_fibre(), "Sealed")] {
        let wrong: [fn(&mut AgreementDecisionSpec); 4] = [
            |spec| spec.agreement_ref.revision = 7,
            |spec| spec.agreement_ref.digest = format!("sha256:{}", "0".repeat(64)),
            |spec| spec.decided_by.username = "mallory".to_owned(),
            |_| {},
        ];
        for change in wrong {
            let mut world = world.clone();
            let phase = world.phase().to_owned();
            // Late as well.
            world.now = at("2028-06-01T00:00:00Z");
            store_with(&mut world, EVA, Action::Withdraw, change);
            world.settle();
            assert_eq!((world.last_ignored(), world.phase()), (reason, phase.as_str()));
        }
    }
}

#[test]
fn what_happened_while_the_operator_was_down_is_there_in_one_write() {
    let mut world = fibre();
    let at_once = {
        let mut seen = World::agreed_fibre();
        seen.pass(60);
        seen
    };
    world.decisions.clone_from(&at_once.decisions);
    world.now = at_once.now;
    let before = world.written.len();
    world.settle();
    assert_eq!((world.phase(), world.written.len() - before), ("Agreed", 2), "sealed, and passed on");
    assert_eq!(world.written[before].phase.as_deref(), Some("IssuingOrders"));
    // Straight from the first question to the end, and each thing is told once.
    for reason in
        ["CustomerConfirmed", "CustomerSigned", "ProviderCountersigned", "AgreementSealed", "Agreed"]
    {
        let told = world.told.iter().filter(|notice| notice.reason == reason).count();
        assert_eq!(told, 1, "{reason}");
    }
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

#[test]
fn nothing_is_decided_from_what_stands_in_phase() {
    let mut sealed = World::confirmed_fibre();
    sealed.act(EVA, Action::Sign);
    sealed.pass(60).act(JONAS, Action::Countersign);
    let plan = sealed.plan();
    sealed.write(&plan.status.unwrap());
    for world in every_open_phase().into_iter().chain([sealed]) {
        let right = world.status().clone();
        for phase in ["Agreed", "Withdrawn", "Pending", "AwaitingSignOff", "Whatever"] {
            let mut world = world.clone();
            world.agreement.status.as_mut().unwrap().phase = Some(phase.to_owned());
            world.agreement.status.as_mut().unwrap().waiting_on = None;
            world.settle();
            let settled = right.phase.as_deref() == Some("IssuingOrders");
            let expected = if settled { Some("Agreed") } else { right.phase.as_deref() };
            assert_eq!(world.status().phase.as_deref(), expected, "{phase} was written over it");
        }
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
