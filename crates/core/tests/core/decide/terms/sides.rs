//! Who acts for which side.

use countersign_api::customer_agreement::RepresentativeRole;
use countersign_api::delegation_policy::{Alias, Countersignature};
use testkit::people::EVA;
use testkit::world::World;

use super::{fault_of, spec_fault};

#[test]
fn each_side_has_somebody_who_can_act() {
    for (roles, missing) in
        [(RepresentativeRole::Signatory, "Confirmer"), (RepresentativeRole::Confirmer, "Signatory")]
    {
        let message = spec_fault(|agreement| agreement.spec.customer.representatives[0].roles = vec![roles]);
        assert_eq!(message, format!("`spec.customer.representatives` must have one with the role {missing}"));
    }
    let message = spec_fault(|agreement| agreement.spec.provider.signatories.clear());
    assert_eq!(
        message,
        "`spec.provider.signatories` must have one, since the policy asks for a countersignature"
    );
    let mut world = World::fibre();
    world.rules(|policy| policy.spec.rules.sign_off.countersignature = Countersignature::Waived);
    world.edit(|agreement| agreement.spec.provider.signatories.clear());
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
}

#[test]
fn nobody_is_on_both_sides() {
    let both = |where_| {
        format!("\"{}\" must not be on both sides: `spec.customer.representatives` and `{where_}`", EVA.0)
    };
    let signs = spec_fault(|agreement| agreement.spec.provider.signatories[0].username = EVA.0.to_owned());
    assert_eq!(signs, both("spec.provider.signatories"));
    let owns = spec_fault(|agreement| agreement.spec.provider.owner_username = EVA.0.to_owned());
    assert_eq!(owns, both("spec.provider.ownerUsername"));
    let (reason, by_alias) = fault_of(|world| {
        world.rules(|policy| {
            let aliases = vec!["ext-eva".to_owned(), EVA.0.to_owned()];
            policy.spec.aliases.push(Alias { username: "e.lund".to_owned(), aliases });
        });
        world.edit(|agreement| agreement.spec.provider.owner_username = "ext-eva".to_owned());
    });
    assert_eq!((reason.as_str(), by_alias), ("TermsInvalid", both("spec.provider.ownerUsername")));
}
