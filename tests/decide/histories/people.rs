//! Agreements, policies and what people do with them, drawn at random; mostly as it should be.

use std::sync::Arc;

use countersign::api::agreement_decision::{
    DecidedAgreement, DecidedBy, Evidence, OrderConfirmation, OrderDecision, Statement,
};
use countersign::api::agreement_status::{Waiting, WaitingAction};
use countersign::api::customer_agreement::{Order, Representative, RepresentativeRole, Term};
use countersign::api::delegation_policy::{
    Calendar, Countersignature, EscalationMode, EscalationTiming, Holder, OnTimeout, Permission, Quorum,
    Required, SignOffOrder, Weekday,
};
use countersign::api::order_request::OrderRequestStatus;
use countersign::api::subject::{Subject, SubjectKind};
use countersign::api::{Action, AgreementDecision, AgreementDecisionSpec, DelegationPolicy, StandardTerms};
use countersign::decide::{Guard, Plan, RefusedCreate, Wake};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::core::ObjectMeta;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::world::World;

/// Everything that a history starts from, and what happens in it.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Whether an author edits the terms when asked to. Where nobody does, the others go on with what they were asked.
    pub edits: bool,
    /// Whether the server takes no request for the first order.
    pub quota: bool,
    pub agreement: Agreement,
    pub rules: Rules,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub struct Agreement {
    pub orders: usize,
    pub representatives: usize,
    pub roles: u8,
    /// Terms that are not standard: place in the list, and the value.
    pub deviations: Vec<(usize, &'static str)>,
    pub added_term: bool,
    pub discount: &'static str,
    pub amount: &'static str,
    pub offer_hours: i64,
}

#[derive(Clone, Debug)]
pub struct Rules {
    pub representatives: Required,
    pub partial: Permission,
    pub attestation: Permission,
    pub customers: Required,
    pub order: SignOffOrder,
    pub countersignature: Countersignature,
    pub timing: EscalationTiming,
    pub mode: EscalationMode,
    pub quorum: i32,
    /// Whether the highest levels need nobody beside them.
    pub one_above: bool,
    pub on_timeout: OnTimeout,
    pub earlier: bool,
    pub auto_within: bool,
    pub distinct: bool,
    pub calendar: bool,
    pub answer_hours: i64,
    pub approve_hours: i64,
    pub acknowledge: bool,
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
    /// A consumer, or the server, does something about order requests.
    Consumer(u8),
}

/// What of a decision is not as it should be, and what it says.
#[derive(Clone, Debug)]
pub struct How {
    pub wrong: Wrong,
    /// Which orders are left out, as bits.
    pub left_out: u8,
    pub statements: u8,
    pub attested: bool,
    /// Somebody who is asked says no, in one way or another.
    pub objection: u8,
    /// Seconds since the last thing that happened.
    pub after: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    Nothing,
    Digest,
    OtherDigest,
    Revision,
    Uid,
    Name,
    Orders,
    Level,
}

/// The representatives, by username.
pub const REPRESENTATIVES: [(&str, &str); 3] = [
    ("Eva Lund", "eva@customer.example"),
    ("Omar Diallo", "omar@customer.example"),
    ("Lea Vogt", "lea@customer.example"),
];

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
    ("clerk", &[]),
    ("stranger", &["customers"]),
];

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

const FUNCTIONS: [&str; 4] = ["service", "finance", "legal", "sales"];

/// Values that lie in a band or beyond, by the place of the term in the example.
const DEVIATIONS: [(usize, &str); 8] =
    [(0, "45"), (0, "90"), (1, "12"), (2, "99.95"), (3, "20"), (4, "150"), (4, "500"), (6, "CH")];

pub fn scenario(steps: impl Strategy<Value = Vec<Step>>) -> impl Strategy<Value = Scenario> {
    (agreement(), rules(), steps, prop::bool::weighted(0.2))
        .prop_map(|(agreement, rules, steps, quota)| Scenario { edits: true, quota, agreement, rules, steps })
}

