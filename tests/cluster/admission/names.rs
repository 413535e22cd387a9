//! Rule 4: no borrowed name, and nobody has to type their own.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use testenv::until;
use testkit::people::Person;
use testkit::raw::{Refusal, ask, send};
use testkit::schema::{with, word};
use testkit::{PATIENCE, decision};

use super::{AGREEMENT, Stage, sign_nothing};

#[tokio::test]
async fn nobody_decides_in_the_name_of_somebody_else() -> Result<()> {
    let stage = Stage::new("names").await?;
    let eva = Person::user("eva.lund@norrland-timber.example", &["customers", "norrland"]);
    stage.cluster.grant(&stage.namespace, "countersign-confirmer", &eva).await?;
    let decision = decision::on(AGREEMENT, "00", &eva, sign_nothing());
    let as_whom = |by: Value| with(&decision, "/spec/decidedBy", &by);
    // One client for all: each has a certificate, and so a credential, of its own.
    let client = stage.cluster.client(&eva).await?;
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let own = ask(&client, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", &review).await?;
    let credential = word(&own, "/status/userInfo/extra/authentication.kubernetes.io~1credential-id/0");
    ensure!(!credential.is_empty(), "the server gives no credential id: {own}");

    for accepted in [
        json!({"username": eva.name}),
        json!({"username": eva.name, "groups": ["norrland"]}),
        json!({"username": eva.name, "groups": ["customers", "norrland", "system:authenticated"]}),
        json!({"username": eva.name, "credentialID": credential}),
    ] {
        let answer =
            send(&client, "POST", &stage.path("agreementdecisions"), &as_whom(accepted.clone())).await;
        assert!(answer.is_ok(), "{accepted}: {answer:?}");
    }
    for (refused, says) in [
        (
            json!({"username": "omar@havlink.example"}),
            "`spec.decidedBy.username` must be \"eva.lund@norrland-timber.example\", who makes the request, and is \"omar@havlink.example\"",
        ),
        (json!({"username": "Eva.Lund@norrland-timber.example"}), "`spec.decidedBy.username` must be "),
        (
            json!({"username": eva.name, "groups": ["customers", "deal-desk"]}),
            "who is not in \"deal-desk\"; leave them out",
        ),
        (json!({"username": eva.name, "groups": ["system:masters"]}), "who is not in \"system:masters\""),
        (json!({"username": eva.name, "uid": "4711"}), "`spec.decidedBy.uid` must be the uid of "),
        (
            json!({"username": eva.name, "credentialID": "X509SHA256=00"}),
            "`spec.decidedBy.credentialID` must be ",
        ),
    ] {
        let answer =
            send(&client, "POST", &stage.path("agreementdecisions"), &as_whom(refused.clone())).await;
        let refusal = answer.err().with_context(|| format!("accepted {refused}"))?;
        assert!(refusal.by_policy("decide"), "{refused}: {}", refusal.message);
        assert!(refusal.message.contains("no borrowed name: "), "{refused}: {}", refusal.message);
        assert!(refusal.message.contains(says), "{refused}: {}", refusal.message);
    }
    Ok(())
}

#[tokio::test]
async fn the_optional_stamp_fills_in_who_decides_and_replaces_no_name() -> Result<()> {
    let stage = Stage::new("stamp").await?;
    let eva = Person::user("eva.lund@norrland-timber.example", &["customers", "norrland"]);
    stage.cluster.grant(&stage.namespace, "countersign-confirmer", &eva).await?;
    let unnamed = with(&decision::on(AGREEMENT, "00", &eva, sign_nothing()), "/spec/decidedBy", &Value::Null);
    let without = stage.cluster.decide(&eva, &stage.namespace, &unnamed).await?.err().context("accepted")?;
    assert!(without.message.contains("spec.decidedBy: Required value"), "{}", without.message);

    let admin = stage.cluster.admin()?;
    for yaml in testkit::shipped("deploy/admission/optional")? {
        stage.cluster.plane.apply_yaml(&admin, &yaml).await?;
    }
    let made = until("the stamp was in force", PATIENCE, || async {
        let answer = stage.cluster.decide(&eva, &stage.namespace, &unnamed).await?;
        Ok(Some(answer.map_err(Refusal::into_error)?))
    })
    .await?;
    assert_eq!(word(&made, "/spec/decidedBy/username"), eva.name);
    assert_eq!(made.pointer("/spec/decidedBy/groups"), Some(&json!(["customers", "norrland"])));
    assert!(word(&made, "/spec/decidedBy/credentialID").starts_with("X509SHA256="), "{made}");

    let borrowed = with(&unnamed, "/spec/decidedBy", &json!({"username": "omar@havlink.example"}));
    let refusal = stage.cluster.decide(&eva, &stage.namespace, &borrowed).await?.err().context("accepted")?;
    assert!(refusal.message.contains("no borrowed name: "), "{}", refusal.message);

    let many: Vec<String> = (0..70).map(|number| format!("group-{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let omar = Person::user("omar@havlink.example", &many);
    stage.cluster.grant(&stage.namespace, "countersign-confirmer", &omar).await?;
    let made = stage.cluster.decide(&omar, &stage.namespace, &unnamed).await?.map_err(Refusal::into_error)?;
    assert_eq!(made.pointer("/spec/decidedBy/groups"), None, "more groups than the definition takes");
    Ok(())
}
