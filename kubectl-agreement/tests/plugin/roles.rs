//! Each shipped role and each command: it works, or the right that is missing is said with the line that grants it.

use std::io::Write;

use anyhow::Result;
use testkit::operator::running;
use testkit::people::{Person, lea, patel};
use testkit::stage::Stage;

use crate::decisions::{decisions, escalated};
use crate::user::User;

/// What somebody with a role may do.
struct Role {
    name: &'static str,
    everywhere: bool,
    /// Agreements, and decisions.
    reads: (bool, bool),
    verbs: &'static [&'static str],
}

const fn role(name: &'static str, reads: (bool, bool), verbs: &'static [&'static str]) -> Role {
    Role { name, everywhere: false, reads, verbs }
}

const ROLES: [Role; 10] = [
    role("reader", (true, true), &[]),
    Role { everywhere: true, ..role("auditor", (true, true), &[]) },
    Role { everywhere: true, ..role("policy-admin", (false, false), &[]) },
    role("order-consumer", (false, false), &[]),
    role("author", (true, true), &["withdraw"]),
    role("confirmer", (false, false), &["confirm", "withdraw"]),
    role("signatory", (false, false), &["sign", "withdraw"]),
    role("approver", (true, true), &["approve"]),
    role("countersignatory", (true, true), &["countersign", "withdraw"]),
    role("attester", (true, false), &["attest"]),
];

/// A command that decides, the verbs of which it takes one, and the role that is said where all are missing.
type Deciding = (&'static [&'static str], &'static [&'static str], &'static str);

const BECAUSE: &str = "--reason=because";
const RECORD: [&str; 4] = [
    "--for=lea@havlink.example",
    "--uri=archive:1",
    "--signed-at=2026-11-24T10:00:00Z",
    "--record-digest=sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
];
const AUTHORITY: [&str; 2] = ["--function=finance", "--level=L1"];

const DECIDING: [Deciding; 10] = [
    (&["confirm"], &["confirm"], "confirmer"),
    (&["decline", BECAUSE], &["confirm", "sign"], "confirmer"),
    (&["request-change", BECAUSE, AUTHORITY[0], AUTHORITY[1]], &["approve"], "approver"),
    (&["approve", AUTHORITY[0], AUTHORITY[1]], &["approve"], "approver"),
    (&["refuse", BECAUSE, AUTHORITY[0], AUTHORITY[1]], &["approve"], "approver"),
    (&["sign"], &["sign"], "signatory"),
    (&["countersign"], &["countersign"], "countersignatory"),
    (&["withdraw", BECAUSE], &["withdraw"], "author"),
    (&["attest", "sign", RECORD[0], RECORD[1], RECORD[2], RECORD[3]], &["attest"], "attester"),
    (&["attest", "decline", BECAUSE, RECORD[0], RECORD[1], RECORD[2], RECORD[3]], &["attest"], "attester"),
];

/// What a command has to say.
enum Answer {
    Works,
    /// The words, and the role in the line that grants it.
    Refuses(String, &'static str),
    /// No role helps: the policy names somebody else.
    NoAuthority,
}

fn to_look(role: &Role, command: &str) -> Answer {
    let reader = |words: &str| Answer::Refuses(words.to_owned(), "reader");
    match (command, role.reads) {
        ("inbox" | "status" | "verify" | "wait", (false, _)) => reader("may not list customeragreements"),
        (_, (false, _)) => reader("may not get customeragreements"),
        ("history" | "verify", (_, false)) => reader("may not list agreementdecisions"),
        _ => Answer::Works,
    }
}

fn to_decide(role: &Role, (line, verbs, least): Deciding) -> Answer {
    let as_manager = AUTHORITY.iter().all(|flag| line.contains(flag));
    if as_manager && !role.reads.0 {
        return Answer::Refuses("may not get customeragreements".to_owned(), "reader");
    }
    // Who reads the policy is told by it; the others by the server.
    if as_manager && role.everywhere {
        return Answer::NoAuthority;
    }
    if role.verbs.is_empty() {
        return Answer::Refuses("you have no role in agreements here".to_owned(), least);
    }
    if verbs.iter().any(|verb| role.verbs.contains(verb)) {
        return Answer::Works;
    }
    Answer::Refuses(format!("does not hold the verb \"{}\"", verbs[0]), least)
}

/// Every role can do what it is for and is told what it lacks for the rest.
#[tokio::test]
async fn every_role_does_what_it_is_for_and_learns_what_it_lacks() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fleet").await?;
    escalated(&stage).await?;
    let name = stage.agreement.as_str();
    let owner = User::of(&patel(), &stage).await?;
    let sheet = owner.types(&["show", name, "--for", "customer", "-o", "yaml"]).await?.done();
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(sheet.as_bytes())?;
    let file = file.path().display().to_string();
    let before = decisions(&stage).await?;

    for role in &ROLES {
        let who = Person::user(&format!("r.{}", role.name), &[]);
        let shipped = format!("countersign-{}", role.name);
        if role.everywhere {
            stage.cluster.grant_everywhere(&shipped, &who).await?;
        } else {
            stage.grant(&who, &shipped).await?;
        }
        let user = User::of(&who, &stage).await?;
        let says = async |line: &[&str], answer: Answer| {
            let said = user.types(line).await?;
            let context = format!("{} {line:?}: {said:?}", role.name);
            match answer {
                Answer::Works => assert_eq!((said.code, said.err.as_str()), (0, ""), "{context}"),
                Answer::NoAuthority => {
                    assert!(
                        said.code == 1 && said.err.contains("the policy gives you no authority"),
                        "{context}"
                    );
                }
                Answer::Refuses(words, granted) => {
                    let grant = format!(
                        "An admin grants it with: kubectl create rolebinding countersign-{granted}-{} -n {} \
                         --clusterrole=countersign-{granted} --user={}",
                        who.name.replace('.', "-"),
                        stage.namespace,
                        who.name
                    );
                    assert!(
                        said.code == 1 && said.err.contains(&words) && said.err.contains(&grant),
                        "{context}"
                    );
                    assert!(!said.err.contains("forbidden"), "{context}");
                }
            }
            anyhow::Ok(())
        };
        for command in ["inbox", "status", "verify"] {
            says(&[command], to_look(role, command)).await?;
        }
        for line in [vec!["status", name], vec!["show", name], vec!["history", name]] {
            let command = if line[0] == "status" { "show" } else { line[0] };
            says(&line, to_look(role, command)).await?;
        }
        says(&["wait", name, "--for", "Escalated"], to_look(role, "wait")).await?;
        for deciding in DECIDING {
            // Who may not read it has the file; managers, who are to read it, get none.
            let by_file = !role.reads.0 && !deciding.0.contains(&AUTHORITY[0]);
            let place: &[&str] = if by_file { &["-f", &file] } else { &[name] };
            let line = [deciding.0, place, &["--dry-run=server", "--anyway"]].concat();
            says(&line, to_decide(role, deciding)).await?;
        }
    }
    assert_eq!(decisions(&stage).await?, before, "nothing but dry runs");

    // The customer is not told that an admin has to grant anything before it was told of the file.
    let customer = User::of(&lea(), &stage).await?;
    let said = customer.types(&["sign", name, "--yes"]).await?.failed(1, "may not get customeragreements");
    assert!(said.err.contains("the account owner sends you the agreement as a file"), "{said:?}");
    Ok(())
}
