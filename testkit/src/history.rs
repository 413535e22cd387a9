//! What people do with an agreement, drawn at random; mostly what they are asked to, so that every end is reached.

mod changes;
mod decisions;

pub use decisions::somebody_elses;

use std::sync::Arc;

use changes::{consumer, edit, people};
use countersign_api::agreement_status::{Waiting, WaitingAction};
use countersign_api::{Action, DelegationPolicy, StandardTerms};
use countersign_core::decide::{Changes, Guard};
use decisions::{answer, anything};
use jiff::SignedDuration;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::scenario::{Scenario, scenario};
use crate::world::World;

/// What an agreement starts from, and what happens to it.
#[derive(Clone, Debug)]
pub struct History {
    pub scenario: Scenario,
    /// Whether an author edits the terms when asked to. Where nobody does, the others go on with what they were asked.
    pub edits: bool,
    pub steps: Vec<Step>,
}

/// One thing that happens, and whether the operator looks afterwards.
#[derive(Clone, Debug)]
pub struct Step {
    pub event: Event,
    pub seen: bool,
}

#[derive(Clone, Debug)]
pub enum Event {
    /// Somebody who is waited for does what is waited for.
    Follow { which: usize, who: usize, how: How },
    /// Anybody does anything.
    Act { who: usize, action: Action, function: usize, how: How },
    /// Time goes by.
    Pass(i64),
    /// Time goes by until the operator wakes up, more or less.
    ToWake(i64),
    /// The terms, or something beside them, are edited.
    Edit(u8),
    /// The admission policies go and come back.
    Guard(bool),
    /// The policy or the catalogue goes and comes back.
    Rules(u8),
    /// Holders and substitutes change.
    People(u8),
    /// A consumer, or the server, does something about order requests.
    Consumer(u8),
}

/// What of a decision is not as it should be, and what it says.
#[derive(Clone, Copy, Debug)]
pub struct How {
    wrong: Option<Wrong>,
    /// Which orders are left out, as bits.
    left_out: u8,
    statements: u8,
    attested: bool,
    /// Somebody who is asked says no, in one way or another.
    objection: u8,
    /// Seconds since the last thing that happened.
    after: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    Digest,
    Revision,
    Uid,
    Name,
    Orders,
    Level,
}

/// Ways in which a decision is about something else.
pub const WRONG_REFERENCES: [Wrong; 4] = [Wrong::Digest, Wrong::Revision, Wrong::Uid, Wrong::Name];

/// Everybody who may turn up, with groups.
const PEOPLE: [(&str, &[&str]); 13] = [
    ("eva@customer.example", &[]),
    ("omar@customer.example", &[]),
    ("lea@customer.example", &[]),
    ("j.berg", &["account-managers"]),
    ("m.osei", &[]),
    ("oidc:m.osei@telecom.example", &[]),
    ("r.lind", &[]),
    ("u.many", &[]),
    ("v.many", &[]),
    ("d.desk", &["deal-desk", "account-managers"]),
    ("c.law", &["contract-lawyers", "service-managers"]),
    ("stranger", &["customers"]),
    ("clerk", &[]),
];

/// Who records what representatives did, by the place in the list.
pub const CLERK: usize = 12;

const ACTIONS: [Action; 8] = [
    Action::Confirm,
    Action::Decline,
    Action::RequestChange,
    Action::Approve,
    Action::Refuse,
    Action::Sign,
    Action::Countersign,
    Action::Withdraw,
];

prop_compose! {
    fn how()(
        wrong in prop_oneof![
            20 => Just(None),
            1 => select(vec![
                Wrong::Digest, Wrong::Revision, Wrong::Uid, Wrong::Name, Wrong::Orders, Wrong::Level,
            ]).prop_map(Some),
        ],
        left_out in prop_oneof![3 => Just(0_u8), 1 => 0_u8..8],
        statements in prop_oneof![4 => Just(3_u8), 1 => 1_u8..3],
        attested in prop::bool::weighted(0.1),
        objection in prop_oneof![26 => Just(0_u8), 1 => Just(1), 2 => Just(2), 1 => Just(3)],
        after in select(vec![0_i64, 1, 1, 7]),
    ) -> How {
        How { wrong, left_out, statements, attested, objection, after }
    }
}

prop_compose! {
    fn follow()(which in 0_usize..4, who in 0_usize..6, how in how()) -> Event {
        Event::Follow { which, who, how }
    }
}

prop_compose! {
    fn act()(
        who in 0..PEOPLE.len(), action in select(&ACTIONS[..]), function in 0_usize..5, how in how(),
    ) -> Event {
        Event::Act { who, action, function, how }
    }
}

fn steps(event: impl Strategy<Value = Event>, seen: f64, most: usize) -> impl Strategy<Value = Vec<Step>> {
    vec((event, prop::bool::weighted(seen)).prop_map(|(event, seen)| Step { event, seen }), 1..most)
}

const DAY: i64 = 86_400;

/// What can happen to an agreement, in the world as it is.
pub fn everything() -> impl Strategy<Value = History> {
    let event = prop_oneof![
        24 => follow(),
        4 => act(),
        4 => select(vec![0, 1, 59, 3_600, DAY, 3 * DAY]).prop_map(Event::Pass),
        1 => select(vec![7 * DAY, 21 * DAY]).prop_map(Event::Pass),
        2 => (-1_i64..=1).prop_map(Event::ToWake),
        2 => (0_u8..10).prop_map(Event::Edit),
        1 => any::<bool>().prop_map(Event::Guard),
        1 => (0_u8..4).prop_map(Event::Rules),
        1 => (0_u8..5).prop_map(Event::People),
        3 => (0_u8..8).prop_map(Event::Consumer),
    ];
    (scenario(), steps(event, 0.8, 28)).prop_map(|(scenario, steps)| History { scenario, edits: true, steps })
}

