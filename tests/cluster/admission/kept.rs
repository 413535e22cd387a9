//! Rule 7: what people decided on is kept.

use anyhow::{Context, Result, ensure};
use countersign_api::GROUP;
use serde_json::{Value, json};
use testkit::PATIENCE;
use testkit::people::Person;
use testkit::raw::{ask, path, send};
use testkit::schema::with;

use super::{Stage, gone};

/// However it is asked for, and each in words that say what to do instead.
async fn refused_to_delete(stage: &Stage, who: &Person, path: &str, says: &[&str]) -> Result<()> {
    let client = stage.cluster.client(who).await?;
    let collection = path.rsplit_once('/').context("a path")?.0;
    let options =
        |policy: &str| json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy});
    for (target, options) in [
        (path, Value::Null),
        (path, options("Background")),
        (path, options("Foreground")),
        (path, options("Orphan")),
        (collection, Value::Null),
    ] {
        let refusal = send(&client, "DELETE", target, &options).await.err();
        let refusal = refusal.with_context(|| format!("{} deleted {target} with {options}", who.name))?;
        ensure!(
            refusal.code == 403 && refusal.by_policy("kept"),
            "{} {target}: {}",
            who.name,
            refusal.message
        );
        for says in says {
            ensure!(refusal.message.contains(says), "{says:?} is missing in {}", refusal.message);
        }
    }
    let now = ask(&stage.cluster.admin()?, "GET", path, &Value::Null).await?;
    ensure!(now.pointer("/metadata/deletionTimestamp").is_none(), "{} began it", who.name);
    Ok(())
}

#[tokio::test]
async fn nobody_deletes_an_agreement_on_which_people_decided() -> Result<()> {
    let stage = Stage::new("decided").await?;
    let operator = stage.operator().await?;
    let path = stage.counted(&operator, "decided").await?;
    for who in stage.deleters("customeragreements").await? {
        let words = format!("kept: \"{}\" may not delete \"decided\", on which people decided; ", who.name);
        let instead = "withdraw it, or amend it. After the retention period, an identity with the explicit verb \"purge\" \
                       on customeragreements may";
        refused_to_delete(&stage, &who, &path, &[&words, instead]).await?;
    }
    let author = stage.with_role("s.patel", "countersign-author").await?;
    let author = stage.cluster.client(&author).await?;
    let refusal = send(&author, "DELETE", &path, &Value::Null).await.err().context("accepted")?;
    assert!(refusal.by_policy("kept"), "{}", refusal.message);
    Ok(())
}

#[tokio::test]
async fn an_agreement_on_which_nothing_was_decided_yet_just_goes() -> Result<()> {
    let stage = Stage::new("undecided").await?;
    let operator = stage.operator().await?;
    let author = stage.with_role("s.patel", "countersign-author").await?;
    let client = stage.cluster.client(&author).await?;
    let fresh = stage.written("fresh").await?;
    ask(&client, "DELETE", &fresh, &Value::Null).await?;
    let asked = stage.written("asked").await?;
    let status = json!({"status": {"phase": "AwaitingConfirmation"}});
    ask(&operator, "PATCH", &format!("{asked}/status"), &status).await?;
    ask(&client, "DELETE", &asked, &Value::Null).await?;

    // Of a collection, what was decided stays and the rest goes.
    let kept = stage.counted(&operator, "a-kept").await?;
    let goes = stage.written("b-goes").await?;
    let all = stage.path("customeragreements");
    let admin = stage.cluster.admin()?;
    let refusal = send(&admin, "DELETE", &all, &Value::Null).await.err().context("accepted")?;
    assert!(refusal.by_policy("kept"), "{}", refusal.message);
    ask(&admin, "GET", &kept, &Value::Null).await?;
    for gone_by_now in [fresh, asked] {
        gone(stage.cluster, &gone_by_now, PATIENCE).await?;
    }
    ask(&client, "DELETE", &goes, &Value::Null).await.or_else(|error| {
        // The collection may have come as far as this one.
        if format!("{error:#}").contains("404") { Ok(Value::Null) } else { Err(error) }
    })?;
    Ok(())
}

