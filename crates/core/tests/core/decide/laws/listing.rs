//! The order in which things are listed says nothing.

use proptest::prelude::*;

use super::config;
use testkit::history::{Moment, everything, live};
use testkit::world::World;

/// Every list, backwards and turned by some places.
fn shuffled(world: &World, by: usize) -> World {
    fn shuffle<T>(list: &mut [T], by: usize) {
        list.reverse();
        list.rotate_left(by % list.len().max(1));
    }
    let mut shuffled = world.clone();
    shuffle(&mut shuffled.decisions, by);
    shuffle(&mut shuffled.policies, by);
    shuffle(&mut shuffled.related, by);
    shuffle(&mut shuffled.orders, by);
    shuffled
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn the_order_in_which_things_are_listed_says_nothing(
        mut history in everything(),
        by in 0_usize..7,
        linked in any::<bool>(),
        policies in 1_usize..4,
    ) {
        history.scenario.linked = linked;
        live(&history, |world, moment| {
            if matches!(moment, Moment::Planned(_)) {
                return;
            }
            let mut world = world.clone();
            // More policies for the same namespace: a conflict for what is not pinned yet, and none for what is.
            for n in 1..policies {
                let more = world.policies.first().map(|policy| {
                    let mut more = (**policy).clone();
                    more.metadata.name = Some(format!("more-{n}"));
                    more.metadata.uid = Some(format!("uid-of-more-{n}"));
                    more.into()
                });
                world.policies.extend(more);
            }
            for fresh in [true, false] {
                let plan = world.plan_at(world.now, fresh);
                assert_eq!(shuffled(&world, by).plan_at(world.now, fresh), plan);
            }
        });
    }
}
