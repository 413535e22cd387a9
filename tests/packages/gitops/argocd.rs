//! The health scripts, run by the Lua interpreter that is compiled into Argo CD.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::Value;
use testenv::tools::Tool;

use super::lives::{self, Is, condition};
use super::text;

const AGREEMENT: &str = "deploy/gitops/argocd/customeragreement.lua";
const ORDER_REQUEST: &str = "deploy/gitops/argocd/orderrequest.lua";
const CONFIG: &str = "deploy/gitops/argocd/argocd-cm.yaml";

/// Takes away what Argo CD does not open, then says what the script makes of each object.
const HARNESS: &str = r#"
local write, dump, pattern = io.write, string.format, string.gsub
getmetatable("").__index = nil
string, io, math, debug, coroutine, channel = nil, nil, nil, nil, nil, nil
os = { time = os.time, date = os.date, clock = os.clock, difftime = os.difftime }
for _, object in ipairs(objects) do
  obj = object
  local health = assert(loadstring(script))()
  for key in pairs(health) do
    assert(key == "status" or key == "message", key)
  end
  write(dump("%s\t%s\n", health.status, (pattern(health.message, "\n", " "))))
end
"#;

/// What the script says of each: a status and a message.
fn health(script: &str, objects: &[Value]) -> Result<Vec<(String, String)>> {
    let home = tempfile::tempdir()?;
    let file = home.path().join("run.lua");
    let all = Value::Array(objects.to_vec());
    let program = format!("local script = {}\nlocal objects = {}\n{HARNESS}", quoted(script), literal(&all));
    fs::write(&file, program)?;
    let output = Tool::Lua.command(home.path())?.arg(&file).output()?;
    let (said, errors) = (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr));
    let words: Vec<_> = said.lines().filter_map(|line| line.split_once('\t')).collect();
    ensure!(words.len() == objects.len(), "{} of {}: {said}{errors}", words.len(), objects.len());
    Ok(words.into_iter().map(|(status, message)| (status.to_owned(), message.to_owned())).collect())
}

/// A value as Argo CD hands it over: null is nil.
fn literal(value: &Value) -> String {
    match value {
        Value::Null => "nil".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            format!("{{{}}}", items.iter().map(literal).collect::<Vec<_>>().join(","))
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("[{}]={}", quoted(name), literal(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
    }
}

fn quoted(text: &str) -> String {
    let escaped = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | 0..=31 | 127.. => format!("\\{byte:03}"),
        _ => char::from(byte).to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

const fn expected(is: Is) -> &'static str {
    match is {
        Is::Unseen | Is::Issuing => "Progressing",
        Is::Stalled => "Degraded",
        Is::Waiting | Is::Ended => "Suspended",
        Is::Agreed => "Healthy",
    }
}

/// An agreement has the health that people would give it in every part of its life.
#[test]
fn an_agreement_has_the_right_health_in_every_part_of_its_life() -> Result<()> {
    let lives = lives::all();
    let objects: Vec<Value> = lives.iter().map(|life| life.object.clone()).collect();
    for (life, (status, message)) in lives.iter().zip(health(&text(AGREEMENT), &objects)?) {
        assert_eq!(status, expected(life.is), "{}: {message}", life.name);
        let told = condition(&life.object, if life.is == Is::Stalled { "Stalled" } else { "Ready" });
        if life.is != Is::Unseen {
            let told = told.unwrap()["message"].as_str().unwrap();
            assert!(message.starts_with(told), "{}: {message} does not say {told}", life.name);
        }
        assert!(!message.is_empty(), "{}", life.name);
    }
    Ok(())
}

#[test]
fn a_word_that_comes_later_changes_no_health() -> Result<()> {
    let lives = lives::all();
    let objects: Vec<Value> = lives.iter().map(|life| lives::in_new_words(&life.object)).collect();
    for (life, (status, _)) in lives.iter().zip(health(&text(AGREEMENT), &objects)?) {
        assert_eq!(status, expected(life.is), "{}", life.name);
    }
    Ok(())
}

/// What consumers make of an agreed agreement is told and degrades nothing.
#[test]
fn what_consumers_make_of_an_agreement_degrades_nothing() -> Result<()> {
    let lives: Vec<_> = lives::all().into_iter().filter(|life| life.is == Is::Agreed).collect();
    let objects: Vec<Value> = lives.iter().map(|life| life.object.clone()).collect();
    let mut told = 0;
    for (life, (_, message)) in lives.iter().zip(health(&text(AGREEMENT), &objects)?) {
        let handed = condition(&life.object, "HandedOver").unwrap();
        let says = message.contains(handed["message"].as_str().unwrap());
        assert_eq!(says, handed["status"] == "False", "{}: {message}", life.name);
        told += usize::from(says);
    }
    assert!((1..lives.len()).contains(&told), "{told} of {}", lives.len());
    Ok(())
}

#[test]
fn an_order_request_has_the_health_that_its_consumer_reports() -> Result<()> {
    let (reported, objects): (Vec<_>, Vec<_>) = lives::order_requests().into_iter().unzip();
    let said = health(&text(ORDER_REQUEST), &objects)?;
    let found: Vec<_> = reported.into_iter().zip(said.iter().map(|(status, _)| status.as_str())).collect();
    let expected = [
        ("", "Suspended"),
        ("Acknowledged", "Progressing"),
        ("Completed", "Healthy"),
        ("Failed", "Degraded"),
        ("Rejected", "Degraded"),
    ];
    assert_eq!(found, expected);
    assert_eq!(said[2].1, "Completed by the order desk");
    Ok(())
}

#[test]
fn a_script_that_needs_more_than_argo_cd_opens_fails_here_too() {
    for more in ["string.upper('a')", "('a'):upper()", "math.max(1, 2)", "io.write('a')", "os.exit(0)"] {
        let script = format!("local x = {more} return {{ status = 'Healthy', message = '' }}");
        let error = health(&script, &[Value::Null]).unwrap_err().to_string();
        assert!(error.starts_with("0 of 1"), "{more}: {error}");
    }
}

/// To write the scripts anew into it after an edit: `UPDATE_GITOPS=1 cargo test --test packages`.
#[test]
fn the_settings_for_argo_cd_have_the_scripts_in_them() {
    let before = text(CONFIG);
    let head = before.split("\ndata:\n").next().unwrap();
    let mut right = format!("{head}\ndata:\n");
    for (kind, file) in [("CustomerAgreement", AGREEMENT), ("OrderRequest", ORDER_REQUEST)] {
        right.push_str(&format!("  resource.customizations.health.countersign.dev_{kind}: |\n"));
        for line in text(file).lines() {
            right.push_str(format!("    {line}").trim_end());
            right.push('\n');
        }
    }
    if std::env::var_os("UPDATE_GITOPS").is_some() {
        fs::write(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(CONFIG), &right).unwrap();
    } else {
        assert_eq!(before, right, "run UPDATE_GITOPS=1 cargo test --test packages");
    }
    let map: Value = serde_saphyr::from_str(&right).unwrap();
    assert_eq!((&map["kind"], &map["metadata"]["name"]), (&"ConfigMap".into(), &"argocd-cm".into()));
    let scripts = map["data"].as_object().unwrap();
    assert_eq!(scripts["resource.customizations.health.countersign.dev_CustomerAgreement"], text(AGREEMENT));
    assert_eq!(scripts["resource.customizations.health.countersign.dev_OrderRequest"], text(ORDER_REQUEST));
}
