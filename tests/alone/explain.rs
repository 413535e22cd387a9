//! What `kubectl explain` reads.

use anyhow::{Context, Result};
use countersign_api::crd;
use serde_json::Value;
use testkit::alone::bare;
use testkit::schema::{places, word};

#[tokio::test]
async fn explain_has_words_for_every_field() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    let path = "/openapi/v3/apis/countersign.dev/v1alpha1";
    let published = testenv::until("the server published our schemas", testkit::PATIENCE, || async {
        let answer = testkit::raw::send(&admin, "GET", path, &Value::Null).await;
        let answer = answer.map_err(testkit::raw::Refusal::into_error)?;
        let schemas = answer.pointer("/components/schemas").and_then(Value::as_object).cloned();
        let all = schemas.iter().flat_map(|s| s.keys());
        let kinds: Vec<String> = crd::all().iter().map(|d| word(d, "/spec/names/kind").to_owned()).collect();
        let ours = all.filter(|name| kinds.iter().any(|kind| name.ends_with(&format!(".{kind}")))).count();
        Ok((ours == kinds.len()).then_some(schemas).flatten())
    })
    .await?;
    for definition in crd::all() {
        let kind = word(&definition, "/spec/names/kind");
        let schema = published
            .iter()
            .find(|(name, _)| name.ends_with(&format!(".{kind}")))
            .map(|(_, schema)| schema)
            .with_context(|| format!("{kind} is not published"))?;
        for place in places(&definition) {
            let top = ["apiVersion", "kind", "metadata"].contains(&place.path.as_str());
            if top || place.path.is_empty() || place.path.ends_with("[]") {
                continue;
            }
            let mut pointer = String::new();
            for name in place.path.split('.') {
                let plain = name.trim_end_matches("[]").trim_end_matches("{}");
                pointer = format!("{pointer}/properties/{plain}");
                pointer.push_str(&"/items".repeat(name.matches("[]").count()));
                pointer.push_str(&"/additionalProperties".repeat(name.matches("{}").count()));
            }
            let words = schema.pointer(&format!("{pointer}/description")).and_then(Value::as_str);
            assert_eq!(words, place.word("description"), "{kind} `{}`", place.path);
        }
    }
    Ok(())
}
