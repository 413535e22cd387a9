//! S4: who may approve, for whom, when, and what silence does.

use countersign::api::Action;
use countersign::api::agreement_decision::Statement;
use countersign::api::agreement_status::{Approval, ApprovalState};
use countersign::api::delegation_policy::{EscalationMode, EscalationTiming, OnTimeout};
use countersign::decide::Wake;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::world::{DESK, EVA, JONAS, LEA, MARY, OMAR, RITA, Somebody, World, read};

const NOVAK: Somebody = Somebody("i.novak", &[]);
const ADEYEMI: Somebody = Somebody("p.adeyemi", &[]);
const DUARTE: Somebody = Somebody("c.duarte", &[]);
const SECOND_DESK: Somebody = Somebody("e.desk", &["deal-desk"]);

fn step(world: &World, function: &str) -> Approval {
    world.status().approvals.iter().find(|step| step.function == function).cloned().unwrap()
}

fn state(world: &World, function: &str) -> ApprovalState {
    step(world, function).state
}

/// The escalated fleet agreement under other rules, which hold from the start.
fn escalated(change: impl FnOnce(&mut World)) -> World {
    let mut world = World::fleet();
    change(&mut world);
    world.settle();
    world.pass(60).confirm(OMAR);
    world.confirm(LEA);
    world.settle();
    world.pass(60);
    world
}

fn on_behalf(world: &mut World, who: Somebody, holder: &str, function: &str, level: &str) -> String {
    let mut spec = world.draft(who, Action::Approve);
    spec.function = Some(function.to_owned());
    spec.level = Some(level.to_owned());
    spec.on_behalf_of = Some(holder.to_owned());
    world.store(spec)
}

fn asked(world: &World, function: &str) -> Vec<(String, Timestamp)> {
    step(world, function).asked.iter().map(|asked| (asked.level.clone(), asked.asked_time.0)).collect()
}

/// One approval of finance, and whether it counted.
fn tried(world: &mut World, who: Somebody, function: &str, level: &str) -> String {
    world.approve(who, function, level);
    world.settle();
    world.last_ignored().to_owned()
}

#[test]
fn one_function_is_asked_after_the_other_and_then_the_customer_signs() {
    let mut world = World::escalated_fleet();
    assert_eq!(
        (state(&world, "finance"), state(&world, "sales")),
        (ApprovalState::Waiting, ApprovalState::Next)
    );
    assert_eq!(step(&world, "sales").asked, []);
    assert_eq!(world.condition("Approved").2, "0 of 2 approvals: finance L1 is asked; sales L3 is next");
    let decision = world.approve(DESK, "finance", "L1");
    world.settle();
    assert_eq!(
        (state(&world, "finance"), state(&world, "sales")),
        (ApprovalState::Approved, ApprovalState::Waiting)
    );
    assert_eq!(asked(&world, "sales"), [("L3".to_owned(), world.now)]);
    let verdict = step(&world, "finance").decided_by[0].clone();
    assert_eq!(
        (verdict.decision, verdict.username.as_str(), verdict.level.as_str()),
        (decision, "d.desk", "L1")
    );
    assert_eq!((verdict.via.as_str(), verdict.on_behalf_of), ("Group deal-desk", None));
    world.pass(60).approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!(step(&world, "sales").decided_by[0].via, "User m.osei");
    assert_eq!(world.phase(), "AwaitingSignOff");
    assert_eq!(world.condition("Approved").2, "by finance L1 and sales L3");
}

#[test]
fn what_is_approved_before_its_turn_is_approved_again() {
    let mut world = World::escalated_fleet();
    assert_eq!(tried(&mut world, MARY, "sales", "L3"), "OutOfTurn");
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    assert_eq!(state(&world, "sales"), ApprovalState::Waiting);
    world.pass(60).approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
    let mut same_second = World::escalated_fleet();
    same_second.approve(MARY, "sales", "L3");
    same_second.approve(DESK, "finance", "L1");
    same_second.settle();
    assert_eq!(same_second.phase(), "AwaitingSignOff", "the same second is in turn");
}

