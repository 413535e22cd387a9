//! What changes beside the decisions: the agreement, the policy, order requests.

use std::sync::Arc;

use countersign_api::DelegationPolicy;
use countersign_api::delegation_policy::Substitute;
use countersign_api::order_request::OrderRequestStatus;
use jiff::SignedDuration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::scenario::refuse_first;
use crate::world::World;

pub(super) fn edit(world: &mut World, kind: u8) -> bool {
    let now = world.now;
    let frozen = world.status().closed.is_some()
        || world.status().sign_off.as_ref().is_some_and(|sign_off| sign_off.sealed_time.is_some());
    if frozen && kind < 5 {
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
            4 => spec.terms[0].value = Some("soon".to_owned()),
            5 => spec.title.push('!'),
            6 => "m.osei".clone_into(&mut spec.provider.owner_username),
            7 => spec.offer_end_time = Time(now + SignedDuration::from_hours(24 * 30)),
            8 => spec.offer_end_time = Time(now + SignedDuration::from_hours(14)),
            _ => spec.description = Some(format!("{now}")),
        }
    });
    true
}

pub(super) fn people(world: &mut World, kind: u8, policy: &DelegationPolicy) -> bool {
    if world.policies.is_empty() {
        return false;
    }
    let now = world.now;
    world.rules(|own| match kind {
        0 => own.spec.holders.retain(|holder| holder.level != "L2"),
        1 => own.spec.holders.iter_mut().for_each(|holder| holder.subjects.retain(|s| s.name != "m.osei")),
        2 => own.spec.substitutes.push(Substitute {
            holder: "u.many".to_owned(),
            substitute: "k.jensen".to_owned(),
            functions: Vec::new(),
            start_time: Time(now),
            end_time: Time(now + SignedDuration::from_hours(24)),
            reason: None,
        }),
        _ => own.spec.holders.clone_from(&policy.spec.holders),
    });
    true
}

pub(super) fn consumer(world: &mut World, kind: u8) -> bool {
    match kind {
        0 => refuse_first(world),
        1 => world.refused.clear(),
        2 => drop(world.orders.pop()),
        _ => {
            let now = world.now;
            let Some(order) = world.orders.first_mut() else { return false };
            let type_ = ["Acknowledged", "Completed", "Failed", "Rejected"][usize::from(kind) % 4];
            let status = Arc::make_mut(order).status.get_or_insert_with(OrderRequestStatus::default);
            status.conditions.push(Condition {
                type_: type_.to_owned(),
                status: "True".to_owned(),
                reason: type_.to_owned(),
                message: String::new(),
                observed_generation: None,
                last_transition_time: Time(now),
            });
            world.orders.rotate_left(1);
        }
    }
    true
}
