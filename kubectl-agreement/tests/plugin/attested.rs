//! Acts of representatives that somebody records.

use anyhow::Result;
use testkit::example::Example;
use testkit::operator::running;
use testkit::people::{Person, eva, jonas};
use testkit::stage::{Stage, phase_of, status_of};

use crate::decisions::decisions;
use crate::user::{Said, User};

const DIGEST: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn clerk() -> Person {
    Person::user("c.clerk", &["back-office"])
}

async fn stage() -> Result<Stage<'static>> {
    let example = Example::of("fibre")?.and(clerk(), "countersign-attester");
    let stage = example.begin(running().await?).await?;
    stage.until_phase("AwaitingConfirmation").await?;
    Ok(stage)
}

async fn attests(stage: &Stage<'_>, act: &[&str], whose: &str) -> Result<Said> {
    let record = [
        "--for",
        whose,
        "--record-digest",
        DIGEST,
        "--uri",
        "archive:1",
        "--signed-at",
        "2026-11-24T10:00:00Z",
        "--yes",
    ];
    let clerk = User::of(&clerk(), stage).await?;
    clerk.types(&[&["attest"], act, &[stage.agreement.as_str()], &record].concat()).await
}

#[tokio::test]
async fn a_refusal_on_paper_ends_the_agreement_in_the_words_of_who_refused() -> Result<()> {
    let stage = stage().await?;
    let said = attests(&stage, &["decline", "--reason", "24 months is too long"], &eva().name).await?.done();
    let words: Vec<&str> = said.split_whitespace().collect();
    let words = words.join(" ");
    for shown in [
        "reason 24 months is too long",
        &format!("evidence Paper, archive:1 {DIGEST}"),
        "You are c.clerk, recording what was done by eva.lund@norrland-timber.example.",
        "It counts. The agreement is Declined.",
    ] {
        assert!(words.contains(shown), "{shown}: {said}");
    }
    let history = User::of(&jonas(), &stage).await?.types(&["history", &stage.agreement]).await?.done();
    assert!(history.contains("declined (Paper), recorded\n                    by c.clerk\n"), "{history}");
    Ok(())
}

/// A wish on paper opens the agreement again and only that of a representative does.
#[tokio::test]
async fn only_a_representatives_wish_on_paper_opens_the_agreement_again() -> Result<()> {
    let stage = stage().await?;
    let wish = ["request-change", "--reason", "60 days, please"];
    attests(&stage, &wish, "x.stranger@norrland-timber.example").await?.failed(3, "does not count");
    assert_eq!(phase_of(&stage.get().await?), "AwaitingConfirmation");
    let said = attests(&stage, &wish, &eva().name).await?.done();
    assert!(said.contains("It counts. The agreement is Revising"), "{said}");
    let asked = status_of(&stage.get().await?).change_request.map(|change| (change.username, change.reason));
    assert_eq!(asked, Some((eva().name, "60 days, please".to_owned())));
    Ok(())
}

#[tokio::test]
async fn what_shows_the_act_is_asked_for_in_full() -> Result<()> {
    let stage = stage().await?;
    let (name, clerk) = (stage.agreement.as_str(), User::of(&clerk(), &stage).await?);
    let line = |more: &[&'static str]| {
        let all: [&[&str]; 2] =
            [&["--for", "e", "--uri", "archive:1", "--signed-at", "2026-11-24T10:00:00Z", "--yes"], more];
        [&["attest", "sign", name], all.concat().as_slice()].concat()
    };
    clerk.types(&line(&[])).await?.failed(2, "--record");
    clerk.types(&line(&["--record", "/nowhere/scan.pdf"])).await?.failed(1, "cannot read /nowhere/scan.pdf");
    clerk.types(&line(&["--record", "/dev/null"])).await?.failed(1, "/dev/null is empty");
    clerk.types(&["attest", "approve", name]).await?.failed(2, "approve");
    assert_eq!(decisions(&stage).await?, 0);
    Ok(())
}
