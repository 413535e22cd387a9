//! What people see and select by.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use testkit::alone::bare;
use testkit::raw::{Refusal, path, send};
use testkit::schema::{with, word};

use super::{Kind, sealed, table};

fn columns(table: &Value, wide: bool) -> Vec<(String, Value)> {
    let definitions =
        table.pointer("/columnDefinitions").and_then(Value::as_array).cloned().unwrap_or_default();
    let cells = table.pointer("/rows/0/cells").and_then(Value::as_array).cloned().unwrap_or_default();
    definitions
        .iter()
        .zip(cells)
        .filter(|(column, _)| wide || column.get("priority").and_then(Value::as_i64) == Some(0))
        .map(|(column, cell)| (word(column, "/name").to_owned(), cell))
        .collect()
}

#[tokio::test]
async fn default_columns_fit_eighty_characters_and_wide_ones_show_the_rest() -> Result<()> {
    let cluster = bare("definitions").await?;
    let admin = cluster.admin()?;
    let kind = Kind::of("customeragreements")?;
    let example = with(&kind.example("complete")?, "/metadata/name", &json!("havlink-fleet"));
    sealed(&kind, &admin, &example, "havlink-fleet").await?;
    let path =
        format!("{}?fieldSelector=metadata.name%3Dhavlink-fleet", path("customeragreements", "default"));
    let table = table(&admin, &path).await?;
    let line: usize = columns(&table, false)
        .iter()
        .map(|(name, cell)| {
            let cell = cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
            name.len().max(cell.len()) + 3
        })
        .sum();
    assert!(line - 3 <= 80, "{line}: {:?}", columns(&table, false));
    let names: Vec<String> = columns(&table, true).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["Name", "Phase", "Waiting For", "Rev", "Age", "Deadline", "Customer", "Value", "Currency", "Terms"]
    );
    let shown: Vec<Value> = columns(&table, true).into_iter().map(|(_, cell)| cell).collect();
    assert!(!shown.contains(&Value::Null), "an empty column: {shown:?}");
    Ok(())
}

#[tokio::test]
async fn every_selectable_field_selects() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    for kind in Kind::all()? {
        let example = kind.examples.first().context("no example")?;
        let stored = kind.stored(&admin, example, "selected").await?;
        if let Some(status) = example.pointer("/status") {
            let written = kind.replace(&admin, &with(&stored, "/status", status), "/status", false).await;
            written.map_err(Refusal::into_error)?;
        }
        let fields = kind.definition.pointer("/spec/versions/0/selectableFields").and_then(Value::as_array);
        let fields = fields.with_context(|| format!("{} has no selectable field", kind.plural))?;
        for field in fields {
            let json_path = word(field, "/jsonPath");
            let value = word(example, &json_path.replace('.', "/")).to_owned();
            let select = async |operator: &str| {
                let path = path(&kind.plural, kind.namespace);
                let field = json_path.trim_start_matches('.');
                let query = format!("{path}?fieldSelector={field}{operator}{value},metadata.name%3Dselected");
                let list = send(&admin, "GET", &query, &Value::Null).await.map_err(Refusal::into_error)?;
                anyhow::Ok(list.pointer("/items").and_then(Value::as_array).map_or(0, Vec::len))
            };
            assert_eq!(select("%3D").await?, 1, "{} {json_path}={value}", kind.plural);
            assert_eq!(select("!%3D").await?, 0, "{} {json_path}!={value}", kind.plural);
        }
    }
    Ok(())
}

#[tokio::test]
async fn selecting_by_another_field_is_refused_and_not_ignored() -> Result<()> {
    let turn = bare("definitions").await?;
    let admin = turn.admin()?;
    let query = format!("{}?fieldSelector=spec.title%3Dx", path("customeragreements", "default"));
    let refusal = send(&admin, "GET", &query, &Value::Null).await.err().context("accepted")?;
    assert_eq!(refusal.code, 400, "{}", refusal.message);
    Ok(())
}
