//! What nobody has the authority to agree to.

use countersign_api::delegation_policy::Trigger;
use countersign_api::subject::{Subject, SubjectKind};

use super::{fault_in, fault_of, fibre_with, term};

#[test]
fn what_exceeds_every_level_is_for_nobody_to_agree_to() {
    for (change, expected) in [
        ("51", "discount 51 % exceeds every level, the highest being sales L4 (50 %)"),
        ("50.0001", "discount 50.0001 % exceeds every level, the highest being sales L4 (50 %)"),
    ] {
        let (reason, message) = fault_of(|world| {
            world.edit(|a| a.spec.orders[0].items[0].discount_percent = Some(change.to_owned()));
        });
        assert_eq!((reason.as_str(), message.as_str()), ("NoAuthority", expected));
    }
    let (reason, message) = fault_of(|world| {
        world.edit(|agreement| {
            let item = &mut agreement.spec.orders[0].items[0];
            item.quantity = 100_000;
            item.commitment_months = Some(121);
        });
    });
    assert_eq!(reason, "NoAuthority");
    assert_eq!(
        message,
        "2 faults: (1) contract value EUR 16059000000.00 exceeds every level, the highest being sales L4 (EUR 50000000.00); \
         (2) term of 121 months exceeds every level, the highest being sales L4 (120 months)"
    );
}

#[test]
fn authority_that_only_the_owner_or_the_customer_holds_is_no_authority() {
    for holder in ["j.berg", "eva.lund@norrland-timber.example"] {
        let mut world = fibre_with(term("payment-days", Some("60"), None));
        world.rules(|policy| {
            let finance = policy.spec.holders.iter_mut().filter(|holder| holder.function == "finance");
            let subject = || Subject { kind: SubjectKind::User, name: holder.to_owned() };
            finance.for_each(|entry| entry.subjects = vec![subject()]);
        });
        world.settle();
        assert_eq!(fault_in(&world).0, "NoAuthority", "{holder}");
    }
}

#[test]
fn a_level_that_nobody_holds_is_no_authority_but_a_higher_one_is() {
    let mut world = fibre_with(term("payment-days", Some("60"), None));
    world.rules(|policy| policy.spec.holders.retain(|holder| holder.function != "finance"));
    world.settle();
    assert_eq!(
        fault_in(&world),
        (
            "NoAuthority".to_owned(),
            "nobody who may approve holds finance L2 or a higher level; name a holder in the policy"
                .to_owned()
        )
    );
    for (held, phase) in [("L1", "Pending"), ("L2", "AwaitingConfirmation"), ("L3", "AwaitingConfirmation")] {
        let mut world = fibre_with(term("payment-days", Some("60"), None));
        world.rules(|policy| {
            policy.spec.holders.retain(|holder| holder.function != "finance" || holder.level == held);
        });
        world.settle();
        assert_eq!(world.phase(), phase, "{held}");
    }
}

/// A catalogue or a trigger that asks for what the policy does not have is no authority.
#[test]
fn what_asks_for_a_level_that_the_policy_lacks_finds_no_authority() {
    for (function, level, expected) in [
        (
            "marketing",
            "L1",
            "`payment-days` is 45, the standard is up to 30 (band pay-45): it needs marketing L1, and the policy has no ladder for that function",
        ),
        (
            "finance",
            "L9",
            "`payment-days` is 45, the standard is up to 30 (band pay-45): it needs finance L9, and the policy has no such level",
        ),
    ] {
        let mut world = fibre_with(term("payment-days", Some("45"), None));
        let band = &mut world.terms.as_mut().unwrap().spec.terms[0].bands[0];
        (band.function, band.level) = (function.to_owned(), level.to_owned());
        world.settle();
        assert_eq!(fault_in(&world), ("NoAuthority".to_owned(), expected.to_owned()));
    }
    for (function, level, expected) in [
        (
            "marketing",
            "L1",
            "trigger `big`: it needs marketing L1, and the policy has no ladder for that function",
        ),
        ("legal", "L9", "trigger `big`: it needs legal L9, and the policy has no such level"),
    ] {
        let fault = fault_of(|world| {
            world.rules(|policy| {
                policy.spec.rules.triggers.push(Trigger {
                    name: "big".to_owned(),
                    segments: vec!["Enterprise".to_owned()],
                    agreement_types: Vec::new(),
                    order_categories: Vec::new(),
                    function: function.to_owned(),
                    level: level.to_owned(),
                });
            });
        });
        assert_eq!(fault, ("NoAuthority".to_owned(), expected.to_owned()));
    }
}
