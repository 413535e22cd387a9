//! S1: classing terms against the catalogue, and everything that is checked before anybody is asked.

mod authority;
mod catalogue;
mod deviations;
mod faults;
mod links;
mod orders;
mod pinned;
mod policy;
mod sides;
mod values;

use countersign_api::CustomerAgreement;
use countersign_api::agreement_status::DeviationCategory;
use countersign_api::customer_agreement::Term;
use countersign_api::references::AgreementNameRef;
use countersign_api::standard_terms::StandardTerm;
use testkit::world::{World, read};

fn term(id: &str, value: Option<&str>, text: Option<&str>) -> Term {
    Term { id: id.to_owned(), value: value.map(str::to_owned), text: text.map(str::to_owned), reason: None }
}

/// The fibre agreement with one term as given, and everything else standard.
fn fibre_with(new: Term) -> World {
    let mut world = World::fibre();
    world.edit(|agreement| {
        let terms = &mut agreement.spec.terms;
        match terms.iter_mut().find(|term| term.id == new.id) {
            Some(term) => *term = new,
            None => terms.push(new),
        }
    });
    world
}

/// A catalogue that also has the given term, in YAML.
fn catalogue_with(world: &mut World, yaml: &str) {
    let term: StandardTerm = read(yaml);
    world.terms.as_mut().unwrap().spec.terms.push(term);
}

type Found = (DeviationCategory, Option<String>, String, String);

fn deviations(world: &World) -> Vec<Found> {
    let deviations = world.status().deviations.iter().cloned();
    deviations.map(|d| (d.category, d.band, d.function, d.level)).collect()
}

fn found(category: DeviationCategory, band: &str, function: &str, level: &str) -> Found {
    let band = (!band.is_empty()).then(|| band.to_owned());
    (category, band, function.to_owned(), level.to_owned())
}

/// The one fault that a change brings about: reason and message, the same wherever they are shown.
fn fault_of(change: impl FnOnce(&mut World)) -> (String, String) {
    let mut world = World::fibre();
    change(&mut world);
    world.settle();
    fault_in(&world)
}

fn fault_in(world: &World) -> (String, String) {
    let (valid, reason, message) = world.condition("Valid");
    assert_eq!((valid.as_str(), world.phase()), ("False", "Pending"), "{reason}: {message}");
    for type_ in ["Ready", "Stalled"] {
        let shown = world.condition(type_);
        assert_eq!((&shown.1, &shown.2), (&reason, &message), "{type_}");
    }
    assert_eq!(world.condition("Ready").0, "False");
    assert_eq!(world.status().pinned, None, "nothing is pinned that nobody was asked about");
    (reason, message)
}

fn spec_fault(change: impl FnOnce(&mut CustomerAgreement)) -> String {
    let (reason, message) = fault_of(|world| {
        world.edit(change);
    });
    assert_eq!(reason, "TermsInvalid", "{message}");
    message
}

/// Another agreement of the same customer, agreed.
pub fn agreed_agreement(name: &str) -> CustomerAgreement {
    let mut world = World::agreed_fibre();
    world.agreement.metadata.name = Some(name.to_owned());
    world.agreement.metadata.uid = Some(format!("uid-of-{name}"));
    world.agreement
}

pub fn refers_to(name: &str) -> Option<AgreementNameRef> {
    Some(AgreementNameRef { name: name.to_owned() })
}