fn agreement() -> impl Strategy<Value = Agreement> {
    let deviations = prop_oneof![3 => Just(Vec::new()), 4 => vec(select(&DEVIATIONS[..]), 1..3)];
    let hours = prop_oneof![3 => 24_i64 * 200..24 * 300, 1 => 1_i64..24 * 20];
    (
        0_usize..=3,
        1_usize..=3,
        0_u8..3,
        deviations,
        prop::bool::weighted(0.1),
        select(&["0", "8", "15", "30", "45"][..]),
        select(&["10.00", "1290.00", "90000.00"][..]),
        hours,
    )
        .prop_map(
            |(orders, representatives, roles, deviations, added_term, discount, amount, offer_hours)| {
                Agreement {
                    orders,
                    representatives,
                    roles,
                    deviations,
                    added_term,
                    discount,
                    amount,
                    offer_hours,
                }
            },
        )
}

fn rules() -> impl Strategy<Value = Rules> {
    let required = || select(&[Required::All, Required::Any][..]);
    let permission = || select(&[Permission::Allowed, Permission::Forbidden][..]);
    let often = prop::bool::weighted(0.8);
    let people = (required(), permission(), permission(), required());
    let signing = (
        select(&[SignOffOrder::CustomerFirst, SignOffOrder::ProviderFirst, SignOffOrder::Any][..]),
        prop_oneof![4 => Just(Countersignature::Required), 1 => Just(Countersignature::Waived)],
    );
    let approving = (
        select(&[EscalationTiming::AfterConfirmation, EscalationTiming::BeforeConfirmation][..]),
        select(&[EscalationMode::Sequential, EscalationMode::Parallel][..]),
        prop_oneof![3 => Just(1), 1 => Just(2)],
        select(&[OnTimeout::EscalateUp, OnTimeout::Expire][..]),
        any::<bool>(),
        any::<bool>(),
        often,
        any::<bool>(),
    );
    let waiting = (
        prop::bool::weighted(0.3),
        select(&[8_i64, 72, 24 * 14][..]),
        select(&[4_i64, 24, 96][..]),
        any::<bool>(),
    );
    (people, signing, approving, waiting).prop_map(|(people, signing, approving, waiting)| Rules {
        representatives: people.0,
        partial: people.1,
        attestation: people.2,
        customers: people.3,
        order: signing.0,
        countersignature: signing.1,
        timing: approving.0,
        mode: approving.1,
        quorum: approving.2,
        on_timeout: approving.3,
        earlier: approving.4,
        auto_within: approving.5,
        distinct: approving.6,
        one_above: approving.7,
        calendar: waiting.0,
        answer_hours: waiting.1,
        approve_hours: waiting.2,
        acknowledge: waiting.3,
    })
}

fn how() -> impl Strategy<Value = How> {
    let wrong = prop_oneof![
        20 => Just(Wrong::Nothing),
        1 => select(&[
            Wrong::Digest,
            Wrong::OtherDigest,
            Wrong::Revision,
            Wrong::Uid,
            Wrong::Name,
            Wrong::Orders,
            Wrong::Level,
        ][..]),
    ];
    let left_out = prop_oneof![3 => Just(0_u8), 1 => 0_u8..8];
    let statements = prop_oneof![4 => Just(3_u8), 1 => 1_u8..3];
    let objection = prop_oneof![26 => Just(0_u8), 1 => Just(1), 2 => Just(2), 1 => Just(3)];
    (wrong, left_out, statements, prop::bool::weighted(0.1), objection, select(&[0_i64, 1, 1, 7][..]))
        .prop_map(|(wrong, left_out, statements, attested, objection, after)| How {
            wrong,
            left_out,
            statements,
            attested,
            objection,
            after,
        })
}

fn follow() -> impl Strategy<Value = Event> {
    (0_usize..4, 0_usize..6, how()).prop_map(|(which, who, how)| Event::Follow { which, who, how })
}

fn act() -> impl Strategy<Value = Event> {
    let action = select(&ACTIONS[..]);
    (0..PEOPLE.len(), action, 0_usize..5, how()).prop_map(|(who, action, function, how)| Event::Act {
        who,
        action,
        function,
        how,
    })
}

const WEEK: i64 = 7 * 86_400;

