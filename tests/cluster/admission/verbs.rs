//! Rule 1: the right verb.

use anyhow::{Context, Result};
use countersign_api::GROUP;
use serde_json::json;
use testkit::decision;
use testkit::people::Person;
use testkit::schema::word;

use super::{AGREEMENT, ROLES, Stage, acts, sign_nothing};

#[tokio::test]
async fn each_role_makes_its_own_decisions_and_no_other() -> Result<()> {
    let stage = Stage::new("roles").await?;
    let mut faults = Vec::new();
    for role in ROLES {
        let who =
            stage.with_role(&format!("{role}@countersign.example"), &format!("countersign-{role}")).await?;
        for (act, spec, roles) in acts() {
            let answer = stage.decide(&who, spec).await?;
            match (roles.contains(&role), answer) {
                (true, Ok(made)) if word(&made, "/spec/decidedBy/username") == who.name => {}
                // Who may not create decisions at all never gets as far as the policy.
                (false, Err(refusal))
                    if refusal.message.contains("cannot create resource \"agreementdecisions\"") => {}
                (false, Err(refusal))
                    if refusal.by_policy("decide") && refusal.message.contains("right verb: ") => {}
                (expected, answer) => {
                    faults.push(format!("{role} {act}: expected {expected}, got {answer:?}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

#[tokio::test]
async fn a_refusal_names_rule_person_and_what_to_do() -> Result<()> {
    let stage = Stage::new("words").await?;
    let eva = stage.with_role("eva.lund@norrland-timber.example", "countersign-confirmer").await?;
    let refusal = stage.decide(&eva, json!({"action": "Sign"})).await?.err().context("accepted")?;
    let words = "right verb: \"eva.lund@norrland-timber.example\" does not hold the verb \"sign\" on the customeragreement \
                 \"norrland-timber-fibre\", which Sign takes; ask for a role that has it in this namespace";
    assert!(refusal.message.ends_with(words), "{}", refusal.message);
    Ok(())
}

#[tokio::test]
async fn a_grant_for_one_agreement_does_not_reach_another() -> Result<()> {
    let stage = Stage::new("narrow").await?;
    let lea = Person::user("lea@havlink.example", &[]);
    let rules = json!([
        {"apiGroups": [GROUP], "resources": ["customeragreements"], "verbs": ["sign"], "resourceNames": [AGREEMENT]},
        {"apiGroups": [GROUP], "resources": ["agreementdecisions"], "verbs": ["create"]},
    ]);
    stage.cluster.allow(&stage.namespace, &lea, &rules).await?;
    let own = stage.decide(&lea, json!({"action": "Sign"})).await?;
    assert!(own.is_ok(), "{own:?}");
    let other = decision::on("havlink-fleet", "00", &lea, json!({"action": "Sign"}));
    let refusal = stage.cluster.decide(&lea, &stage.namespace, &other).await?.err().context("accepted")?;
    assert!(refusal.message.contains("right verb: "), "{}", refusal.message);
    Ok(())
}

#[tokio::test]
async fn a_grant_in_one_namespace_does_not_reach_another() -> Result<()> {
    let here = Stage::new("here").await?;
    let there = Stage::new("there").await?;
    let eva = here.with_role("eva.lund@norrland-timber.example", "countersign-confirmer").await?;
    let create = json!([{"apiGroups": [GROUP], "resources": ["agreementdecisions"], "verbs": ["create"]}]);
    there.cluster.allow(&there.namespace, &eva, &create).await?;
    assert!(here.decide(&eva, sign_nothing()).await?.is_ok());
    let refusal = there.decide(&eva, sign_nothing()).await?.err().context("accepted")?;
    assert!(refusal.message.contains("right verb: "), "{}", refusal.message);
    Ok(())
}
