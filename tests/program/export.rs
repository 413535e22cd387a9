//! The command itself: what it writes, what it says, and how it ends.

use std::process::Command;

use serde_json::{Value, json};
use testkit::papers::{list, objects};
use testkit::world::World;

use super::countersign;

fn run(arguments: &[&str], input: &str) -> (i32, String, String) {
    let output = countersign(&[&["export"], arguments].concat(), input);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn types(documents: &[Value]) -> Vec<&str> {
    documents.iter().map(|document| document["@type"].as_str().unwrap()).collect()
}

#[test]
fn documents_are_written_as_a_list_or_one_on_a_line() {
    let input = list(&objects(&World::agreed_fibre()));
    let (code, text, errors) = run(&["-"], &input);
    assert_eq!((code, errors.as_str()), (0, ""), "{text}");
    let documents: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(types(&documents), ["Agreement", "AgreementSpecification", "ProductOrder"]);
    assert!(text.contains("\"value\": 1290.00\n"), "an amount keeps its digits: {text}");
    assert!(!text.contains("\"href\""), "{text}");

    let (code, lines, _) = run(&["-o", "jsonl", "-"], &input);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, lines), (0, documents));

    let only = ["--only", "product-order", "--only", "specification", "-"];
    let documents: Vec<Value> = serde_json::from_str(&run(&only, &input).1).unwrap();
    assert_eq!(types(&documents), ["AgreementSpecification", "ProductOrder"]);

    let (_, text, _) = run(&["--base-url", "https://api.example.com/tmf-api/", "-"], &input);
    assert!(
        text.contains("\"https://api.example.com/tmf-api/agreementManagement/v4/agreement/agreement-1\"")
    );
}

#[test]
fn who_gets_them_has_to_be_said_for_all_to_be_there() {
    let input = list(&objects(&World::escalated_fleet()));
    let (customer, provider) = (run(&["-"], &input), run(&["--for", "provider", "-"], &input));
    assert_eq!((customer.0, provider.0), (0, 0));
    assert!(!customer.1.contains("countersign.dev/approvals"));
    assert!(provider.1.contains("countersign.dev/approvals"));
    assert_eq!(run(&["--for", "customer", "-"], &input), customer);
}

#[test]
fn what_cannot_be_written_is_named_and_stops_nothing() {
    let mut all = objects(&World::agreed_fibre());
    all.retain(|object| object["metadata"]["name"] != "decision-002");
    let order = all.iter_mut().find(|object| object["kind"] == "OrderRequest").unwrap();
    order["spec"]["items"][0]["action"] = json!("Add\u{1b}[31m");
    let (code, text, errors) = run(&["-"], &list(&all));
    assert_eq!(code, 1);
    let documents: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(types(&documents), ["Agreement", "AgreementSpecification"]);
    let lines: Vec<&str> = errors.lines().collect();
    assert_eq!(lines.len(), 2, "{errors}");
    assert!(
        lines[0].starts_with("countersign: - document 1, OrderRequest commerce/norrland-timber-fibre-o1-"),
        "{errors}"
    );
    assert!(lines[0].contains("spec.items[0].action"), "{errors}");
    assert!(
        lines[1].starts_with("countersign: CustomerAgreement commerce/norrland-timber-fibre: `decision-002`")
    );
    assert!(!errors.contains('\u{1b}'), "{errors:?}");

    // What is not asked for is not missed.
    let (code, _, errors) = run(&["--only", "specification", "-"], &list(&objects(&World::fibre())));
    assert_eq!((code, errors.as_str()), (0, ""));
}

#[test]
fn input_that_cannot_be_used_ends_with_2() {
    let (code, text, errors) = run(&["-"], "");
    assert_eq!((code, text.as_str()), (2, "[]\n"));
    assert_eq!(errors, "countersign: nothing that can be read in the input becomes a document\n");
    let (code, _, errors) = run(&["--only", "product-order", "-"], &list(&objects(&World::fibre())));
    assert_eq!(code, 2, "{errors}");
    assert_eq!(run(&["no/such/file.yaml"], "").0, 2);
    for url in [
        "api.example.com",
        "ftp://api.example.com",
        "https://",
        "https://a.example/?x",
        "https://a.example/#x",
        "",
    ] {
        let (code, _, errors) = run(&["--base-url", url, "-"], "");
        assert_eq!(code, 2, "{url}");
        assert!(errors.contains("must be an absolute http or https URL"), "{url}: {errors}");
    }
}

#[test]
fn the_commands_on_the_page_work() {
    let page = include_str!("../../docs/tmforum.md");
    let folder = std::env::temp_dir().join(format!("countersign-export-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("export.yaml"), list(&objects(&World::agreed_fibre()))).unwrap();
    let commands: Vec<&str> = page.lines().filter(|line| line.starts_with("countersign export ")).collect();
    assert_eq!(commands.len(), 2);
    for command in commands {
        let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(command.split(' ').skip(1))
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
        assert!(output.stdout.len() > 100, "{command}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
    // Each option and each of its values stands in the table.
    let help = run(&["--help"], "").1;
    for word in [
        "--only",
        "--for",
        "--base-url",
        "agreement",
        "specification",
        "product-order",
        "customer",
        "provider",
        "jsonl",
    ] {
        assert!(help.contains(word) && page.contains(&format!("`{word}`")), "{word}");
    }
}
