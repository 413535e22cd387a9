//! Screens with much on them, and with nothing: what matters is there, and no line is too long.

use anyhow::Result;
use futures::future::try_join_all;
use serde_json::json;
use testkit::example::Example;
use testkit::operator::running;
use testkit::people::{Person, eva, jonas};
use testkit::schema;
use testkit::stage::Stage;
use unicode_width::UnicodeWidthStr;

use crate::rendering::fits;
use crate::user::User;

/// A name of that length, with words in it as people have them.
fn long_name(at: usize) -> String {
    format!("{}{at:02}", "norrland-timber-sawmill-fibres-of-the-north-and-of-the-south-")
}

/// Forty agreements with the longest names and other scripts fit and none is missing.
#[tokio::test]
async fn forty_agreements_with_the_longest_names_fit() -> Result<()> {
    let stage = Stage::set(running().await?, "fibre").await?;
    stage.grant(&eva(), "countersign-reader").await?;
    let stages: Vec<Stage<'_>> = (0..40)
        .map(|at| {
            let mut own = stage.another(&if at % 2 == 0 { long_name(at) } else { format!("a{at:02}") });
            let (customer, name) = match at % 3 {
                0 => ("株式会社北日本製材所".repeat(5), "山田太郎".repeat(9)),
                1 => ("شركة الأخشاب".repeat(4), "Ευαγγελία Παπαδοπούλου".to_owned()),
                _ => ("Norrland Timber AB".to_owned(), "Eva Lund".to_owned()),
            };
            own.document = schema::with(&own.document, "/spec/customer/name", &json!(customer));
            own.document = schema::with(&own.document, "/spec/customer/representatives/0/name", &json!(name));
            own
        })
        .collect();
    try_join_all(stages.iter().map(Stage::submit)).await?;
    try_join_all(stages.iter().map(|own| own.until_phase("AwaitingConfirmation"))).await?;
    let (eva, owner) = (User::of(&eva(), &stage).await?, User::of(&jonas(), &stage).await?);
    let (inbox, status) = (eva.types(&["inbox"]).await?.done(), owner.types(&["status"]).await?.done());
    for (screen, word) in [(&inbox, "confirm"), (&status, "AwaitingConfirmation")] {
        fits(screen);
        for own in &stages {
            assert!(screen.contains(&own.agreement), "{} in {screen}", own.agreement);
        }
        let rows = screen.lines().filter(|line| line.contains(&format!(" {word} ")));
        assert_eq!(rows.clone().count(), 40, "{screen}");
        // What is below each other is so on the screen, whatever the letters.
        let columns = rows.map(|line| line.split_once(word).map(|(before, _)| before.width()));
        let mut columns: Vec<_> = columns.collect();
        columns.dedup();
        assert_eq!(columns.len(), 1, "{screen}");
        assert_eq!(screen.matches(" d ").count(), 40, "how long is left: {screen}");
    }
    let wide = owner.types(&["status", "-o", "wide"]).await?.done();
    assert!(
        wide.contains(&"山田太郎".repeat(9)) && wide.contains(&"株式会社北日本製材所".repeat(5)),
        "{wide}"
    );
    for line in [vec!["status"], vec!["show"], vec!["history"]] {
        fits(&owner.types(&[line, vec![&stages[0].agreement]].concat()).await?.done());
    }
    Ok(())
}

#[tokio::test]
async fn where_there_is_nothing_it_is_said_and_programs_get_an_empty_list() -> Result<()> {
    let stage = Stage::set(running().await?, "fibre").await?;
    let owner = User::of(&jonas(), &stage).await?;
    let status = owner.types(&["status"]).await?.done();
    assert_eq!(status, format!("There is no agreement in the namespace {}.\n", stage.namespace));
    let inbox = owner.types(&["inbox"]).await?.done();
    assert_eq!(inbox, format!("Nothing waits for j.berg in the namespace {}.\n", stage.namespace));
    for line in [vec!["status"], vec!["inbox"]] {
        let list = owner.types(&[line.clone(), vec!["-o", "json"]].concat()).await?.json();
        assert_eq!(list["items"], json!([]), "{line:?}");
        assert_eq!(owner.types(&[line, vec!["-o", "name"]].concat()).await?.done(), "");
    }
    for line in [["show", "any"], ["history", "any"], ["status", "any"]] {
        owner.types(&line).await?.failed(1, "there is no agreement \"any\"");
    }
    owner.types(&["verify"]).await?.failed(1, "there is no agreement in the namespace");
    Ok(())
}

/// People with long names and many words are shown whole where one agreement is.
#[tokio::test]
async fn long_names_and_many_words_are_shown_whole_for_one_agreement() -> Result<()> {
    let name = format!("{}@{}.example", "vorname.nachname-und-noch-einer".repeat(2), "abteilung".repeat(5));
    let long = Person::user(&name, &["account-managers"]);
    let signatory =
        json!([{"username": name, "name": "Dr. ".repeat(12) + "Nachname", "title": "長い肩書き".repeat(9)}]);
    let stage = Example::of("fibre")?
        .with("/spec/provider/signatories", &signatory)
        .and(long.clone(), "countersign-countersignatory")
        .begin(running().await?)
        .await?;
    stage.confirm_fibre().await?;
    stage.until_phase("AwaitingSignOff").await?;
    stage.decide(&eva(), json!({"action": "Sign"})).await?;
    let user = User::of(&long, &stage).await?;
    user.types(&["wait", &stage.agreement, "--for", "me"]).await?.done();
    fits(&user.types(&["inbox"]).await?.done());
    let said = user.types(&["countersign", &stage.agreement, "--yes"]).await?.done();
    let history = user.types(&["history", &stage.agreement]).await?.done();
    let status = user.types(&["status", &stage.agreement]).await?.done();
    for screen in [&said, &history] {
        fits(screen);
        let joined: String = screen.split_whitespace().collect();
        assert!(joined.contains(&name), "{screen}");
    }
    fits(&status);
    Ok(())
}