/// What can happen to an agreement, in the world as it is.
pub fn everything() -> impl Strategy<Value = Vec<Step>> {
    let event = prop_oneof![
        24 => follow(),
        4 => act(),
        4 => select(&[0_i64, 1, 59, 3_600, 86_400, 3 * 86_400]).prop_map(Event::Pass),
        1 => select(&[WEEK, 3 * WEEK]).prop_map(Event::Pass),
        2 => (-1_i64..=1).prop_map(Event::ToWake),
        2 => (0_u8..8).prop_map(Event::Edit),
        1 => any::<bool>().prop_map(Event::Guard),
        1 => (0_u8..4).prop_map(Event::Rules),
        3 => (0_u8..8).prop_map(Event::Consumer),
    ];
    vec((event, prop::bool::weighted(0.8)).prop_map(|(event, seen)| Step { event, seen }), 1..28)
}

/// Nothing but decisions, and time that ends no wait.
pub fn decisions_only() -> impl Strategy<Value = Vec<Step>> {
    let event = prop_oneof![
        14 => follow(),
        4 => act(),
        3 => select(&[0_i64, 1, 59]).prop_map(Event::Pass),
    ];
    vec(event.prop_map(|event| Step { event, seen: true }), 4..20)
}

impl Scenario {
    /// The world before anything happened.
    pub fn world(&self) -> World {
        let mut world = World::fibre();
        self.write_agreement(&mut world);
        let mut policy = (*world.policies[0]).clone();
        self.write_rules(&mut policy);
        world.policies = vec![Arc::new(policy)];
        if self.quota {
            refuse_first(&mut world);
        }
        world
    }

    fn write_agreement(&self, world: &mut World) {
        let wanted = &self.agreement;
        let spec = &mut world.agreement.spec;
        let template = spec.orders.remove(0);
        let order = |n: usize| {
            let mut order: Order = template.clone();
            order.id = format!("o{n}");
            for item in &mut order.items {
                item.discount_percent = Some(wanted.discount.to_owned());
                for price in &mut item.prices {
                    price.amount = wanted.amount.to_owned();
                }
            }
            order
        };
        spec.orders = (0..wanted.orders).map(order).collect();
        let both = [RepresentativeRole::Confirmer, RepresentativeRole::Signatory];
        let last = wanted.representatives - 1;
        spec.customer.representatives = REPRESENTATIVES
            .iter()
            .take(wanted.representatives)
            .enumerate()
            .map(|(n, (name, username))| Representative {
                name: (*name).to_owned(),
                username: (*username).to_owned(),
                roles: match wanted.roles {
                    1 if n > 0 => vec![RepresentativeRole::Confirmer],
                    2 if n == 0 && last > 0 => vec![RepresentativeRole::Confirmer],
                    2 if n == last && last > 0 => vec![RepresentativeRole::Signatory],
                    _ => both.to_vec(),
                },
            })
            .collect();
        let mut second = spec.provider.signatories[0].clone();
        second.name = "Mary Osei".to_owned();
        second.username = "m.osei".to_owned();
        spec.provider.signatories.push(second);
        for (place, value) in &wanted.deviations {
            spec.terms[*place].value = Some((*value).to_owned());
        }
        if wanted.added_term {
            let text = Some("The customer may audit the network once a year.".to_owned());
            spec.terms.push(Term { id: "audit".to_owned(), value: None, text, reason: None });
        }
        spec.offer_end_time = Time(world.now + SignedDuration::from_hours(wanted.offer_hours));
    }

