//! Laws of whole histories: people mostly do what they are asked to, so that every end is reached, and now and then not.

mod people;
mod wild;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use countersign::api::agreement_status::{ApprovalState, CustomerAgreementStatus, Side};
use countersign::api::conditions::{condition, phase};
use countersign::api::customer_agreement::{OrderItem, PricePeriod, PriceType, RepresentativeRole};
use countersign::api::delegation_policy::{Countersignature, Required};
use countersign::api::money::Money;
use countersign::api::{Action, AgreementDecision};
use countersign::decide::{Guard, Observed, Plan, Wake, decide};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use self::people::{
    Moment, Scenario, WRONG_REFERENCES, Wrong, decisions_only, everything, live, scenario, somebody_elses,
};
use self::wild::Made;
use crate::laws::config;
use crate::world::World;

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// What the world shows, with other decisions.
fn plan_with(world: &World, decisions: &[Arc<AgreementDecision>], fresh: bool) -> Plan {
    decide(
        &Observed {
            agreement: &world.agreement,
            decisions,
            fresh,
            policies: &world.policies,
            namespace_labels: &world.labels,
            standard_terms: world.terms.as_ref(),
            related: &world.related,
            orders: &world.orders,
            refused: &world.refused,
            guard: world.guard.clone(),
        },
        world.now,
    )
}

fn sealed_time(status: &CustomerAgreementStatus) -> Option<Timestamp> {
    status.sign_off.as_ref()?.sealed_time.as_ref().map(|time| time.0)
}

fn is_final(status: &CustomerAgreementStatus) -> bool {
    status.closed.is_some() || sealed_time(status).is_some()
}

/// Histories reach every end, and the middle: without that the laws would hold of nothing.
#[test]
fn the_histories_are_worth_living_through() {
    let mut runner = TestRunner::deterministic();
    let strategy = scenario(everything());
    let mut reached: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut orders, mut ignored) = (0, BTreeSet::new());
    let histories = 400;
    for _ in 0..histories {
        let scenario = strategy.new_tree(&mut runner).unwrap().current();
        let mut phases = BTreeSet::new();
        let life = live(&scenario, |world, moment| {
            if world.agreement.status.is_some() && !matches!(moment, Moment::Happened) {
                phases.extend(phase::ALL.into_iter().find(|known| *known == world.phase()));
                ignored.extend(world.ignored().iter().map(|ignored| ignored.reason.clone()));
            }
        });
        orders += life.world.orders.len();
        for phase in phases {
            *reached.entry(phase).or_default() += 1;
        }
    }
    for (phase, percent) in [
        (phase::PENDING, 4),
        (phase::AWAITING_CONFIRMATION, 50),
        (phase::ESCALATED, 50),
        (phase::REVISING, 3),
        (phase::AWAITING_SIGN_OFF, 25),
        (phase::ISSUING_ORDERS, 1),
        (phase::AGREED, 12),
        (phase::DECLINED, 2),
        (phase::REFUSED, 2),
        (phase::EXPIRED, 5),
        (phase::WITHDRAWN, 2),
    ] {
        let share = reached.get(phase).copied().unwrap_or_default() * 100 / histories;
        assert!(share >= percent, "only {share} % of the histories come to {phase}: {reached:?}");
    }
    assert!(orders >= 50, "{orders} order requests in all");
    assert!(ignored.len() >= 13, "decisions were ignored for no other reasons than {ignored:?}");
}

