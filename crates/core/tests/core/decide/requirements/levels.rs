//! Which levels of which functions are asked.

use countersign_api::agreement_status::ApprovalState;
use countersign_api::delegation_policy::{Quorum, Trigger};
use countersign_api::references::Authority;
use testkit::people::{LEA, OMAR};
use testkit::world::World;

use super::{fibre_with, once, steps, total, trigger, value};

/// Fleet is worth less without the handsets and needs finance and then sales all the same.
#[test]
fn fleet_without_the_handsets_still_needs_finance_and_then_sales() {
    let mut world = World::fleet();
    world.settle();
    let shown = value(&world);
    assert_eq!(total(&world), "439260.00");
    assert_eq!(shown.monthly.as_deref(), Some("13440.00"));
    assert_eq!(shown.one_time.as_deref(), Some("116700.00"));
    assert_eq!((shown.max_discount_percent.as_deref(), shown.term_months), (Some("30"), Some(24)));
    let by_value = |value: &str| format!("contract value EUR {value} exceeds sales L1 (EUR 250000.00)");
    let before = by_value("439260.00");
    let expected = |value| {
        [
            ("finance", "L1", vec!["`payment-days` is 45, the standard is up to 30 (band pay-45)"]),
            ("sales", "L3", vec!["discount 30 % exceeds sales L2 (20 %)", value]),
        ]
    };
    assert_eq!(steps(&world), expected(&before));
    world.pass(60).confirm_but(OMAR, &[("handsets", "buying elsewhere")]);
    world.pass(60).confirm_but(LEA, &[("handsets", "buying elsewhere")]);
    world.settle();
    assert_eq!(total(&world), "322560.00");
    assert_eq!(value(&world).one_time.as_deref(), Some("0.00"));
    let after = by_value("322560.00");
    assert_eq!(steps(&world), expected(&after));
    let states: Vec<_> = world.status().approvals.iter().map(|step| step.state).collect();
    assert_eq!(states, [ApprovalState::Waiting, ApprovalState::Next]);
}

#[test]
fn what_is_left_out_is_no_reason_any_more() {
    let mut world = World::fibre();
    world.edit(|agreement| {
        let mut big = agreement.spec.orders[0].clone();
        big.id = "o2".to_owned();
        big.items[0].quantity = 100;
        big.items[0].discount_percent = Some("12".to_owned());
        big.items[0].commitment_months = Some(60);
        agreement.spec.orders.push(big);
    });
    world.settle();
    assert_eq!(
        steps(&world),
        [(
            "sales",
            "L4",
            vec![
                "contract value EUR 8240940.00 exceeds sales L3 (EUR 5000000.00)",
                "discount 12 % exceeds sales L1 (10 %)"
            ]
        )]
    );
    world.pass(60).confirm_but(testkit::people::EVA, &[("o2", "too much")]);
    world.settle();
    assert_eq!((total(&world), value(&world).term_months), ("50940.00", Some(36)));
    assert_eq!((steps(&world).len(), world.phase()), (0, "AwaitingSignOff"));
}

#[test]
fn a_limit_is_compared_with_what_is_exact_and_not_with_what_is_shown() {
    // Shown as 250000.00, but a hundredth of a cent above what sales L1 covers.
    let world = fibre_with(|item| item.prices = vec![once("250000.0001")]);
    assert_eq!(total(&world), "250000.00");
    assert_eq!(
        steps(&world),
        [("sales", "L2", vec!["contract value EUR 250000.00 exceeds sales L1 (EUR 250000.00)"])]
    );
}

