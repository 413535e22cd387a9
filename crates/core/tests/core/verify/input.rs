//! What is handed in.

use countersign_api::Action;
use countersign_core::verify::{Claim, Verdict};
use serde_json::{Value, json};
use testkit::papers::{Papers, read};
use testkit::people::EVA;
use testkit::world::World;

use super::{AGREEMENT, DECISION, that_are, yaml};

#[test]
fn documents_lists_and_json_are_the_same_export() {
    let papers = Papers::of(&World::agreed_fibre());
    let expected = papers.report().to_string();
    let documents: String = papers.0.iter().map(|object| format!("---\n{}", yaml(object))).collect();
    let list = yaml(&json!({"apiVersion": "v1", "kind": "List", "items": papers.0}));
    let lines: String = papers.0.iter().map(|object| format!("{object}\n")).collect();
    for (what, text) in [
        ("documents", documents.clone()),
        ("documents of Windows", documents.replace('\n', "\r\n")),
        ("a list", list),
        ("objects of JSON", lines),
        ("an array", Value::Array(papers.0.clone()).to_string()),
    ] {
        assert_eq!(read(&text).to_string(), expected, "{what}");
    }
    // Typed lists, whose items leave out what the list says for all of them.
    let mut typed = String::new();
    for kind in
        ["CustomerAgreement", "AgreementDecision", "OrderRequest", "StandardTerms", "DelegationPolicy"]
    {
        let mut items: Vec<Value> =
            papers.0.iter().filter(|object| object["kind"] == kind).cloned().collect();
        for item in &mut items {
            item.as_object_mut().unwrap().remove("kind");
            item.as_object_mut().unwrap().remove("apiVersion");
        }
        let list =
            json!({"apiVersion": "countersign.dev/v1alpha1", "kind": format!("{kind}List"), "items": items});
        typed.push_str(&list.to_string());
    }
    assert_eq!(read(&typed).to_string(), expected);
}

#[test]
fn what_cannot_be_read_is_named_and_takes_nothing_with_it() {
    let mut papers = Papers::of(&World::agreed_fibre());
    papers.0.push(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}));
    let mut dance = papers.get(DECISION, "decision-001").clone();
    dance["metadata"]["name"] = json!("dance");
    dance["spec"]["orders"][0]["outcome"] = json!("Dance");
    let mut without = papers.get(DECISION, "decision-001").clone();
    without["metadata"]["name"] = json!("without");
    without["spec"]["decidedBy"].as_object_mut().unwrap().remove("username");
    let mut manifest = papers.agreement().clone();
    manifest["metadata"].as_object_mut().unwrap().remove("uid");
    let mut future = papers.get(DECISION, "decision-001").clone();
    future["apiVersion"] = json!("countersign.dev/v9");
    let mut contradiction = papers.get(DECISION, "decision-001").clone();
    contradiction["spec"]["decidedBy"]["username"] = json!("mallory");
    let same = papers.get(DECISION, "decision-001").clone();
    papers.0.extend([dance, without, manifest, future, contradiction, same]);
    let mut text: String = papers.0.iter().map(|object| format!("---\n{}", yaml(object))).collect();
    text.push_str("---\n- [broken\n---\njust words\n");
    let report = read(&text);
    assert_eq!(report.summary.fails, 0, "{report}");
    assert_eq!((report.agreements.len(), report.others), (1, 1));
    assert!(!report.holds(), "nobody knows what the rest says");
    let told: Vec<(usize, String, String)> = report
        .unreadable
        .iter()
        .map(|own| {
            assert_eq!(own.file, "export.yaml");
            (own.document, own.field.clone().unwrap_or_default(), own.message.clone())
        })
        .collect();
    let objects = papers.0.len();
    let fields: Vec<(usize, &str)> =
        told.iter().map(|(document, field, _)| (*document, field.as_str())).collect();
    assert_eq!(
        fields,
        [
            (objects - 5, "spec.orders[0].outcome"),
            (objects - 4, "spec.decidedBy"),
            (objects - 3, "metadata.uid"),
            (objects - 2, "apiVersion"),
            (objects - 1, ""),
            (objects + 1, ""),
            (objects + 2, ""),
        ],
        "{told:#?}"
    );
    for (index, words) in [
        (0, "unknown variant `Dance`"),
        (1, "missing field `username`"),
        (2, "not their manifests"),
        (3, "\"countersign.dev/v9\" must be countersign.dev/v1alpha1"),
        (4, "exported twice, with different content"),
        (5, "it is not YAML"),
        (6, "it must be an object or a list of objects, and is a text"),
    ] {
        assert!(told[index].2.contains(words), "{:?}", told[index]);
    }
    assert_eq!(report.unreadable[0].object.as_deref(), Some("AgreementDecision commerce/dance"));
}

