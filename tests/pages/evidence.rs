//! `docs/audit.md` and what it says of the program, and what the logs may hold.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

const AUDIT: &str = include_str!("../../docs/audit.md");

/// The fenced blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    AUDIT.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// Words in quotes in the first column of the table whose first row begins so.
fn first_column(heading: &str) -> BTreeSet<&'static str> {
    let (_, table) = AUDIT.split_once(heading).unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.split('`').nth(1).unwrap()).collect()
}

#[test]
fn every_statement_is_explained_and_none_is_invented() {
    let source = include_str!("../../crates/core/src/verify/report.rs");
    let (_, words) = source.split_once("const fn words(self)").unwrap();
    let words = words.split("\n    }\n").next().unwrap();
    let known: BTreeSet<&str> = words.lines().filter_map(|line| line.split('"').nth(1)).collect();
    assert!(known.len() > 15, "the words are no longer found: {known:?}");
    assert_eq!(first_column("| statement | says |"), known);
}

/// The rule that an audit policy applies: the first that matches.
fn level<'p>(policy: &'p Value, verb: &str, group: &str, resource: &str) -> &'p str {
    let rules = policy["rules"].as_array().unwrap();
    let holds =
        |list: &Value, word: &str| list.as_array().is_none_or(|list| list.iter().any(|entry| entry == word));
    let about = |rule: &Value| {
        rule["resources"].as_array().is_none_or(|resources| {
            resources.iter().any(|own| own["group"] == group && holds(&own["resources"], resource))
        })
    };
    let rule = rules.iter().find(|rule| holds(&rule["verbs"], verb) && about(rule)).unwrap();
    rule["level"].as_str().unwrap()
}

/// The audit policy notes every change with its content and every read without.
#[test]
fn the_audit_policy_notes_changes_with_their_content() {
    let [text] = blocks("yaml")[..] else { panic!("one audit policy") };
    let policy: Value = serde_saphyr::from_str(text).unwrap();
    assert_eq!((&policy["apiVersion"], &policy["kind"]), (&json!("audit.k8s.io/v1"), &json!("Policy")));
    assert_eq!(policy["omitStages"], json!(["RequestReceived"]));
    let fields: BTreeSet<&str> = policy.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["apiVersion", "kind", "omitManagedFields", "omitStages", "rules"].into());
    for rule in policy["rules"].as_array().unwrap() {
        assert!(["None", "Metadata", "RequestResponse"].contains(&rule["level"].as_str().unwrap()), "{rule}");
    }
    let ours = "countersign.dev";
    for (verb, group, resource, expected) in [
        ("create", ours, "agreementdecisions", "RequestResponse"),
        ("patch", ours, "agreementdecisions", "RequestResponse"),
        ("patch", ours, "customeragreements/status", "RequestResponse"),
        ("deletecollection", ours, "agreementdecisions", "RequestResponse"),
        ("update", ours, "delegationpolicies", "RequestResponse"),
        ("list", ours, "agreementdecisions", "Metadata"),
        ("watch", ours, "customeragreements", "Metadata"),
        ("delete", "admissionregistration.k8s.io", "validatingadmissionpolicies", "RequestResponse"),
        ("delete", "apiextensions.k8s.io", "customresourcedefinitions", "RequestResponse"),
        ("create", "rbac.authorization.k8s.io", "rolebindings", "RequestResponse"),
        ("create", "", "serviceaccounts/token", "Metadata"),
        ("create", "certificates.k8s.io", "certificatesigningrequests", "Metadata"),
        ("delete", "", "namespaces", "Metadata"),
        // Content of secrets has no place in a log.
        ("create", "", "secrets", "None"),
        ("get", "", "secrets", "None"),
    ] {
        assert_eq!(level(&policy, verb, group, resource), expected, "{verb} {group} {resource}");
    }
}

fn jq(filter: &str, input: &str) -> Option<Vec<Value>> {
    let child = Command::new("jq").args(["-c", filter]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.ok()?;
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{filter}");
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// An event of the audit log, in the shape that the API server writes.
fn event(verb: &str, resource: &str, name: Option<&str>, code: u16, other: &Value) -> Value {
    let mut event = json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "verb": verb, "user": {"username": "admin"}, "sourceIPs": ["10.0.0.1"],
        "objectRef": {"resource": resource, "namespace": "commerce"}, "responseStatus": {"code": code},
        "requestReceivedTimestamp": "2026-11-24T09:00:00.000000Z",
    });
    if let Some(name) = name {
        event["objectRef"]["name"] = json!(name);
    }
    for (field, value) in other.as_object().into_iter().flatten() {
        event[field] = value.clone();
    }
    event
}