#[test]
fn limits_are_inclusive() {
    for (amount, expected) in [
        ("250000.00", None),
        ("250000.01", Some("L2")),
        ("1000000.00", Some("L2")),
        ("1000000.01", Some("L3")),
        ("5000000.00", Some("L3")),
        ("5000000.01", Some("L4")),
        ("50000000.00", Some("L4")),
    ] {
        let world = fibre_with(|item| item.prices = vec![once(amount)]);
        assert_eq!(steps(&world).first().map(|step| step.1), expected, "{amount}");
    }
    for (discount, expected) in [
        ("10", None),
        ("10.0001", Some("L2")),
        ("20.0", Some("L2")),
        ("20.01", Some("L3")),
        ("35", Some("L3")),
        ("50", Some("L4")),
    ] {
        let world = fibre_with(|item| item.discount_percent = Some(discount.to_owned()));
        assert_eq!(steps(&world).first().map(|step| step.1), expected, "{discount} %");
    }
    for (months, expected) in
        [(60, None), (61, Some("L3")), (84, Some("L3")), (85, Some("L4")), (120, Some("L4"))]
    {
        let world = fibre_with(|item| item.commitment_months = Some(months));
        assert_eq!(steps(&world).first().map(|step| step.1), expected, "{months} months");
    }
}

/// The highest level that any circumstance asks for is asked with every reason.
#[test]
fn the_highest_level_that_is_needed_is_asked_with_every_reason() {
    let world = fibre_with(|item| {
        item.prices = vec![once("300000.00")];
        item.discount_percent = Some("12.5".to_owned());
        item.commitment_months = Some(96);
    });
    assert_eq!(
        steps(&world),
        [(
            "sales",
            "L4",
            vec![
                "term of 96 months exceeds sales L3 (84 months)",
                "contract value EUR 300000.00 exceeds sales L1 (EUR 250000.00)",
                "discount 12.5 % exceeds sales L1 (10 %)",
            ]
        )]
    );
}

#[test]
fn a_term_and_a_figure_of_one_function_are_one_step() {
    let mut world = World::fibre();
    world.edit(|agreement| {
        agreement.spec.terms[1].value = Some("12".to_owned());
        agreement.spec.orders[0].items[0].discount_percent = Some("15".to_owned());
    });
    world.settle();
    assert_eq!(
        steps(&world),
        [(
            "sales",
            "L2",
            vec![
                "`commitment-months` is 12, the standard is from 24 (band term-12)",
                "discount 15 % exceeds sales L1 (10 %)"
            ]
        )]
    );
}

#[test]
fn what_lies_within_the_automatic_authority_needs_no_approval() {
    let within = |level: &str, discount: &str| {
        let mut world = World::fibre();
        world.rules(|policy| policy.spec.rules.auto_within[0].level = level.to_owned());
        world.edit(|a| a.spec.orders[0].items[0].discount_percent = Some(discount.to_owned()));
        world.settle();
        (world.status().approvals.first().map(|step| step.level.clone()), world.condition("Approved").2)
    };
    let lies = |level| format!("all of it lies within sales {level}, which whoever countersigns must hold");
    assert_eq!(within("L1", "10"), (None, lies("L1")));
    assert_eq!(within("L2", "10"), (None, lies("L2")));
    assert_eq!(within("L2", "20"), (None, lies("L2")));
    assert_eq!(within("L2", "20.01").0.as_deref(), Some("L3"));
    assert_eq!(
        within("L9", "5").0.as_deref(),
        Some("L1"),
        "a level that the ladder does not have covers nothing"
    );
}

#[test]
fn without_automatic_authority_the_lowest_level_is_asked() {
    let mut world = World::fibre();
    world.rules(|policy| policy.spec.rules.auto_within.clear());
    world.settle();
    assert_eq!(
        steps(&world),
        [(
            "sales",
            "L1",
            vec![
                "contract value EUR 50940.00 is for sales to decide",
                "discount 5 % is for sales to decide",
                "term of 36 months is for sales to decide",
            ]
        )]
    );
}

#[test]
fn a_function_without_limits_is_asked_only_by_terms_and_triggers() {
    let mut world = World::fibre();
    world.rules(|policy| {
        policy.spec.rules.auto_within.clear();
        for level in &mut policy.spec.rules.ladders[0].levels {
            level.limits = None;
        }
    });
    world.edit(|agreement| agreement.spec.orders[0].items[0].discount_percent = Some("99".to_owned()));
    world.settle();
    assert_eq!(steps(&world), []);
    assert_eq!(world.condition("Approved").2, "no circumstance asks for approval");
}

