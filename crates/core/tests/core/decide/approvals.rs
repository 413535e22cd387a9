//! S4: who is asked for the provider's own agreement, who decided, and what silence does.

use std::sync::Arc;

use countersign_api::Action;
use countersign_api::agreement_status::{Approval, ApprovalState, ClosedOutcome, EndsWith, WaitingAction};
use countersign_api::delegation_policy::{
    Alias, Calendar, DelegationPolicy, EscalationMode, EscalationTiming, Holder, OnTimeout, Quorum,
    Substitute, Weekday,
};
use countersign_api::references::Authority;
use countersign_api::subject::{Subject, SubjectKind};
use countersign_core::decide::Guard;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use testkit::world::{DESK, JONAS, LEA, MARY, OMAR, RITA, Somebody, World};

/// What is the case, and how the policy says it.
type Case = (&'static str, fn(&mut DelegationPolicy));
/// Two people who approve one after the other, each perhaps on behalf of somebody, and what they are to each other.
type Pair = (&'static str, Somebody, Option<&'static str>, Somebody, Option<&'static str>);

/// Another member of the deal desk.
const DORA: Somebody = Somebody("dora.desk", &["deal-desk"]);
const IVAN: Somebody = Somebody("i.novak", &[]);
const PAUL: Somebody = Somebody("p.adeyemi", &[]);
const CARLA: Somebody = Somebody("c.duarte", &[]);
const KIM: Somebody = Somebody("k.jensen", &["sales-team"]);
const PATEL: Somebody = Somebody("s.patel", &["account-managers", "deal-desk"]);
/// Mary under her other username.
const MARY_TOO: Somebody = Somebody("oidc:m.osei@telecom.example", &["sales-team"]);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The fleet, confirmed without the handsets at 09:02:00 on Tuesday 24 November 2026; it is 09:03:00.
fn fleet(change: impl FnOnce(&mut DelegationPolicy)) -> World {
    let mut world = World::fleet();
    world.rules(change);
    confirm(&mut world);
    world
}

fn confirm(world: &mut World) {
    world.settle();
    world.pass(60).confirm_but(OMAR, &[("handsets", "buying elsewhere")]);
    world.settle();
    world.pass(60).confirm_but(LEA, &[("handsets", "buying elsewhere")]);
    world.settle();
    world.pass(60);
}

/// Finance has approved at 09:03:00, and sales is asked.
fn sales_is_asked(change: impl FnOnce(&mut DelegationPolicy)) -> World {
    let mut world = fleet(change);
    world.approve(DESK, "finance", "L1");
    world.settle();
    world.pass(60);
    world
}

fn step(world: &World, function: &str) -> Approval {
    world.status().approvals.iter().find(|step| step.function == function).cloned().expect("no such step")
}

fn states(world: &World) -> Vec<(String, ApprovalState)> {
    let steps = world.status().approvals.iter();
    steps.map(|step| (format!("{} {}", step.function, step.level), step.state)).collect()
}

fn named(expected: [(&str, ApprovalState); 2]) -> Vec<(String, ApprovalState)> {
    expected.map(|(name, state)| (name.to_owned(), state)).to_vec()
}

/// Level, asked, wait's end.
fn asked(world: &World, function: &str) -> Vec<(String, Timestamp, Timestamp)> {
    let asked = step(world, function).asked;
    asked.into_iter().map(|a| (a.level, a.asked_time.0, a.wait_end_time.unwrap().0)).collect()
}

fn levels_asked(world: &World, function: &str) -> Vec<String> {
    step(world, function).asked.into_iter().map(|asked| asked.level).collect()
}

/// Who decided, by which entry, on whose behalf.
fn verdicts(world: &World, function: &str) -> Vec<(String, String, Option<String>)> {
    let verdicts = step(world, function).decided_by;
    verdicts.into_iter().map(|verdict| (verdict.username, verdict.via, verdict.on_behalf_of)).collect()
}

fn whom(world: &World) -> Vec<(&str, Vec<String>)> {
    let waits = world.status().waiting_for.iter();
    waits
        .map(|wait| {
            let subjects = wait.subjects.iter().map(|subject| {
                let name = &subject.subject.name;
                subject
                    .on_behalf_of
                    .as_ref()
                    .map_or_else(|| name.clone(), |holder| format!("{name} for {holder}"))
            });
            (wait.who.as_str(), subjects.collect())
        })
        .collect()
}

fn told(world: &World, reason: &str) -> usize {
    world.told.iter().filter(|notice| notice.reason == reason).count()
}

fn decide(
    world: &mut World,
    action: Action,
    who: Somebody,
    authority: (&str, &str),
    holder: Option<&str>,
) -> String {
    let mut spec = world.draft(who, action);
    (spec.function, spec.level) = (Some(authority.0.to_owned()), Some(authority.1.to_owned()));
    spec.on_behalf_of = holder.map(str::to_owned);
    spec.reason = (action != Action::Approve).then(|| "the discount is too high".to_owned());
    world.store(spec)
}

fn refuse(world: &mut World, who: Somebody, function: &str, level: &str) -> String {
    decide(world, Action::Refuse, who, (function, level), None)
}

fn ask_for_change(world: &mut World, who: Somebody, function: &str, level: &str) -> String {
    decide(world, Action::RequestChange, who, (function, level), None)
}

fn stand_in(world: &mut World, who: Somebody, holder: &str, function: &str, level: &str) -> String {
    decide(world, Action::Approve, who, (function, level), Some(holder))
}

fn held_by(policy: &mut DelegationPolicy, function: &str, level: &str, users: &[&str]) {
    policy.spec.holders.retain(|holder| holder.function != function || holder.level != level);
    let subject = |name: &&str| Subject { kind: SubjectKind::User, name: (*name).to_owned() };
    policy.spec.holders.push(Holder {
        function: function.to_owned(),
        level: level.to_owned(),
        subjects: users.iter().map(subject).collect(),
    });
}

fn substituted(
    policy: &mut DelegationPolicy,
    holder: &str,
    substitute: &str,
    functions: &[&str],
    from: &str,
    to: &str,
) {
    policy.spec.substitutes.push(Substitute {
        holder: holder.to_owned(),
        substitute: substitute.to_owned(),
        functions: functions.iter().map(|function| (*function).to_owned()).collect(),
        start_time: Time(at(from)),
        end_time: Time(at(to)),
        reason: None,
    });
}

fn quorum_of(policy: &mut DelegationPolicy, function: &str, level: &str, count: i32) {
    let (function, level) = (function.to_owned(), level.to_owned());
    policy.spec.rules.escalation.quorums.push(Quorum { function, level, count });
}

fn parallel(policy: &mut DelegationPolicy) {
    policy.spec.rules.escalation.mode = EscalationMode::Parallel;
}

fn strict(policy: &mut DelegationPolicy) {
    policy.spec.rules.escalation.earlier_level_may_still_decide = false;
}

/// Finance L1 stayed silent, and L2 is asked since 09:02:05 on the 25th; it is a minute later.
fn finance_l2_is_asked(change: impl FnOnce(&mut DelegationPolicy)) -> World {
    let mut world = fleet(change);
    world.now = at("2026-11-25T09:02:05Z");
    world.settle();
    assert_eq!(levels_asked(&world, "finance"), ["L1", "L2"]);
    world.pass(60);
    world
}

/// Every level of finance stayed silent.
fn exhausted(change: impl FnOnce(&mut DelegationPolicy)) -> World {
    let mut world = finance_l2_is_asked(change);
    for silent in ["2026-11-27T09:02:10Z", "2026-11-30T09:02:15Z"] {
        world.now = at(silent);
        world.settle();
    }
    assert_eq!(levels_asked(&world, "finance"), ["L1", "L2", "L3"]);
    world
}

// Who is asked

#[test]
fn the_fleet_asks_finance_first_and_then_sales_and_says_why() {
    let mut world = World::escalated_fleet();
    assert_eq!(world.phase(), "Escalated");
    assert_eq!(
        states(&world),
        named([("finance L1", ApprovalState::Waiting), ("sales L3", ApprovalState::Next)])
    );
    assert_eq!(
        step(&world, "finance").because,
        ["`payment-days` is 45, the standard is up to 30 (band pay-45)"]
    );
    assert_eq!(
        step(&world, "sales").because,
        [
            "discount 30 % exceeds sales L2 (20 %)",
            "contract value EUR 322560.00 exceeds sales L1 (EUR 250000.00)"
        ]
    );
    assert_eq!(
        asked(&world, "finance"),
        [("L1".to_owned(), at("2026-11-24T09:02:00Z"), at("2026-11-25T09:02:00Z"))]
    );
    assert_eq!(asked(&world, "sales"), [], "nobody is asked before it is their turn");
    world.approve(DESK, "finance", "L1");
    assert_eq!(world.settle(), 1);
    assert_eq!(
        states(&world),
        named([("finance L1", ApprovalState::Approved), ("sales L3", ApprovalState::Waiting)])
    );
    assert_eq!(
        asked(&world, "sales"),
        [("L3".to_owned(), at("2026-11-24T09:03:00Z"), at("2026-11-27T09:03:00Z"))]
    );
    world.pass(60).approve(MARY, "sales", "L3");
    assert_eq!(world.settle(), 1);
    assert_eq!(world.phase(), "AwaitingSignOff");
    assert_eq!(
        world.condition("Approved"),
        ("True".into(), "Approved".into(), "by finance L1 and sales L3".into())
    );
    assert_eq!(verdicts(&world, "finance"), [("d.desk".into(), "Group deal-desk".into(), None)]);
    assert_eq!(verdicts(&world, "sales"), [("m.osei".into(), "User m.osei".into(), None)]);
    assert_eq!((told(&world, "ApprovalRequested"), told(&world, "ApprovalGiven")), (2, 2));
}

#[test]
fn the_deal_desk_is_waited_for_by_title_function_and_level_until_its_time_is_over() {
    let world = World::escalated_fleet();
    let wait = world.status().waiting_for[0].clone();
    assert_eq!(world.status().waiting_for.len(), 1);
    assert_eq!((wait.who.as_str(), wait.action), ("Deal desk (finance L1)", WaitingAction::Approve));
    assert_eq!(whom(&world), [("Deal desk (finance L1)", vec!["deal-desk".to_owned()])]);
    assert_eq!(wait.subjects[0].subject.kind, SubjectKind::Group);
    assert_eq!(wait.digest, Some(world.confirmation_digest()));
    assert_eq!(wait.asked_time.0, at("2026-11-24T09:02:00Z"));
    assert_eq!(wait.deadline_time.unwrap().0, at("2026-11-25T09:02:00Z"));
    assert_eq!(wait.ends_with, Some(EndsWith::Wait));
    assert_eq!(world.status().waiting_on.as_deref(), Some("Deal desk (finance L1) since 24 Nov"));
}

#[test]
fn what_lies_within_the_policys_own_authority_needs_nobodys_approval() {
    let mut world = fleet(|policy| {
        let authority =
            |function: &str, level: &str| Authority { function: function.into(), level: level.into() };
        policy.spec.rules.auto_within = vec![authority("finance", "L1"), authority("sales", "L3")];
    });
    assert_eq!(world.phase(), "AwaitingSignOff");
    assert_eq!(world.status().approvals, []);
    assert_eq!(world.condition("Approved").1, "NotRequired");
    world.approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!(world.last_ignored(), "NotRequired");
}

#[test]
fn one_level_below_what_it_takes_the_policys_own_authority_is_not_enough() {
    let world = fleet(|policy| {
        policy.spec.rules.auto_within = vec![Authority { function: "sales".into(), level: "L2".into() }];
    });
    assert_eq!(
        states(&world),
        named([("finance L1", ApprovalState::Waiting), ("sales L3", ApprovalState::Next)])
    );
}

#[test]
fn an_approval_for_a_function_that_nobody_asks_for_is_not_required() {
    let mut world = World::escalated_fleet();
    world.approve(Somebody("a.brandt", &[]), "legal", "L2");
    world.settle();
    assert_eq!((world.last_ignored(), world.phase()), ("NotRequired", "Escalated"));
}

// Turns

#[test]
fn sales_before_finance_is_out_of_turn_and_may_decide_again() {
    let mut world = World::escalated_fleet();
    world.approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!(world.last_ignored(), "OutOfTurn");
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    assert_eq!(verdicts(&world, "sales"), [], "what came before its turn does not count later");
    world.pass(60).approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
}

#[test]
fn an_approval_in_the_second_in_which_its_turn_comes_counts() {
    let mut world = World::escalated_fleet();
    world.approve(MARY, "sales", "L3");
    world.approve(DESK, "finance", "L1");
    assert_eq!(world.settle(), 1);
    assert_eq!(world.phase(), "AwaitingSignOff");
}

#[test]
fn an_approval_before_the_customer_confirmed_is_out_of_turn() {
    let mut world = World::fleet();
    world.settle();
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    assert_eq!((world.last_ignored(), world.phase()), ("OutOfTurn", "AwaitingConfirmation"));
    world.pass(60);
    confirm(&mut world);
    assert_eq!(step(&world, "finance").state, ApprovalState::Waiting);
}

#[test]
fn in_parallel_all_are_asked_at_once_and_decide_in_any_order() {
    for sales_first in [true, false] {
        let mut world = fleet(parallel);
        let both = named([("finance L1", ApprovalState::Waiting), ("sales L3", ApprovalState::Waiting)]);
        assert_eq!(states(&world), both);
        assert_eq!(world.status().waiting_for.len(), 2);
        for function in ["finance", "sales"] {
            assert_eq!(asked(&world, function)[0].1, at("2026-11-24T09:02:00Z"));
        }
        let (first, second) = ((MARY, "sales", "L3"), (DESK, "finance", "L1"));
        let (first, second) = if sales_first { (first, second) } else { (second, first) };
        world.approve(first.0, first.1, first.2);
        world.settle();
        assert_eq!(world.phase(), "Escalated");
        assert_eq!(world.status().waiting_for.len(), 1);
        world.pass(60).approve(second.0, second.1, second.2);
        world.settle();
        assert_eq!(world.phase(), "AwaitingSignOff");
    }
}

// Levels and holders

#[test]
fn a_higher_level_decides_for_a_lower_one_and_a_lower_one_not_for_a_higher_one() {
    for (who, level, reason) in [
        (CARLA, "L4", ""),
        // Who holds L4 may act with L3.
        (CARLA, "L3", ""),
        (RITA, "L2", "LevelInsufficient"),
        (RITA, "L3", "NotHolder"),
        (JONAS, "L1", "LevelInsufficient"),
        (CARLA, "L9", "LevelInsufficient"),
    ] {
        let mut world = sales_is_asked(|_| {});
        world.approve(who, "sales", level);
        world.settle();
        assert_eq!(world.last_ignored(), reason, "{} {level}", who.0);
        let phase = if reason.is_empty() { "AwaitingSignOff" } else { "Escalated" };
        assert_eq!(world.phase(), phase, "{} {level}", who.0);
    }
}

#[test]
fn only_a_holder_decides_and_one_through_a_group_must_claim_it() {
    for (who, reason) in [
        (Somebody("mallory", &["sales-team"]), "NotHolder"),
        (Somebody("d.desk", &[]), "NotHolder"),
        (Somebody("d.desk", &["sales-team", "Deal-Desk"]), "NotHolder"),
        (Somebody("deal-desk", &[]), "NotHolder"),
        // Authority in sales is none in finance.
        (MARY, "NotHolder"),
        (Somebody("d.desk", &["deal-desk"]), ""),
        (IVAN, ""),
    ] {
        let mut world = World::escalated_fleet();
        world.approve(who, "finance", "L1");
        world.settle();
        assert_eq!(world.last_ignored(), reason, "{} {:?}", who.0, who.1);
    }
}

#[test]
fn a_counted_approval_stands_whatever_its_maker_loses() {
    let changes: [fn(&mut DelegationPolicy); 4] = [
        |policy| held_by(policy, "finance", "L1", &["somebody.else"]),
        |policy| policy.spec.holders.retain(|holder| holder.function != "finance"),
        |policy| policy.spec.substitutes.clear(),
        |policy| policy.spec.aliases.push(Alias { username: LEA.0.into(), aliases: vec!["d.desk".into()] }),
    ];
    for change in changes {
        let mut world = fleet(|policy| {
            substituted(policy, "i.novak", "k.jensen", &[], "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
            policy.spec.rules.escalation.quorum = 2;
            quorum_of(policy, "sales", "L3", 1);
        });
        world.approve(DESK, "finance", "L1");
        stand_in(&mut world, KIM, "i.novak", "finance", "L2");
        world.settle();
        assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
        let before = verdicts(&world, "finance");
        world.rules(change);
        world.settle();
        assert_eq!(verdicts(&world, "finance"), before);
        world.pass(60).approve(MARY, "sales", "L3");
        world.settle();
        assert_eq!((world.phase(), world.ignored().len()), ("AwaitingSignOff", 0));
    }
}

#[test]
fn a_counted_approval_stands_when_its_maker_becomes_the_owner() {
    let mut world = sales_is_asked(|_| {});
    world.edit(|agreement| agreement.spec.provider.owner_username = DESK.0.to_owned());
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
    assert_eq!(verdicts(&world, "finance"), [("d.desk".into(), "Group deal-desk".into(), None)]);
}

#[test]
fn a_successor_decides_what_waits_and_is_shown_at_once() {
    let mut world = sales_is_asked(|_| {});
    assert_eq!(whom(&world), [("VP Enterprise Sales (sales L3)", vec!["m.osei".to_owned()])]);
    let asked_before = asked(&world, "sales");
    world.rules(|policy| held_by(policy, "sales", "L3", &["n.new"]));
    assert_eq!(world.settle(), 1);
    assert_eq!(whom(&world), [("VP Enterprise Sales (sales L3)", vec!["n.new".to_owned()])]);
    assert_eq!(asked(&world, "sales"), asked_before, "the time to answer is the level's, not the person's");
    world.approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!(world.last_ignored(), "NotHolder");
    world.pass(60).approve(Somebody("n.new", &[]), "sales", "L3");
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
}

#[test]
fn who_is_named_a_holder_later_need_not_decide_again() {
    let mut world = sales_is_asked(|_| {});
    world.approve(Somebody("n.new", &[]), "sales", "L3");
    world.settle();
    assert_eq!(world.last_ignored(), "NotHolder");
    world.rules(|policy| held_by(policy, "sales", "L3", &["n.new"]));
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff", "only counted verdicts stand");
}

// Substitutes and aliases

#[test]
fn a_substitute_counts_for_the_holder_within_the_interval_and_the_functions() {
    const FROM: &str = "2026-11-24T12:00:00Z";
    const TO: &str = "2026-11-24T18:00:00Z";
    let none: &[&str] = &[];
    for (functions, when, holder, reason) in [
        (none, FROM, Some("m.osei"), ""),
        (none, TO, Some("m.osei"), ""),
        (&["sales"], "2026-11-24T15:00:00Z", Some("m.osei"), ""),
        (&["legal", "sales"], "2026-11-24T15:00:00Z", Some("m.osei"), ""),
        // The holder under the other username is the same holder.
        (none, FROM, Some(MARY_TOO.0), ""),
        (none, "2026-11-24T11:59:59Z", Some("m.osei"), "NotHolder"),
        (none, "2026-11-24T18:00:01Z", Some("m.osei"), "NotHolder"),
        (&["finance"], "2026-11-24T15:00:00Z", Some("m.osei"), "NotHolder"),
        (none, "2026-11-24T15:00:00Z", None, "NotHolder"),
        (none, "2026-11-24T15:00:00Z", Some("c.duarte"), "NotHolder"),
        (none, "2026-11-24T15:00:00Z", Some("k.jensen"), "NotHolder"),
    ] {
        let mut world =
            sales_is_asked(|policy| substituted(policy, "m.osei", "k.jensen", functions, FROM, TO));
        world.now = at(when);
        decide(&mut world, Action::Approve, KIM, ("sales", "L3"), holder);
        // Judged by the time at which it was made, not at which it was seen.
        world.now = at("2026-11-24T20:00:00Z");
        world.settle();
        assert_eq!(world.last_ignored(), reason, "{functions:?} {when} {holder:?}");
        if reason.is_empty() {
            let expected = ("k.jensen".to_owned(), "User m.osei".to_owned(), holder.map(str::to_owned));
            assert_eq!(verdicts(&world, "sales"), [expected]);
        } else {
            assert_eq!(world.phase(), "Escalated");
        }
    }
}

#[test]
fn both_names_of_a_substitution_are_told() {
    let mut world = sales_is_asked(|policy| {
        substituted(policy, "m.osei", "k.jensen", &[], "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
    });
    stand_in(&mut world, KIM, "m.osei", "sales", "L3");
    world.settle();
    let given = world.told.iter().rfind(|notice| notice.reason == "ApprovalGiven").unwrap();
    assert_eq!(given.note, "k.jensen on behalf of m.osei decided for sales L3");
}

#[test]
fn a_substitute_has_no_more_authority_than_the_holder() {
    let mut world = sales_is_asked(|policy| {
        substituted(policy, "r.lind", "k.jensen", &[], "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
    });
    stand_in(&mut world, KIM, "r.lind", "sales", "L3");
    world.settle();
    assert_eq!(world.last_ignored(), "NotHolder");
}

#[test]
fn an_active_substitute_is_among_those_waited_for_from_the_first_second_to_the_last() {
    let mut world = sales_is_asked(|policy| {
        substituted(policy, "m.osei", "k.jensen", &["sales"], "2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z");
        substituted(policy, "m.osei", "f.only", &["finance"], "2026-11-24T00:00:00Z", "2026-11-30T00:00:00Z");
        substituted(policy, "c.duarte", "other", &[], "2026-11-24T00:00:00Z", "2026-11-30T00:00:00Z");
    });
    let who = "VP Enterprise Sales (sales L3)";
    let (alone, both) =
        (vec!["m.osei".to_owned()], vec!["m.osei".to_owned(), "k.jensen for m.osei".to_owned()]);
    world.settle();
    assert_eq!(whom(&world), [(who, alone.clone())]);
    let starts = at("2026-11-25T00:00:00Z");
    assert_eq!(world.wake, Some(starts));
    world.now = starts;
    assert_eq!(world.settle(), 1);
    assert_eq!(whom(&world), [(who, both.clone())]);
    // The reminder comes in between.
    assert_eq!(world.wake, Some(at("2026-11-25T21:03:00Z")));
    world.now = at("2026-11-25T21:03:00Z");
    world.settle();
    let ends = at("2026-11-26T00:00:00Z");
    assert_eq!(world.wake, Some(at("2026-11-26T00:00:01Z")));
    world.now = ends;
    assert_eq!(world.settle(), 0);
    assert_eq!(whom(&world), [(who, both)]);
    world.pass(1);
    assert_eq!(world.settle(), 1);
    assert_eq!(whom(&world), [(who, alone)]);
}

#[test]
fn several_names_of_one_person_count_once() {
    let cases: [Pair; 5] = [
        ("the same twice", MARY, None, MARY, None),
        ("an alias", MARY, None, MARY_TOO, None),
        ("an alias first", MARY_TOO, None, MARY, None),
        ("holder, then substitute", MARY, None, KIM, Some("m.osei")),
        ("substitute, then holder under an alias", KIM, Some("m.osei"), MARY_TOO, None),
    ];
    for (what, first, first_for, second, second_for) in cases {
        let mut world = sales_is_asked(|policy| {
            quorum_of(policy, "sales", "L3", 2);
            substituted(policy, "m.osei", "k.jensen", &[], "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
        });
        decide(&mut world, Action::Approve, first, ("sales", "L3"), first_for);
        world.settle();
        world.pass(60);
        decide(&mut world, Action::Approve, second, ("sales", "L3"), second_for);
        world.settle();
        assert_eq!((world.last_ignored(), world.phase()), ("NotDistinct", "Escalated"), "{what}");
        assert_eq!(verdicts(&world, "sales").len(), 1, "{what}");
        world.pass(60).approve(CARLA, "sales", "L4");
        world.settle();
        assert_eq!(world.phase(), "AwaitingSignOff", "{what}");
    }
}

#[test]
fn a_substitute_of_two_holders_counts_once() {
    let mut world = sales_is_asked(|policy| {
        quorum_of(policy, "sales", "L3", 2);
        for holder in ["m.osei", "c.duarte"] {
            substituted(policy, holder, "k.jensen", &[], "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
        }
    });
    stand_in(&mut world, KIM, "m.osei", "sales", "L3");
    stand_in(&mut world, KIM, "c.duarte", "sales", "L3");
    world.settle();
    assert_eq!((world.last_ignored(), verdicts(&world, "sales").len()), ("NotDistinct", 1));
}

#[test]
fn an_alias_of_a_holder_holds_what_the_holder_holds_and_is_recorded_as_it_acted() {
    let mut world = sales_is_asked(|_| {});
    world.approve(MARY_TOO, "sales", "L3");
    world.settle();
    assert_eq!(verdicts(&world, "sales"), [(MARY_TOO.0.into(), "User m.osei".into(), None)]);
    assert_eq!(world.phase(), "AwaitingSignOff");
}

// Who may not decide, or not together

#[test]
fn one_person_approves_two_steps_only_where_the_policy_lets_approvers_be_the_same() {
    let mary = Somebody(MARY.0, &["deal-desk"]);
    let mary_too = Somebody(MARY_TOO.0, &["deal-desk"]);
    for mode in [EscalationMode::Sequential, EscalationMode::Parallel] {
        for distinct in [true, false] {
            for second in [mary, mary_too] {
                let mut world = fleet(|policy| {
                    policy.spec.rules.escalation.mode = mode;
                    policy.spec.rules.separation.distinct_approvers = distinct;
                });
                world.approve(mary, "finance", "L1");
                world.settle();
                world.pass(60).approve(second, "sales", "L3");
                world.settle();
                let expected = if distinct { ("NotDistinct", "Escalated") } else { ("", "AwaitingSignOff") };
                assert_eq!((world.last_ignored(), world.phase()), expected, "{mode:?} {}", second.0);
            }
        }
    }
}

#[test]
fn one_person_does_not_approve_two_steps_by_beginning_with_the_later_one() {
    let mary = Somebody(MARY.0, &["deal-desk"]);
    for seen_at_once in [false, true] {
        let mut world = fleet(parallel);
        world.approve(mary, "sales", "L3");
        if !seen_at_once {
            world.settle();
        }
        world.pass(60).approve(mary, "finance", "L1");
        world.settle();
        assert_eq!((world.last_ignored(), world.phase()), ("NotDistinct", "Escalated"));
        assert_eq!((verdicts(&world, "finance").len(), verdicts(&world, "sales").len()), (0, 1));
    }
}

#[test]
fn one_person_does_not_approve_two_steps_because_the_earlier_word_was_seen_late() {
    let mary = Somebody(MARY.0, &["deal-desk"]);
    let mut world = fleet(parallel);
    let earlier = world.now;
    world.pass(60).approve(mary, "sales", "L3");
    world.settle();
    let later = world.now;
    world.now = earlier;
    world.approve(mary, "finance", "L1");
    world.now = later;
    world.settle();
    assert_eq!((world.last_ignored(), world.phase()), ("NotDistinct", "Escalated"));
}

#[test]
fn the_owner_may_not_approve_not_even_a_former_one_or_under_another_name_or_through_others() {
    let alias = Somebody("oidc:s.patel", &["account-managers"]);
    for (what, who, holder, former) in [
        ("the owner", PATEL, None, false),
        ("a former owner", PATEL, None, true),
        ("the owner's other name", alias, None, false),
        ("a former owner's other name", alias, None, true),
        ("the owner as a substitute", PATEL, Some("m.osei"), false),
        ("a substitute of the owner", KIM, Some("s.patel"), false),
    ] {
        for forbidden in [true, false] {
            let mut world = fleet(|policy| {
                policy.spec.rules.separation.owner_may_not_approve = forbidden;
                held_by(policy, "sales", "L3", &["m.osei", "s.patel"]);
                policy.spec.aliases.push(Alias { username: "s.patel".into(), aliases: vec![alias.0.into()] });
                substituted(policy, "m.osei", "s.patel", &[], "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
                substituted(
                    policy,
                    "s.patel",
                    "k.jensen",
                    &[],
                    "2026-11-24T00:00:00Z",
                    "2026-11-25T00:00:00Z",
                );
            });
            if former {
                world.edit(|agreement| agreement.spec.provider.owner_username = JONAS.0.to_owned());
                world.settle();
                assert_eq!(world.status().owners, ["s.patel", "j.berg"]);
            }
            world.approve(DESK, "finance", "L1");
            world.settle();
            world.pass(60);
            decide(&mut world, Action::Approve, who, ("sales", "L3"), holder);
            world.settle();
            let expected =
                if forbidden { ("OwnerMayNotApprove", "Escalated") } else { ("", "AwaitingSignOff") };
            assert_eq!((world.last_ignored(), world.phase()), expected, "{what}");
        }
    }
}

#[test]
fn a_representative_of_the_customer_may_not_approve_for_the_provider() {
    for (what, who, holder) in [
        ("herself", LEA, None),
        ("under another name", Somebody("l.vogt", &[]), None),
        ("through a substitute", KIM, Some(LEA.0)),
        ("as a substitute", LEA, Some("m.osei")),
    ] {
        let mut world = sales_is_asked(|policy| {
            held_by(policy, "sales", "L3", &["m.osei", LEA.0]);
            policy.spec.aliases.push(Alias { username: LEA.0.into(), aliases: vec!["l.vogt".into()] });
            for (holder, substitute) in [(LEA.0, "k.jensen"), ("m.osei", LEA.0)] {
                substituted(policy, holder, substitute, &[], "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
            }
        });
        decide(&mut world, Action::Approve, who, ("sales", "L3"), holder);
        world.settle();
        assert_eq!((world.last_ignored(), world.phase()), ("BothSides", "Escalated"), "{what}");
    }
}

// Quorums

#[test]
fn as_many_must_approve_as_the_quorum_of_that_function_and_level_says() {
    let mut world = fleet(|policy| {
        policy.spec.rules.escalation.quorum = 2;
        quorum_of(policy, "sales", "L3", 1);
        quorum_of(policy, "sales", "L4", 3);
    });
    assert_eq!((step(&world, "finance").quorum, step(&world, "sales").quorum), (2, 1));
    world.approve(DESK, "finance", "L1");
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Waiting);
    assert_eq!(asked(&world, "sales"), []);
    world.pass(60).approve(DORA, "finance", "L1");
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
    assert_eq!(verdicts(&world, "finance").len(), 2);
    // A higher level that is not the one asked counts by the quorum of the level asked.
    world.pass(60).approve(CARLA, "sales", "L4");
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
}

#[test]
fn one_more_than_the_quorum_is_told_that_it_was_already_approved() {
    let mut world = sales_is_asked(|_| {});
    world.approve(DORA, "finance", "L1");
    world.settle();
    assert_eq!(world.last_ignored(), "AlreadyApproved");
    assert_eq!(verdicts(&world, "finance").len(), 1);
}

#[test]
fn the_next_level_brings_its_own_quorum_and_earlier_approvals_count_on() {
    let mut world = fleet(|policy| {
        quorum_of(policy, "finance", "L1", 3);
        quorum_of(policy, "finance", "L2", 2);
    });
    world.approve(DESK, "finance", "L1");
    world.settle();
    world.now = at("2026-11-25T09:02:05Z");
    world.settle();
    assert_eq!((step(&world, "finance").level.as_str(), step(&world, "finance").quorum), ("L2", 2));
    assert_eq!(verdicts(&world, "finance").len(), 1);
    world.pass(60).approve(IVAN, "finance", "L2");
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
}

#[test]
fn silence_does_not_approve_where_the_next_level_has_a_smaller_quorum() {
    let mut world = fleet(|policy| quorum_of(policy, "finance", "L1", 2));
    world.approve(DESK, "finance", "L1");
    world.settle();
    world.now = at("2026-11-25T09:02:05Z");
    world.settle();
    let finance = step(&world, "finance");
    assert_eq!((finance.level.as_str(), finance.quorum, finance.state), ("L2", 1, ApprovalState::Waiting));
    world.pass(60).approve(IVAN, "finance", "L2");
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
}

#[test]
fn a_quorum_that_was_reached_in_time_stands_though_it_was_seen_after_the_next_level_was_asked() {
    let mut world = fleet(|policy| quorum_of(policy, "finance", "L2", 2));
    world.now = at("2026-11-25T09:02:05Z");
    world.settle();
    assert_eq!(step(&world, "finance").quorum, 2);
    world.now = at("2026-11-25T09:02:00Z");
    world.approve(DESK, "finance", "L1");
    world.now = at("2026-11-25T09:02:20Z");
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
}

// Refusals

#[test]
fn one_refusal_ends_it_in_its_makers_words_whatever_others_approved() {
    for (others, who, function, level) in [(false, DESK, "finance", "L1"), (true, MARY, "sales", "L3")] {
        let mut world = fleet(|policy| policy.spec.rules.escalation.quorum = 2);
        if others {
            world.approve(DESK, "finance", "L1");
            world.approve(DORA, "finance", "L1");
            world.settle();
            world.pass(60);
        }
        let decision = refuse(&mut world, who, function, level);
        assert_eq!(world.settle(), 1);
        assert_eq!(world.phase(), "Refused");
        let closed = world.status().closed.clone().unwrap();
        assert_eq!(
            (closed.outcome, closed.reason.as_str()),
            (ClosedOutcome::Refused, "the discount is too high")
        );
        assert_eq!((closed.time.0, closed.decisions), (world.now, vec![decision]));
        assert_eq!(step(&world, function).state, ApprovalState::Refused);
        assert_eq!(world.condition("Approved").1, "Refused");
        assert_eq!(world.condition("Stalled").1, "", "a business outcome is no fault");
        assert_eq!((told(&world, "ApprovalRefused"), told(&world, "AgreementRefused")), (1, 1));
        assert_eq!(world.status().waiting_for, []);
        // Final: nothing moves it any more, neither people nor time.
        let mut spec = world.decisions[0].spec.clone();
        spec.action = Action::Approve;
        spec.decided_by.username = IVAN.0.to_owned();
        (spec.function, spec.level) = (Some("finance".into()), Some("L2".into()));
        world.pass(60).store(spec);
        world.settle();
        assert_eq!((world.phase(), world.last_ignored()), ("Refused", "Closed"));
        world.pass(86_400 * 400);
        assert_eq!(world.settle(), 0);
    }
}

#[test]
fn a_refusal_takes_the_same_authority_as_an_approval() {
    for (who, level, reason) in [
        (RITA, "L2", "LevelInsufficient"),
        (RITA, "L3", "NotHolder"),
        (PATEL, "L3", "OwnerMayNotApprove"),
        (LEA, "L3", "BothSides"),
    ] {
        let mut world = sales_is_asked(|_| {});
        refuse(&mut world, who, "sales", level);
        world.settle();
        assert_eq!((world.last_ignored(), world.phase()), (reason, "Escalated"), "{}", who.0);
    }
}

#[test]
fn a_refusal_before_its_turn_is_out_of_turn() {
    let mut world = World::escalated_fleet();
    refuse(&mut world, MARY, "sales", "L3");
    world.settle();
    assert_eq!((world.last_ignored(), world.phase()), ("OutOfTurn", "Escalated"));
}

#[test]
fn a_refusal_counts_until_the_agreement_is_sealed_also_from_who_approved() {
    for who in [CARLA, MARY] {
        let mut world = sales_is_asked(|_| {});
        world.approve(MARY, "sales", "L3");
        world.settle();
        world.pass(60).act(LEA, Action::Sign);
        world.settle();
        assert_eq!(world.phase(), "AwaitingSignOff");
        world.pass(60);
        refuse(&mut world, who, "sales", "L3");
        world.settle();
        assert_eq!(world.phase(), "Refused", "{}", who.0);
    }
}

#[test]
fn of_an_approval_and_a_refusal_in_one_second_the_refusal_counts() {
    for refusal_first in [true, false] {
        let mut world = World::escalated_fleet();
        if refusal_first {
            refuse(&mut world, DORA, "finance", "L1");
            world.approve(DESK, "finance", "L1");
        } else {
            world.approve(DESK, "finance", "L1");
            refuse(&mut world, DORA, "finance", "L1");
        }
        world.settle();
        assert_eq!(world.phase(), "Refused");
    }
}

// Silence

#[test]
fn five_seconds_after_its_time_a_silent_level_is_passed_over_and_the_next_one_is_asked() {
    let mut world = World::escalated_fleet();
    world.now = at("2026-11-24T21:02:00Z");
    assert_eq!(world.settle(), 1, "the reminder");
    assert_eq!(world.wake, Some(at("2026-11-25T09:02:05Z")));
    world.now = at("2026-11-25T09:02:04Z");
    assert_eq!(world.settle(), 0);
    world.pass(1);
    assert_eq!(world.settle(), 1);
    let finance = step(&world, "finance");
    assert_eq!((finance.level.as_str(), finance.state), ("L2", ApprovalState::Waiting));
    assert_eq!(
        asked(&world, "finance"),
        [
            ("L1".to_owned(), at("2026-11-24T09:02:00Z"), at("2026-11-25T09:02:00Z")),
            ("L2".to_owned(), at("2026-11-25T09:02:05Z"), at("2026-11-27T09:02:05Z")),
        ]
    );
    assert_eq!(whom(&world), [("Finance partner (finance L2)", vec!["i.novak".to_owned()])]);
    let wait = &world.status().waiting_for[0];
    assert_eq!(wait.asked_time.0, at("2026-11-25T09:02:05Z"));
    assert_eq!(wait.deadline_time.as_ref().unwrap().0, at("2026-11-27T09:02:05Z"));
    assert_eq!(wait.reminded_time, None, "it is a new wait");
    assert_eq!((told(&world, "ApprovalEscalated"), told(&world, "ApprovalRequested")), (1, 1));
    assert_eq!(world.condition("Stalled").1, "");
    world.pass(60).approve(IVAN, "finance", "L2");
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
}

#[test]
fn an_approval_in_the_last_second_counts_though_the_clock_has_moved_on() {
    let mut world = World::escalated_fleet();
    world.now = at("2026-11-25T09:02:00Z");
    world.approve(DESK, "finance", "L1");
    world.pass(3_600);
    world.settle();
    assert_eq!(levels_asked(&world, "finance"), ["L1"]);
    assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
}

#[test]
fn a_level_that_stayed_silent_decides_later_only_where_the_policy_lets_it() {
    for still in [true, false] {
        let mut world = finance_l2_is_asked(|policy| {
            policy.spec.rules.escalation.earlier_level_may_still_decide = still;
        });
        world.approve(DESK, "finance", "L1");
        world.settle();
        let expected =
            if still { ("", ApprovalState::Approved) } else { ("LevelInsufficient", ApprovalState::Waiting) };
        assert_eq!((world.last_ignored(), step(&world, "finance").state), expected);
    }
}

#[test]
fn a_level_below_the_one_that_was_needed_never_decides() {
    for mut world in [exhausted(|_| {}), exhausted(strict)] {
        world.approve(DESK, "finance", "L1");
        world.settle();
        world.pass(60).approve(RITA, "sales", "L2");
        world.settle();
        assert_eq!(world.last_ignored(), "LevelInsufficient");
    }
}

#[test]
fn what_a_level_decided_before_the_next_was_asked_counts_though_seen_later() {
    // In time, in the seconds of grace, and in the very second in which the next level was asked.
    for made in
        ["2026-11-24T10:00:00Z", "2026-11-25T09:02:00Z", "2026-11-25T09:02:03Z", "2026-11-25T09:02:05Z"]
    {
        let mut world = finance_l2_is_asked(strict);
        let seen = world.now;
        world.now = at(made);
        world.approve(DESK, "finance", "L1");
        world.now = seen;
        world.settle();
        assert_eq!(world.last_ignored(), "", "{made}");
        assert_eq!(step(&world, "finance").state, ApprovalState::Approved, "{made}");
    }
    let mut world = finance_l2_is_asked(strict);
    let seen = world.now;
    world.now = at("2026-11-25T09:02:06Z");
    world.approve(DESK, "finance", "L1");
    world.now = seen;
    world.settle();
    assert_eq!(world.last_ignored(), "LevelInsufficient");
}

#[test]
fn when_the_top_stayed_silent_it_stalls_and_every_level_that_was_asked_may_still_decide() {
    for still in [true, false] {
        for (who, level) in [(DESK, "L1"), (IVAN, "L2"), (PAUL, "L3")] {
            let mut world = exhausted(|policy| {
                policy.spec.rules.escalation.earlier_level_may_still_decide = still;
            });
            assert_eq!(
                (world.phase(), step(&world, "finance").state),
                ("Escalated", ApprovalState::Exhausted)
            );
            assert_eq!(world.condition("Stalled").0, "True");
            assert_eq!(world.condition("Stalled").1, "EscalationExhausted");
            assert_eq!(told(&world, "EscalationExhausted"), 1);
            let wait = &world.status().waiting_for[0];
            assert_eq!((wait.wait_end_time.clone(), wait.ends_with), (None, Some(EndsWith::Offer)));
            assert_eq!(wait.deadline_time.as_ref().unwrap().0, at("2027-12-01T08:00:00Z"));
            world.pass(86_400 * 30);
            assert_eq!(world.settle(), 0, "nothing moves any more by itself");
            world.approve(who, "finance", level);
            world.settle();
            assert_eq!(
                (world.last_ignored(), step(&world, "finance").state),
                ("", ApprovalState::Approved),
                "{level}"
            );
            assert_eq!(world.condition("Stalled").1, "");
            assert_eq!(step(&world, "sales").state, ApprovalState::Waiting);
        }
    }
}

#[test]
fn after_the_top_one_may_still_refuse_or_ask_for_a_change() {
    let mut world = exhausted(strict);
    refuse(&mut world, DESK, "finance", "L1");
    // Exhausted at 09:02:10; this was made five seconds later.
    world.settle();
    assert_eq!(world.phase(), "Refused");
    let mut world = exhausted(strict);
    ask_for_change(&mut world, IVAN, "finance", "L2");
    world.settle();
    assert_eq!(world.phase(), "Revising");
    assert_eq!(world.condition("Stalled").1, "", "it is the author's turn");
}

#[test]
fn an_exhausted_escalation_ends_with_the_offer() {
    let mut world = exhausted(|_| {});
    world.now = at("2027-12-01T08:00:02Z");
    world.approve(DESK, "finance", "L1");
    world.settle();
    assert_eq!((world.last_ignored(), world.phase()), ("Late", "Escalated"));
    world.pass(3);
    world.settle();
    assert_eq!(world.phase(), "Expired");
    let mut world = exhausted(|_| {});
    world.now = at("2027-12-01T08:00:00Z");
    world.approve(DESK, "finance", "L1");
    world.pass(4);
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
}

#[test]
fn an_offer_that_ended_while_the_operator_was_down_asks_nobody_any_more() {
    let mut world = World::escalated_fleet();
    world.now = at("2027-12-02T08:00:00Z");
    world.settle();
    assert_eq!((world.phase(), levels_asked(&world, "finance")), ("Expired", vec!["L1".to_owned()]));
    assert_eq!((told(&world, "ApprovalEscalated"), told(&world, "OfferExpired")), (0, 1));
}

#[test]
fn a_refusal_asks_nobody_else_in_the_same_breath() {
    let mut world = fleet(parallel);
    refuse(&mut world, DESK, "finance", "L1");
    world.now = at("2026-11-28T09:00:00Z");
    world.settle();
    assert_eq!((world.phase(), levels_asked(&world, "sales")), ("Refused", vec!["L3".to_owned()]));
    assert_eq!(told(&world, "ApprovalEscalated"), 0);
}

#[test]
fn a_holder_named_after_all_stayed_silent_is_asked() {
    let mut world = exhausted(|policy| {
        // One more level than anybody holds.
        let finance =
            policy.spec.rules.ladders.iter_mut().find(|ladder| ladder.function == "finance").unwrap();
        let mut board = finance.levels[2].clone();
        (board.name, board.title) = ("L4".into(), "Board".into());
        finance.levels.push(board);
    });
    assert_eq!(step(&world, "finance").state, ApprovalState::Exhausted);
    world.rules(|policy| held_by(policy, "finance", "L4", &["chair"]));
    world.settle();
    assert_eq!(levels_asked(&world, "finance"), ["L1", "L2", "L3", "L4"]);
    assert_eq!(world.condition("Stalled").1, "");
}

#[test]
fn the_offer_expires_with_the_wait_where_the_policy_says_so() {
    let mut world = fleet(|policy| policy.spec.rules.escalation.on_timeout = OnTimeout::Expire);
    world.now = at("2026-11-25T09:02:04Z");
    world.settle();
    assert_eq!(world.phase(), "Escalated");
    assert!(world.condition("Ready").2.ends_with("until 2026-11-25T09:02:00Z, then the offer expires"));
    world.pass(1);
    world.settle();
    assert_eq!((world.phase(), levels_asked(&world, "finance")), ("Expired", vec!["L1".to_owned()]));
    let closed = world.status().closed.clone().unwrap();
    assert_eq!((closed.outcome, closed.reason.as_str()), (ClosedOutcome::Expired, "nobody approved in time"));

    let mut world = fleet(|policy| policy.spec.rules.escalation.on_timeout = OnTimeout::Expire);
    world.now = at("2026-11-25T09:02:00Z");
    world.approve(DESK, "finance", "L1");
    world.pass(5);
    world.settle();
    assert_eq!(world.phase(), "Escalated", "in time, though seen when the clock had run out");
}

#[test]
fn a_level_whose_only_holders_may_not_approve_is_skipped() {
    let cases: [Case; 3] = [
        ("the owner", |policy| held_by(policy, "finance", "L1", &["s.patel"])),
        ("the owner's other name and a representative", |policy| {
            held_by(policy, "finance", "L1", &["oidc:s.patel", LEA.0]);
        }),
        ("a representative's other name", |policy| held_by(policy, "finance", "L1", &["l.vogt"])),
    ];
    for (what, change) in cases {
        let mut world = fleet(|policy| {
            for (username, other) in [("s.patel", "oidc:s.patel"), (LEA.0, "l.vogt")] {
                policy.spec.aliases.push(Alias { username: username.into(), aliases: vec![other.into()] });
            }
            quorum_of(policy, "finance", "L2", 2);
            change(policy);
        });
        assert_eq!(levels_asked(&world, "finance"), ["L2"], "{what}");
        let finance = step(&world, "finance");
        assert_eq!((finance.level.as_str(), finance.quorum), ("L2", 2), "{what}");
        world.approve(IVAN, "finance", "L2");
        world.settle();
        assert_eq!(step(&world, "finance").state, ApprovalState::Waiting, "the quorum is that of L2: {what}");
    }
}

#[test]
fn silence_skips_a_level_whose_only_holder_is_the_owner_or_that_nobody_holds() {
    let cases: [fn(&mut DelegationPolicy); 2] = [
        |policy| held_by(policy, "finance", "L2", &["s.patel"]),
        |policy| policy.spec.holders.retain(|holder| holder.function != "finance" || holder.level != "L2"),
    ];
    for change in cases {
        let mut world = fleet(change);
        world.now = at("2026-11-25T09:02:05Z");
        world.settle();
        assert_eq!(levels_asked(&world, "finance"), ["L1", "L3"]);
    }
}

#[test]
fn the_owners_level_is_asked_where_the_owner_may_approve_and_where_somebody_else_holds_it_too() {
    let cases: [fn(&mut DelegationPolicy); 3] = [
        |policy| {
            policy.spec.rules.separation.owner_may_not_approve = false;
            held_by(policy, "finance", "L1", &["s.patel"]);
        },
        |policy| held_by(policy, "finance", "L1", &["s.patel", "d.desk"]),
        |policy| {
            held_by(policy, "finance", "L1", &["s.patel"]);
            let group = Subject { kind: SubjectKind::Group, name: "deal-desk".into() };
            policy.spec.holders.last_mut().unwrap().subjects.push(group);
        },
    ];
    for change in cases {
        assert_eq!(levels_asked(&fleet(change), "finance"), ["L1"]);
    }
}

#[test]
fn nobody_is_waited_for_who_may_not_approve() {
    let world = fleet(|policy| held_by(policy, "finance", "L1", &["s.patel", "d.desk", LEA.0]));
    assert_eq!(whom(&world), [("Deal desk (finance L1)", vec!["d.desk".to_owned()])]);
}

#[test]
fn once_every_level_stayed_silent_all_that_were_asked_are_waited_for() {
    let world = exhausted(|_| {});
    let everybody = ["deal-desk", "i.novak", "p.adeyemi"].map(str::to_owned).to_vec();
    assert_eq!(whom(&world), [("Chief Financial Officer (finance L3)", everybody)]);
}

#[test]
fn the_wait_of_a_level_counts_working_days_only_and_so_does_its_reminder() {
    let mut world = World::fleet();
    world.now = at("2026-11-27T10:58:00Z");
    world.rules(|policy| {
        policy.spec.rules.calendar = Some(Calendar {
            time_zone: "Europe/Stockholm".into(),
            work_days: vec![
                Weekday::Monday,
                Weekday::Tuesday,
                Weekday::Wednesday,
                Weekday::Thursday,
                Weekday::Friday,
            ],
            holidays: vec!["2026-12-01".into()],
        });
    });
    confirm(&mut world);
    // Asked on Friday at noon, local time.
    assert_eq!(
        asked(&world, "finance"),
        [("L1".to_owned(), at("2026-11-27T11:00:00Z"), at("2026-11-30T11:00:00Z"))]
    );
    assert_eq!(world.wake, Some(at("2026-11-27T23:00:00Z")), "half of a working day later");
    world.now = at("2026-11-30T11:00:05Z");
    world.settle();
    // Two working days from Monday noon, with a holiday on Tuesday.
    assert_eq!(
        asked(&world, "finance")[1],
        ("L2".to_owned(), at("2026-11-30T11:00:05Z"), at("2026-12-03T11:00:05Z"))
    );
}

#[test]
fn while_the_operator_was_down_no_level_lost_its_time_and_none_was_jumped_over() {
    let mut world = World::escalated_fleet();
    world.now = at("2026-12-20T08:00:00Z");
    assert_eq!(world.settle(), 1);
    assert_eq!(
        asked(&world, "finance")[1..],
        [("L2".to_owned(), at("2026-12-20T08:00:00Z"), at("2026-12-22T08:00:00Z"))]
    );
    assert_eq!(told(&world, "Reminder"), 0, "the level that is asked now has all of its time");
}

#[test]
fn a_confirmation_that_was_seen_late_does_not_cost_the_managers_their_time() {
    let mut world = World::fleet();
    world.settle();
    world.pass(60).confirm(OMAR);
    world.confirm(LEA);
    world.now = at("2026-11-28T09:00:00Z");
    world.settle();
    assert_eq!(
        asked(&world, "finance"),
        [("L1".to_owned(), at("2026-11-28T09:00:00Z"), at("2026-11-29T09:00:00Z"))]
    );
}

#[test]
fn while_the_guard_is_down_no_level_is_passed_over() {
    let mut world = World::escalated_fleet();
    world.guard = Guard::Inactive { because: "the binding is gone".into() };
    world.now = at("2026-11-26T09:00:00Z");
    world.settle();
    assert_eq!(levels_asked(&world, "finance"), ["L1"]);
    world.guard = Guard::Active { since: None };
    world.settle();
    assert_eq!(levels_asked(&world, "finance"), ["L1", "L2"]);
}

#[test]
fn people_are_reminded_once_at_half_of_the_time() {
    let mut world = World::escalated_fleet();
    world.settle();
    let half = at("2026-11-24T21:02:00Z");
    assert_eq!(world.wake, Some(half));
    world.now = at("2026-11-24T21:01:59Z");
    assert_eq!((world.settle(), told(&world, "Reminder")), (0, 0));
    world.pass(1);
    assert_eq!((world.settle(), told(&world, "Reminder")), (1, 1));
    assert_eq!(world.status().waiting_for[0].reminded_time.clone().unwrap().0, half);
    world.pass(3_600);
    assert_eq!((world.settle(), told(&world, "Reminder")), (0, 1));
    // The next level has its own.
    world.now = at("2026-11-25T09:02:05Z");
    world.settle();
    world.now = at("2026-11-26T09:02:05Z");
    assert_eq!((world.settle(), told(&world, "Reminder")), (1, 2));
}

#[test]
fn nobody_is_reminded_of_a_wait_that_is_over() {
    let mut world = finance_l2_is_asked(|_| {});
    world.now = at("2026-11-27T09:02:10Z");
    world.settle();
    let before = told(&world, "Reminder");
    world.now = at("2026-12-10T09:00:00Z");
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Exhausted);
    assert_eq!(told(&world, "Reminder"), before);
}

// Managers before the customer

fn managers_first(policy: &mut DelegationPolicy) {
    policy.spec.rules.escalation.timing = EscalationTiming::BeforeConfirmation;
}

/// Both steps approved on the terms, and the customer is asked.
fn approved_before_the_customer() -> World {
    let mut world = World::fleet();
    world.rules(managers_first);
    world.settle();
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    world.pass(60).approve(MARY, "sales", "L3");
    world.settle();
    world.pass(60);
    world
}

#[test]
fn managers_who_are_asked_before_the_customer_decide_on_the_terms() {
    let mut world = World::fleet();
    world.rules(managers_first);
    world.settle();
    assert_eq!(world.phase(), "Escalated");
    assert_eq!(world.status().waiting_for[0].digest, Some(world.terms_digest()));
    assert_eq!(world.condition("Approved").1, "AwaitingApproval");
    world.pass(60).confirm(OMAR);
    world.settle();
    assert_eq!(world.last_ignored(), "OutOfTurn");
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    world.pass(60).approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
    assert_eq!(world.status().confirmation, None, "who confirmed too early is asked again");
    assert_eq!(world.status().waiting_for[0].who, "Omar Diallo and Lea Vogt");
}

#[test]
fn a_confirm_in_the_second_of_the_last_approval_is_in_turn() {
    let mut world = World::fleet();
    world.rules(managers_first);
    world.settle();
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    world.pass(60).confirm(OMAR);
    world.approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!((world.phase(), world.ignored().len()), ("AwaitingConfirmation", 0));
    assert_eq!(world.status().waiting_for[0].who, "Lea Vogt");
}

#[test]
fn a_customer_who_leaves_nothing_out_keeps_the_approvals_on_the_terms() {
    let mut world = approved_before_the_customer();
    let before = world.status().approvals.clone();
    world.confirm(OMAR);
    world.confirm(LEA);
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
    assert_eq!(world.status().approvals, before);
    assert_eq!(world.ignored().len(), 0);
}

#[test]
fn a_customer_who_leaves_an_order_out_voids_them_and_managers_decide_on_the_confirmation() {
    let mut world = approved_before_the_customer();
    let on_terms = world.draft(MARY, Action::Confirm).agreement_ref.digest;
    world.confirm_but(OMAR, &[("handsets", "buying elsewhere")]);
    world.confirm_but(LEA, &[("handsets", "buying elsewhere")]);
    world.settle();
    assert_eq!(world.phase(), "Escalated");
    assert_eq!(
        states(&world),
        named([("finance L1", ApprovalState::Waiting), ("sales L3", ApprovalState::Next)])
    );
    assert_eq!(asked(&world, "finance")[0].1, world.now, "it is another question");
    assert_eq!((verdicts(&world, "finance"), verdicts(&world, "sales")), (vec![], vec![]));
    assert_eq!(world.status().waiting_for[0].digest, Some(world.confirmation_digest()));
    let reasons: Vec<_> = world.ignored().iter().map(|i| (i.username.clone(), i.reason.clone())).collect();
    assert_eq!(reasons, [("d.desk".into(), "Stale".into()), ("m.osei".into(), "Stale".into())]);
    // The old digest does not do any more.
    let mut spec = world.draft(DESK, Action::Approve);
    (spec.function, spec.level) = (Some("finance".into()), Some("L1".into()));
    spec.agreement_ref.digest = on_terms;
    world.pass(60).store(spec);
    world.settle();
    assert_eq!(world.last_ignored(), "Stale");
    // The same people may decide again: it is no second approval.
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    world.pass(60).approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
    assert_eq!(world.condition("Acceptable").2, "to Omar Diallo and Lea Vogt; 1 of 2 orders confirmed");
}

#[test]
fn the_second_round_goes_on_when_who_approved_in_the_first_has_left() {
    let mut world = approved_before_the_customer();
    world.confirm_but(OMAR, &[("handsets", "buying elsewhere")]);
    world.confirm_but(LEA, &[("handsets", "buying elsewhere")]);
    world.settle();
    let digest = world.confirmation_digest();
    world.rules(|policy| held_by(policy, "sales", "L3", &["n.new"]));
    world.settle();
    assert_eq!((world.phase(), world.confirmation_digest()), ("Escalated", digest));
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    world.pass(60).approve(Somebody("n.new", &[]), "sales", "L3");
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
}

#[test]
fn silence_before_the_customer_is_asked_moves_up_too() {
    let mut world = World::fleet();
    world.rules(managers_first);
    world.settle();
    world.now = at("2026-11-25T09:00:05Z");
    world.settle();
    assert_eq!(
        (world.phase(), levels_asked(&world, "finance")),
        ("Escalated", vec!["L1".into(), "L2".into()])
    );
}

#[test]
fn a_refusal_on_the_terms_ends_it_though_it_was_seen_with_the_confirmation_that_leaves_an_order_out() {
    for (refused_first, phase) in [(true, "Refused"), (false, "Escalated")] {
        let mut world = approved_before_the_customer();
        if refused_first {
            refuse_the_terms(&mut world);
        }
        world.pass(60).confirm_but(OMAR, &[("handsets", "buying elsewhere")]);
        world.confirm_but(LEA, &[("handsets", "buying elsewhere")]);
        if !refused_first {
            world.pass(60);
            refuse_the_terms(&mut world);
        }
        world.settle();
        assert_eq!(world.phase(), phase);
    }
}

#[test]
fn a_refusal_on_the_terms_by_who_holds_the_level_only_in_the_second_round_is_stale() {
    let mut world = approved_before_the_customer();
    world.rules(|policy| policy.spec.holders.retain(|holder| holder.level != "L4"));
    refuse_the_terms(&mut world);
    world.settle();
    assert_eq!((world.last_ignored(), world.phase()), ("NotHolder", "AwaitingConfirmation"));
    world.pass(60).confirm_but(OMAR, &[("handsets", "buying elsewhere")]);
    world.confirm_but(LEA, &[("handsets", "buying elsewhere")]);
    world.settle();
    world.rules(|policy| held_by(policy, "sales", "L4", &[CARLA.0]));
    world.settle();
    assert_eq!(world.phase(), "Escalated");
}

fn refuse_the_terms(world: &mut World) {
    let terms = world.terms_digest();
    let mut spec = world.draft(CARLA, Action::RequestChange);
    spec.action = Action::Refuse;
    (spec.function, spec.level) = (Some("sales".into()), Some("L4".into()));
    spec.reason = Some("not at this price".into());
    assert_eq!(spec.agreement_ref.digest, terms);
    world.store(spec);
}

// What a decision binds to

#[test]
fn an_approval_of_other_orders_is_stale_once_another_confirmation_is_seen() {
    let mut world = World::fleet();
    world.settle();
    world.pass(60).confirm(OMAR);
    world.pass(60).confirm(LEA);
    world.settle();
    let first = world.confirmation_digest();
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
    // What Omar said between his first word and Lea's is seen only now.
    world.now = at("2026-11-24T09:01:30Z");
    world.confirm_but(OMAR, &[("handsets", "buying elsewhere")]);
    world.now = at("2026-11-24T09:10:00Z");
    world.settle();
    assert_ne!(world.confirmation_digest(), first);
    let reasons: Vec<_> = world.ignored().iter().map(|i| (i.username.clone(), i.reason.clone())).collect();
    assert_eq!(reasons, [("d.desk".into(), "Stale".into())]);
    assert_eq!(
        states(&world),
        named([("finance L1", ApprovalState::Waiting), ("sales L3", ApprovalState::Next)])
    );
    assert_eq!(asked(&world, "finance")[0].1, at("2026-11-24T09:10:00Z"));
}

#[test]
fn an_approval_that_names_the_terms_is_stale_where_the_confirmation_is_asked_about() {
    let mut world = World::escalated_fleet();
    let mut spec = world.draft(DESK, Action::Approve);
    (spec.function, spec.level) = (Some("finance".into()), Some("L1".into()));
    spec.agreement_ref.digest = world.terms_digest();
    world.store(spec);
    world.settle();
    assert_eq!(world.last_ignored(), "Stale");
}

#[test]
fn a_new_revision_voids_every_approval() {
    let mut world = sales_is_asked(|_| {});
    world.edit(|agreement| agreement.spec.offer_version += 1);
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
    assert_eq!(
        states(&world),
        named([("finance L1", ApprovalState::Next), ("sales L3", ApprovalState::Next)])
    );
    assert_eq!((verdicts(&world, "finance"), asked(&world, "finance")), (vec![], vec![]));
    assert_eq!(world.last_ignored(), "Stale");
    confirm(&mut world);
    assert_eq!(
        states(&world),
        named([("finance L1", ApprovalState::Waiting), ("sales L3", ApprovalState::Next)])
    );
}

// Changes that managers ask for

#[test]
fn who_could_approve_now_may_ask_for_a_change() {
    for (who, function, level) in [(DESK, "finance", "L1"), (IVAN, "finance", "L2")] {
        let mut world = World::escalated_fleet();
        let decision = ask_for_change(&mut world, who, function, level);
        assert_eq!(world.settle(), 1);
        assert_eq!(world.phase(), "Revising");
        let change = world.status().change_request.clone().unwrap();
        assert_eq!((change.decision, change.username.as_str()), (decision, who.0));
        assert_eq!((change.reason.as_str(), change.time.0), ("the discount is too high", world.now));
        assert_eq!(world.status().waiting_for[0].action, WaitingAction::Edit);
    }
}

#[test]
fn who_could_not_approve_now_may_not_ask_for_a_change() {
    for (who, function, level, reason) in [
        (MARY, "sales", "L3", "OutOfTurn"),
        (MARY, "finance", "L1", "NotHolder"),
        (Somebody("d.desk", &[]), "finance", "L1", "NotHolder"),
        (PATEL, "finance", "L1", "OwnerMayNotApprove"),
        (Somebody("a.brandt", &[]), "legal", "L2", "OutOfTurn"),
    ] {
        let mut world = World::escalated_fleet();
        ask_for_change(&mut world, who, function, level);
        world.settle();
        assert_eq!((world.last_ignored(), world.phase()), (reason, "Escalated"), "{} {function}", who.0);
    }
}

#[test]
fn a_change_that_a_manager_asks_for_after_the_offer_ended_is_late() {
    let mut world = World::escalated_fleet();
    world.now = at("2027-12-01T08:00:01Z");
    ask_for_change(&mut world, DESK, "finance", "L1");
    world.settle();
    assert_eq!((world.last_ignored(), world.phase()), ("Late", "Escalated"));
}

#[test]
fn a_substitute_may_ask_for_a_change_too() {
    let mut world = sales_is_asked(|policy| {
        substituted(policy, "m.osei", "k.jensen", &[], "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
    });
    decide(&mut world, Action::RequestChange, KIM, ("sales", "L3"), Some("m.osei"));
    world.settle();
    assert_eq!(world.phase(), "Revising");
    assert_eq!(world.status().change_request.clone().unwrap().username, "k.jensen");
}

#[test]
fn a_change_asked_for_before_its_turn_does_not_count_when_the_turn_comes() {
    let mut world = World::escalated_fleet();
    ask_for_change(&mut world, MARY, "sales", "L3");
    world.settle();
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    assert_eq!((world.phase(), step(&world, "sales").state), ("Escalated", ApprovalState::Waiting));
    assert_eq!(world.status().change_request, None);
}

#[test]
fn a_change_asked_for_while_the_step_was_open_counts_though_seen_after_the_approval() {
    for (made, phase) in [("2026-11-24T09:03:00Z", "Revising"), ("2026-11-24T09:04:01Z", "Escalated")] {
        let mut world = World::escalated_fleet();
        world.pass(60).approve(DESK, "finance", "L1");
        world.settle();
        world.now = at(made);
        ask_for_change(&mut world, DORA, "finance", "L1");
        world.now = at("2026-11-24T09:05:00Z");
        world.settle();
        assert_eq!(world.phase(), phase, "{made}");
    }
}

#[test]
fn while_the_terms_are_revised_nobody_is_asked_and_no_level_is_passed_over() {
    let mut world = World::escalated_fleet();
    ask_for_change(&mut world, DESK, "finance", "L1");
    world.settle();
    let before = asked(&world, "finance");
    world.now = at("2026-11-28T09:00:00Z");
    assert_eq!(world.settle(), 0);
    world.edit(|agreement| agreement.spec.title = "Fleet SIMs".to_owned());
    world.settle();
    assert_eq!((world.phase(), asked(&world, "finance")), ("Revising", before));
    assert_eq!(told(&world, "ApprovalEscalated"), 0);

    let mut world = World::escalated_fleet();
    world.approve(DORA, "finance", "L1");
    ask_for_change(&mut world, DESK, "finance", "L1");
    world.settle();
    assert_eq!(
        states(&world),
        named([("finance L1", ApprovalState::Approved), ("sales L3", ApprovalState::Next)])
    );
    assert_eq!((world.phase(), asked(&world, "sales")), ("Revising", vec![]));
}

#[test]
fn the_order_in_which_decisions_are_listed_says_nothing() {
    let mut world = fleet(|policy| quorum_of(policy, "finance", "L1", 2));
    world.approve(DESK, "finance", "L1");
    world.pass(1).approve(MARY, "sales", "L3");
    world.pass(1).approve(DORA, "finance", "L1");
    world.pass(1).approve(MARY, "sales", "L3");
    world.pass(1).approve(IVAN, "finance", "L2");
    let plan = world.plan();
    let listed: Vec<Arc<_>> = world.decisions.clone();
    for turn in 1..listed.len() {
        world.decisions.rotate_left(turn);
        assert_eq!(world.plan(), plan);
        world.decisions = listed.iter().rev().cloned().collect();
        assert_eq!(world.plan(), plan);
    }
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
    let reasons: Vec<_> = world.ignored().iter().map(|i| i.reason.clone()).collect();
    assert_eq!(reasons, ["OutOfTurn", "AlreadyApproved"]);
}

#[test]
fn where_silence_ends_the_offer_an_answer_after_it_is_late() {
    for (after, ignored, phase) in [(0, "", "Escalated"), (1, "Late", "Expired")] {
        let mut world = fleet(|policy| policy.spec.rules.escalation.on_timeout = OnTimeout::Expire);
        let end = world.status().approvals[0].asked[0].wait_end_time.clone().unwrap().0;
        world.now = end;
        world.pass(after).approve(DESK, "finance", "L1");
        world.pass(3_600).settle();
        assert_eq!((world.last_ignored(), world.phase()), (ignored, phase), "{after} s after the end");
    }
}

#[test]
fn who_recorded_something_approves_nothing_not_even_in_the_same_second() {
    let mut world = World::fleet();
    world.settle();
    world.pass(60).confirm(LEA);
    world.settle();
    world.pass(60).attest(DESK, OMAR, Action::Confirm);
    world.settle();
    world.approve(DESK, "finance", "L1");
    // The server makes names up, and this one comes first.
    let approval = std::sync::Arc::make_mut(world.decisions.last_mut().unwrap());
    approval.metadata.name = Some("decision-000".to_owned());
    world.settle();
    assert_eq!(world.last_ignored(), "NotDistinct");
}

// One second, and one person

#[test]
fn who_approves_two_parallel_steps_in_one_second_counts_once_whenever_it_is_seen() {
    let mary = Somebody(MARY.0, &["deal-desk"]);
    let (finance, sales) = (("finance", "L1"), ("sales", "L3"));
    for (first, second) in [(finance, sales), (sales, finance)] {
        for seen_apart in [false, true] {
            let mut world = fleet(parallel);
            let counts = world.approve(mary, first.0, first.1);
            if seen_apart {
                world.settle();
            }
            world.approve(mary, second.0, second.1);
            world.settle();
            let case = format!("{} first, seen apart: {seen_apart}", first.0);
            assert_eq!((world.last_ignored(), world.phase()), ("NotDistinct", "Escalated"), "{case}");
            let deciding = |function| step(&world, function).decided_by.into_iter().map(|v| v.decision);
            assert_eq!(deciding(first.0).collect::<Vec<_>>(), [counts], "{case}");
            assert_eq!(deciding(second.0).count(), 0, "{case}");
        }
    }
}

#[test]
fn what_counted_stands_though_another_word_of_the_same_second_and_person_turns_up() {
    let mary = Somebody(MARY.0, &["deal-desk"]);
    let mut world = fleet(parallel);
    world.approve(mary, "finance", "L1");
    world.approve(mary, "sales", "L3");
    let unseen = world.decisions.remove(world.decisions.len() - 2);
    world.settle();
    assert_eq!((verdicts(&world, "finance").len(), verdicts(&world, "sales").len()), (0, 1));
    world.decisions.insert(0, unseen);
    world.settle();
    assert_eq!((verdicts(&world, "finance").len(), verdicts(&world, "sales").len()), (0, 1));
    let reasons: Vec<_> = world.ignored().iter().map(|i| i.reason.clone()).collect();
    assert_eq!(reasons, ["NotDistinct"]);
}

#[test]
fn two_people_who_approve_two_parallel_steps_in_one_second_both_count() {
    for sales_first in [false, true] {
        let mut world = fleet(parallel);
        let mut acts = [(DESK, "finance", "L1"), (MARY, "sales", "L3")];
        if sales_first {
            acts.reverse();
        }
        for (who, function, level) in acts {
            world.approve(who, function, level);
        }
        world.settle();
        assert_eq!((world.phase(), world.ignored().len()), ("AwaitingSignOff", 0));
    }
}

#[test]
fn too_few_approvals_do_not_become_enough_by_silence_though_they_were_seen_after_it() {
    let mut world = fleet(|policy| quorum_of(policy, "finance", "L1", 2));
    world.now = at("2026-11-25T09:02:05Z");
    world.settle();
    assert_eq!((step(&world, "finance").level.as_str(), step(&world, "finance").quorum), ("L2", 1));
    // One of two, in time, and seen when the level that needs one is asked.
    world.now = at("2026-11-24T10:00:00Z");
    world.approve(DESK, "finance", "L1");
    world.now = at("2026-11-25T09:02:20Z");
    world.settle();
    assert_eq!((world.last_ignored(), step(&world, "finance").state), ("", ApprovalState::Waiting));
    world.pass(60).approve(IVAN, "finance", "L2");
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
}

#[test]
fn silent_manager_then_the_substitute_decides() {
    let mut world = sales_is_asked(|policy| {
        substituted(policy, "m.osei", "k.jensen", &["sales"], "2026-11-26T00:00:00Z", "2026-12-10T00:00:00Z");
    });
    // Mary stays silent for two days, then her leave begins; her level is still the one that is asked.
    world.now = at("2026-11-26T08:00:00Z");
    world.settle();
    let both = vec!["m.osei".to_owned(), "k.jensen for m.osei".to_owned()];
    assert_eq!(whom(&world), [("VP Enterprise Sales (sales L3)", both)]);
    stand_in(&mut world, KIM, "m.osei", "sales", "L3");
    world.settle();
    assert_eq!((world.phase(), levels_asked(&world, "sales")), ("AwaitingSignOff", vec!["L3".to_owned()]));
    assert_eq!(verdicts(&world, "sales"), [("k.jensen".into(), "User m.osei".into(), Some("m.osei".into()))]);
}

#[test]
fn silent_manager_and_then_the_substitute_decides_where_the_level_may_still_decide() {
    for (still, ignored, phase) in [(true, "", "AwaitingSignOff"), (false, "LevelInsufficient", "Escalated")]
    {
        let mut world = sales_is_asked(|policy| {
            policy.spec.rules.escalation.earlier_level_may_still_decide = still;
            substituted(policy, "m.osei", "k.jensen", &[], "2026-11-26T00:00:00Z", "2026-12-10T00:00:00Z");
        });
        world.now = at("2026-11-27T09:03:05Z");
        world.settle();
        assert_eq!(levels_asked(&world, "sales"), ["L3", "L4"]);
        world.pass(60);
        stand_in(&mut world, KIM, "m.osei", "sales", "L3");
        world.settle();
        assert_eq!((world.last_ignored(), world.phase()), (ignored, phase));
    }
}

#[test]
fn who_is_asked_for_what_is_told_with_the_digest_to_copy() {
    let mut world = World::fleet();
    let asks = |world: &World| -> Vec<(WaitingAction, Option<String>)> {
        world.status().waiting_for.iter().map(|wait| (wait.action, wait.digest.clone())).collect()
    };
    world.settle();
    let terms = Some(world.terms_digest());
    assert_eq!(asks(&world), [(WaitingAction::Confirm, terms.clone())]);
    world.pass(60).confirm(OMAR);
    world.settle();
    assert_eq!(world.status().confirmation.as_ref().unwrap().digest, None, "it exists once it is complete");
    world.confirm(LEA);
    world.settle();
    let confirmation = Some(world.confirmation_digest());
    assert_ne!(confirmation, terms);
    assert_eq!(asks(&world), [(WaitingAction::Approve, confirmation.clone())]);
    world.pass(60).approve(DESK, "finance", "L1");
    world.pass(60).approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!(asks(&world), [(WaitingAction::Sign, confirmation.clone())]);
    world.pass(60).act(LEA, Action::Sign);
    world.settle();
    assert_eq!(asks(&world), [(WaitingAction::Countersign, confirmation)]);
    world.act_because(LEA, Action::RequestChange, "cheaper");
    world.settle();
    assert_eq!(asks(&world), [(WaitingAction::Edit, terms)]);
}