    fn write_rules(&self, policy: &mut DelegationPolicy) {
        let wanted = &self.rules;
        let rules = &mut policy.spec.rules;
        rules.confirmation.representatives = wanted.representatives;
        rules.confirmation.partial_orders = wanted.partial;
        rules.confirmation.attestation = wanted.attestation;
        rules.confirmation.deadline_seconds = wanted.answer_hours * 3_600;
        rules.sign_off.customers = wanted.customers;
        rules.sign_off.order = wanted.order;
        rules.sign_off.countersignature = wanted.countersignature;
        rules.sign_off.deadline_seconds = wanted.answer_hours * 3_600;
        rules.escalation.timing = wanted.timing;
        rules.escalation.mode = wanted.mode;
        rules.escalation.quorum = wanted.quorum;
        if wanted.one_above {
            let levels = ["L2", "L3", "L4"].into_iter();
            rules.escalation.quorums = levels
                .flat_map(|level| FUNCTIONS.map(|function| (function, level)))
                .map(|(function, level)| Quorum {
                    function: function.to_owned(),
                    level: level.to_owned(),
                    count: 1,
                })
                .collect();
        }
        rules.escalation.on_timeout = wanted.on_timeout;
        rules.escalation.earlier_level_may_still_decide = wanted.earlier;
        rules.separation.distinct_approvers = wanted.distinct;
        if !wanted.auto_within {
            rules.auto_within.clear();
        }
        for level in rules.ladders.iter_mut().flat_map(|ladder| &mut ladder.levels) {
            level.deadline_seconds = wanted.approve_hours * 3_600;
        }
        if wanted.calendar {
            rules.calendar = Some(Calendar {
                time_zone: "Europe/Stockholm".to_owned(),
                work_days: vec![Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Friday],
                holidays: vec!["2026-12-25".to_owned()],
            });
        }
        if !wanted.acknowledge {
            rules.acknowledge_within_seconds = None;
        }
        // Two people who hold a level of every function, so that quorums can be reached and nobody may count twice.
        let many = ["u.many", "v.many"];
        let subjects: Vec<Subject> =
            many.iter().map(|name| Subject { kind: SubjectKind::User, name: (*name).to_owned() }).collect();
        for ladder in &rules.ladders {
            for level in &ladder.levels {
                let entry = policy
                    .spec
                    .holders
                    .iter_mut()
                    .find(|holder| holder.function == ladder.function && holder.level == level.name);
                match entry {
                    Some(entry) => entry.subjects.extend(subjects.clone()),
                    None => policy.spec.holders.push(Holder {
                        function: ladder.function.clone(),
                        level: level.name.clone(),
                        subjects: subjects.clone(),
                    }),
                }
            }
        }
    }
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
    Planned(&'p Plan),
    /// Nothing is left to do.
    Settled {
        /// How many statuses were written for it.
        written: usize,
    },
}

/// Lives through a history; `look` is called at each moment.
pub fn live(scenario: &Scenario, mut look: impl FnMut(&World, &Moment<'_>)) -> Life {
    let world = scenario.world();
    let mut life = Life {
        edits: scenario.edits,
        asked: Vec::new(),
        policy: world.policies[0].clone(),
        terms: world.terms.clone().unwrap(),
        world,
    };
    life.settle(&mut look);
    for step in &scenario.steps {
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

impl Life {
    fn settle(&mut self, look: &mut impl FnMut(&World, &Moment<'_>)) {
        let mut written = 0;
        for _ in 0..10 {
            let plan = self.world.plan();
            look(&self.world, &Moment::Planned(&plan));
            let refused = &self.world.refused;
            let create =
                plan.orders.iter().any(|order| !refused.iter().any(|r| r.order_id == order.spec.order_id));
            let nothing = plan.status.is_none() && !create;
            written += usize::from(plan.status.is_some());
            self.carry_out(plan);
            if nothing {
                look(&self.world, &Moment::Settled { written });
                return;
            }
        }
        panic!("the plans never come to an end: {:#?}", self.world.agreement.status);
    }

    fn carry_out(&mut self, plan: Plan) {
        let Plan { needs_fresh, counts: _, status, orders, notices, wake } = plan;
        assert!(!needs_fresh, "a fresh read must be enough");
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
                let waiting = &world.agreement.status.as_ref().unwrap().waiting_for;
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
                let Wake::At(time) = world.wake else { return false };
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
            Event::Consumer(kind) => return consumer(world, *kind),
        }
        true
    }
}

fn edit(world: &mut World, kind: u8) -> bool {
    let now = world.now;
    let sealed = world.agreement.status.as_ref().is_some_and(|status| {
        status.closed.is_some() || status.sign_off.as_ref().is_some_and(|s| s.sealed_time.is_some())
    });
    let inside = kind < 4;
    if sealed && inside {
        // The server refuses it.
        return false;
    }
    world.edit(|agreement| {
        let spec = &mut agreement.spec;
        match kind {
            0 => spec.offer_version += 1,
            1 => spec.terms[0].value = Some("45".to_owned()),
            2 => spec.terms[0].value = Some("30".to_owned()),
            3 => drop(spec.orders.pop()),
            4 => spec.title.push('!'),
            5 => spec.provider.owner_username = "m.osei".to_owned(),
            6 => spec.offer_end_time = Time(now + SignedDuration::from_hours(24 * 30)),
            _ => spec.description = Some(format!("{now}")),
        }
    });
    true
}

fn refuse_first(world: &mut World) {
    let ids = world.agreement.spec.orders.iter().map(|order| order.id.clone()).take(1);
    world.refused =
        ids.map(|order_id| RefusedCreate { order_id, message: "quota exceeded".to_owned() }).collect();
}

fn consumer(world: &mut World, kind: u8) -> bool {
    let condition = |type_: &str, now: Timestamp| Condition {
        type_: type_.to_owned(),
        status: "True".to_owned(),
        reason: type_.to_owned(),
        message: String::new(),
        observed_generation: None,
        last_transition_time: Time(now),
    };
    match kind {
        0 => {
            let ids = world.agreement.spec.orders.iter().map(|order| order.id.clone()).take(1);
            world.refused = ids
                .map(|order_id| RefusedCreate { order_id, message: "quota exceeded".to_owned() })
                .collect();
        }
        1 => world.refused.clear(),
        2 => drop(world.orders.pop()),
        _ => {
            let now = world.now;
            let Some(order) = world.orders.first_mut() else { return false };
            let order = Arc::make_mut(order);
            let type_ = ["Acknowledged", "Completed", "Failed", "Rejected"][usize::from(kind) % 4];
            let status = order.status.get_or_insert_with(OrderRequestStatus::default);
            status.conditions.push(condition(type_, now));
            world.orders.rotate_left(1);
        }
    }
    true
}

fn blank(world: &World, username: &str, groups: &[&str], action: Action) -> AgreementDecisionSpec {
    let status = world.agreement.status.as_ref().unwrap();
    let terms = status.terms.as_ref().unwrap();
    AgreementDecisionSpec {
        agreement_ref: DecidedAgreement {
            name: world.agreement.metadata.name.clone().unwrap(),
            uid: world.agreement.metadata.uid.clone().unwrap(),
            revision: terms.revision,
            digest: terms.digest.clone(),
        },
        action,
        statements: Vec::new(),
        orders: Vec::new(),
        function: None,
        level: None,
        on_behalf_of: None,
        reason: Some("so it is".to_owned()),
        decided_by: DecidedBy {
            username: username.to_owned(),
            uid: None,
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            credential_id: None,
        },
        evidence: None,
    }
}

/// What somebody who is waited for decides.
fn answer(world: &World, wait: &Waiting, who: usize, how: &How) -> Option<AgreementDecisionSpec> {
    let subject = &wait.subjects.get(who % wait.subjects.len().max(1))?;
    let (username, groups): (String, Vec<&str>) = match subject.subject.kind {
        SubjectKind::User => (subject.subject.name.clone(), Vec::new()),
        SubjectKind::Group => {
            (format!("{}-{who}", subject.subject.name), vec![subject.subject.name.as_str()])
        }
    };
    let action = match (how.objection, wait.action) {
        (1, WaitingAction::Confirm) => Action::Decline,
        (1, WaitingAction::Approve) => Action::Refuse,
        (1, WaitingAction::Sign) => Action::Withdraw,
        (2, WaitingAction::Confirm | WaitingAction::Approve | WaitingAction::Sign) => Action::RequestChange,
        (3, WaitingAction::Confirm | WaitingAction::Sign | WaitingAction::Countersign) => Action::Withdraw,
        _ => wait.action.decision()?,
    };
    let mut decision = blank(world, &username, &groups, action);
    if Some(action) == wait.action.decision() || action == Action::Refuse {
        decision.agreement_ref.digest.clone_from(wait.digest.as_ref()?);
    }
    if wait.action == WaitingAction::Approve {
        let level = wait.who.rsplit_once('(')?.1.trim_end_matches(')');
        let (function, level) = level.split_once(' ')?;
        decision.function = Some(function.to_owned());
        decision.level = Some(level.to_owned());
        decision.on_behalf_of.clone_from(&subject.on_behalf_of);
    }
    finish(world, decision, how)
}

/// What anybody may try.
fn anything(world: &World, who: usize, action: Action, function: usize, how: &How) -> AgreementDecisionSpec {
    let (username, groups) = PEOPLE[who];
    let mut decision = blank(world, username, groups, action);
    let status = world.agreement.status.as_ref().unwrap();
    let confirmation = status.confirmation.as_ref().and_then(|c| c.digest.clone());
    let waits = status.waiting_for.iter();
    let asked = waits.filter(|w| w.action == WaitingAction::Approve).find_map(|w| w.digest.clone());
    match action {
        Action::Sign | Action::Countersign => {
            decision.agreement_ref.digest = confirmation.unwrap_or(decision.agreement_ref.digest);
        }
        Action::Approve | Action::Refuse => {
            decision.agreement_ref.digest = asked.or(confirmation).unwrap_or(decision.agreement_ref.digest);
        }
        _ => {}
    }
    let by_authority = matches!(action, Action::Approve | Action::Refuse)
        || (action == Action::RequestChange && function < FUNCTIONS.len());
    if by_authority {
        let waiting = status.approvals.get(function % status.approvals.len().max(1));
        let fallback = FUNCTIONS[function % FUNCTIONS.len()];
        decision.function = Some(waiting.map_or(fallback, |step| &step.function).to_owned());
        decision.level = Some(waiting.map_or("L3", |step| &step.level).to_owned());
    }
    let untouched = decision.clone();
    finish(world, decision, how).unwrap_or(untouched)
}

/// Says what a decision of its kind has to say, and spoils it where it should be spoilt.
fn finish(world: &World, mut decision: AgreementDecisionSpec, how: &How) -> Option<AgreementDecisionSpec> {
    if decision.action == Action::Confirm {
        decision.statements = [(1, Statement::Understood), (2, Statement::Acceptable)]
            .into_iter()
            .filter(|(bit, _)| how.statements & bit != 0)
            .map(|(_, statement)| statement)
            .collect();
        if decision.statements.contains(&Statement::Acceptable) {
            let outcome = |(n, order): (usize, &Order)| OrderDecision {
                id: order.id.clone(),
                outcome: if how.left_out >> n & 1 == 1 {
                    OrderConfirmation::NotConfirmed
                } else {
                    OrderConfirmation::Confirmed
                },
                reason: None,
            };
            decision.orders = world.agreement.spec.orders.iter().enumerate().map(outcome).collect();
        }
    }
    if how.attested && matches!(decision.action, Action::Confirm | Action::Sign | Action::Decline) {
        decision.on_behalf_of = Some(decision.decided_by.username.clone());
        decision.decided_by.username = "clerk".to_owned();
        decision.evidence = Some(Evidence {
            channel: "Paper".to_owned(),
            uri: "archive:1".to_owned(),
            digest: format!("sha256:{}", "a".repeat(64)),
            signed_time: Time(world.now),
        });
    }
    spoil(&mut decision, how.wrong);
    Some(decision)
}

pub fn spoil(decision: &mut AgreementDecisionSpec, wrong: Wrong) {
    let named = &mut decision.agreement_ref;
    match wrong {
        Wrong::Nothing => {}
        Wrong::Digest | Wrong::OtherDigest => named.digest = format!("sha256:{}", "0".repeat(64)),
        Wrong::Revision => named.revision += 100,
        Wrong::Uid => named.uid.push_str("-other"),
        Wrong::Name => named.name.push_str("-other"),
        Wrong::Orders => drop(decision.orders.pop()),
        Wrong::Level => {
            if let Some(level) = &mut decision.level {
                *level = "L1".to_owned();
            }
        }
    }
}

/// Ways in which a decision is about something else.
pub const WRONG_REFERENCES: [Wrong; 4] = [Wrong::Digest, Wrong::Revision, Wrong::Uid, Wrong::Name];

/// A decision that looks right and is about something else.
pub fn somebody_elses(world: &World, who: usize, action: usize, wrong: Wrong) -> AgreementDecision {
    let right =
        How { wrong: Wrong::Nothing, left_out: 0, statements: 3, attested: false, objection: 0, after: 0 };
    let waiting = &world.agreement.status.as_ref().unwrap().waiting_for;
    let asked = waiting.first().and_then(|wait| answer(world, wait, who, &right));
    let mut spec = match asked {
        Some(answer) if action.is_multiple_of(2) => answer,
        _ => anything(world, who % PEOPLE.len(), ACTIONS[action % ACTIONS.len()], who, &right),
    };
    spoil(&mut spec, wrong);
    AgreementDecision {
        metadata: ObjectMeta {
            name: Some("decision-about-something-else".to_owned()),
            namespace: world.agreement.metadata.namespace.clone(),
            uid: Some("uid-of-something-else".to_owned()),
            creation_timestamp: Some(Time(world.now)),
            ..ObjectMeta::default()
        },
        spec,
    }
}
