//! CEL rules.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use countersign_api::crd;
use serde_json::{Value, json};
use testkit::alone::bare;
use testkit::raw::Refusal;
use testkit::schema::with;

use super::cases::{always, broken, kept_in_status, never_changed, once_sealed};
use super::{Case, Edit, Kind, Rule, other_digest, rules, sealed};

fn edited(object: &Value, edit: &Edit) -> Value {
    edit.iter().fold(object.clone(), |object, (pointer, value)| with(&object, pointer, value))
}

#[tokio::test]
async fn every_rule_refuses_what_it_must_and_says_why() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    let rules: Vec<Rule> = crd::all().iter().flat_map(rules).collect();
    let mut hit = BTreeSet::new();
    let mut faults = Vec::new();
    let mut judge = |case: &Case, refused: Result<Value, Refusal>, accepted: Result<Value, Refusal>| {
        match broken(&rules, case, refused) {
            Ok(of) => hit.extend(of),
            Err(fault) => faults.push(fault.to_string()),
        }
        if let Err(refusal) = accepted {
            faults.push(format!("{} {} {:?}: {}", case.kind, case.example, case.accepted, refusal.message));
        }
    };

    for case in always() {
        let kind = Kind::of(case.kind)?;
        let example = kind.example(case.example)?;
        let refused = kind.create(&admin, &edited(&example, &case.refused), true).await;
        let accepted = kind.create(&admin, &edited(&example, &case.accepted), true).await;
        judge(&case, refused, accepted);
    }
    for (number, case) in never_changed().into_iter().enumerate() {
        let kind = Kind::of(case.kind)?;
        let stored = kind.stored(&admin, &kind.example(case.example)?, &format!("kept-{number}")).await?;
        let refused = kind.replace(&admin, &edited(&stored, &case.refused), "", true).await;
        let accepted = kind.replace(&admin, &edited(&stored, &case.accepted), "", true).await;
        judge(&case, refused, accepted);
    }
    let kind = Kind::of("customeragreements")?;
    let example = kind.example("complete")?;
    let open = kind.stored(&admin, &example, "open").await?;
    let sealed = sealed(&kind, &admin, &example, "sealed").await?;
    for case in once_sealed() {
        let refused = kind.replace(&admin, &edited(&sealed, &case.refused), "", true).await;
        let accepted = kind.replace(&admin, &edited(&open, &case.refused), "", true).await;
        judge(&case, refused, accepted);
    }
    for case in kept_in_status() {
        let refused = kind.replace(&admin, &edited(&sealed, &case.refused), "/status", true).await;
        let accepted = kind.replace(&admin, &edited(&sealed, &case.accepted), "/status", true).await;
        judge(&case, refused, accepted);
    }

    let never: Vec<String> = rules
        .iter()
        .enumerate()
        .filter(|(index, _)| !hit.contains(index))
        .map(|(_, rule)| format!("no case breaks the rule at {} `{}`: {}", rule.kind, rule.field, rule.text))
        .collect();
    faults.extend(never);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

