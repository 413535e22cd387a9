//! Agreements that name one another: amendments, successors, call-offs.

use std::sync::Arc;

use countersign_api::Action;
use countersign_api::agreement_status::ApprovalState;
use countersign_api::delegation_policy::EscalationTiming;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::terms::{agreed_agreement, refers_to};
use testkit::people::{EVA, JONAS, MARY, RITA};
use testkit::world::World;

/// The agreement that the others name.
const FIRST: &str = "the-first";

fn named(name: &str) -> World {
    let mut world = World::fibre();
    world.agreement.metadata.name = Some(name.to_owned());
    world.agreement.metadata.uid = Some(format!("uid-of-{name}"));
    world.pass(3_600);
    world
}

/// An amendment of the fibre agreement that adds something for so much, once.
fn amendment(name: &str, amount: &str) -> World {
    let mut world = named(name);
    world.edit(|agreement| {
        let spec = &mut agreement.spec;
        spec.agreement_type = "Amendment".to_owned();
        spec.amends_ref = refers_to(FIRST);
        spec.terms.clear();
        let item = &mut spec.orders[0].items[0];
        item.prices.retain(|price| price.period.is_none());
        item.prices[0].amount = amount.to_owned();
    });
    world.see(&[&agreed_agreement(FIRST)]);
    world
}

fn successor(name: &str) -> World {
    let mut world = named(name);
    world.edit(|agreement| agreement.spec.supersedes_ref = refers_to(FIRST));
    world.see(&[&agreed_agreement(FIRST)]);
    world
}

/// The first agreement, as its own world.
fn first() -> World {
    let mut world = World::agreed_fibre();
    world.agreement = agreed_agreement(FIRST);
    world.settle();
    world.pass(7_200);
    world
}

/// An amendment that is sealed stands on what it amends which stays in force.
#[test]
fn an_amendment_is_put_down_on_what_it_amends_which_stays_in_force() {
    let (mut one, mut other) = (amendment("a-1", "100.00"), amendment("a-2", "100.00"));
    other.pass(60);
    one.agreed();
    let mut first = first();
    first.see(&[&one.agreement, &other.agreement]);
    assert_eq!(first.settle(), 1, "one write");
    assert_eq!(first.status().amended_by, ["a-1"]);
    assert_eq!((first.phase(), first.status().superseded_by.as_deref()), ("Agreed", None));
    let told: Vec<_> = first.told.iter().rev().take(1).map(|n| (n.reason, n.note.as_str())).collect();
    assert_eq!(told, [("AgreementAmended", "`a-1` amends this agreement, which stays in force")]);

    other.see(&[&one.agreement]).agreed();
    first.see(&[&other.agreement]);
    assert_eq!(first.settle(), 1);
    assert_eq!(first.status().amended_by, ["a-1", "a-2"]);
    // What is deleted later was an amendment all the same.
    first.related.clear();
    assert_eq!(first.settle(), 0);
}

#[test]
fn an_amendment_that_ends_otherwise_leaves_the_old_one_untouched() {
    let mut declined = amendment("a-1", "100.00");
    declined.settle();
    declined.pass(60).act(EVA, Action::Decline);
    declined.settle();
    assert_eq!(declined.phase(), "Declined");
    let mut first = first();
    first.see(&[&declined.agreement]);
    assert_eq!(first.settle(), 0);
}

#[test]
fn a_deal_in_slices_needs_what_the_whole_needs() {
    // 50,940 + 120,000 lies within sales L1 (250,000), and with another 120,000 it does not.
    let mut one = amendment("a-1", "120000.00");
    one.settle();
    assert_eq!(one.compared(), ("170940.00", vec![FIRST]));
    assert_eq!(one.status().value.as_ref().unwrap().total.as_deref(), Some("120000.00"));
    assert_eq!(one.needs(), []);

    let mut other = amendment("a-2", "120000.00");
    other.see(&[&one.agreement]).settle();
    assert_eq!(other.compared(), ("290940.00", vec![FIRST, "a-1"]));
    other.pass(60).confirm(EVA);
    other.settle();
    assert_eq!(other.needs(), [("L2", ApprovalState::Waiting)]);
    let because = &other.status().approvals[0].because[0];
    let said = "contract value together with what it amends EUR 290940.00 exceeds sales L1 (EUR 250000.00)";
    assert_eq!(because, said);

    // Both bear the sum, whichever came first, and whether the other is open or agreed.
    one.see(&[&other.agreement]);
    assert_eq!(one.settle(), 1);
    assert_eq!(one.compared().0, "290940.00");
    assert_eq!(one.needs(), [("L2", ApprovalState::Next)]);

    // What ended without agreement counts nothing.
    other.act(EVA, Action::Withdraw);
    other.settle();
    one.see(&[&other.agreement]);
    one.settle();
    assert_eq!((one.compared(), one.needs().len()), (("170940.00", vec![FIRST]), 0));
    one.agreed();
    let mut third = amendment("a-3", "120000.00");
    third.see(&[&one.agreement, &other.agreement]).settle();
    assert_eq!(third.compared(), ("290940.00", vec![FIRST, "a-1"]));
}