#[test]
fn all_functions_are_asked_at_once_where_the_policy_says_so() {
    let mut world = escalated(|world| {
        world.rules(|policy| policy.spec.rules.escalation.mode = EscalationMode::Parallel);
    });
    assert_eq!(world.status().waiting_for.len(), 2);
    assert_eq!(world.status().waiting_on.as_deref(), Some("Deal desk (finance L1) +1 since 24 Nov"));
    assert_eq!(tried(&mut world, MARY, "sales", "L3"), "");
    assert_eq!(world.phase(), "Escalated");
    world.pass(60);
    assert_eq!(tried(&mut world, DESK, "finance", "L1"), "");
    assert_eq!(world.phase(), "AwaitingSignOff");
}

#[test]
fn as_many_must_approve_as_the_policy_says_and_nobody_counts_twice() {
    let mut world = escalated(|world| {
        world.rules(|policy| {
            policy.spec.rules.escalation.quorums = read("[{function: finance, level: L1, count: 2}]")
        });
    });
    assert_eq!(tried(&mut world, DESK, "finance", "L1"), "");
    assert_eq!(state(&world, "finance"), ApprovalState::Waiting);
    assert_eq!(tried(&mut world, DESK, "finance", "L1"), "NotDistinct");
    assert_eq!(tried(&mut world, SECOND_DESK, "finance", "L1"), "");
    assert_eq!(state(&world, "finance"), ApprovalState::Approved);
    assert_eq!(tried(&mut world, NOVAK, "finance", "L2"), "AlreadyApproved");
}

#[test]
fn a_higher_level_decides_for_a_lower_and_a_lower_not_for_a_higher() {
    for (who, level, ignored) in [
        (DESK, "L1", ""),
        (NOVAK, "L2", ""),
        (NOVAK, "L1", ""),
        (ADEYEMI, "L3", ""),
        (DESK, "L2", "NotHolder"),
        (NOVAK, "L3", "NotHolder"),
        (NOVAK, "L9", "LevelInsufficient"),
        (RITA, "L1", "NotHolder"),
        (Somebody("d.desk", &[]), "L1", "NotHolder"),
    ] {
        let mut world = World::escalated_fleet();
        assert_eq!(tried(&mut world, who, "finance", level), ignored, "{} as {level}", who.0);
    }
    let mut world = World::escalated_fleet();
    world.approve(DESK, "finance", "L1");
    world.settle();
    assert_eq!(tried(&mut world, RITA, "sales", "L2"), "LevelInsufficient");
    assert_eq!(world.ignored()[0].message, "sales L3 or higher must decide, not L2");
    assert_eq!(tried(&mut world, DUARTE, "sales", "L4"), "");
    assert_eq!(world.phase(), "AwaitingSignOff");
}

#[test]
fn a_function_that_nothing_asks_for_is_not_required() {
    let mut world = World::escalated_fleet();
    assert_eq!(tried(&mut world, Somebody("s.kaur", &[]), "legal", "L3"), "NotRequired");
}

#[test]
fn an_approval_names_the_confirmation() {
    let mut world = World::escalated_fleet();
    let mut spec = world.draft(DESK, Action::Approve);
    (spec.function, spec.level) = (Some("finance".to_owned()), Some("L1".to_owned()));
    spec.agreement_ref.digest = world.terms_digest();
    world.store(spec);
    world.settle();
    assert_eq!(world.last_ignored(), "Stale");
    let mut early = World::fleet();
    early.settle();
    early.approve(DESK, "finance", "L1");
    early.settle();
    assert_eq!(early.last_ignored(), "OutOfTurn", "the customer has yet to confirm");
}

#[test]
fn a_substitute_counts_for_the_holder_within_the_interval_and_both_are_named() {
    let deputy = Somebody("k.deputy", &[]);
    let start: Timestamp = "2026-11-24T09:10:00Z".parse().unwrap();
    let end: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
    let second = SignedDuration::from_secs(1);
    for (when, functions, ignored) in [
        (start - second, "[]", "NotHolder"),
        (start, "[]", ""),
        (end, "[finance]", ""),
        (end + second, "[]", "NotHolder"),
        (start, "[sales]", "NotHolder"),
    ] {
        let mut world = World::escalated_fleet();
        world.rules(|policy| {
            policy.spec.substitutes = read(&format!(
                "[{{holder: i.novak, substitute: k.deputy, functions: {functions}, startTime: '{start}', endTime: '{end}'}}]"
            ));
        });
        world.settle();
        world.now = when;
        on_behalf(&mut world, deputy, "i.novak", "finance", "L2");
        world.settle();
        assert_eq!(world.last_ignored(), ignored, "{when} {functions}");
        if ignored.is_empty() {
            let verdict = step(&world, "finance").decided_by[0].clone();
            assert_eq!(
                (verdict.username.as_str(), verdict.on_behalf_of.as_deref()),
                ("k.deputy", Some("i.novak"))
            );
            assert_eq!(verdict.via, "User i.novak");
        }
    }
    let mut unnamed = World::escalated_fleet();
    assert_eq!(tried(&mut unnamed, deputy, "finance", "L2"), "NotHolder", "it must name the holder");
}