#[tokio::test]
async fn what_nobody_decided_on_stays_editable_after_sealing() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    let kind = Kind::of("customeragreements")?;
    let two = json!([
        {"name": "Terms", "role": "GeneralTerms", "digest": other_digest()},
        {"name": "Terms again", "role": "GeneralTerms", "digest": other_digest()},
        {"name": "Prices", "role": "PriceList", "digest": other_digest()},
    ]);
    let example = with(&kind.example("complete")?, "/spec/documents", &two);
    let sealed = sealed(&kind, &admin, &example, "editable").await?;
    let edits: Vec<Edit> = vec![
        vec![("/spec/title", json!("Another title"))],
        vec![("/spec/description", json!("Other words"))],
        vec![("/spec/description", Value::Null)],
        vec![("/spec/documentNumber", json!("CA-2"))],
        vec![("/spec/offerEndTime", json!("2027-12-02T08:00:00Z"))],
        vec![("/spec/provider/ownerUsername", json!("s.patel"))],
        vec![("/spec/provider/signatories/0/username", json!("m.osei"))],
        vec![("/spec/provider/signatories", Value::Null)],
        vec![("/spec/documents/0/name", json!("Renamed"))],
        vec![("/spec/documents/0/uri", json!("https://elsewhere.example/terms"))],
        vec![("/spec/documents/0/mediaType", json!("text/plain"))],
        vec![("/metadata/labels", json!({"team": "north"}))],
        vec![("/metadata/annotations", json!({"note": "x"}))],
    ];
    for edit in edits {
        let answer = kind.replace(&admin, &edited(&sealed, &edit), "", true).await;
        assert_eq!(answer.err().map(|refusal| refusal.message), None, "{edit:?}");
    }
    // Three documents as before, but one role once less and another once more: the digest would differ.
    let swapped = vec![("/spec/documents/1/role", json!("PriceList"))];
    let refusal =
        kind.replace(&admin, &edited(&sealed, &swapped), "", true).await.err().context("accepted")?;
    assert!(refusal.message.contains("`spec.documents` may not be changed"), "{}", refusal.message);
    Ok(())
}

/// A map list is the same to the server in any order: what is computed over one must not depend on the order.
#[tokio::test]
async fn reordering_a_keyed_list_is_no_change_to_the_server() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    let kind = Kind::of("customeragreements")?;
    let terms = |order: [&str; 2]| json!(order.map(|id| json!({"id": id, "value": "1"})));
    let example = with(&kind.example("complete")?, "/spec/terms", &terms(["a", "b"]));
    let sealed = sealed(&kind, &admin, &example, "reordered").await?;
    let reordered = with(&sealed, "/spec/terms", &terms(["b", "a"]));
    let answer = kind.replace(&admin, &reordered, "", true).await;
    assert_eq!(answer.err().map(|refusal| refusal.message), None);
    Ok(())
}

/// The server bounds what a rule may cost; the largest agreement must not be the one that hits that bound.
#[tokio::test]
async fn the_largest_agreement_can_be_written_sealed_and_edited() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    let kind = Kind::of("customeragreements")?;
    let small = kind.example("complete")?;
    let item = small.pointer("/spec/orders/0/items/0").cloned().context("no item")?;
    let order = small.pointer("/spec/orders/0").cloned().context("no order")?;
    let orders: Value = (0..100)
        .map(|number| {
            let order = with(&order, "/id", &json!(format!("o{number}")));
            with(&order, "/items", &json!(vec![item.clone(); 20]))
        })
        .collect();
    let numbered = |count: usize, field: &'static str, element: &Value| -> Value {
        (0..count).map(|number| with(element, field, &json!(format!("n{number}")))).collect()
    };
    let term = json!({"id": "", "value": "v".repeat(256), "reason": "r".repeat(1024)});
    let document = small.pointer("/spec/documents/0").cloned().context("no document")?;
    let edit: Edit = vec![
        ("/spec/orders", orders),
        ("/spec/terms", numbered(200, "/id", &term)),
        ("/spec/documents", numbered(32, "/name", &document)),
    ];
    let sealed = sealed(&kind, &admin, &edited(&small, &edit), "largest").await?;
    let size = sealed.to_string().len();
    assert!(size > 1_000_000, "{size} bytes");
    let renamed = with(&sealed, "/spec/title", &json!("Another title"));
    let answer = kind.replace(&admin, &renamed, "", true).await;
    assert_eq!(answer.err().map(|refusal| refusal.message), None);
    let cheaper = with(&sealed, "/spec/orders/99/items/19/prices/0/amount", &json!("9.99"));
    let refusal = kind.replace(&admin, &cheaper, "", true).await.err().context("accepted")?;
    assert!(refusal.message.contains("`spec.orders` may not be changed"), "{}", refusal.message);
    Ok(())
}
