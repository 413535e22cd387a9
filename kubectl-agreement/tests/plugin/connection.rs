//! The way to the API server: kubeconfigs, flags, and servers that do not answer.

use std::net::TcpListener;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::operator::running;
use testkit::people::jonas;
use testkit::stage::Stage;

use crate::user::{Said, User};

/// The account owner, whose kubeconfig is taken to pieces.
struct Pieces {
    folder: TempDir,
    whole: Value,
    namespace: String,
    agreement: String,
}

impl Pieces {
    async fn of(stage: &Stage<'_>) -> Result<Self> {
        let whole = User::of(&jonas(), stage).await?.kubeconfig()?;
        let (namespace, agreement) = (stage.namespace.clone(), stage.agreement.clone());
        Ok(Self { folder: tempfile::tempdir()?, whole, namespace, agreement })
    }

    fn write(&self, name: &str, content: &str) -> Result<PathBuf> {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content)?;
        Ok(path)
    }

    /// A kubeconfig with these parts of the whole one.
    fn with(&self, name: &str, parts: &[&str]) -> Result<PathBuf> {
        let mut some = json!({"apiVersion": "v1", "kind": "Config"});
        for part in parts {
            some[part] = self.whole[part].clone();
        }
        self.write(name, &some.to_string())
    }

    fn pem(&self, name: &str, pointer: &str) -> Result<String> {
        let data = self.whole.pointer(pointer).and_then(Value::as_str).context("data")?;
        let path = self.write(&format!("{name}.base64"), data)?;
        let decoded = std::process::Command::new("base64").arg("-d").arg(path).output()?;
        let path = self.write(name, &String::from_utf8(decoded.stdout)?)?;
        Ok(path.display().to_string())
    }

    /// Types `status` there, with one kubeconfig or several.
    async fn status(&self, kubeconfig: &[PathBuf], flags: &[&str]) -> Result<Said> {
        let paths = PathBuf::from(std::env::join_paths(kubeconfig)?);
        User::with(paths, &self.namespace).types(&[&["status"], flags].concat()).await
    }

    #[track_caller]
    fn found(&self, said: Said) {
        let table = said.done();
        assert!(table.contains(&self.agreement), "{table}");
    }
}

#[tokio::test]
async fn a_kubeconfig_may_be_in_several_files_of_which_some_are_missing() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    let pieces = Pieces::of(&stage).await?;
    let missing = pieces.folder.path().join("missing");
    let files = [
        pieces.with("where", &["clusters"])?,
        missing.clone(),
        pieces.with("who", &["users"])?,
        pieces.with("both", &["contexts", "current-context"])?,
    ];
    pieces.found(pieces.status(&files, &[]).await?);
    pieces.status(&[missing], &[]).await?.failed(1, "missing, and nothing is there");
    pieces.status(&files[..1], &[]).await?.failed(1, "has no context in it");
    Ok(())
}

/// A name that the kubeconfig does not have is said with those that it has.
#[tokio::test]
async fn a_name_that_the_kubeconfig_lacks_is_said_with_those_it_has() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    let pieces = Pieces::of(&stage).await?;
    let whole = [pieces.with("whole", &["clusters", "users", "contexts", "current-context"])?];
    for what in ["context", "user"] {
        let flag = format!("--{what}");
        pieces.status(&whole, &[&flag, "j.birk"]).await?.failed(1, "it has j.berg");
        pieces.found(pieces.status(&whole, &[&flag, "j.berg"]).await?);
    }
    let cluster = pieces.whole["clusters"][0]["name"].as_str().context("a name")?;
    pieces.status(&whole, &["--cluster", "prod"]).await?.failed(1, &format!("it has {cluster}"));
    // Without a current context, cluster and user are enough, and so is an address.
    let none = [pieces.with("none", &["clusters", "users", "contexts"])?];
    pieces.status(&none, &[]).await?.failed(1, "no context is chosen").failed(1, "there is j.berg");
    pieces.found(pieces.status(&none, &["--cluster", cluster, "--user", "j.berg"]).await?);
    Ok(())
}

#[tokio::test]
async fn a_kubeconfig_that_is_broken_is_not_shown() -> Result<()> {
    let stage = Stage::set(running().await?, "fibre").await?;
    let pieces = Pieces::of(&stage).await?;
    let broken = pieces.write("broken", "users:\n- user:\n    token: s3cret\n   bad: [\n")?;
    let said = pieces.status(&[broken], &[]).await?.failed(1, "not valid YAML").failed(1, "line 4");
    assert!(!said.err.contains("s3cret"), "{said:?}");
    let folder = pieces.folder.path().to_owned();
    pieces.status(&[folder], &[]).await?.failed(1, "cannot be used");
    Ok(())
}