#[test]
fn a_substitute_is_waited_for_while_the_interval_lasts() {
    let mut world = escalated(|world| {
        world.rules(|policy| {
            policy.spec.holders.retain(|h| h.function != "finance" || h.level != "L1");
            policy.spec.holders.push(read("{function: finance, level: L1, subjects: [{kind: User, name: d.desk}]}"));
            policy.spec.substitutes = read(
                "[{holder: d.desk, substitute: k.deputy, startTime: '2026-11-24T09:10:00Z', endTime: '2026-11-24T10:00:00Z'}]",
            );
        });
    });
    let waited = |world: &World| -> Vec<(String, Option<String>)> {
        let subjects = world.status().waiting_for[0].subjects.iter();
        subjects.map(|s| (s.subject.name.clone(), s.on_behalf_of.clone())).collect()
    };
    let holder = ("d.desk".to_owned(), None);
    let deputy = ("k.deputy".to_owned(), Some("d.desk".to_owned()));
    assert_eq!(waited(&world), [holder.clone()]);
    assert_eq!(world.wake, Wake::At("2026-11-24T09:10:00Z".parse().unwrap()));
    world.now = "2026-11-24T09:10:00Z".parse().unwrap();
    world.settle();
    assert_eq!(waited(&world), [holder.clone(), deputy]);
    world.now = "2026-11-24T10:00:01Z".parse().unwrap();
    world.settle();
    assert_eq!(waited(&world), [holder]);
}

#[test]
fn who_was_ever_named_owner_may_not_approve_under_any_name() {
    let owner = Somebody("i.novak", &[]);
    let novak_owns = |world: &mut World| {
        world.edit(|agreement| agreement.spec.provider.owner_username = "i.novak".to_owned());
    };
    let mut world = escalated(novak_owns);
    assert_eq!(tried(&mut world, owner, "finance", "L2"), "OwnerMayNotApprove");
    // Handing it on does not help.
    world.edit(|agreement| agreement.spec.provider.owner_username = "s.patel".to_owned());
    world.settle();
    assert_eq!(tried(&mut world, owner, "finance", "L2"), "OwnerMayNotApprove");
    let mut alias = escalated(|world| {
        novak_owns(world);
        world.rules(|policy| {
            policy.spec.aliases.push(read("{username: i.novak, aliases: ['oidc:novak']}"));
        });
    });
    assert_eq!(tried(&mut alias, Somebody("oidc:novak", &[]), "finance", "L2"), "OwnerMayNotApprove");
    let mut allowed = escalated(|world| {
        novak_owns(world);
        world.rules(|policy| policy.spec.rules.separation.owner_may_not_approve = false);
    });
    assert_eq!(tried(&mut allowed, owner, "finance", "L2"), "");
}

#[test]
fn the_customers_representative_approves_nothing() {
    let mut world = World::escalated_fleet();
    world.rules(|policy| {
        policy.spec.holders.push(read(
            "{function: finance, level: L1, subjects: [{kind: User, name: lea@havlink.example}]}",
        ));
        policy.spec.aliases.push(read("{username: lea@havlink.example, aliases: [l.vogt]}"));
    });
    assert_eq!(tried(&mut world, LEA, "finance", "L1"), "BothSides");
    assert_eq!(tried(&mut world, Somebody("l.vogt", &[]), "finance", "L1"), "BothSides");
}

#[test]
fn one_person_decides_for_one_function_only_where_people_must_be_distinct() {
    for (distinct, ignored) in [(true, "NotDistinct"), (false, "")] {
        let mut world = World::escalated_fleet();
        world.rules(|policy| {
            policy.spec.rules.separation.distinct_approvers = distinct;
            policy
                .spec
                .holders
                .push(read("{function: finance, level: L2, subjects: [{kind: User, name: m.osei}]}"));
        });
        assert_eq!(tried(&mut world, MARY, "finance", "L2"), "");
        world.pass(60);
        let alias = Somebody("oidc:m.osei@telecom.example", &[]);
        assert_eq!(tried(&mut world, alias, "sales", "L3"), ignored, "distinct: {distinct}");
    }
}