#[test]
fn the_queries_find_what_they_are_for_and_nothing_else() {
    let decisions = "agreementdecisions";
    let denied = json!({"responseStatus": {"code": 403, "message": "ValidatingAdmissionPolicy 'decide-1.countersign.dev' denied request: right verb"}});
    let posing = json!({"impersonatedUser": {"username": "eva"}, "annotations": {"decide-1.countersign.dev/decision": "Sign commerce/a"}});
    let log = [
        event("create", decisions, None, 201, &json!({})),
        event("create", decisions, None, 201, &posing),
        event("get", decisions, Some("a"), 200, &json!({"impersonatedUser": {"username": "eva"}})),
        event("create", decisions, Some("countersign-guard-probe"), 403, &denied),
        event("create", decisions, Some("forged"), 403, &denied),
        event(
            "create",
            decisions,
            Some("no-rbac"),
            403,
            &json!({"responseStatus": {"code": 403, "message": "cannot create"}}),
        ),
        event(
            "delete",
            "validatingadmissionpolicybindings",
            Some("decide-1.countersign.dev"),
            200,
            &json!({}),
        ),
        event("patch", "customresourcedefinitions", Some("orderrequests.countersign.dev"), 200, &json!({})),
        event("patch", "customresourcedefinitions", Some("others.example.com"), 200, &json!({})),
        event("deletecollection", "validatingadmissionpolicies", None, 200, &json!({})),
        event("watch", "validatingadmissionpolicies", None, 200, &json!({})),
    ];
    let log: String = log.iter().map(|event| format!("{event}\n")).collect();
    let filters: Vec<&str> =
        blocks("sh").into_iter().map(|block| block.split('\'').nth(1).unwrap()).collect();
    assert_eq!(filters.len(), 3);
    let mut found = Vec::new();
    for filter in filters {
        // Where there is no jq, nobody can follow the page either.
        let Some(lines) = jq(filter, &log) else { return };
        found.push(lines);
    }
    assert_eq!(found[0].len(), 1, "{:?}", found[0]);
    assert_eq!(found[0][0]["as"], "eva");
    assert_eq!(found[0][0]["decision"], "Sign commerce/a");
    assert_eq!(found[1].len(), 1, "{:?}", found[1]);
    assert!(found[1][0]["says"].as_str().unwrap().contains("right verb"));
    let names: Vec<&Value> = found[2].iter().map(|line| &line["name"]).collect();
    assert_eq!(
        names,
        [&json!("decide-1.countersign.dev"), &json!("orderrequests.countersign.dev"), &Value::Null]
    );
}

// ---- Logs ----------------------------------------------------------------------------------------------------------

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// What people write reaches a log only inside the words of an error.
const WORDS_OF_OTHERS: &str = "a\nfake line\u{1b}[2J\r\u{7}\u{9b}31m";

#[test]
fn words_of_others_stay_on_their_line_and_drive_no_terminal() {
    let say = || tracing::warn!(name = %"an-agreement", error = WORDS_OF_OTHERS.to_owned(), "Failed");
    let json_log = Written::default();
    // As `start_logs` in main.rs sets them up.
    let subscriber =
        tracing_subscriber::fmt().with_writer(json_log.clone()).json().flatten_event(true).finish();
    tracing::subscriber::with_default(subscriber, say);
    let text_log = Written::default();
    let subscriber = tracing_subscriber::fmt().with_writer(text_log.clone()).with_ansi(false).finish();
    tracing::subscriber::with_default(subscriber, say);
    for text in [json_log.text(), text_log.text()] {
        assert_eq!(text.lines().count(), 1, "{text:?}");
        assert!(!text.trim_end().contains(|c: char| c.is_control() && c != '\u{9b}'), "{text:?}");
    }
    let line: Value = serde_json::from_str(json_log.text().trim_end()).unwrap();
    assert_eq!(line["error"], WORDS_OF_OTHERS);
    assert!(!text_log.text().contains('\u{9b}'), "{:?}", text_log.text());
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
}

/// Everything that the program can log, as it stands in the source.
fn log_calls() -> Vec<String> {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut calls = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for level in ["error", "warn", "info", "debug", "trace"] {
            for rest in text.split(&format!("tracing::{level}!(")).skip(1) {
                let call = rest.split(");").next().unwrap();
                calls.push(call.split_whitespace().collect::<Vec<_>>().join(" "));
            }
        }
    }
    calls
}

#[test]
fn no_log_holds_the_content_of_an_object() {
    let calls = log_calls();
    assert!(calls.len() > 20, "the calls are no longer found: {}", calls.len());
    for call in &calls {
        // `%` and `?` write as they are; names and kinds have no character that could do harm.
        for shown in
            call.split([',', '(']).map(str::trim).filter(|part| part.contains("= %") || part.starts_with('%'))
        {
            let value = shown.split('%').nth(1).unwrap();
            let harmless = ["namespace", "name", "kind", "resource", "local_addr", "key"];
            assert!(harmless.iter().any(|word| value.to_lowercase().contains(word)), "{shown} in {call}");
        }
        for secret in
            ["spec", "decision", "token", "password", "header", "kubeconfig", "body", "authorization"]
        {
            let field = |part: &str| part.split('=').next().unwrap_or_default().trim() == secret;
            assert!(!call.split(',').any(field), "{secret} in {call}");
        }
    }
}

#[test]
fn no_field_of_a_log_line_takes_the_place_of_its_words() {
    let taken: Vec<String> = log_calls()
        .into_iter()
        .filter(|call| {
            call.split(',').any(|part| part.split('=').next().unwrap_or_default().trim() == "message")
        })
        .collect();
    assert_eq!(taken, Vec::<String>::new());
}