#[test]
fn agreements_of_one_name_are_told_apart_by_namespace_and_uid() {
    let here = Papers::of(&World::agreed_fibre());
    // The same in another namespace, declined there.
    let mut world = World::fibre();
    world.settle();
    world.pass(60).act_because(EVA, Action::Decline, "too long");
    world.settle();
    let mut there = Papers::of(&world);
    for object in &mut there.0 {
        if object["metadata"].get("namespace").is_some() {
            object["metadata"]["namespace"] = json!("elsewhere");
        }
    }
    // And an earlier one of that name, which was deleted and made again.
    let mut earlier = World::fibre();
    earlier.agreement.metadata.uid = Some("agreement-0".to_owned());
    earlier.settle();
    earlier.pass(30).act_because(EVA, Action::Withdraw, "a wrong price");
    earlier.settle();
    let mut earlier = Papers::of(&earlier);
    for object in earlier.0.iter_mut().filter(|object| object["kind"] == DECISION) {
        // Names are given twice where the first was purged.
        object["metadata"]["uid"] = json!("uid-of-the-first-decision-001");
    }
    let mut all = here;
    all.0.extend(there.0);
    all.0.extend(earlier.0);
    let report = all.report();
    assert!(report.holds_whole(), "{report}");
    let told: Vec<(&str, &str, &str)> = report
        .agreements
        .iter()
        .map(|own| (own.namespace.as_str(), own.uid.as_str(), own.phase.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("commerce", "agreement-0", "Withdrawn"),
            ("commerce", "agreement-1", "Agreed"),
            ("elsewhere", "agreement-1", "Declined"),
        ]
    );
}

#[test]
fn what_belongs_to_no_agreement_in_the_export_is_said() {
    let mut papers = Papers::of(&World::agreed_fleet());
    papers.remove(AGREEMENT, "");
    let mut cafe = World::cafe();
    cafe.agreement.metadata.uid = Some("agreement-7".to_owned());
    cafe.settle();
    papers.0.push(json!(cafe.agreement));
    let report = papers.report();
    assert!(report.holds() && !report.holds_whole(), "{report}");
    assert_eq!(report.strays.len(), 2, "{report}");
    assert!(report.strays[0].starts_with("OrderRequest commerce/havlink-fleet-sims-"), "{report}");
    assert_eq!(
        report.strays[1],
        "decisions on commerce/havlink-fleet (uid agreement-1): that agreement is not in the export"
    );
}

#[test]
fn an_order_request_that_is_gone_is_no_secret() {
    let mut world = World::agreed_fibre();
    world.orders.clear();
    world.settle();
    assert_eq!(world.condition("OrdersIssued").1, "OrderRequestMissing");
    let report = Papers::of(&world).report();
    assert!(report.holds(), "{report}");
    let unknown = that_are(&report.agreements[0], Verdict::NotChecked);
    assert_eq!(unknown.iter().map(|own| own.claim).collect::<Vec<_>>(), [Claim::OrderRequest], "{report}");
    assert!(
        unknown[0].because.ends_with("is gone, as the status says; what it said cannot be seen"),
        "{report}"
    );
}