#[test]
fn a_limit_that_a_level_does_not_have_does_not_bind_it() {
    let mut world = World::fibre();
    world.rules(|policy| {
        for level in &mut policy.spec.rules.ladders[0].levels {
            level.limits.as_mut().unwrap().discount_percent = None;
        }
    });
    world.edit(|agreement| agreement.spec.orders[0].items[0].discount_percent = Some("99".to_owned()));
    world.settle();
    assert_eq!(steps(&world), []);
}

/// Functions are asked in the policys order and those it leaves out in that of the ladders.
#[test]
fn functions_are_asked_in_the_policys_order_then_in_the_ladders() {
    let asked = |order: &[&str]| {
        let mut world = World::fibre();
        world.rules(|policy| {
            policy.spec.rules.escalation.order = order.iter().map(|word| (*word).to_owned()).collect();
        });
        world.edit(|agreement| {
            for (id, value) in [
                ("payment-days", "45"),
                ("commitment-months", "12"),
                ("availability-pct", "99.95"),
                ("governing-law", "CH"),
            ] {
                agreement.spec.terms.iter_mut().find(|term| term.id == id).unwrap().value =
                    Some(value.to_owned());
            }
        });
        world.settle();
        steps(&world).iter().map(|step| step.0.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(asked(&["service", "finance", "legal", "sales"]), ["service", "finance", "legal", "sales"]);
    assert_eq!(asked(&["legal"]), ["legal", "sales", "finance", "service"]);
    assert_eq!(asked(&[]), ["sales", "finance", "legal", "service"]);
    assert_eq!(asked(&["legal", "nobody", "legal", "service"]), ["legal", "service", "sales", "finance"]);
}

#[test]
fn how_many_must_approve_is_said_by_level_or_else_for_all() {
    let mut world = World::fleet();
    world.rules(|policy| {
        let escalation = &mut policy.spec.rules.escalation;
        escalation.quorum = 2;
        let quorum = |function: &str, level: &str, count| Quorum {
            function: function.to_owned(),
            level: level.to_owned(),
            count,
        };
        escalation.quorums =
            vec![quorum("sales", "L3", 3), quorum("sales", "L1", 5), quorum("legal", "L1", 7)];
    });
    world.settle();
    let quorums: Vec<_> = world.status().approvals.iter().map(|s| (s.function.as_str(), s.quorum)).collect();
    assert_eq!(quorums, [("finance", 2), ("sales", 3)]);
}

#[test]
fn fifty_reasons_are_shown_and_the_rest_is_counted() {
    let mut world = World::fibre();
    world.rules(|policy| {
        policy.spec.rules.triggers = (0..64)
            .map(|n| Trigger { name: format!("t{n:02}"), ..trigger(&["Enterprise"], &[], &[]) })
            .collect();
    });
    world.settle();
    let because = &world.status().approvals[0].because;
    assert_eq!(because.len(), 50);
    assert_eq!((because[0].as_str(), because[49].as_str()), ("trigger `t00`", "and 15 more"));
}

#[test]
fn several_functions_may_have_limits_and_each_is_asked_for_its_own() {
    let mut world = World::fibre();
    world.rules(|policy| {
        let limits = policy.spec.rules.ladders[0].levels[0].limits.clone();
        let finance = &mut policy.spec.rules.ladders[1];
        finance.levels[0].limits = limits;
        policy
            .spec
            .rules
            .auto_within
            .push(Authority { function: "finance".to_owned(), level: "L1".to_owned() });
    });
    world.edit(|agreement| agreement.spec.orders[0].items[0].discount_percent = Some("15".to_owned()));
    world.settle();
    assert_eq!(
        steps(&world),
        [
            ("finance", "L2", vec!["discount 15 % exceeds finance L1 (10 %)"]),
            ("sales", "L2", vec!["discount 15 % exceeds sales L1 (10 %)"]),
        ],
        "finance L2 has no limits, so it covers whatever L1 does not"
    );
}
