//! Examples.

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};
use testkit::alone::bare;
use testkit::raw::{Refusal, path, send};
use testkit::schema::{with, word};

use super::Kind;

#[tokio::test]
async fn every_shipped_example_is_strictly_valid() -> Result<()> {
    let cluster = bare("definitions").await?;
    let admin = cluster.admin()?;
    let namespace = cluster.plane.namespace("examples").await?;
    let files = [
        "common/standard-terms",
        "common/delegation-policy",
        "fibre/agreement",
        "fleet/agreement",
        "cafe/agreement",
    ];
    let kinds = Kind::all()?;
    for file in files {
        for document in testkit::documents(&format!("examples/{file}.yaml"))? {
            let kind =
                kinds.iter().find(|k| word(&k.definition, "/spec/names/kind") == word(&document, "/kind"));
            let kind = kind.with_context(|| format!("{file}: no such kind"))?;
            let home = if kind.namespace.is_empty() { "" } else { namespace.as_str() };
            let path = format!("{}?fieldValidation=Strict", path(&kind.plural, home));
            let stored = send(&admin, "POST", &path, &document).await.map_err(Refusal::into_error)?;
            // What the types do not know they would drop, and the server and the operator would differ.
            let read = read_back(&stored)?;
            let spec = |object: &Value| object.pointer("/spec").cloned().unwrap_or_default();
            assert_eq!(spec(&read), spec(&stored), "{file}");
        }
    }
    Ok(())
}

/// One object that the server keeps and the operator cannot read would stop the operator for all the others.
#[tokio::test]
async fn the_types_read_whatever_spelling_of_times_and_numbers_the_server_takes() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    let kind = Kind::of("customeragreements")?;
    let example = kind.example("complete")?;
    for time in [
        "1000-01-01T00:00:00+14:59",
        "2999-12-31T23:59:59.999999999-14:59",
        "2028-02-29T00:00:00.5Z",
        "2028-01-01T00:00:00-00:00",
    ] {
        let object = with(&example, "/spec/offerEndTime", &json!(time));
        let stored = kind.create(&admin, &object, true).await.map_err(Refusal::into_error).context(time)?;
        read_back(&stored).with_context(|| format!("the server takes {time}, and we cannot read it"))?;
    }
    for number in ["2.0", "2e0", "20e-1"] {
        let text =
            with(&example, "/spec/offerVersion", &json!("NUMBER")).to_string().replace("\"NUMBER\"", number);
        let path = format!("{}?dryRun=All", path("customeragreements", "default"));
        let request = http::Request::post(path).header("content-type", "application/json");
        let answer: Result<Value, kube::Error> = admin.request(request.body(text.into_bytes())?).await;
        if let Ok(stored) = answer {
            read_back(&stored)
                .with_context(|| format!("the server takes {number}, and we cannot read it"))?;
        }
    }
    Ok(())
}

/// The object as our types see it.
fn read_back(object: &Value) -> Result<Value> {
    let object = object.clone();
    Ok(match word(&object, "/kind") {
        "StandardTerms" => {
            serde_json::to_value(serde_json::from_value::<countersign_api::StandardTerms>(object)?)?
        }
        "DelegationPolicy" => {
            serde_json::to_value(serde_json::from_value::<countersign_api::DelegationPolicy>(object)?)?
        }
        "CustomerAgreement" => {
            serde_json::to_value(serde_json::from_value::<countersign_api::CustomerAgreement>(object)?)?
        }
        "AgreementDecision" => {
            serde_json::to_value(serde_json::from_value::<countersign_api::AgreementDecision>(object)?)?
        }
        "OrderRequest" => {
            serde_json::to_value(serde_json::from_value::<countersign_api::OrderRequest>(object)?)?
        }
        other => return Err(anyhow!("no type for {other}")),
    })
}

#[tokio::test]
async fn the_types_read_back_every_field_that_the_server_keeps() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    for kind in Kind::all()? {
        for (number, example) in kind.examples.iter().enumerate() {
            let mut stored = kind.stored(&admin, example, &format!("types-{number}")).await?;
            if let Some(status) = example.pointer("/status") {
                let full = with(&stored, "/status", status);
                stored = kind.replace(&admin, &full, "/status", false).await.map_err(Refusal::into_error)?;
            }
            let read = read_back(&stored)?;
            for part in ["/spec", "/status"] {
                assert_eq!(read.pointer(part), stored.pointer(part), "{} {part}", kind.plural);
            }
        }
    }
    Ok(())
}