#[test]
fn one_refusal_ends_it_though_others_approved() {
    let mut world = escalated(|world| {
        world.rules(|policy| {
            policy.spec.rules.escalation.quorums = read("[{function: finance, level: L1, count: 2}]")
        });
    });
    world.approve(DESK, "finance", "L1");
    world.settle();
    let mut spec = world.draft(SECOND_DESK, Action::Refuse);
    (spec.function, spec.level) = (Some("finance".to_owned()), Some("L1".to_owned()));
    spec.reason = Some("too long to pay".to_owned());
    world.store(spec);
    world.settle();
    assert_eq!(world.phase(), "Refused");
    assert_eq!(world.status().closed.as_ref().unwrap().reason, "too long to pay");
    assert_eq!(state(&world, "finance"), ApprovalState::Refused);
}

#[test]
fn silence_moves_the_question_up_and_never_approves() {
    let mut world = World::escalated_fleet();
    let first = asked(&world, "finance")[0].1;
    let end = first + SignedDuration::from_secs(86_400);
    assert_eq!(step(&world, "finance").asked[0].wait_end_time, Some(Time(end)));
    world.now = end + SignedDuration::from_secs(4);
    world.settle();
    assert_eq!(asked(&world, "finance").len(), 1);
    assert_eq!(world.wake, Wake::At(end + SignedDuration::from_secs(5)));
    // The operator was down for an hour: the next level gets its whole time all the same.
    world.pass(3_601).settle();
    let second = world.now;
    assert_eq!(asked(&world, "finance"), [("L1".to_owned(), first), ("L2".to_owned(), second)]);
    let asked_now = step(&world, "finance");
    assert_eq!((asked_now.level.as_str(), asked_now.state), ("L2", ApprovalState::Waiting));
    assert_eq!(asked_now.asked[1].wait_end_time, Some(Time(second + SignedDuration::from_secs(172_800))));
    let wait = &world.status().waiting_for[0];
    assert_eq!((wait.who.as_str(), wait.asked_time.0), ("Finance partner (finance L2)", second));
    let told = world.told.iter().rev().find(|notice| notice.reason == "ApprovalEscalated").unwrap();
    assert!(told.note.starts_with("nobody answered in time; finance L2 is asked now: "), "{}", told.note);
}

#[test]
fn the_level_that_stayed_silent_may_still_decide_where_the_policy_says_so() {
    for (still, ignored) in [(true, ""), (false, "LevelInsufficient")] {
        let mut world = escalated(|world| {
            world.rules(|policy| policy.spec.rules.escalation.earlier_level_may_still_decide = still);
        });
        world.pass(86_400).settle();
        assert_eq!(step(&world, "finance").level, "L2");
        world.pass(60);
        assert_eq!(tried(&mut world, DESK, "finance", "L1"), ignored, "{still}");
    }
}

#[test]
fn approvals_that_were_given_count_on_and_the_quorum_is_that_of_the_level_asked_now() {
    let mut world = escalated(|world| {
        world.rules(|policy| {
            policy.spec.rules.escalation.quorums =
                read("[{function: finance, level: L1, count: 3}, {function: finance, level: L2, count: 2}]");
        });
    });
    world.approve(DESK, "finance", "L1");
    world.settle();
    world.pass(86_400).settle();
    assert_eq!((step(&world, "finance").quorum, step(&world, "finance").decided_by.len()), (2, 1));
    world.pass(60);
    assert_eq!(tried(&mut world, NOVAK, "finance", "L2"), "");
    assert_eq!(state(&world, "finance"), ApprovalState::Approved);
}

/// Every level of finance stayed silent.
fn exhausted(still: bool) -> World {
    let mut world = escalated(|world| {
        world.rules(|policy| policy.spec.rules.escalation.earlier_level_may_still_decide = still);
    });
    for seconds in [86_405, 172_805, 259_205] {
        world.pass(seconds).settle();
    }
    world
}

