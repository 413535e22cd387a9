//! Laws: what holds for every agreement, every policy and every history, whatever people do and whenever they do it.

//!
//! `scenario` draws agreements and policies, `people` what happens to them, `wild` documents that nobody would write.

mod authority;
mod counting;
mod ends;
mod listing;
mod rest;
mod risk;
mod size;
mod status;
mod wild;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use countersign_api::AgreementDecision;
use countersign_api::agreement_status::CustomerAgreementStatus;
use countersign_api::conditions::phase;
use countersign_core::decide::Changes;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngSeed, TestRunner};
use testkit::history::{Moment, everything, live};
use testkit::world::{World, changes};

/// The same cases every time; others with `PROPTEST_RNG_SEED=n`.
fn config(cases: u32) -> ProptestConfig {
    let default = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    match default.rng_seed {
        RngSeed::Random => ProptestConfig { rng_seed: RngSeed::Fixed(651_622), ..default },
        RngSeed::Fixed(_) => default,
    }
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// What the world shows, with other decisions.
fn plan_with(world: &World, decisions: &[Arc<AgreementDecision>], fresh: bool) -> Changes {
    let mut with = world.clone();
    with.decisions = decisions.to_vec();
    changes(with.plan_at(world.now, fresh))
}

fn revision(status: &CustomerAgreementStatus) -> i64 {
    status.terms.as_ref().map_or(0, |terms| terms.revision)
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
    let strategy = everything();
    let mut reached: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut orders, mut ignored) = (0, BTreeSet::new());
    let histories = 400;
    for _ in 0..histories {
        let history = strategy.new_tree(&mut runner).unwrap().current();
        let mut phases = BTreeSet::new();
        let life = live(&history, |world, moment| {
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
