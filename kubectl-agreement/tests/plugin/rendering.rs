//! How it looks: 80 columns, no escape codes in files, forms for programs.

use anyhow::Result;
use serde_json::json;
use testkit::example::Example;
use testkit::operator::running;
use testkit::people::{desk, eva, jonas, lea, mary, nina, omar, patel};
use testkit::schema;
use testkit::stage::Stage;
use unicode_width::UnicodeWidthStr;

use crate::user::User;

/// Nothing is wider than a terminal, and nothing is there that only a terminal understands.
#[track_caller]
pub fn fits(text: &str) {
    assert!(!text.is_empty());
    assert!(!text.contains('\u{1b}'), "escape codes: {text:?}");
    for line in text.lines() {
        assert!(UnicodeWidthStr::width(line) <= 80, "{}: {line}", UnicodeWidthStr::width(line));
    }
}

#[tokio::test]
async fn every_line_fits_80_columns_whatever_people_call_things() -> Result<()> {
    for (example, owner, customer) in
        [("fibre", jonas(), eva()), ("cafe", jonas(), nina()), ("fleet", patel(), omar())]
    {
        let mut stage = Stage::set(running().await?, example).await?;
        let long = format!("{example}-{}", "long".repeat(16));
        let mut document = schema::with(&stage.document, "/metadata/name", &json!(long));
        let wide = "光ファイバー接続と保守".repeat(9);
        document = schema::with(&document, "/spec/title", &json!(wide));
        document = schema::with(&document, "/spec/customer/name", &json!("株式会社サンプル".repeat(9)));
        document =
            schema::with(&document, "/spec/customer/representatives/0/name", &json!("山田太郎".repeat(9)));
        stage = Stage { agreement: long.clone(), document, ..stage };
        stage.submit().await?;
        stage.grant(&customer, "countersign-reader").await?;
        stage.until_phase("AwaitingConfirmation").await?;
        let customer = User::of(&customer, &stage).await?;
        let owner = User::of(&owner, &stage).await?;
        let inbox = customer.types(&["inbox"]).await?.done();
        assert!(inbox.contains("confirm") && inbox.contains(&long), "{inbox}");
        fits(&inbox);
        fits(&owner.types(&["status"]).await?.done());
        fits(&owner.types(&["status", &long]).await?.done());
        let confirm = ["confirm", &long, "--only-understood", "--yes"];
        fits(&customer.types(&confirm).await?.done());
        fits(&owner.types(&["history", &long]).await?.done());
        for more in [vec![], vec!["--for", "customer"]] {
            fits(&owner.types(&[vec!["show", &long], more].concat()).await?.done());
        }
    }
    Ok(())
}

#[tokio::test]
async fn programs_get_json_yaml_and_names() -> Result<()> {
    let stage = Example::of("fleet")?.begin(running().await?).await?;
    stage.until_phase("AwaitingConfirmation").await?;
    stage.grant(&lea(), "countersign-reader").await?;
    let (lea, name) = (User::of(&lea(), &stage).await?, stage.agreement.as_str());
    for line in [vec!["inbox"], vec!["status"]] {
        let line = |form| [line.clone(), vec!["-o", form]].concat();
        let listed = lea.types(&line("json")).await?.json();
        assert_eq!(
            (&listed["kind"], &listed["items"][0]["metadata"]["name"]),
            (&json!("List"), &json!(name))
        );
        assert_eq!(
            lea.types(&line("name")).await?.done(),
            format!("customeragreement.countersign.dev/{name}\n")
        );
        let yaml: serde_json::Value = serde_saphyr::from_str(&lea.types(&line("yaml")).await?.done())?;
        assert_eq!(yaml, listed);
        let wide = lea.types(&line("wide")).await?.done();
        assert!(wide.contains("VALUE") && !wide.contains('\u{1b}'), "{wide}");
    }
    let one = lea.types(&["status", name, "-o", "json"]).await?.json();
    assert_eq!(
        (&one["kind"], &one["apiVersion"]),
        (&json!("CustomerAgreement"), &json!("countersign.dev/v1alpha1"))
    );
    let report = lea.types(&["verify", "-o", "json"]).await?.json();
    assert_eq!(report["agreements"][0]["name"], json!(name));
    Ok(())
}

#[tokio::test]
async fn who_may_not_list_everywhere_is_told_where_it_was_looked() -> Result<()> {
    let cluster = running().await?;
    let first = Example::of("fleet")?.begin(cluster).await?;
    let second = Example::of("fleet")?.begin(cluster).await?;
    // The second one ends first.
    second.edit(json!({"offerEndTime": "2027-06-01T08:00:00Z"})).await?;
    for stage in [&first, &second] {
        stage.grant(&lea(), "countersign-reader").await?;
        stage.until_phase("AwaitingConfirmation").await?;
    }
    let user = User::of(&lea(), &first).await?;
    let both = user.types(&["inbox", "-n", &second.namespace]).await?.done();
    let at = |stage: &Stage<'_>| both.find(&format!("{}/{}", stage.namespace, stage.agreement)).unwrap();
    assert!(both.contains("Looked in the namespaces "), "{both}");
    assert!(at(&first) != at(&second), "{both}");
    // Neither -n nor the right to list everywhere: the namespace of the kubeconfig.
    let alone = user.command(&["inbox"]).output().await?;
    let said = String::from_utf8(alone.stderr)?;
    assert!(said.contains("may not list customeragreements in the namespace default"), "{said}");
    cluster.grant_everywhere("countersign-reader", &mary()).await?;
    let everywhere = User::of(&mary(), &first).await?.command(&["inbox"]).output().await?;
    let said = String::from_utf8(everywhere.stdout)?;
    assert!(said.contains("in all namespaces") || said.contains('/'), "{said}");
    Ok(())
}

#[tokio::test]
async fn the_inbox_is_shown_again_when_something_changes() -> Result<()> {
    let stage = Example::of("fleet")?.begin(running().await?).await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let desk_hands = User::of(&desk(), &stage).await?;
    let file = tempfile::NamedTempFile::new()?;
    let mut command = desk_hands.command(&["inbox", "--watch", "-n", &stage.namespace]);
    let mut child = command.stdout(file.reopen()?).spawn()?;
    let read = || Ok::<_, anyhow::Error>(std::fs::read_to_string(file.path())?);
    let shows = |words: &'static str| {
        testenv::until(format!("{words} was shown"), testkit::PATIENCE, move || {
            std::future::ready(read().map(|text| text.contains(words).then_some(())))
        })
    };
    shows("Nothing waits for d.desk").await?;
    let all = json!([{"id": "sims", "outcome": "Confirmed"}, {"id": "handsets", "outcome": "Confirmed"}]);
    for who in [omar(), lea()] {
        stage.confirm(&who, all.clone()).await?;
    }
    shows("finance L1").await?;
    child.kill().await?;
    Ok(())
}