#[test]
fn when_everybody_stayed_silent_it_is_stalled_and_every_level_asked_may_still_decide() {
    for still in [true, false] {
        for (who, level) in [(DESK, "L1"), (NOVAK, "L2"), (ADEYEMI, "L3")] {
            let mut world = exhausted(still);
            assert_eq!(state(&world, "finance"), ApprovalState::Exhausted);
            assert_eq!(asked(&world, "finance").len(), 3);
            let stalled = world.condition("Stalled");
            assert_eq!((stalled.0.as_str(), stalled.1.as_str()), ("True", "EscalationExhausted"));
            assert_eq!(
                (world.phase(), world.condition("Ready").1.as_str()),
                ("Escalated", "AwaitingApproval")
            );
            assert_eq!(world.wake, Wake::At("2027-12-01T08:00:05Z".parse().unwrap()));
            world.pass(60);
            assert_eq!(tried(&mut world, who, "finance", level), "", "still {still}, {level}");
            assert_eq!(state(&world, "finance"), ApprovalState::Approved);
            assert_eq!(world.condition("Stalled").0, "");
        }
    }
}

#[test]
fn a_holder_who_is_named_later_is_asked_after_everybody_stayed_silent() {
    let mut world = escalated(|world| {
        world.rules(|policy| policy.spec.holders.retain(|h| h.function != "finance" || h.level == "L1"));
    });
    world.pass(86_400).settle();
    assert_eq!(state(&world, "finance"), ApprovalState::Exhausted);
    world.rules(|policy| {
        policy
            .spec
            .holders
            .push(read("{function: finance, level: L3, subjects: [{kind: User, name: p.adeyemi}]}"));
    });
    world.settle();
    assert_eq!(
        (step(&world, "finance").level.as_str(), state(&world, "finance")),
        ("L3", ApprovalState::Waiting)
    );
}

#[test]
fn silence_ends_the_offer_where_the_policy_says_so_and_an_answer_after_it_is_late() {
    let expiring = || {
        escalated(|world| {
            world.rules(|policy| policy.spec.rules.escalation.on_timeout = OnTimeout::Expire);
        })
    };
    let mut world = expiring();
    let end = asked(&world, "finance")[0].1 + SignedDuration::from_secs(86_400);
    assert!(
        world.condition("Ready").2.ends_with(", then the offer expires"),
        "{}",
        world.condition("Ready").2
    );
    world.now = end + SignedDuration::from_secs(5);
    world.settle();
    assert_eq!(
        (world.phase(), world.status().closed.as_ref().unwrap().reason.as_str()),
        ("Expired", "nobody approved in time")
    );
    for (after, ignored, phase) in [(0, "", "Escalated"), (1, "Late", "Expired")] {
        let mut world = expiring();
        world.now = end + SignedDuration::from_secs(after);
        world.approve(DESK, "finance", "L1");
        world.now = end + SignedDuration::from_secs(3_600);
        world.settle();
        assert_eq!((world.last_ignored(), world.phase()), (ignored, phase), "{after} s after the end");
    }
}

#[test]
fn a_level_whose_only_holder_may_not_approve_is_skipped() {
    let finance = |holder: &str, aliases: &str| {
        let world = escalated(|world| {
            world.rules(|policy| {
                policy
                    .spec
                    .holders
                    .iter_mut()
                    .find(|h| h.function == "finance" && h.level == "L1")
                    .unwrap()
                    .subjects = read(&format!("[{{kind: User, name: '{holder}'}}]"));
                policy.spec.aliases.extend(read::<Vec<_>>(aliases));
            });
        });
        (step(&world, "finance").level, asked(&world, "finance").len())
    };
    assert_eq!(finance("d.desk", "[]"), ("L1".to_owned(), 1));
    assert_eq!(finance("s.patel", "[]"), ("L2".to_owned(), 1), "the owner");
    assert_eq!(finance("oidc:patel", "[{username: s.patel, aliases: ['oidc:patel']}]"), ("L2".to_owned(), 1));
    assert_eq!(finance(LEA.0, "[]"), ("L2".to_owned(), 1), "a representative");
    assert_eq!(
        finance("l.vogt", "[{username: lea@havlink.example, aliases: [l.vogt]}]"),
        ("L2".to_owned(), 1)
    );
}

#[test]
fn a_verdict_that_counted_stands_when_its_maker_loses_the_role() {
    let mut world = World::escalated_fleet();
    world.approve(DESK, "finance", "L1");
    world.settle();
    let verdict = step(&world, "finance").decided_by;
    world.rules(|policy| policy.spec.holders.retain(|holder| holder.function != "finance"));
    world.edit(|agreement| agreement.spec.provider.owner_username = "d.desk".to_owned());
    world.settle();
    assert_eq!(
        (step(&world, "finance").decided_by, state(&world, "finance")),
        (verdict, ApprovalState::Approved)
    );
}