#[tokio::test]
async fn flags_alone_are_enough_and_go_before_the_kubeconfig() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    let pieces = Pieces::of(&stage).await?;
    let server = pieces.whole["clusters"][0]["cluster"]["server"].as_str().context("an address")?;
    let authority = pieces.pem("ca.pem", "/clusters/0/cluster/certificate-authority-data")?;
    let certificate = pieces.pem("j.pem", "/users/0/user/client-certificate-data")?;
    let key = pieces.pem("j.key", "/users/0/user/client-key-data")?;
    let me = ["--client-certificate", &certificate, "--client-key", &key];
    let bare = |address: &str| address.trim_start_matches("https://").to_owned();
    // Neither --server nor a kubeconfig needs `https://`.
    for address in [server, &bare(server)] {
        let at = ["-s", address, "--certificate-authority", &authority];
        pieces.found(pieces.status(&[], &[at.as_slice(), &me].concat()).await?);
    }
    let at = ["-s", server];
    pieces.status(&[], &[at.as_slice(), &me].concat()).await?.failed(1, "--certificate-authority");
    let unchecked = [at.as_slice(), &me, &["--insecure-skip-tls-verify"]].concat();
    pieces.found(pieces.status(&[], &unchecked).await?);
    let named = |name| {
        [at.as_slice(), &me, &["--certificate-authority", &authority, "--tls-server-name", name]].concat()
    };
    pieces.found(pieces.status(&[], &named("localhost")).await?);
    pieces.status(&[], &named("elsewhere.example")).await?.failed(1, "for another name");
    pieces.status(&[], &["-s", server, "--client-key", &key]).await?.failed(2, "--client-certificate");
    let none = pieces.write("none.pem", "no certificate")?.display().to_string();
    pieces.status(&[], &["-s", server, "--certificate-authority", &none]).await?.failed(1, "begins with");

    // A token goes before everything that the kubeconfig says about the user.
    let basic = json!({"username": "j.berg", "password": "x", "exec": {"command": "no-such-plugin"}});
    let mut whole = pieces.whole.clone();
    whole["users"][0]["user"] = basic;
    whole["clusters"][0]["cluster"]["server"] = json!(bare(server));
    let file = pieces.write("token", &whole.to_string())?;
    pieces
        .status(std::slice::from_ref(&file), &["--token", "wrong"])
        .await?
        .failed(1, "does not know who you are");
    let account = stage.cluster.plane.service_account_kubeconfig(&stage.namespace, "default").await?;
    let account = User::with(account, &stage.namespace).kubeconfig()?;
    let token = account["users"][0]["user"]["token"].as_str().context("a token")?.to_owned();
    let said = pieces.status(&[file], &["--token", &token]).await?;
    said.failed(1, &format!("--serviceaccount={}:default", stage.namespace));
    Ok(())
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for_longer_than_was_said() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let user = User::of(&jonas(), &stage).await?;
    let silent = TcpListener::bind("127.0.0.1:0")?;
    for scheme in ["https", "http"] {
        let address = format!("{scheme}://{}", silent.local_addr()?);
        for line in [vec!["status"], vec!["inbox"], vec!["withdraw", "a", "--reason", "b", "--yes"]] {
            let line = [line, vec!["-s", &address, "--request-timeout", "500ms"]].concat();
            user.types(&line).await?.failed(1, "did not answer in time; --request-timeout gives it longer");
        }
        let line = ["wait", "a", "--for", "me", "-s", &address, "--timeout", "1s"];
        user.types(&line).await?.failed(4, "a was not me within 1 s");
    }
    // Where nothing happens nothing is said, and that is no fault of the server.
    let line = ["wait", &stage.agreement, "--timeout", "3s", "--request-timeout", "1s"];
    user.types(&line).await?.failed(4, "it is AwaitingConfirmation");
    Ok(())
}

#[tokio::test]
async fn a_word_that_would_become_part_of_an_address_is_looked_at_first() -> Result<()> {
    let stage = Stage::set(running().await?, "fibre").await?;
    let user = User::of(&jonas(), &stage).await?;
    for name in ["../x", "a?b", "a,b", "a b", "A", "-a", ""] {
        for line in [vec!["show"], vec!["wait"], vec!["approve", "--yes"], vec!["status", "--watch"]] {
            let said = user.types(&[line, vec!["--", name]].concat()).await?;
            assert!(said.code == 2 && said.out.is_empty(), "{said:?}");
        }
    }
    for empty in ["-n", "--as", "--context", "-s", "--token"] {
        let said = user.command(&["status", empty, ""]).output().await?;
        assert_eq!(said.status.code(), Some(2), "{empty}: {said:?}");
    }
    Ok(())
}