#[test]
fn an_amendment_that_cannot_be_decided_on_yet_raises_nothing_for_others() {
    let mut faulty = amendment("a-2", "4000000.00");
    faulty.edit(|agreement| agreement.spec.orders[0].items[0].discount_percent = None);
    faulty.settle();
    assert_eq!(faulty.phase(), "Pending");
    let mut one = amendment("a-1", "100.00");
    one.see(&[&faulty.agreement]).settle();
    assert_eq!(one.compared(), ("51040.00", vec![FIRST]));
}

#[test]
fn orders_that_the_other_amendment_left_out_count_nothing() {
    let mut other = amendment("a-2", "120000.00");
    other.settle();
    other.pass(60).confirm_but(EVA, &[("o1", "later")]);
    other.settle();
    let mut one = amendment("a-1", "100.00");
    one.see(&[&other.agreement]).settle();
    assert_eq!(one.compared(), ("51040.00", vec![FIRST, "a-2"]));
}

#[test]
fn what_cannot_be_valued_in_the_family_is_for_a_level_without_limits() {
    let mut other = amendment("a-2", "100.00");
    other.settle();
    let mut other = other.agreement;
    other.spec.orders[0].items[0].prices[0].currency = "JPY".to_owned();
    let mut one = amendment("a-1", "100.00");
    one.see(&[&other]).settle();
    assert_eq!(one.condition("Valid").1, "NoAuthority", "sales has no level without limits");
    one.rules(|policy| policy.spec.rules.ladders[0].levels[3].limits = None);
    one.settle();
    assert_eq!(one.needs(), [("L4", ApprovalState::Next)]);
    let value = one.status().value.as_ref().unwrap();
    assert_eq!((value.compared_total.as_deref(), value.total.as_deref()), (None, Some("100.00")));
    assert_eq!(value.not_valued, ["`a-2`: it cannot be valued under this policy"]);
}

#[test]
fn a_need_that_rises_after_the_approval_is_asked_for_again() {
    let mut one = amendment("a-1", "300000.00");
    one.confirmed();
    one.pass(60).approve(RITA, "sales", "L2");
    one.settle();
    assert_eq!(one.phase(), "AwaitingSignOff");
    one.signed_by_the_customer();

    let mut other = amendment("a-2", "900000.00");
    other.settle();
    one.see(&[&other.agreement]).pass(60);
    assert_eq!(one.settle(), 1);
    assert_eq!((one.phase(), one.needs()), ("Escalated", vec![("L3", ApprovalState::Waiting)]));
    assert_eq!(one.ignored()[0].message, "sales L3 or higher must decide, not L2");
    assert_eq!(one.told.last().unwrap().reason, "DecisionIgnored");
    let escalated = one.told.iter().find(|notice| notice.reason == "ApprovalEscalated").unwrap();
    assert!(escalated.note.starts_with("a higher level is needed now; sales L3 is asked"), "{escalated:?}");
    let asked = |world: &World| -> Vec<String> {
        world.status().approvals[0].asked.iter().map(|asked| asked.level.clone()).collect()
    };
    assert_eq!(asked(&one), ["L2", "L3"]);

    // Rita may not do what only the next level may, though earlier levels may still decide.
    one.pass(60).approve(RITA, "sales", "L2");
    one.settle();
    assert_eq!(one.last_ignored(), "LevelInsufficient");
    one.pass(60).approve(MARY, "sales", "L3");
    one.settle();
    assert_eq!(one.phase(), "AwaitingSignOff");
    assert_eq!(one.status().sign_off.as_ref().unwrap().signatures.len(), 1, "Eva's stands");
    one.pass(60).act(JONAS, Action::Countersign);
    one.settle();
    assert_eq!(one.phase(), "Agreed");
}

#[test]
fn managers_who_are_asked_first_see_the_whole_as_well() {
    let mut one = amendment("a-1", "300000.00");
    one.rules(|policy| policy.spec.rules.escalation.timing = EscalationTiming::BeforeConfirmation);
    one.settle();
    assert_eq!(one.compared().0, "350940.00");
    assert_eq!(one.needs(), [("L2", ApprovalState::Waiting)]);
}

#[test]
fn who_amends_an_amendment_is_told_which_agreement_to_name() {
    let mut amended = amendment("a-1", "100.00");
    amended.agreed();
    let mut world = amendment("a-2", "100.00");
    world.edit(|agreement| agreement.spec.amends_ref = refers_to("a-1"));
    world.see(&[&amended.agreement]).settle();
    let said = "`spec.amendsRef.name` \"a-1\" is itself an Amendment; name \"the-first\", which it amends";
    assert_eq!(world.link_fault(), said);
}