#[test]
fn what_was_ignored_is_weighed_anew_when_people_change() {
    let mut world = World::escalated_fleet();
    let newcomer = Somebody("new.partner", &[]);
    assert_eq!(tried(&mut world, newcomer, "finance", "L2"), "NotHolder");
    world.rules(|policy| {
        policy
            .spec
            .holders
            .iter_mut()
            .find(|h| h.function == "finance" && h.level == "L2")
            .unwrap()
            .subjects = read("[{kind: User, name: new.partner}]");
    });
    world.settle();
    assert_eq!((world.last_ignored(), state(&world, "finance")), ("", ApprovalState::Approved));
}

fn before_confirmation() -> World {
    let mut world = World::fleet();
    world.rules(|policy| policy.spec.rules.escalation.timing = EscalationTiming::BeforeConfirmation);
    world.settle();
    world.pass(60);
    world
}

fn approved_before_confirmation() -> World {
    let mut world = before_confirmation();
    world.approve(DESK, "finance", "L1");
    world.settle();
    world.pass(60).approve(MARY, "sales", "L3");
    world.settle();
    world.pass(60);
    world
}

#[test]
fn managers_are_asked_before_the_customer_where_the_policy_says_so() {
    let mut world = before_confirmation();
    assert_eq!(world.phase(), "Escalated");
    assert_eq!(world.status().waiting_for[0].digest, Some(world.terms_digest()));
    world.approve(DESK, "finance", "L1");
    world.settle();
    world.pass(60).approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
    world.pass(60).confirm(OMAR);
    world.confirm(LEA);
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff", "nothing was left out, so what was approved holds");
}

#[test]
fn leaving_an_order_out_voids_what_was_approved_before_and_managers_are_asked_again() {
    let mut world = approved_before_confirmation();
    world.confirm_but(OMAR, &[("handsets", "buying elsewhere")]);
    world.confirm_but(LEA, &[("handsets", "buying elsewhere")]);
    world.settle();
    assert_eq!((world.phase(), state(&world, "finance")), ("Escalated", ApprovalState::Waiting));
    assert_eq!(world.status().waiting_for[0].digest, Some(world.confirmation_digest()));
    let reasons: Vec<_> = world.ignored().iter().map(|i| i.reason.as_str()).collect();
    assert_eq!(reasons, ["Stale", "Stale"]);
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    world.pass(60).approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
}

#[test]
fn a_confirmation_before_the_managers_approved_is_out_of_turn_where_they_come_first() {
    let mut world = before_confirmation();
    world.confirm(OMAR);
    world.settle();
    assert_eq!(world.last_ignored(), "OutOfTurn");
    assert_eq!(world.condition("Understood").2, "the customer has yet to say that the terms are understood");
    world.approve(DESK, "finance", "L1");
    world.settle();
    world.pass(60).approve(MARY, "sales", "L3");
    world.state(LEA, Statement::Understood);
    world.settle();
    assert_eq!(world.last_ignored(), "", "the same second is in turn");
    assert_eq!(world.phase(), "AwaitingConfirmation");
    world.pass(60).confirm(OMAR);
    world.confirm(LEA);
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
    // Where nobody has to approve, the customer is asked at once.
    let mut fibre = World::fibre();
    fibre.rules(|policy| policy.spec.rules.escalation.timing = EscalationTiming::BeforeConfirmation);
    fibre.settle();
    fibre.confirm(EVA);
    fibre.settle();
    fibre.act(EVA, Action::Sign);
    fibre.pass(60).act(JONAS, Action::Countersign);
    fibre.settle();
    assert_eq!(fibre.phase(), "Agreed");
}

#[test]
fn a_confirmation_that_counted_stands_when_it_voids_the_approvals_and_their_makers_are_gone() {
    let mut world = approved_before_confirmation();
    world.confirm_but(OMAR, &[("handsets", "no")]);
    world.confirm_but(LEA, &[("handsets", "no")]);
    world.settle();
    let confirmed = world.status().confirmation.clone();
    world.rules(|policy| {
        policy.spec.holders.iter_mut().for_each(|h| h.subjects.retain(|s| s.name != "m.osei"))
    });
    world.pass(60).settle();
    assert_eq!((world.status().confirmation.clone(), world.phase()), (confirmed, "Escalated"));
}
