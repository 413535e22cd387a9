//! `countersign verify`: what it says, and how it ends.

use std::process::Output;

use serde_json::{Value, json};
use testkit::papers::Papers;
use testkit::world::World;

use super::countersign;

const AGREEMENT: &str = "CustomerAgreement";
const DECISION: &str = "AgreementDecision";
/// A decision of the fleet.
const LEAS: &str = "decision-002";

fn yaml(value: &Value) -> String {
    serde_saphyr::to_string(value).unwrap()
}

fn run(arguments: &[&str], input: &str) -> Output {
    countersign(&[&["verify"], arguments].concat(), input)
}

fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_program_says_what_holds_and_ends_accordingly() {
    let mut papers = Papers::of(&World::agreed_fleet());
    let (code, text, errors) = said(&run(&["-"], &papers.json()));
    assert_eq!((code, errors.as_str()), (0, ""), "{text}");
    assert!(text.starts_with("commerce/havlink-fleet (uid agreement-1): Agreed\n"), "{text}");
    assert!(text.ends_with("1 agreement: 26 statements ok, 0 failed, 0 not checked\n"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");

    papers.set(AGREEMENT, "", "/spec/title", "outside the digest");
    papers.remove("StandardTerms", "");
    assert_eq!(said(&run(&["-"], &papers.json())).0, 0);
    assert_eq!(said(&run(&["--strict", "-"], &papers.json())).0, 1);

    papers.set(DECISION, LEAS, "/spec/decidedBy/username", "mallory\u{1b}[31m");
    let (code, text, _) = said(&run(&["-"], &papers.json()));
    assert_eq!(code, 1);
    assert!(text.contains("\n  FAILS       decision decision-002 in status.confirmation:"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
    let (code, json, _) = said(&run(&["-o", "json", "-"], &papers.json()));
    assert_eq!(code, 1);
    let json: Value = serde_json::from_str(&json).unwrap();
    let agreement = &json["agreements"][0];
    assert_eq!(
        (&agreement["namespace"], &agreement["name"], &agreement["uid"], &agreement["phase"]),
        (&json!("commerce"), &json!("havlink-fleet"), &json!("agreement-1"), &json!("Agreed"))
    );
    let statements = agreement["statements"].as_array().unwrap();
    let failed =
        statements.iter().find(|own| own["verdict"] == "fails" && own["claim"] == "Decision").unwrap();
    assert_eq!(failed["about"], "decision-002 in status.confirmation");
    assert!(failed["because"].as_str().unwrap().contains("mallory"), "{failed}");
    let count = |verdict: &str| statements.iter().filter(|own| own["verdict"] == verdict).count();
    assert_eq!(
        json["summary"],
        json!({"ok": count("ok"), "fails": count("fails"), "notChecked": count("notChecked")})
    );
}

#[test]
fn several_files_are_one_export_and_a_broken_one_says_so() {
    let papers = Papers::of(&World::agreed_fibre());
    let folder = std::env::temp_dir().join(format!("countersign-verify-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (first, second) = papers.0.split_at(1);
    std::fs::write(path("agreements.yaml"), yaml(&first[0])).unwrap();
    std::fs::write(path("rest.json"), Value::Array(second.to_vec()).to_string()).unwrap();
    std::fs::write(path("binary"), [0xff, 0xfe, 0x00]).unwrap();
    let both = said(&run(&[&path("agreements.yaml"), &path("rest.json")], ""));
    let broken = said(&run(&[&path("agreements.yaml"), &path("binary")], ""));
    let missing = said(&run(&[&path("nowhere.yaml")], ""));
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!((both.0, both.2.as_str()), (0, ""), "{}", both.1);
    assert_eq!(broken.0, 2);
    assert!(broken.2.contains("binary is not UTF-8"), "{}", broken.2);
    assert_eq!(missing.0, 2);
    assert!(
        missing.2.starts_with("countersign: cannot read ") && missing.2.contains("nowhere.yaml"),
        "{}",
        missing.2
    );

    for garbage in ["", "---\n", "# nothing\n", "[", "{\"kind\": 7}", "\u{0}", "kind: List\nitems: 3\n"] {
        let (code, _, errors) = said(&run(&["-"], garbage));
        assert_eq!(code, 2, "{garbage:?}");
        assert!(errors.contains("no CustomerAgreement that can be read is in the input"), "{errors}");
    }
    let one_broken = format!("{}\n---\n[broken\n", yaml(&first[0]));
    assert_eq!(said(&run(&["-"], &one_broken)).0, 1);
    let (code, help, _) = said(&run(&["--help"], ""));
    assert_eq!(code, 0);
    for status in
        ["Exit status:", "0  no statement fails", "1  a statement fails", "2  the input cannot be used"]
    {
        assert!(help.contains(status), "{help}");
    }
    assert_eq!(said(&run(&[], "")).0, 2, "no file");
}