#[test]
fn an_agreement_that_names_itself_names_nothing_that_is_agreed() {
    let mut world = successor(FIRST);
    world.related = vec![Arc::new(world.agreement.clone())];
    world.settle();
    assert_eq!(world.link_fault(), "`spec.supersedesRef.name` \"the-first\" is not Agreed");
}

#[test]
fn of_two_that_supersede_the_same_the_first_to_be_sealed_wins() {
    let (mut one, mut other) = (successor("s-1"), successor("s-2"));
    other.confirmed().signed_by_the_customer();
    one.agreed();
    // Even with the last signature there, and though the old one does not say yet by what it was superseded.
    other.see(&[&one.agreement]).pass(60).act(JONAS, Action::Countersign);
    other.settle();
    assert_eq!(other.link_fault(), "`spec.supersedesRef.name` \"the-first\" is superseded by \"s-1\"");
    assert_eq!(other.status().sign_off.as_ref().unwrap().sealed_time, None);
    assert_eq!(other.status().waiting_for[0].who, "j.berg", "the author has to mend it");

    let mut first = first();
    first.see(&[&one.agreement, &other.agreement]);
    assert_eq!(first.settle(), 1);
    assert_eq!(first.status().superseded_by.as_deref(), Some("s-1"));
    assert_eq!(first.phase(), "Agreed");
    assert_eq!(first.told.last().unwrap().note, "`s-1` took the place of this agreement");
    // It says so for ever.
    first.related.clear();
    assert_eq!(first.settle(), 0);

    // Without the link it is an agreement like any other.
    other.edit(|agreement| agreement.spec.supersedes_ref = None);
    other.settle();
    assert_eq!((other.phase(), other.status().terms.as_ref().unwrap().revision), ("AwaitingConfirmation", 2));
}

#[test]
fn what_names_an_earlier_agreement_of_the_name_does_not_change_this_one() {
    let mut one = successor("s-1");
    one.agreed();
    let mut first = first();
    let status = first.agreement.status.as_mut().unwrap();
    status.agreed_time = Some(Time(one.now + SignedDuration::from_secs(1)));
    first.see(&[&one.agreement]);
    assert_eq!(first.settle(), 0);
}

#[test]
fn what_is_superseded_meanwhile_is_amended_no_more() {
    let mut one = amendment("a-1", "100.00");
    one.confirmed();
    let mut superseded = first();
    superseded.agreement.status.as_mut().unwrap().superseded_by = Some("s-1".to_owned());
    one.see(&[&superseded.agreement]).pass(60);
    assert_eq!(one.settle(), 1);
    assert_eq!(one.link_fault(), "`spec.amendsRef.name` \"the-first\" is superseded by \"s-1\"");
    assert_eq!(one.condition("Understood").0, "True", "what was confirmed stays on record");
}

#[test]
fn a_link_that_breaks_by_time_lets_what_was_signed_in_time_through() {
    let end: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
    for link in ["amends", "parent"] {
        let mut other = agreed_agreement(FIRST);
        other.spec.agreement_period.end_time = Some(Time(end));
        let mut world = if link == "amends" { amendment("a-1", "100.00") } else { named("call-off") };
        if link == "parent" {
            world.edit(|agreement| agreement.spec.parent_ref = refers_to(FIRST));
        }
        world.see(&[&other]).confirmed().signed_by_the_customer();
        let mut late = world.clone();
        assert!(matches!(world.wake, Some(when) if when <= end + SignedDuration::from_secs(6)), "{link}");

        // Signed in the last second, seen an hour later.
        world.now = end;
        world.act(JONAS, Action::Countersign);
        world.pass(3_600);
        world.settle();
        assert_eq!(world.phase(), "Agreed", "{link}");

        late.now = end + SignedDuration::from_secs(5);
        assert_eq!(late.settle(), 0, "{link}: a signature may be on its way");
        late.now = end + SignedDuration::from_secs(6);
        late.settle();
        assert!(late.link_fault().ends_with("was in force until 2026-11-24T12:00:00Z"), "{link}");
        late.act(JONAS, Action::Countersign);
        late.settle();
        assert_eq!(late.phase(), "Pending", "{link}");
    }
}

#[test]
fn a_call_off_is_worth_what_it_is_worth_alone() {
    let mut world = named("call-off");
    world.edit(|agreement| agreement.spec.parent_ref = refers_to(FIRST));
    world.see(&[&agreed_agreement(FIRST)]).settle();
    assert_eq!((world.phase(), world.compared()), ("AwaitingConfirmation", ("", vec![])));
    let mut first = first();
    first.see(&[&world.agreement]);
    assert_eq!(first.settle(), 0);
}
