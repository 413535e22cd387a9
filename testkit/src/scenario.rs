//! Agreements and policies, drawn at random: what a history starts from.

use std::sync::Arc;

use countersign_api::customer_agreement::RepresentativeRole::{self, Confirmer, Signatory};
use countersign_api::customer_agreement::{CustomerAgreementSpec, Order, Representative, Term};
use countersign_api::delegation_policy::{
    Calendar, ConfirmationRules, Countersignature, Escalation, EscalationMode, EscalationTiming, Holder,
    OnTimeout, Permission, Quorum, Required, Separation, SignOffOrder, SignOffRules, Weekday,
};
use countersign_api::subject::{Subject, SubjectKind};
use countersign_api::{CustomerAgreement, DelegationPolicy};
use countersign_core::decide::RefusedCreate;
use jiff::SignedDuration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::world::{World, read};

pub const FUNCTIONS: [&str; 4] = ["service", "finance", "legal", "sales"];

/// Everything that a history starts from.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub agreement: Agreement,
    pub rules: Rules,
    /// Whether the server takes no request for the first order.
    pub quota: bool,
    /// Whether it amends another agreement, together with more amendments.
    pub linked: bool,
}

#[derive(Clone, Debug)]
pub struct Agreement {
    /// Discount and price of each order.
    pub orders: Vec<(&'static str, &'static str)>,
    pub representatives: usize,
    roles: u8,
    /// Terms that are not standard: place in the list, and the value.
    deviations: Vec<(usize, &'static str)>,
    added_term: bool,
    pub offer_hours: i64,
}

#[derive(Clone, Debug)]
pub struct Rules {
    pub confirmation: ConfirmationRules,
    pub sign_off: SignOffRules,
    pub escalation: Escalation,
    pub separation: Separation,
    auto_within: bool,
    calendar: bool,
    approve_hours: i64,
    acknowledge: bool,
}

/// The representatives, by name and username.
pub const REPRESENTATIVES: [(&str, &str); 3] = [
    ("Eva Lund", "eva@customer.example"),
    ("Omar Diallo", "omar@customer.example"),
    ("Lea Vogt", "lea@customer.example"),
];

/// Values that lie in a band or beyond, by the place of the term in the example.
const DEVIATIONS: [(usize, &str); 8] =
    [(0, "45"), (0, "90"), (1, "12"), (2, "99.95"), (3, "20"), (4, "150"), (4, "500"), (6, "CH")];

fn one_of<T: Copy + std::fmt::Debug + 'static, const N: usize>(all: [T; N]) -> impl Strategy<Value = T> {
    select(all.to_vec())
}

fn odds(odds: f64) -> impl Strategy<Value = bool> {
    prop::bool::weighted(odds)
}

prop_compose! {
    pub fn scenario()(agreement in agreement(), rules in rules(), quota in odds(0.2)) -> Scenario {
        Scenario { agreement, rules, quota, linked: false }
    }
}

prop_compose! {
    fn agreement()(
        orders in vec((one_of(["0", "8", "15", "30", "45"]), one_of(["10.00", "1290.00", "90000.00"])), 0..=3),
        representatives in 1_usize..=3,
        roles in 0_u8..3,
        deviations in prop_oneof![3 => Just(Vec::new()), 4 => vec(one_of(DEVIATIONS), 1..3)],
        added_term in odds(0.1),
        offer_hours in prop_oneof![3 => 24_i64 * 200..24 * 300, 1 => 1_i64..24 * 20],
    ) -> Agreement {
        Agreement { orders, representatives, roles, deviations, added_term, offer_hours }
    }
}

prop_compose! {
    fn rules()(
        representatives in one_of([Required::All, Required::Any]),
        partial_orders in one_of([Permission::Allowed, Permission::Forbidden]),
        attestation in one_of([Permission::Allowed, Permission::Forbidden]),
        order in one_of([SignOffOrder::CustomerFirst, SignOffOrder::ProviderFirst, SignOffOrder::Any]),
        customers in one_of([Required::All, Required::Any]),
        countersignature in prop_oneof![4 => Just(Countersignature::Required), 1 => Just(Countersignature::Waived)],
        deadline_seconds in one_of([8, 72, 24 * 14]).prop_map(|hours| hours * 3_600_i64),
    )(
        escalation in escalation(),
        separation in (odds(0.8), odds(0.8)),
        (auto_within, calendar, acknowledge) in (any::<bool>(), odds(0.3), any::<bool>()),
        approve_hours in one_of([4_i64, 24, 96]),
        confirmation in Just(ConfirmationRules { representatives, partial_orders, attestation, deadline_seconds }),
        sign_off in Just(SignOffRules { order, customers, countersignature, deadline_seconds }),
    ) -> Rules {
        let separation = Separation { owner_may_not_approve: separation.0, distinct_approvers: separation.1 };
        Rules {
            confirmation, sign_off, escalation, separation, auto_within, calendar, approve_hours, acknowledge,
        }
    }
}

prop_compose! {
    fn escalation()(
        timing in one_of([EscalationTiming::AfterConfirmation, EscalationTiming::BeforeConfirmation]),
        mode in one_of([EscalationMode::Sequential, EscalationMode::Parallel]),
        quorum in prop_oneof![3 => Just(1), 1 => Just(2)],
        one_above in any::<bool>(),
        on_timeout in one_of([OnTimeout::EscalateUp, OnTimeout::Expire]),
        earlier_level_may_still_decide in any::<bool>(),
    ) -> Escalation {
        let above = FUNCTIONS.into_iter().flat_map(|function| ["L2", "L3", "L4"].map(|level| (function, level)));
        let one = |(function, level): (&str, &str)| {
            Quorum { function: function.to_owned(), level: level.to_owned(), count: 1 }
        };
        Escalation {
            timing,
            mode,
            order: FUNCTIONS.map(str::to_owned).to_vec(),
            quorum,
            // The highest levels need nobody beside them.
            quorums: if one_above { above.map(one).collect() } else { Vec::new() },
            on_timeout,
            earlier_level_may_still_decide,
        }
    }
}

