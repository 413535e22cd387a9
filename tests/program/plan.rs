//! `countersign plan`: exit status, JSON, and the pages and pipelines that show it.

use std::process::{Command, Output};

use serde_json::{Value, json};

use super::countersign;

const AT: &str = "--at=2026-12-01T09:00:00Z";

fn plan(arguments: &[&str], stdin: &str) -> Output {
    countersign(&[&["plan"], arguments].concat(), stdin)
}

fn code(arguments: &[&str], stdin: &str) -> i32 {
    plan(arguments, stdin).status.code().unwrap()
}

#[test]
fn the_exit_status_is_one_to_gate_on() {
    let common = "examples/common";
    let fleet = ["examples/fleet", common, AT];
    let with = |gate: &'static str| [fleet.as_slice(), &[gate]].concat();
    assert_eq!(code(&fleet, ""), 0);
    assert_eq!(code(&with("--fail-on=escalation"), ""), 1);
    assert_eq!(code(&with("--fail-on=invalid,beyond-top"), ""), 0);
    assert_eq!(code(&["examples/fibre", common, AT, "--fail-on=escalation"], ""), 0);
    let text = std::fs::read_to_string("examples/fleet/agreement.yaml").unwrap();
    let beyond = text.replace("discountPercent: \"30\"", "discountPercent: \"60\"");
    for (gate, expected) in [
        ("--fail-on=beyond-top", 1),
        ("--fail-on=invalid", 1),
        ("--fail-on=never", 0),
        ("--fail-on=escalation", 0),
    ] {
        assert_eq!(code(&["-", common, AT, gate], &beyond), expected, "{gate}");
    }
    let invalid = text.replace("offerVersion: 1", "offerVersion: one");
    for (gate, expected) in [("--fail-on=beyond-top", 0), ("--fail-on=invalid", 1), ("--fail-on=never", 0)] {
        assert_eq!(code(&["-", common, AT, gate], &invalid), expected, "{gate}");
    }
    assert_eq!(code(&[common], ""), 2, "no agreement");
    assert_eq!(code(&["no-such-file"], ""), 2);
    assert_eq!(code(&["examples/fleet", common, "--fail-on=sometimes"], ""), 2);
}

/// A gate must not let through what it did not see, whatever it looks for.
#[test]
fn what_cannot_be_read_fails_every_gate_and_is_told_and_the_rest_is_shown() {
    let policy = std::fs::read_to_string("examples/common/delegation-policy.yaml").unwrap();
    let broken = policy.replace("currency: EUR", "currency: euro");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("run.yaml"), "kind: [").unwrap();
    let run = format!("--against={}", folder.path().display());
    for gate in ["invalid", "escalation", "beyond-top", "never"] {
        let gate = format!("--fail-on={gate}");
        for (paths, stdin, about) in [
            (vec!["-", "examples/common"], "kind: [", "- document 1: it is not YAML"),
            (vec!["-", "examples/common"], "apiVersion: v1", "document 1, an object without a name, kind"),
            (vec!["-", "examples/common/standard-terms.yaml"], &broken, "`spec.rules.currency`"),
            (vec![&run, "examples/common"], "", "run.yaml document 1: it is not YAML"),
        ] {
            let out = plan(&[&paths, ["examples/fibre", AT, &gate].as_slice()].concat(), stdin);
            let told = String::from_utf8(out.stderr).unwrap();
            assert!(told.contains(about), "{about:?} in {told}");
            assert_eq!(out.status.code(), Some(2), "{gate}: {about}");
            let shown = String::from_utf8(out.stdout).unwrap();
            assert!(shown.contains("norrland-timber-fibre"), "{shown}");
        }
    }
}

#[test]
fn json_has_what_the_text_has() {
    let out = plan(&["examples/fleet", "examples/common", AT, "-o", "json"], "");
    let previews: Value = serde_json::from_slice(&out.stdout).unwrap();
    let one = &previews[0];
    assert_eq!(one["file"], "examples/fleet/agreement.yaml");
    assert_eq!(one["verdict"], "Escalation");
    assert_eq!(one["value"]["total"], "439260.00");
    assert_eq!(one["steps"][0]["subjects"][0], json!({"kind": "User", "name": "omar@havlink.example"}));
    assert_eq!(one["steps"][1]["authority"], json!({"function": "finance", "level": "L1"}));
    assert_eq!(one["steps"][1]["subjects"], json!([{"kind": "Group", "name": "deal-desk"}]));
    assert_eq!(one["orders"][1]["id"], "handsets");
}