#[tokio::test]
async fn only_purge_by_name_deletes_what_people_decided_on() -> Result<()> {
    let stage = Stage::new("purged").await?;
    let operator = stage.operator().await?;
    let (one, _) = stage.agreed(&operator, "one").await?;
    let (two, _) = stage.agreed(&operator, "two").await?;
    let delete = json!({"apiGroups": [GROUP], "resources": ["customeragreements"], "verbs": ["delete"]});
    let purge = |what: Value| json!({"apiGroups": [GROUP], "verbs": ["purge"], "resources": [what]});
    let narrow = with(&purge(json!("customeragreements")), "/resourceNames", &json!(["one"]));
    let records = Person::user("records@countersign.example", &[]);
    let archive = Person::user("archive@countersign.example", &[]);
    stage.cluster.allow(&stage.namespace, &records, &json!([delete, narrow])).await?;
    // Purging one kind is not purging another.
    let others =
        [purge(json!("agreementdecisions")), purge(json!("orderrequests")), purge(json!("standardterms"))];
    stage
        .cluster
        .allow(&stage.namespace, &archive, &json!([delete, others[0], others[1], others[2]]))
        .await?;
    let (records, archive) = (stage.cluster.client(&records).await?, stage.cluster.client(&archive).await?);
    for (client, path) in [(&archive, &one), (&archive, &two), (&records, &two)] {
        let refusal = send(client, "DELETE", path, &Value::Null).await.err().context("accepted")?;
        assert!(refusal.by_policy("kept"), "{path}: {}", refusal.message);
    }
    ask(&records, "DELETE", &one, &Value::Null).await?;
    gone(stage.cluster, &one, PATIENCE).await
}

/// However a purge asks for it, the collector has to be able to do its part.
#[tokio::test]
async fn the_purge_of_an_agreement_with_order_requests_does_not_hang() -> Result<()> {
    let stage = Stage::new("swept").await?;
    let operator = stage.operator().await?;
    let records = Person::user("records@countersign.example", &[]);
    let rules =
        json!([{"apiGroups": [GROUP], "resources": ["customeragreements"], "verbs": ["delete", "purge"]}]);
    stage.cluster.allow(&stage.namespace, &records, &rules).await?;
    let records = stage.cluster.client(&records).await?;
    for policy in ["Orphan", "Background", "Foreground"] {
        let (agreement, _) = stage.agreed(&operator, &policy.to_lowercase()).await?;
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy});
        ask(&records, "DELETE", &agreement, &options).await?;
        gone(stage.cluster, &agreement, PATIENCE * 3).await.with_context(|| policy.to_owned())?;
    }
    Ok(())
}

