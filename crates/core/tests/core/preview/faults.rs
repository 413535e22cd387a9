//! Files that are not as they should be.

use countersign_core::preview::{Input, Preview, Verdict};
use serde_json::{Value, json};
use testkit::world::World;

use super::{manifest, only, preview_of, previewed, rules};

fn fleet_with(change: impl FnOnce(&mut Value)) -> Preview {
    let world = World::fleet();
    let mut file = manifest(&world.agreement);
    change(&mut file);
    let mut input = Input::default();
    input.read("agreement.yaml", &file.to_string());
    input.read("rules.yaml", &rules(&world));
    only(&input, &world)
}

#[test]
fn every_fault_is_told_at_once_with_its_field() {
    let preview = fleet_with(|file| {
        file["spec"]["offerVersion"] = json!(0);
        file["spec"]["orders"][0]["items"][0]["quantitty"] = json!(3);
        file["spec"]["terms"][1]["value"] = json!("two");
        file["spec"]["customer"]["representatives"][0]["roles"] = json!(["Boss"]);
        file["spec"]["offerEndTime"] = json!("tomorrow");
        file["metadata"]["name"] = Value::Null;
    });
    assert_eq!(preview.verdict, Verdict::Invalid);
    for field in [
        "`spec.offerVersion`",
        "`spec.orders[0].items[0].quantitty` is no field",
        "`spec.customer.representatives[0].roles[0]`",
        "`spec.offerEndTime`",
        "`metadata.name`",
    ] {
        assert!(preview.faults.iter().any(|fault| fault.contains(field)), "{field} in {:#?}", preview.faults);
    }
    let preview = fleet_with(|file| {
        file["spec"]["terms"][1]["value"] = json!("two");
        file["spec"]["orders"][0]["surprise"] = json!(true);
    });
    for field in ["`spec.terms[commitment-months].value`", "`spec.orders[0].surprise`"] {
        assert!(preview.faults.iter().any(|fault| fault.contains(field)), "{field} in {:#?}", preview.faults);
    }
}

#[test]
fn beyond_everybody_is_not_merely_invalid() {
    let preview = fleet_with(|file| file["spec"]["orders"][0]["items"][0]["discountPercent"] = json!("60"));
    assert_eq!(preview.verdict, Verdict::BeyondTop, "{:#?}", preview.faults);
}

#[test]
fn a_missing_field_is_named_and_stops_no_other_agreement() {
    let world = World::fleet();
    let mut broken = manifest(&world.agreement);
    broken["metadata"]["name"] = json!("broken");
    broken["spec"].as_object_mut().unwrap().remove("customer");
    let mut input = Input::default();
    input.read("all.yaml", &json!([broken, manifest(&world.agreement)]).to_string());
    input.read("rules.yaml", &rules(&world));
    input.read("rubbish.yaml", "kind: [\n---\napiVersion: countersign.dev/v1alpha1\nkind: Nonsense\n");
    let previews = input.previews("default", world.now);
    let found: Vec<_> = previews.iter().map(|one| (one.preview.name.as_str(), one.preview.verdict)).collect();
    assert_eq!(found, [("broken", Verdict::Invalid), ("havlink-fleet", Verdict::Escalation)]);
    assert!(previews[0].preview.faults.iter().any(|fault| fault.contains("customer")), "{previews:#?}");
    assert_eq!(input.unreadable().len(), 2);
}

#[test]
fn a_policy_that_the_namespace_is_not_selected_by_says_what_is_missing() {
    let mut world = World::fleet();
    world.rules(|policy| {
        policy.spec.namespace_selector =
            serde_json::from_value(json!({"matchLabels": {"tier": "gold"}})).unwrap();
    });
    let without_namespace = |world: &World| {
        let mut input = Input::default();
        input.read("agreement.yaml", &manifest(&world.agreement).to_string());
        input.read("rules.yaml", &json!([world.terms, *world.policies[0]]).to_string());
        input
    };
    let mut input = without_namespace(&world);
    let faults = only(&input, &world).faults;
    assert!(faults.len() == 1 && faults[0].contains("--namespace-labels"), "{faults:?}");
    input.label("commerce", [("tier".to_owned(), "gold".to_owned())].into());
    assert_eq!(only(&input, &world).faults, Vec::<String>::new());

    // No label mends one that selects it and cannot be used.
    world.rules(|policy| {
        policy.spec.namespace_selector = serde_json::from_value(json!({})).unwrap();
        policy.spec.rules.calendar =
            serde_json::from_value(json!({"timeZone": "Europe/Sundsvall", "workDays": ["Monday"]})).unwrap();
    });
    let input = without_namespace(&world);
    let faults = previewed(&input, &world).faults;
    assert!(faults.len() == 1 && faults[0].ends_with("must be an IANA time zone"), "{faults:?}");
    let told = input.unreadable().iter().map(ToString::to_string).collect::<String>();
    assert!(told.contains("must be an IANA time zone"), "no gate lets through what cannot be used: {told:?}");
}

#[test]
fn labels_that_are_no_texts_are_not_taken_for_none() {
    let mut input = Input::default();
    input.read("namespaces.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {tier: 1}}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: b, labels: null}\n");
    let told: Vec<String> = input.unreadable().iter().map(ToString::to_string).collect();
    assert!(told.len() == 1 && told[0].contains("`metadata.labels`"), "{told:?}");
}

/// An agreement elsewhere is a warning and one that cannot be named a fault.
#[test]
fn an_agreement_elsewhere_is_a_warning_and_one_without_name_a_fault() {
    let mut world = World::fibre();
    world.agreement.spec.agreement_type = "Amendment".to_owned();
    world.agreement.spec.amends_ref = serde_json::from_value(json!({"name": "the-first"})).unwrap();
    let preview = preview_of(&world);
    assert_eq!(preview.faults, Vec::<String>::new());
    assert!(preview.warnings.iter().any(|words| words.contains("the-first")), "{:?}", preview.warnings);

    let mut other = World::cafe();
    other.agreement.metadata.name = Some("the-first".to_owned());
    let mut input = Input::default();
    input.read("agreement.yaml", &manifest(&world.agreement).to_string());
    input.read("rules.yaml", &rules(&world));
    input.read_running("cluster.yaml", &json!(other.agreement).to_string());
    let preview = only(&input, &world);
    assert!(preview.faults.iter().any(|fault| fault.contains("another customer")), "{:?}", preview.faults);
}
