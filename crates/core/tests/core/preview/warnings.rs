//! It warns of what will hurt later.

use countersign_api::customer_agreement::PriceType;
use serde_json::json;
use testkit::world::World;

use super::{preview_of, time};

/// The warnings after a change, against those before it.
fn warned(change: impl FnOnce(&mut World)) -> Vec<String> {
    let mut world = World::fleet();
    assert_eq!(preview_of(&world).warnings, Vec::<String>::new(), "nothing to mind before");
    change(&mut world);
    preview_of(&world).warnings
}

fn one_warning(about: &str, change: impl FnOnce(&mut World)) {
    let warnings = warned(change);
    assert!(warnings.len() == 1 && warnings[0].contains(about), "{about:?} in {warnings:?}");
}

#[test]
fn it_warns_of_what_will_hurt_later() {
    one_warning("leaves too little time", |world| {
        world.agreement.spec.offer_end_time = time("2026-12-20T00:00:00Z");
    });
    one_warning("is over", |world| world.agreement.spec.offer_end_time = time("2026-11-01T00:00:00Z"));
    one_warning("is in the past", |world| {
        world.agreement.spec.agreement_period.start_time = time("2026-01-01T00:00:00Z");
    });
    one_warning("before the end of the offer", |world| {
        world.agreement.spec.agreement_period.start_time = time("2027-06-01T00:00:00Z");
    });
    one_warning("`spec.orders[sims].requestedStartTime`", |world| {
        world.agreement.spec.orders[0].requested_start_time = Some(time("2026-01-01T00:00:00Z"));
    });
    one_warning("nobody who may approve holds finance L1: finance L2 is asked instead", |world| {
        world.rules(|policy| {
            policy.spec.holders.retain(|own| (own.function.as_str(), own.level.as_str()) != ("finance", "L1"))
        });
    });
    one_warning("nobody who may approve holds sales L3", |world| {
        world.agreement.spec.provider.owner_username = "m.osei".to_owned();
    });
    one_warning("2 must approve", |world| {
        world.rules(|policy| policy.spec.rules.escalation.quorum = 2);
    });
    one_warning("one person may not approve twice", |world| {
        world.rules(|policy| {
            for holder in policy.spec.holders.iter_mut().filter(|own| own.function == "finance" && own.level == "L1") {
                *holder = serde_json::from_value(json!({"function": "finance", "level": "L1", "subjects": [{"kind": "User", "name": "m.osei"}]})).unwrap();
            }
        });
    });
    one_warning("it has no value for the limits", |world| {
        world.agreement.spec.orders[1].items[0].prices[0].price_type = PriceType::Usage;
    });
}

/// A signatory who cannot hold the authority is named before it is too late.
#[test]
fn a_signatory_without_the_authority_is_named_before_it_is_too_late() {
    let mut world = World::fibre();
    assert_eq!(preview_of(&world).warnings, Vec::<String>::new());
    world.rules(|policy| {
        for holder in policy.spec.holders.iter_mut().filter(|own| own.function == "sales" && own.level == "L1") {
            *holder = serde_json::from_value(json!({"function": "sales", "level": "L1", "subjects": [{"kind": "User", "name": "a.nother"}]})).unwrap();
        }
    });
    let warnings = preview_of(&world).warnings;
    assert!(warnings.len() == 1 && warnings[0].contains("must hold sales L1"), "{warnings:?}");
}