#[test]
fn the_page_shows_what_the_command_prints() {
    let page = std::fs::read_to_string("docs/plan.md").unwrap();
    let start = page.find("```text\n").unwrap() + "```text\n".len();
    let end = start + page[start..].find("```").unwrap();
    let command = page.lines().find_map(|line| line.strip_prefix("$ countersign plan ")).unwrap();
    let out = plan(&command.split(' ').collect::<Vec<_>>(), "");
    let printed = String::from_utf8(out.stdout).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write("docs/plan.md", format!("{}{printed}{}", &page[..start], &page[end..])).unwrap();
    } else {
        assert_eq!(&page[start..end], printed, "UPDATE_DOCS=1 cargo test --test program plan writes it anew");
    }
}

#[test]
fn the_readme_shows_lines_of_what_the_command_prints() {
    let page = std::fs::read_to_string("README.md").unwrap();
    let mut lines = page.lines().skip_while(|line| !line.starts_with("$ countersign plan "));
    let command = lines.next().unwrap().trim_start_matches("$ countersign plan ");
    let out = plan(&command.split(' ').collect::<Vec<_>>(), "");
    let printed = String::from_utf8(out.stdout).unwrap();
    let shown: Vec<&str> = lines.take_while(|line| *line != "```").filter(|line| *line != "...").collect();
    assert!(shown.len() > 5);
    for line in shown {
        assert!(printed.lines().any(|own| own == line), "{line:?} in {printed}");
    }
}

/// The lines that a pipeline runs, in its order.
fn script(file: &str) -> String {
    let pipeline: Value = serde_saphyr::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    if let Some(lines) = pipeline.pointer("/plan-agreements/script").and_then(Value::as_array) {
        return lines.iter().map(|line| format!("{}\n", line.as_str().unwrap())).collect();
    }
    let steps = pipeline.pointer("/jobs/plan/steps").and_then(Value::as_array).unwrap();
    let step = |step: &Value| {
        let run = step.get("run").and_then(Value::as_str)?;
        let run = run.replace("${{ github.event.pull_request.number }}", "7");
        let read = "STATUS=$(sed -n 's/^status=//p' \"$GITHUB_OUTPUT\")\n";
        assert!(!run.contains("${{"), "{run}");
        Some(if step.get("id").is_some() { format!("{run}\n{read}") } else { format!("{run}\n") })
    };
    steps.iter().filter_map(step).collect()
}

/// The pipelines comment and then fail where an agreement is not valid or cannot be read.
#[test]
fn the_pipelines_comment_and_fail_where_an_agreement_is_not_valid() {
    let examples = std::env::current_dir().unwrap().join("examples");
    for file in ["examples/ci/github.yaml", "examples/ci/gitlab.yaml"] {
        for (change, more, expected, told) in [
            ("1", "", 0, "2 approvals are needed"),
            ("0", "", 1, "Not valid: 1 fault to fix"),
            ("1", "\n---\nkind: [\n", 2, "2 approvals are needed"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = |name: &str| folder.path().join(name);
            for name in ["agreements", "rules", "bin"] {
                std::fs::create_dir(path(name)).unwrap();
            }
            for rules in ["standard-terms.yaml", "delegation-policy.yaml"] {
                std::fs::copy(examples.join("common").join(rules), path("rules").join(rules)).unwrap();
            }
            let agreement = std::fs::read_to_string(examples.join("fleet/agreement.yaml")).unwrap();
            let agreement = agreement.replace("offerVersion: 1", &format!("offerVersion: {change}"));
            std::fs::write(path("agreements/fleet.yaml"), agreement + more).unwrap();
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_countersign"), path("bin/countersign")).unwrap();
            for tool in ["gh", "curl"] {
                let stub = format!("#!/bin/sh\necho {tool} \"$@\" >> {}\n", path("told").display());
                testenv::write_executable(&path("bin").join(tool), &stub).unwrap();
            }
            let search = format!("{}:{}", path("bin").display(), std::env::var("PATH").unwrap());
            let ran = Command::new("sh")
                .args(["-e", "-c", &script(file)])
                .current_dir(folder.path())
                .env("PATH", search)
                .env("GITHUB_OUTPUT", path("output"))
                .env("GITHUB_STEP_SUMMARY", path("summary"))
                .env("COMMENT_TOKEN", "secret")
                .output()
                .unwrap();
            let about = format!("{file} {change}: {}", String::from_utf8_lossy(&ran.stderr));
            assert_eq!(ran.status.code(), Some(expected), "{about}");
            assert!(std::fs::read_to_string(path("plan.md")).unwrap().contains(told), "{about}");
            assert!(std::fs::read_to_string(path("told")).unwrap().contains("plan.md"), "{about}");
        }
    }
}