/// Nothing is left to do, now or at a later time.
fn rests(world: &World, now: Timestamp) {
    for fresh in [true, false] {
        let plan = world.plan_at(now, fresh);
        assert_eq!(plan.status, None, "at {now}, fresh {fresh}, before {:#?}", world.agreement.status);
        assert_eq!(plan.notices, [], "at {now}");
        assert!(!plan.needs_fresh, "at {now}");
        let held_back = |id: &str| world.refused.iter().any(|refused| refused.order_id == id);
        assert!(plan.orders.iter().all(|order| held_back(&order.spec.order_id)), "at {now}");
        if let (Wake::At(next), Wake::At(wake)) = (plan.wake, world.wake) {
            assert!(now >= wake || next <= wake, "at {now} the wake-up of {wake} is put off to {next}");
        }
    }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn what_was_decided_stays_decided_until_the_operator_wakes_up(scenario in scenario(everything())) {
        let mut was_final = false;
        live(&scenario, |world, moment| {
            let Moment::Settled { written } = moment else { return };
            let now_final = is_final(world.status());
            // Whatever was missed, one write shows it; passing on what was sealed takes another, and so does an order
            // request that is refused. What a later decision replaced stands no longer: after the guard was down, its
            // maker is told so once more.
            let more = [
                now_final && !was_final,
                !world.refused.is_empty(),
                matches!(world.guard, Guard::Active { since: Some(_) }),
            ];
            let most = 1 + more.into_iter().filter(|more| *more).count();
            let last = world.written.iter().rev().take(*written).collect::<Vec<_>>();
            assert!(*written <= most, "{written} writes, newest first: {last:#?}");
            was_final = now_final;
            rests(world, world.now);
            rests(world, world.now + SignedDuration::from_millis(999));
            match world.wake {
                Wake::At(wake) => {
                    let left = wake.duration_since(world.now);
                    for instant in [world.now + seconds(1), world.now + left / 2, wake - seconds(1)] {
                        if instant < wake {
                            rests(world, instant);
                        }
                    }
                }
                Wake::OnChange => {
                    for later in [1, 3_600, 86_400 * 9, 86_400 * 4_000] {
                        rests(world, world.now + seconds(later));
                    }
                }
            }
        });
    }

    #[test]
    fn every_wake_up_lies_ahead_and_none_comes_after_a_deadline(scenario in scenario(everything())) {
        live(&scenario, |world, moment| {
            match moment {
                Moment::Planned(plan) => {
                    if let Wake::At(wake) = plan.wake {
                        assert!(wake > world.now, "{wake} at {}", world.now);
                    }
                }
                Moment::Settled { .. } => {
                    let deadlines = world.status().waiting_for.iter().filter_map(|wait| wait.deadline_time.as_ref());
                    let judged = deadlines.map(|deadline| deadline.0 + seconds(5));
                    let Some(next) = judged.filter(|judged| *judged > world.now).min() else { return };
                    assert!(world.wake <= Wake::At(next), "{:?} for {next}", world.wake);
                }
                Moment::Happened => {}
            }
        });
    }

    #[test]
    fn the_order_in_which_things_are_listed_says_nothing(scenario in scenario(everything()), by in 0_usize..7) {
        live(&scenario, |world, moment| {
            if matches!(moment, Moment::Planned(_)) {
                return;
            }
            let mut decisions = world.decisions.clone();
            for fresh in [true, false] {
                let plan = plan_with(world, &decisions, fresh);
                decisions.reverse();
                assert_eq!(plan_with(world, &decisions, fresh), plan);
                let turn = by % decisions.len().max(1);
                decisions.rotate_left(turn);
                assert_eq!(plan_with(world, &decisions, fresh), plan);
            }
        });
    }

    #[test]
    fn decisions_on_something_else_change_nothing_but_what_is_shown_as_ignored(
        scenario in scenario(everything()),
        who in 0_usize..13,
        action in 0_usize..8,
    ) {
        let mut turn = 0;
        live(&scenario, |world, moment| {
            if matches!(moment, Moment::Planned(_)) || world.agreement.status.is_none() {
                return;
            }
            turn += 1;
            for wrong in WRONG_REFERENCES {
                // What names no digest of this revision is weighed only once the guard is back.
                if wrong == Wrong::Digest && matches!(world.guard, Guard::Inactive { .. }) {
                    continue;
                }
                let mut decisions = world.decisions.clone();
                decisions.insert(turn % (decisions.len() + 1), Arc::new(somebody_elses(world, who, action + turn, wrong)));
                let (without, with) = (plan_with(world, &world.decisions, true), plan_with(world, &decisions, true));
                let shown = |plan: &Plan| {
                    let status = plan.status.as_deref().or(world.agreement.status.as_ref());
                    let mut status = status.cloned().unwrap();
                    status.ignored_decisions.clear();
                    status
                };
                assert_eq!(shown(&with), shown(&without), "{wrong:?}");
                assert_eq!((&with.orders, with.wake), (&without.orders, without.wake), "{wrong:?}");
                let told = |plan: &Plan| {
                    let notices = plan.notices.iter().filter(|notice| notice.reason != "DecisionIgnored");
                    notices.cloned().collect::<Vec<_>>()
                };
                assert_eq!(told(&with), told(&without), "{wrong:?}");
            }
        });
    }

    #[test]
    fn what_is_sealed_or_closed_stays_so_for_ever(scenario in scenario(everything())) {
        let mut sealed = None;
        let mut closed = None;
        live(&scenario, |world, moment| {
            let Moment::Settled { .. } = moment else { return };
            let status = world.status();
            assert!(sealed.is_none() || sealed == sealed_time(status), "sealed at {sealed:?}");
            assert!(closed.is_none() || closed == status.closed, "closed by {closed:?}");
            assert!(status.closed.is_none() || sealed_time(status).is_none(), "sealed and closed");
            sealed = sealed_time(status);
            closed.clone_from(&status.closed);
            if !is_final(status) {
                return;
            }
            for later in [0, 1, 86_400, 86_400 * 400] {
                let later = world.plan_at(world.now + seconds(later), true);
                let later = later.status.as_deref().unwrap_or(status);
                assert_eq!(sealed_time(later), sealed);
                assert_eq!(later.closed, closed);
                assert_eq!(later.phase, status.phase, "at {:?}", world.now);
                assert_eq!(later.orders, status.orders);
            }
        });
    }

    #[test]
    fn an_order_request_follows_every_signature_and_is_made_once(scenario in scenario(everything())) {
        let mut made: BTreeMap<(String, String), usize> = BTreeMap::new();
        let mut names = BTreeSet::new();
        live(&scenario, |world, moment| {
            let Moment::Planned(plan) = moment else { return };
            if plan.orders.is_empty() {
                return;
            }
            let status = world.agreement.status.as_ref().unwrap();
            assert!(sealed_time(status).is_some(), "before sealing");
            assert!(status.closed.is_none() && status.agreed_time.is_none());
            signed_by_everybody(world, &scenario);
            for order in &plan.orders {
                let spec = &order.spec;
                let outcome = status.orders.iter().find(|outcome| outcome.id == spec.order_id).unwrap();
                assert_eq!(outcome.confirmed, Some(true));
                assert_eq!(outcome.order_request_name, order.metadata.name);
                assert_eq!(Some(&spec.agreement_ref.digest), status.confirmation.as_ref().unwrap().digest.as_ref());
                if world.refused.iter().any(|refused| refused.order_id == spec.order_id) {
                    continue;
                }
                *made.entry((spec.order_id.clone(), spec.agreement_ref.digest.clone())).or_default() += 1;
                names.insert(order.metadata.name.clone().unwrap());
            }
        });
        prop_assert!(made.values().all(|times| *times == 1), "{:?}", made);
        prop_assert_eq!(names.len(), made.len());
    }

    #[test]
    fn nobody_counts_twice_or_for_both_sides(scenario in scenario(everything())) {
        live(&scenario, |world, moment| {
            let Moment::Settled { .. } = moment else { return };
            let status = world.status();
            let person = |name: &str| match name {
                "oidc:m.osei@telecom.example" => "m.osei".to_owned(),
                name => name.to_owned(),
            };
            let ended_by = |decision: &String| status.closed.iter().any(|closed| closed.decisions.contains(decision));
            let mut all = Vec::new();
            for step in &status.approvals {
                // Who approved may still refuse.
                let approved = step.decided_by.iter().filter(|verdict| !ended_by(&verdict.decision));
                let people: Vec<String> = approved.map(|verdict| person(&verdict.username)).collect();
                assert_eq!(people.iter().collect::<BTreeSet<_>>().len(), people.len(), "{people:?}");
                if step.state == ApprovalState::Approved {
                    assert_eq!(people.len(), usize::try_from(step.quorum).unwrap());
                }
                all.extend(people);
            }
            if scenario.rules.distinct {
                assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{:#?}", status.approvals);
            }
            let customers = &world.agreement.spec.customer.representatives;
            for approver in &all {
                assert!(!customers.iter().any(|customer| customer.username == *approver), "{approver}");
            }
            let signatures = status.sign_off.iter().flat_map(|sign_off| &sign_off.signatures);
            for signature in signatures {
                let customer = customers.iter().any(|customer| customer.username == signature.username);
                assert_eq!(customer, signature.side == Side::Customer, "{signature:?}");
            }
        });
    }

    #[test]
    fn every_status_says_who_must_act(scenario in scenario(everything())) {
        live(&scenario, |world, moment| {
            let Moment::Settled { .. } = moment else { return };
            let status = world.status();
            conditions_are_complete(status, world.agreement.metadata.generation);
            phase_and_conditions_agree(status);
            let size = serde_json::to_string(status).unwrap().len();
            assert!(size < 64 * 1024, "{size} bytes");
        });
    }
}

fn signed_by_everybody(world: &World, scenario: &Scenario) {
    let status = world.agreement.status.as_ref().unwrap();
    let confirmation = status.confirmation.as_ref().unwrap();
    let signatures = &status.sign_off.as_ref().unwrap().signatures;
    let signed = |username: &str, side: Side| {
        signatures.iter().filter(|signature| signature.side == side).find(|s| s.username == username)
    };
    let signatories = || {
        let representatives = world.agreement.spec.customer.representatives.iter();
        representatives.filter(|r| r.roles.contains(&RepresentativeRole::Signatory))
    };
    match scenario.rules.customers {
        Required::All => assert!(signatories().all(|r| signed(&r.username, Side::Customer).is_some())),
        Required::Any => assert!(signatories().any(|r| signed(&r.username, Side::Customer).is_some())),
    }
    let countersigned = signatures.iter().any(|signature| signature.side == Side::Provider);
    assert_eq!(countersigned, scenario.rules.countersignature == Countersignature::Required);
    for step in &status.approvals {
        assert_eq!(step.state, ApprovalState::Approved);
        assert!(step.decided_by.len() >= usize::try_from(step.quorum).unwrap());
    }
    for (signature, action) in signatures.iter().map(|signature| match signature.side {
        Side::Customer => (signature, Action::Sign),
        Side::Provider => (signature, Action::Countersign),
    }) {
        let name = Some(&signature.decision);
        let decision =
            world.decisions.iter().find(|decision| decision.metadata.name.as_ref() == name).unwrap();
        let spec = &decision.spec;
        assert_eq!(spec.action, action);
        assert_eq!(Some(&spec.agreement_ref.digest), confirmation.digest.as_ref());
        assert_eq!(Some(&spec.agreement_ref.uid), world.agreement.metadata.uid.as_ref());
        assert_eq!(spec.agreement_ref.revision, status.terms.as_ref().unwrap().revision);
    }
}

fn is_camel_case(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase()) && word.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Every condition that is always there is there, in order, and says something.
fn conditions_are_complete(status: &CustomerAgreementStatus, generation: Option<i64>) {
    let types: Vec<&str> = status.conditions.iter().map(|condition| condition.type_.as_str()).collect();
    let (always, trouble) = types.split_at(condition::ALWAYS.len());
    assert_eq!(always, condition::ALWAYS);
    assert!(
        trouble.iter().all(|type_| [condition::RECONCILING, condition::STALLED].contains(type_)),
        "{trouble:?}"
    );
    for condition in &status.conditions {
        assert_eq!(condition.observed_generation, generation, "{condition:?}");
        assert!(is_camel_case(&condition.reason), "{condition:?}");
        assert!(!condition.message.trim().is_empty(), "{condition:?}");
        assert!(["True", "False", "Unknown"].contains(&condition.status.as_str()), "{condition:?}");
        if trouble.contains(&condition.type_.as_str()) {
            assert_eq!(condition.status, "True", "{condition:?}");
        }
    }
    assert_eq!(status.observed_generation, generation);
    assert!(phase::ALL.contains(&status.phase.as_deref().unwrap()), "{:?}", status.phase);
}

/// The table of the design: the phase, who must act, and what the conditions say.
fn phase_and_conditions_agree(status: &CustomerAgreementStatus) {
    let phase = status.phase.as_deref().unwrap();
    let of = |type_: &str| status.conditions.iter().find(|condition| condition.type_ == type_);
    let ready = of(condition::READY).unwrap();
    let stalled = of(condition::STALLED).map(|stalled| stalled.reason.as_str());
    let reconciling = of(condition::RECONCILING).is_some();
    assert_eq!(ready.status == "True", phase == phase::AGREED, "{ready:?}");
    let somebody = !status.waiting_for.is_empty()
        && status.waiting_for.iter().all(|wait| !wait.who.is_empty() && !wait.subjects.is_empty());
    let ended = [phase::AGREED, phase::DECLINED, phase::REFUSED, phase::EXPIRED, phase::WITHDRAWN];
    if ended.contains(&phase) {
        assert!(status.waiting_for.is_empty() && status.waiting_on.is_none());
        assert!(stalled.is_none() && !reconciling, "{stalled:?}");
        assert_eq!(ready.reason, phase);
        return;
    }
    assert!(somebody || stalled.is_some() || reconciling, "{phase}: nobody has to act");
    assert!(status.waiting_on.is_some() || phase == phase::ISSUING_ORDERS);
    // A fault that stalls is the reason why it is not ready; a level that stays silent is a wait like others.
    let anywhere = ["PolicyMissing", "TermsMissing", "GuardInactive"];
    let expected: &[&str] = match phase {
        phase::PENDING => &["TermsInvalid", "NoPolicy", "PolicyConflict", "NoAuthority", "LinkInvalid"],
        phase::AWAITING_CONFIRMATION => &["AwaitingConfirmation"],
        phase::ESCALATED => &["AwaitingApproval"],
        phase::REVISING => &["ChangeRequested"],
        phase::AWAITING_SIGN_OFF => &["AwaitingSignature"],
        _ => &["IssuingOrders", "NameConflict"],
    };
    let reason = ready.reason.as_str();
    assert!(expected.contains(&reason) || anywhere.contains(&reason), "{phase}: {reason}");
    match phase {
        phase::PENDING => assert_eq!(stalled, Some(reason)),
        phase::ISSUING_ORDERS => {
            assert!(reconciling && stalled.is_none_or(|reason| reason == "NameConflict"))
        }
        _ if anywhere.contains(&reason) => assert_eq!(stalled, Some(reason)),
        phase::ESCALATED => assert!(stalled.is_none_or(|reason| reason == "EscalationExhausted")),
        _ => assert_eq!(stalled, None),
    }
    assert_eq!(reconciling, phase == phase::ISSUING_ORDERS);
}

/// What an agreement comes to.
#[derive(Debug, PartialEq)]
struct Facts {
    phase: Option<String>,
    sealed: bool,
    ended_by: Option<(String, Vec<String>)>,
    confirmed_by: Vec<String>,
    orders: Vec<(String, Option<bool>)>,
    approved_by: Vec<(String, Vec<String>)>,
    signed_by: Vec<String>,
    change: Option<String>,
}

fn facts(status: &CustomerAgreementStatus) -> Facts {
    Facts {
        phase: status.phase.clone(),
        sealed: sealed_time(status).is_some(),
        ended_by: status
            .closed
            .as_ref()
            .map(|closed| (format!("{:?}", closed.outcome), closed.decisions.clone())),
        confirmed_by: status
            .confirmation
            .iter()
            .flat_map(|c| &c.decisions)
            .map(|d| d.decision.clone())
            .collect(),
        orders: status.orders.iter().map(|order| (order.id.clone(), order.confirmed)).collect(),
        approved_by: status
            .approvals
            .iter()
            .map(|step| {
                (
                    step.function.clone(),
                    step.decided_by.iter().map(|verdict| verdict.decision.clone()).collect(),
                )
            })
            .collect(),
        signed_by: status.sign_off.iter().flat_map(|s| &s.signatures).map(|s| s.decision.clone()).collect(),
        change: status.change_request.as_ref().map(|change| change.decision.clone()),
    }
}

proptest! {
    #![proptest_config(config(600))]

    /// An operator that was down comes to what it would have come to, up to what cannot be revoked: no deadline lies
    /// between, and nothing but decisions happened.
    #[test]
    fn what_is_seen_late_counts_as_if_it_had_been_seen_at_once(
        mut scenario in scenario(decisions_only()),
        looks in prop::collection::vec(prop::bool::weighted(0.3), 32),
    ) {
        scenario.agreement.offer_hours = 24 * 200;
        scenario.edits = false;
        let mut at_once: Option<(Facts, usize, Timestamp)> = None;
        let life = live(&scenario, |world, moment| {
            let Moment::Settled { .. } = moment else { return };
            if at_once.as_ref().is_none_or(|(facts, _, _)| !facts.sealed && facts.ended_by.is_none()) {
                at_once = Some((facts(world.status()), world.decisions.len(), world.now));
            }
        });
        let (expected, decisions, now) = at_once.unwrap();
        let mut late = scenario.world();
        for (decision, look) in life.world.decisions.iter().take(decisions).zip(looks) {
            late.now = decision.metadata.creation_timestamp.clone().unwrap().0;
            late.decisions.push(decision.clone());
            if look && late.now < now {
                late.settle();
            }
        }
        late.now = now;
        late.settle();
        let ignored: Vec<_> = late.ignored().iter().map(|i| format!("{} {}", i.name, i.reason)).collect();
        prop_assert_eq!(facts(late.status()), expected, "ignored: {:?}", ignored);
    }
}

proptest! {
    #![proptest_config(config(600))]

    /// Whatever is stored, the operator decides something about it and says so in words.
    #[test]
    fn no_document_is_too_wild(
        scenario in scenario(everything()),
        cut in 0_usize..28,
        made in prop::sample::select(&[Made::Everything, Made::Some, Made::Some, Made::StatusToo][..]),
        seed in any::<u64>(),
    ) {
        let mut scenario = scenario;
        scenario.steps.truncate(cut);
        let mut world = live(&scenario, |_, _| {}).world;
        wild::spoil(&mut world, made, seed);
        for fresh in [false, true, true] {
            let plan = world.plan_at(world.now, fresh);
            for notice in &plan.notices {
                prop_assert!(!notice.note.trim().is_empty(), "{:?}", notice);
                prop_assert!(notice.note.len() <= 1_024 && !notice.note.contains(is_awkward), "{:?}", notice);
                prop_assert!(is_camel_case(notice.reason) && is_camel_case(notice.action), "{:?}", notice);
            }
            if let Wake::At(wake) = plan.wake {
                prop_assert!(wake > world.now);
            }
            let Some(status) = plan.status else { continue };
            if made != Made::StatusToo {
                conditions_are_complete(&status, world.agreement.metadata.generation);
                for condition in &status.conditions {
                    prop_assert!(!condition.message.contains(is_awkward), "{:?}", condition);
                }
                for ignored in &status.ignored_decisions {
                    prop_assert!(!ignored.message.trim().is_empty(), "{:?}", ignored);
                }
            }
            world.agreement.status = Some(*status);
        }
    }
}

/// Characters that break a line, hide or turn text around.
fn is_awkward(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}

/// Level that each function asks for, from 1; 99 where nobody's authority is enough.
fn required(world: &mut World) -> BTreeMap<String, usize> {
    world.settle();
    let status = world.status();
    let functions = ["sales", "finance", "legal", "service"].into_iter();
    if world.condition(condition::VALID).1 == "NoAuthority" {
        return functions.map(|function| (function.to_owned(), 99)).collect();
    }
    assert_eq!(world.condition(condition::VALID).0, "True", "{:?}", world.condition(condition::VALID));
    let level = |function: &str| {
        let step = status.approvals.iter().find(|step| step.function == function);
        step.map_or(0, |step| step.level.trim_start_matches('L').parse::<usize>().unwrap())
    };
    functions.map(|function| (function.to_owned(), level(function))).collect()
}

fn never_lower(before: &BTreeMap<String, usize>, after: &BTreeMap<String, usize>) {
    for (function, level) in before {
        assert!(after[function] >= *level, "{function}: {before:?}, then {after:?}");
    }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn splitting_an_order_or_giving_more_away_never_lowers_a_requirement(
        mut scenario in scenario(Just(Vec::new())),
        items in prop::collection::vec((0_usize..4, 1_i32..2_000, 0_u32..4_000_000, 0_u32..60, 1_i32..130), 1..6),
        which in 0_usize..6,
        split in 0_u8..64,
        more in 1_u32..60,
    ) {
        scenario.agreement.orders = 1;
        let mut world = scenario.world();
        let template = world.agreement.spec.orders[0].items[0].clone();
        let kinds = [PriceType::OneTime, PriceType::Recurring, PriceType::Recurring, PriceType::Usage];
        let item = |(n, (kind, quantity, cents, discount, months)): (usize, &(usize, i32, u32, u32, i32))| {
            let mut item = template.clone();
            item.id = format!("i{n}");
            item.quantity = *quantity;
            item.discount_percent = Some(discount.to_string());
            item.commitment_months = Some(*months);
            item.prices.truncate(1);
            item.prices[0].price_type = kinds[*kind];
            item.prices[0].period = match kind {
                1 => Some(PricePeriod::Month),
                2 => Some(PricePeriod::Quarter),
                _ => None,
            };
            item.prices[0].amount = format!("{}.{:02}", cents / 100, cents % 100);
            item
        };
        let items: Vec<_> = items.iter().enumerate().map(item).collect();
        world.agreement.spec.orders[0].items.clone_from(&items);
        let untouched = world.clone();
        let before = required(&mut world);

        let mut apart = untouched.clone();
        let mut second = apart.agreement.spec.orders[0].clone();
        let (left, right): (Vec<_>, Vec<_>) = items.iter().cloned().enumerate().partition(|(n, _)| split >> n & 1 == 0);
        let plain = |items: Vec<(usize, OrderItem)>| items.into_iter().map(|(_, item)| item).collect::<Vec<_>>();
        second.id = "second".to_owned();
        second.items = plain(right);
        apart.agreement.spec.orders[0].items = plain(left);
        apart.agreement.spec.orders.push(second);
        prop_assert_eq!(&required(&mut apart), &before, "an order cut in two is worth the same");

        let which = which % items.len();
        let mut cheaper = untouched.clone();
        let discount = &mut cheaper.agreement.spec.orders[0].items[which].discount_percent;
        let given: u32 = discount.as_ref().unwrap().parse().unwrap();
        *discount = Some((given + more).min(100).to_string());
        never_lower(&before, &required(&mut cheaper));

        let mut larger = untouched.clone();
        let price = &mut larger.agreement.spec.orders[0].items[which].prices[0];
        price.amount = format!("{}{}", more, price.amount);
        never_lower(&before, &required(&mut larger));

        let mut longer = untouched.clone();
        *longer.agreement.spec.orders[0].items[which].commitment_months.as_mut().unwrap() += i32::try_from(more).unwrap();
        never_lower(&before, &required(&mut longer));

        let mut floor = untouched;
        floor.agreement.spec.estimated_value =
            Some(Money { amount: format!("{}.00", more * 1_000_000), currency: "EUR".to_owned() });
        never_lower(&before, &required(&mut floor));
    }
}
