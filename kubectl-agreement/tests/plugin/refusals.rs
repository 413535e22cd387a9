//! What people are told where something cannot be done.

use anyhow::Result;
use serde_json::json;
use testkit::operator::running;
use testkit::people::{Person, desk, eva, jonas, omar};
use testkit::stage::Stage;

use crate::user::User;

#[tokio::test]
async fn who_has_no_rights_is_told_which_and_how_they_are_granted() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let nobody = User::of(&Person::user("n.body", &[]), &stage).await?;
    let grant = format!("-n {} --clusterrole=countersign-reader --user=n.body", stage.namespace);
    for line in [
        vec!["inbox"],
        vec!["status"],
        vec!["approve", &stage.agreement, "--yes"],
        vec!["history", &stage.agreement],
    ] {
        let said = nobody.types(&line).await?.failed(1, "n.body may not ");
        assert!(said.err.contains(&grant) && said.out.is_empty(), "{said:?}");
    }
    let owner = User::of(&jonas(), &stage).await?;
    let sheet = owner.types(&["show", &stage.agreement, "--for", "customer", "-o", "yaml"]).await?.done();
    let line = ["confirm", "-f", "-", "--yes"];
    nobody.types_with(&line, &sheet).await?.failed(1, "you have no role in agreements here");
    // A policy speaks for itself, without the API server's words before it.
    let omar = omar();
    stage.grant(&omar, "countersign-confirmer").await?;
    let refused = User::of(&omar, &stage).await?.types_with(&["sign", "-f", "-", "--yes"], &sheet).await?;
    refused.failed(1, "the customer has yet to confirm");
    Ok(())
}

#[tokio::test]
async fn a_policy_is_heard_without_the_api_servers_words_before_it() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    stage.confirm_fibre().await?;
    stage.until_phase("AwaitingSignOff").await?;
    let owner = User::of(&jonas(), &stage).await?;
    let said = owner
        .types(&["sign", &stage.agreement, "--yes"])
        .await?
        .failed(1, "\"j.berg\" does not hold the verb \"sign\"");
    assert!(
        !said.err.contains("ValidatingAdmissionPolicy") && !said.err.contains("denied request"),
        "{said:?}"
    );
    assert!(said.err.contains("--clusterrole=countersign-signatory --user=j.berg"), "{said:?}");
    Ok(())
}

#[tokio::test]
async fn a_name_that_is_nearly_right_is_suggested() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    let owner = User::of(&jonas(), &stage).await?;
    let said = owner.types(&["status", "norland-timber-fiber"]).await?;
    said.failed(1, "did you mean norrland-timber-fibre?");
    owner.types(&["status", "cagr/norrland-timber-fibre"]).await?.done();
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_away_and_credentials_that_do_not_hold_are_told_apart() -> Result<()> {
    let stage = Stage::set(running().await?, "fibre").await?;
    let owner = User::of(&jonas(), &stage).await?;
    owner.types(&["status", "-s", "https://127.0.0.1:1"]).await?.failed(1, "nothing listens there");
    owner.types(&["status", "--token", "wrong"]).await?.failed(1, "does not know who you are");
    let stranger = ["status", "--kubeconfig", "/nowhere/at-all"];
    owner.types(&stranger).await?.failed(1, "/nowhere/at-all cannot be used");
    owner.types(&["status", "-n", "another"]).await?.failed(2, "one namespace");
    Ok(())
}

#[tokio::test]
async fn acting_as_another_is_possible_where_it_is_allowed_and_loudly_warned_of() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let (owner, deputy) = (jonas(), Person::user("d.deputy", &[]));
    let line = ["withdraw", &stage.agreement, "--reason", "a slip", "--yes", "--as", &owner.name];
    let user = User::of(&deputy, &stage).await?;
    user.types(&line).await?.failed(1, "WARNING: you act as j.berg").failed(1, "may not impersonate");
    let may = json!([{"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"], "resourceNames": [owner.name]}]);
    stage.cluster.allow_everywhere(&deputy, &may).await?;
    let said = user.types(&line).await?;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.starts_with("WARNING") && said.out.contains("You are j.berg"), "{said:?}");
    Ok(())
}

#[tokio::test]
async fn without_a_terminal_nothing_is_made_unless_it_was_said_so() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    stage.grant(&eva(), "countersign-reader").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let eva = User::of(&eva(), &stage).await?;
    let said = eva.types_with(&["confirm", &stage.agreement], "y\n").await?;
    said.failed(2, "there is no terminal to ask on");
    assert_eq!(testkit::stage::phase_of(&stage.get().await?), "AwaitingConfirmation");
    let desk = User::of(&desk(), &stage).await?;
    stage.grant(&testkit::people::desk(), "countersign-approver").await?;
    let said = desk.types(&["approve", &stage.agreement, "--yes"]).await?;
    said.failed(1, "nothing in the agreement asks for an approval");
    Ok(())
}
