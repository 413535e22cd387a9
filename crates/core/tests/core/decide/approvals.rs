//! S4: who is asked for the provider's own agreement, who decided, and what silence does.

mod asking;
mod before_the_customer;
mod change_requests;
mod distinct;
mod exhausted;
mod holders;
mod quorum;
mod refusals;
mod silence;
mod skipped;
mod stale;
mod substitutes;
mod turns;
mod waits;

use countersign_api::Action;
use countersign_api::agreement_status::{Approval, ApprovalState};
use countersign_api::delegation_policy::{DelegationPolicy, EscalationMode, Holder, Quorum, Substitute};
use countersign_api::subject::{Subject, SubjectKind};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use testkit::people::{DESK, Somebody};
use testkit::world::World;

/// Another member of the deal desk.
const DORA: Somebody = Somebody("dora.desk", &["deal-desk"]);
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
    world.confirmed_without_handsets();
    world
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
