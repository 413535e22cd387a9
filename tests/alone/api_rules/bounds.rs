//! Bounds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::Result;
use futures::{StreamExt, stream};
use serde_json::Value;
use testkit::alone::bare;
use testkit::raw::{Refusal, path, send};
use testkit::schema::{Place, places, pointers, with, word};

use super::{Kind, bounds};

/// Requests at a time.
const PARALLEL: usize = 24;

#[tokio::test]
async fn every_field_has_an_example_that_the_server_takes() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    for kind in Kind::all()? {
        let mut without: BTreeSet<String> = places(&kind.definition)
            .into_iter()
            .map(|place| place.path)
            .filter(|path| path.starts_with("spec") || path.starts_with("status"))
            .collect();
        for example in &kind.examples {
            kind.create(&admin, example, true).await.map_err(Refusal::into_error)?;
            for (path, _) in pointers(&kind.definition, example) {
                without.remove(&path);
            }
        }
        assert!(without.is_empty(), "testkit/complete/{}.yaml lacks {without:?}", kind.plural);
    }
    Ok(())
}

#[tokio::test]
async fn every_bound_is_refused_beyond_and_accepted_within() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    let mut trials = Vec::new();
    for kind in Kind::all()? {
        for (number, example) in kind.examples.iter().enumerate() {
            let bare = kind.stored(&admin, example, &format!("bounds-{number}")).await?;
            let schemas: BTreeMap<String, Place<'_>> =
                places(&kind.definition).into_iter().map(|place| (place.path.clone(), place)).collect();
            for (path, pointer) in pointers(&kind.definition, example) {
                let Some(place) = schemas.get(&path).filter(|place| place.path.contains('.')) else {
                    continue;
                };
                let Some(value) = example.pointer(&pointer) else { continue };
                // A status is stripped on creation, so its bounds are only enforced where it is written.
                let status = pointer.starts_with("/status");
                let base = if status {
                    let empty = example.pointer("/status").cloned().unwrap_or_default();
                    with(&bare, "/status", &empty)
                } else {
                    with(example, "/status", &Value::Null)
                };
                for bound in bounds(place, value) {
                    trials.push((
                        kind.plural.clone(),
                        kind.namespace,
                        status,
                        base.clone(),
                        pointer.clone(),
                        bound,
                    ));
                }
            }
        }
    }
    assert!(trials.len() > 900, "only {} bounds were found", trials.len());
    let judged: Vec<Verdict> = stream::iter(trials)
        .map(|(plural, namespace, status, base, pointer, bound)| {
            let admin = admin.clone();
            async move {
                let query = "fieldValidation=Strict&dryRun=All";
                let collection = path(&plural, namespace);
                let (method, path) = if status {
                    ("PUT", format!("{collection}/{}/status?{query}", word(&base, "/metadata/name")))
                } else {
                    ("POST", format!("{collection}?{query}"))
                };
                let attempt =
                    async |value: &Value| send(&admin, method, &path, &with(&base, &pointer, value)).await;
                let mut within = Ok(());
                for value in &bound.within {
                    within = attempt(value).await.map(drop).map_err(|refusal| refusal.message);
                    if within.is_ok() {
                        break;
                    }
                }
                let beyond = match attempt(&bound.beyond).await {
                    Err(refusal) if refusal.message.contains(bound.says) => Ok(()),
                    Err(refusal) => Err(format!("refused with other words: {}", refusal.message)),
                    Ok(_) => Err("accepted beyond the bound".to_owned()),
                };
                Verdict { what: format!("{plural} {}", bound.what), within, beyond }
            }
        })
        .buffer_unordered(PARALLEL)
        .collect()
        .await;
    // Two examples may have the same field, and only one of them leave room for its largest value.
    let reached: BTreeSet<&str> =
        judged.iter().filter(|v| v.within.is_ok()).map(|v| v.what.as_str()).collect();
    let mut faults = String::new();
    for Verdict { what, within, beyond } in &judged {
        if let Err(fault) = beyond {
            writeln!(faults, "{what}: {fault}")?;
        }
        if let (Err(fault), false) = (within, reached.contains(what.as_str())) {
            writeln!(faults, "{what}: refused within the bound: {fault}")?;
        }
    }
    assert!(faults.is_empty(), "{faults}");
    Ok(())
}

/// What came of trying one bound.
struct Verdict {
    what: String,
    within: Result<(), String>,
    beyond: Result<(), String>,
}
