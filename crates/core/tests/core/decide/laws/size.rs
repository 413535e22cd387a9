//! At the limits of what the server takes, in long words of any script, status stays small.

//!
//! People have names of up to 64 characters here: who decided what is never shortened.

use countersign_api::Action;
use countersign_api::agreement_decision::{OrderConfirmation, Statement};
use countersign_api::customer_agreement::{Order, Representative, Term};
use countersign_api::delegation_policy::EscalationMode;
use countersign_api::standard_terms::StandardTerm;
use proptest::prelude::*;

use super::config;
use testkit::people::{JONAS, Somebody};
use testkit::world::World;

/// The most that a status may have, in bytes.
const MOST: usize = 64 * 1024;

/// How far an agreement goes: as many of each thing, each as long.
#[derive(Clone, Debug)]
struct Size {
    letter: char,
    orders: usize,
    terms: usize,
    representatives: usize,
    refused: usize,
    ignored: usize,
    /// Terms that deviate, or are no good.
    faulty: bool,
    parallel: bool,
    change: bool,
}

prop_compose! {
    fn sizes()(
        letter in prop::sample::select(vec!['m', 'é', '語', '\u{1f600}', '"']),
        orders in prop_oneof![Just(100), 0_usize..100],
        terms in prop_oneof![Just(200), 7_usize..200],
        representatives in prop_oneof![Just(32), 1_usize..32],
        refused in prop_oneof![Just(100), 0_usize..100],
        ignored in prop_oneof![Just(20), 0_usize..20],
        faulty in prop::bool::weighted(0.2),
        (parallel, change) in (any::<bool>(), any::<bool>()),
    ) -> Size {
        Size { letter, orders, terms, representatives, refused, ignored, faulty, parallel, change }
    }
}

impl Size {
    /// As long as the schema allows.
    fn words(&self, most: usize) -> String {
        self.letter.to_string().repeat(most)
    }

    fn name(&self, n: usize, most: usize) -> String {
        format!("{n}{}", self.words(most - n.to_string().len()))
    }

    fn world(&self) -> World {
        let mut world = World::fibre();
        let catalogue = world.terms.as_mut().unwrap();
        let spec = &mut world.agreement.spec;
        let (standard, term) = (catalogue.spec.terms[0].clone(), spec.terms[0].clone());
        for n in spec.terms.len()..self.terms {
            let id = format!("{n}-{}", "t".repeat(59));
            catalogue.spec.terms.push(StandardTerm { id: id.clone(), ..standard.clone() });
            let value = if self.faulty { self.words(256) } else { "45".to_owned() };
            spec.terms.push(Term { id, value: Some(value), text: Some(self.words(4_096)), ..term.clone() });
        }
        let order = spec.orders[0].clone();
        spec.orders = (0..self.orders)
            .map(|n| Order { id: format!("{n}-{}", "o".repeat(60)), ..order.clone() })
            .collect();
        let eva = spec.customer.representatives[0].clone();
        spec.customer.representatives = (0..self.representatives)
            .map(|n| Representative { name: self.name(n, 256), username: self.name(n, 64), ..eva.clone() })
            .collect();
        let jonas = spec.provider.signatories[0].clone();
        spec.provider.signatories.extend((1..32).map(|n| {
            let mut signatory = jonas.clone();
            (signatory.name, signatory.username) = (self.name(n, 256), self.name(n + 100, 64));
            signatory
        }));
        world.rules(|policy| {
            let rules = &mut policy.spec.rules;
            if self.parallel {
                rules.escalation.mode = EscalationMode::Parallel;
            }
            for level in rules.ladders.iter_mut().flat_map(|ladder| &mut ladder.levels) {
                level.title = self.words(256);
            }
            for holder in &mut policy.spec.holders {
                let held = holder.subjects[0].clone();
                holder.subjects.extend((1..32).map(|n| {
                    let mut subject = held.clone();
                    subject.name = self.name(n, 64);
                    subject
                }));
            }
        });
        world
    }

    /// What everybody who is asked says, in as many words as there is room for.
    fn answer(&self, world: &mut World) {
        let waits = world.status().waiting_for.clone();
        for wait in waits {
            let Some(action) = wait.action.decision() else { continue };
            for subject in wait.subjects.iter().take(32) {
                let mut spec = world.draft(Somebody("", &[]), Action::Decline);
                (spec.action, spec.reason) = (action, Some(self.words(1_024)));
                spec.agreement_ref.digest.clone_from(wait.digest.as_ref().unwrap());
                spec.decided_by.username.clone_from(&subject.subject.name);
                spec.decided_by.groups = vec![subject.subject.name.clone()];
                if action == Action::Confirm {
                    spec.statements = vec![Statement::Understood, Statement::Acceptable];
                    spec.orders = world.outcomes(&[]);
                    for order in spec.orders.iter_mut().take(self.refused) {
                        order.outcome = OrderConfirmation::NotConfirmed;
                        order.reason = Some(self.words(1_024));
                    }
                }
                if action == Action::Approve {
                    let mut steps = world.status().approvals.iter();
                    let step = steps.find(|step| wait.asks(step)).unwrap();
                    (spec.function, spec.level) = (Some(step.function.clone()), Some(step.level.clone()));
                }
                world.store(spec);
            }
        }
    }
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn a_status_stays_under_64_kib_whatever_people_write(size in sizes()) {
        let mut world = size.world();
        world.settle();
        for n in 0..size.ignored {
            let mut spec = world.draft(JONAS, Action::Decline);
            spec.decided_by.username = size.name(n, 256);
            spec.agreement_ref.digest = size.words(71);
            spec.reason = Some(size.words(1_024));
            world.store(spec);
        }
        for _ in 0..8 {
            world.pass(1).settle();
            size.answer(&mut world);
        }
        world.settle();
        if size.change {
            let eva = world.agreement.spec.customer.representatives[0].username.clone();
            let mut spec = world.draft(JONAS, Action::RequestChange);
            spec.decided_by.username = eva;
            spec.reason = Some(size.words(1_024));
            world.store(spec);
        }
        world.pass(1).settle();
        let largest = world.written.iter().map(|status| serde_json::to_vec(status).unwrap().len()).max();
        prop_assert!(largest.is_some_and(|bytes| bytes < MOST), "{:?} bytes, {}", largest, world.phase());
    }
}