impl Scenario {
    /// The world before anything happened.
    pub fn world(&self) -> World {
        let mut world = World::fibre();
        let now = world.now;
        self.agreement.write(&mut world.agreement.spec);
        world.agreement.spec.offer_end_time =
            Time(now + SignedDuration::from_hours(self.agreement.offer_hours));
        world.rules(|policy| self.rules.write(policy));
        if self.quota {
            refuse_first(&mut world);
        }
        if self.linked {
            link(&mut world);
        }
        world
    }
}

/// The server takes no request for the first order.
pub fn refuse_first(world: &mut World) {
    let ids = world.agreement.spec.orders.iter().map(|order| order.id.clone()).take(1);
    world.refused =
        ids.map(|order_id| RefusedCreate { order_id, message: "quota exceeded".to_owned() }).collect();
}

/// What it amends, and three more that amend the same: open, agreed, and faulty.
fn link(world: &mut World) {
    let amends = |name: &str| read(&format!("{{name: {name}}}"));
    let before = world.agreement.clone();
    let others = ["master", "amendment-1", "amendment-2", "amendment-3"].into_iter().enumerate();
    let other = |(n, name): (usize, &str)| {
        let mut other: CustomerAgreement = before.clone();
        other.metadata.name = Some(name.to_owned());
        other.metadata.uid = Some(format!("uid-of-{name}"));
        if n > 0 {
            "Amendment".clone_into(&mut other.spec.agreement_type);
            other.spec.amends_ref = Some(amends("master"));
        }
        let phase = if n < 2 { "Agreed" } else { "AwaitingConfirmation" };
        let agreed = if n < 2 { format!(", agreedTime: {}", world.now) } else { String::new() };
        other.status = Some(read(&format!("{{phase: {phase}{agreed}}}")));
        Arc::new(other)
    };
    world.related = others.map(other).collect();
    "Amendment".clone_into(&mut world.agreement.spec.agreement_type);
    world.agreement.spec.amends_ref = Some(amends("master"));
}

impl Agreement {
    fn write(&self, spec: &mut CustomerAgreementSpec) {
        let template = spec.orders.remove(0);
        let order = |(n, (discount, amount)): (usize, &(&str, &str))| {
            let mut order: Order = Order { id: format!("o{n}"), ..template.clone() };
            for item in &mut order.items {
                item.discount_percent = Some((*discount).to_owned());
                item.prices.iter_mut().for_each(|price| (*amount).clone_into(&mut price.amount));
            }
            order
        };
        spec.orders = self.orders.iter().enumerate().map(order).collect();
        let people = REPRESENTATIVES.into_iter().take(self.representatives).enumerate();
        spec.customer.representatives = people
            .map(|(n, (name, username))| Representative {
                name: name.to_owned(),
                username: username.to_owned(),
                roles: self.roles_of(n),
            })
            .collect();
        let mut second = spec.provider.signatories[0].clone();
        (second.name, second.username) = ("Mary Osei".to_owned(), "m.osei".to_owned());
        spec.provider.signatories.push(second);
        for (place, value) in &self.deviations {
            spec.terms[*place].value = Some((*value).to_owned());
        }
        if self.added_term {
            let text = Some("The customer may audit the network once a year.".to_owned());
            spec.terms.push(Term { id: "audit".to_owned(), value: None, text, reason: None });
        }
    }

    fn roles_of(&self, n: usize) -> Vec<RepresentativeRole> {
        let last = self.representatives - 1;
        match self.roles {
            1 if n > 0 => vec![Confirmer],
            2 if n == 0 && last > 0 => vec![Confirmer],
            2 if n == last && last > 0 => vec![Signatory],
            _ => vec![Confirmer, Signatory],
        }
    }
}

impl Rules {
    fn write(&self, policy: &mut DelegationPolicy) {
        let rules = &mut policy.spec.rules;
        rules.confirmation.clone_from(&self.confirmation);
        rules.sign_off.clone_from(&self.sign_off);
        rules.escalation.clone_from(&self.escalation);
        rules.separation = self.separation;
        if !self.auto_within {
            rules.auto_within.clear();
        }
        for level in rules.ladders.iter_mut().flat_map(|ladder| &mut ladder.levels) {
            level.deadline_seconds = self.approve_hours * 3_600;
        }
        if self.calendar {
            rules.calendar = Some(Calendar {
                time_zone: "Europe/Stockholm".to_owned(),
                work_days: vec![Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Friday],
                holidays: vec!["2026-12-25".to_owned()],
            });
        }
        if !self.acknowledge {
            rules.acknowledge_within_seconds = None;
        }
        // Two people who hold a level of every function, so that quorums can be reached and nobody may count twice.
        let many = ["u.many", "v.many"];
        let levels = rules.ladders.iter().flat_map(|ladder| {
            ladder.levels.iter().map(|level| (ladder.function.clone(), level.name.clone()))
        });
        for (function, level) in levels {
            let subjects =
                many.map(|name| Subject { kind: SubjectKind::User, name: name.to_owned() }).to_vec();
            let holders = &mut policy.spec.holders;
            match holders.iter_mut().find(|holder| holder.function == function && holder.level == level) {
                Some(entry) => entry.subjects.extend(subjects),
                None => holders.push(Holder { function, level, subjects }),
            }
        }
    }
}