/// Nothing but decisions, and time that ends no wait; every step is looked at.
pub fn decisions_only() -> impl Strategy<Value = History> {
    let event = prop_oneof![
        14 => follow(),
        4 => act(),
        3 => select(vec![0_i64, 1, 59]).prop_map(Event::Pass),
    ];
    (scenario(), steps(event, 1.0, 20)).prop_map(|(mut scenario, steps)| {
        scenario.agreement.offer_hours = 24 * 200;
        History { scenario, edits: false, steps }
    })
}

/// A world in which a history happens.
pub struct Life {
    pub world: World,
    edits: bool,
    /// What people were last asked to decide.
    asked: Vec<Waiting>,
    policy: Arc<DelegationPolicy>,
    terms: StandardTerms,
}

/// When somebody looks at a history.
pub enum Moment<'p> {
    /// Something happened, and nobody has looked at it.
    Happened,
    /// The operator looked, and is about to carry this plan out.
    Planned(&'p Changes),
    /// Nothing is left to do.
    Settled {
        /// How many statuses were written for it.
        written: usize,
        /// How many order requests were made for it.
        made: usize,
    },
}

/// Lives through a history; `look` is called at each moment.
pub fn live(history: &History, mut look: impl FnMut(&World, &Moment<'_>)) -> Life {
    let world = history.scenario.world();
    let mut life = Life {
        edits: history.edits,
        asked: Vec::new(),
        policy: world.policies[0].clone(),
        terms: world.terms.clone().unwrap(),
        world,
    };
    life.settle(&mut look);
    for step in &history.steps {
        if life.happen(&step.event) {
            look(&life.world, &Moment::Happened);
        }
        if step.seen {
            life.settle(&mut look);
        }
    }
    life.settle(&mut look);
    life
}

/// Lives through a history, and looks whenever nothing is left to do.
pub fn at_rest(history: &History, mut look: impl FnMut(&World)) -> Life {
    live(history, |world, moment| {
        if let Moment::Settled { .. } = moment {
            look(world);
        }
    })
}

impl Life {
    fn settle(&mut self, look: &mut impl FnMut(&World, &Moment<'_>)) {
        let (mut written, mut made) = (0, 0);
        for _ in 0..10 {
            let plan = self.world.plan();
            look(&self.world, &Moment::Planned(&plan));
            let refused = &self.world.refused;
            let create =
                plan.orders.iter().filter(|order| !refused.iter().any(|r| r.order_id == order.spec.order_id));
            let create = create.count();
            let nothing = plan.status.is_none() && create == 0;
            written += usize::from(plan.status.is_some());
            made += create;
            self.carry_out(plan);
            if nothing {
                look(&self.world, &Moment::Settled { written, made });
                return;
            }
        }
        panic!("the plans never come to an end: {:#?}", self.world.agreement.status);
    }

    fn carry_out(&mut self, plan: Changes) {
        let Changes { status, orders, notices, wake } = plan;
        self.world.wake = wake;
        if let Some(status) = status {
            self.world.write(&status);
        }
        for order in orders {
            if !self.world.refused.iter().any(|refused| refused.order_id == order.spec.order_id) {
                self.world.create(order);
            }
        }
        self.world.told.extend(notices);
    }

    /// Whether anything happened at all.
    fn happen(&mut self, event: &Event) -> bool {
        let world = &mut self.world;
        match event {
            Event::Follow { which, who, how } => {
                let waiting = &world.status().waiting_for;
                let edit_is_due = waiting.iter().any(|wait| wait.action == WaitingAction::Edit);
                if edit_is_due && self.edits {
                    return edit(world, 0);
                }
                if !edit_is_due {
                    self.asked.clone_from(waiting);
                }
                let Some(wait) = self.asked.get(which % self.asked.len().max(1)).cloned() else {
                    // Nobody is waited for any more, but those who take the orders over.
                    return consumer(world, u8::try_from(*who).unwrap());
                };
                world.pass(how.after);
                let Some(decision) = answer(world, &wait, *who, how) else { return false };
                world.store(decision);
            }
            Event::Act { who, action, function, how } => {
                world.pass(how.after);
                let decision = anything(world, *who, *action, *function, how);
                world.store(decision);
            }
            Event::Pass(seconds) => {
                world.pass(*seconds);
            }
            Event::ToWake(offset) => {
                let Some(time) = world.wake else { return false };
                world.now = world.now.max(time + SignedDuration::from_secs(*offset));
            }
            Event::Edit(kind) => return edit(world, *kind),
            Event::Guard(true) => world.guard = Guard::Active { since: Some(world.now) },
            Event::Guard(false) => world.guard = Guard::Inactive { because: "binding deleted".to_owned() },
            Event::Rules(0) => world.policies.clear(),
            Event::Rules(1) => world.terms = None,
            Event::Rules(_) => {
                world.policies = vec![self.policy.clone()];
                world.terms = Some(self.terms.clone());
            }
            Event::People(kind) => return people(world, *kind, &self.policy),
            Event::Consumer(kind) => return consumer(world, *kind),
        }
        true
    }
}
