//! `docs/tmforum.md` has every place where a document says something, and no other.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::Audience;
use serde_json::Value;

use super::papers::{complete, lives, made, options, read};
use super::swagger::{places, published};
use testkit::papers::objects;

const PAGE: &str = include_str!("../../../../../docs/tmforum.md");
const OWN: &str = "countersign.dev/";

/// The first cell of every row of the table under a heading, word by word.
fn rows(heading: &str) -> Vec<(BTreeSet<String>, String)> {
    let (_, section) = PAGE.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
    let section = section.split("\n#").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let rows = rows.map(|line| {
        let (first, rest) = line[1..].split_once('|').unwrap();
        (first.split('`').skip(1).step_by(2).map(str::to_owned).collect(), rest.to_owned())
    });
    rows.collect()
}

fn table(heading: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for word in rows(heading).into_iter().flat_map(|(words, _)| words) {
        assert!(all.insert(word.clone()), "{heading}: {word} twice");
    }
    assert!(!all.is_empty(), "{heading}: no rows");
    all
}

/// Every document of every life, by its type.
fn all(audience: Audience) -> BTreeMap<String, Vec<Value>> {
    let mut found = BTreeMap::<String, Vec<Value>>::new();
    let exports = lives().into_iter().map(|(_, world)| objects(&world)).chain([complete()]);
    for document in exports.flat_map(|objects| read(&made(&objects, &options(audience)))) {
        found.entry(document["@type"].as_str().unwrap().to_owned()).or_default().push(document);
    }
    found
}

fn said(documents: &[Value]) -> BTreeSet<String> {
    documents.iter().flat_map(places).collect()
}

#[test]
fn the_page_has_every_field_that_is_written_and_no_other() {
    for (type_, documents) in all(Audience::Provider) {
        assert_eq!(table(&format!("## {type_}")), said(&documents), "{type_}");
    }
}

#[test]
fn the_page_has_every_characteristic_and_who_sees_it() {
    let names = |audience| -> BTreeSet<String> {
        let documents = all(audience).remove("Agreement").unwrap();
        let names = documents.iter().flat_map(|own| own["characteristic"].as_array().unwrap());
        let names = names.filter_map(|own| own["name"].as_str()?.strip_prefix(OWN));
        names.map(str::to_owned).collect()
    };
    let (customer, provider) = (names(Audience::Customer), names(Audience::Provider));
    assert_eq!(table("### Characteristics"), provider);
    for (words, rest) in rows("### Characteristics") {
        let everybody = words.iter().all(|word| customer.contains(word));
        assert_eq!(rest.contains("provider only"), !everybody, "{words:?}");
    }
}

#[test]
fn the_page_has_every_note() {
    let orders = all(Audience::Provider).remove("ProductOrder").unwrap();
    let mut ids: BTreeSet<String> = BTreeSet::new();
    for note in orders.iter().flat_map(|order| order["note"].as_array().unwrap()) {
        let id = note["id"].as_str().unwrap();
        ids.insert(id.split_once('-').map_or(id.to_owned(), |(id, _)| format!("{id}-N")));
    }
    assert_eq!(table("### Notes"), ids);
}

#[test]
fn the_page_has_every_field_that_stays_empty() {
    let Some(published) = published("the_page_has_every_field_that_stays_empty") else { return };
    for (type_, documents) in all(Audience::Provider) {
        let file = if type_ == "ProductOrder" { &published.tmf622 } else { &published.tmf651 };
        let unused = file.unused(&type_, &said(&documents));
        assert_eq!(table(&format!("### Empty in {type_}")), unused, "{type_}");
    }
}

/// Whether it is written or not, the page says what becomes of it.
#[test]
fn the_page_has_every_field_of_ours() {
    let mut checked = 0;
    for crd in countersign_api::crd::all() {
        let crd = serde_json::to_value(crd).unwrap();
        let heading = match crd["spec"]["names"]["kind"].as_str().unwrap() {
            "CustomerAgreement" | "AgreementDecision" => "\n## Agreement\n",
            "StandardTerms" => "\n## AgreementSpecification\n",
            "OrderRequest" => "\n## ProductOrder\n",
            _ => continue,
        };
        let section = PAGE.split_once(heading).unwrap().1.split("\n## ").next().unwrap();
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
        for part in ["spec", "status"] {
            for name in schema[part]["properties"].as_object().into_iter().flatten().map(|(name, _)| name) {
                let field = format!("`{part}.{name}`");
                assert!(section.contains(&field), "{heading}{field}");
                checked += 1;
            }
        }
    }
    assert!(checked > 60, "{checked}");
}