#[tokio::test]
async fn nobody_deletes_the_rules_that_agreements_run_by() -> Result<()> {
    let stage = Stage::new("rules").await?;
    let admin = stage.cluster.admin()?;
    for (plural, file) in [
        ("standardterms", "testkit/complete/standardterms.yaml"),
        ("delegationpolicies", "testkit/complete/delegationpolicies.yaml"),
    ] {
        let document = testkit::documents(file)?.swap_remove(0);
        for name in ["kept", "purged"] {
            let named = with(&document, "/metadata", &json!({"name": name}));
            ask(&admin, "POST", &path(plural, ""), &named).await?;
        }
        let (kept, purged) = (format!("{}/kept", path(plural, "")), format!("{}/purged", path(plural, "")));
        let mut people = stage.deleters(plural).await?;
        let keeper = Person::user(&format!("keeper@{plural}.example"), &[]);
        stage.cluster.grant_everywhere("countersign-policy-admin", &keeper).await?;
        let delete =
            json!([{"apiGroups": [GROUP], "resources": [plural], "verbs": ["delete", "deletecollection"]}]);
        stage.cluster.allow_everywhere(&keeper, &delete).await?;
        people.push(keeper.clone());
        // A right in a namespace says nothing about what lives in none.
        let purge = json!([{"apiGroups": [GROUP], "resources": [plural], "verbs": ["purge"]}]);
        stage.cluster.allow(&stage.namespace, &keeper, &purge).await?;
        for who in people {
            let words = format!("kept: \"{}\" may not delete \"", who.name);
            let instead = format!(
                "by whose rules agreements run; retire it with `spec.lifecycleState: Retired`. After the retention \
                 period, an identity with the explicit verb \"purge\" on {plural} may"
            );
            refused_to_delete(&stage, &who, &kept, &[&words, &instead]).await?;
        }
        let keeper_client = stage.cluster.client(&keeper).await?;
        ask(&keeper_client, "PATCH", &kept, &json!({"spec": {"lifecycleState": "Retired"}})).await?;

        let narrow = with(&purge, "/0/resourceNames", &json!(["purged"]));
        stage.cluster.allow_everywhere(&keeper, &narrow).await?;
        let refusal = send(&keeper_client, "DELETE", &kept, &Value::Null).await.err().context("accepted")?;
        assert!(refusal.by_policy("kept"), "{}", refusal.message);
        ask(&keeper_client, "DELETE", &purged, &Value::Null).await?;
        gone(stage.cluster, &purged, PATIENCE).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_namespace_in_which_people_decided_goes_as_a_whole() -> Result<()> {
    let stage = Stage::new("whole").await?;
    let operator = stage.operator().await?;
    stage.decided().await?;
    stage.agreed(&operator, "agreed").await?;
    stage.counted(&operator, "decided").await?;
    let path = format!("/api/v1/namespaces/{}", stage.namespace);
    ask(&stage.cluster.admin()?, "DELETE", &path, &Value::Null).await?;
    gone(stage.cluster, &path, PATIENCE * 2).await
}

#[tokio::test]
async fn a_protected_namespace_goes_only_when_that_is_meant() -> Result<()> {
    let stage = Stage::new("protected").await?;
    let admin = stage.cluster.admin()?;
    let path = format!("/api/v1/namespaces/{}", stage.namespace);
    let root = Person::user("root@protected.example", &[]);
    let everything = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]);
    stage.cluster.allow_everywhere(&root, &everything).await?;
    // The label says it, whatever its value is.
    let label = |value: &str| json!({"metadata": {"labels": {"countersign.dev/protected": value}}});
    for value in ["true", "false", ""] {
        ask(&admin, "PATCH", &path, &label(value)).await?;
        for client in [&admin, &stage.cluster.client(&root).await?] {
            let refusal = send(client, "DELETE", &path, &Value::Null).await.err().context("accepted")?;
            assert!(refusal.by_policy("protected-namespaces"), "{value:?}: {}", refusal.message);
            let words = format!(
                "may not delete \"{}\", whose label countersign.dev/protected keeps the decisions in it; annotate it with \
                 countersign.dev/confirm-deletion first if that is meant",
                stage.namespace
            );
            assert!(refusal.message.contains(&words), "{}", refusal.message);
        }
    }
    let other = json!({"metadata": {"annotations": {"countersign.dev/other": "yes"}}});
    ask(&admin, "PATCH", &path, &other).await?;
    let refusal = send(&admin, "DELETE", &path, &Value::Null).await.err().context("accepted")?;
    assert!(refusal.by_policy("protected-namespaces"), "{}", refusal.message);
    let meant = json!({"metadata": {"annotations": {"countersign.dev/confirm-deletion": "yes"}}});
    ask(&admin, "PATCH", &path, &meant).await?;
    ask(&admin, "DELETE", &path, &Value::Null).await?;
    gone(stage.cluster, &path, PATIENCE * 2).await
}
