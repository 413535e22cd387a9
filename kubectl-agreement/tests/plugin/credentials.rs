//! Who one is: credential plugins, and people who act as others.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::operator::running;
use testkit::people::{jonas, omar, patel};
use testkit::stage::Stage;

use crate::user::User;

/// A program that gives the credential of somebody, as `aws` or `kubelogin` do.
struct Plugin {
    folder: TempDir,
    kubeconfig: Value,
}

impl Plugin {
    async fn of(stage: &Stage<'_>) -> Result<Self> {
        let mut kubeconfig = User::of(&omar(), stage).await?.kubeconfig()?;
        let folder = tempfile::tempdir()?;
        let user = &mut kubeconfig["users"][0]["user"];
        let text = |key: &str| user[key].as_str().context("data").map(str::to_owned);
        std::fs::write(folder.path().join("certificate"), text("client-certificate-data")?)?;
        std::fs::write(folder.path().join("key"), text("client-key-data")?)?;
        *user = json!({"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": "./login", "args": ["certificate", "key"],
            "interactiveMode": "IfAvailable", "installHint": "Get it from it.example", "provideClusterInfo": true,
        }});
        Ok(Self { folder, kubeconfig })
    }

    /// Somebody whose credential comes from this script.
    fn user(&self, script: &str, stage: &Stage<'_>) -> Result<User> {
        let login = self.folder.path().join("login");
        testenv::write_executable(
            &login,
            &format!("#!/bin/sh\ncd {}\n{script}\n", self.folder.path().display()),
        )?;
        let path = self.folder.path().join("kubeconfig");
        std::fs::write(&path, self.kubeconfig.to_string())?;
        Ok(User::with(path, &stage.namespace))
    }
}

/// What a plugin that works does. It reads what it was told about the cluster, and everything that was typed.
const WORKS: &str = r#"
case "$KUBERNETES_EXEC_INFO" in *certificate-authority-data*) ;; *) exit 9;; esac
cat > /dev/null
decoded() { base64 -d "$1" | sed 's/$/\\n/' | tr -d '\n'; }
cat <<END
{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
 "status": {"clientCertificateData": "$(decoded $1)", "clientKeyData": "$(decoded $2)"}}
END"#;

/// A credential plugin gives the credential and does not read what is decided on.
#[tokio::test]
async fn a_credential_plugin_does_not_read_what_is_decided_on() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fleet").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let owner = User::of(&patel(), &stage).await?;
    let sheet = owner.types(&["show", &stage.agreement, "--for", "customer", "-o", "yaml"]).await?.done();
    let plugin = Plugin::of(&stage).await?;
    let user = plugin.user(WORKS, &stage)?;
    let said = user.types_with(&["confirm", "-f", "-", "--yes"], &sheet).await?.done();
    assert!(said.contains("You are omar@havlink.example"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_credential_plugin_that_gives_none_is_told_of_in_its_own_words() -> Result<()> {
    let stage = Stage::set(running().await?, "fleet").await?;
    let mut plugin = Plugin::of(&stage).await?;
    let fails = "echo s3cret; echo 'open https://it.example first' >&2; exit 7";
    for mode in ["Never", "IfAvailable"] {
        plugin.kubeconfig["users"][0]["user"]["exec"]["interactiveMode"] = json!(mode);
        let said = plugin.user(fails, &stage)?.types(&["inbox"]).await?;
        let said =
            said.failed(1, "open https://it.example first").failed(1, "gave no credential (exit status: 7)");
        assert!(!format!("{said:?}").contains("s3cret"), "{said:?}");
    }
    let said = plugin.user("echo '{\"token\": s3cret'", &stage)?.types(&["inbox"]).await?;
    let said = said.failed(1, "something that is not an ExecCredential");
    assert!(!said.err.contains("s3cret"), "{said:?}");
    plugin.kubeconfig["users"][0]["user"]["exec"]["command"] = json!("no-such-login");
    let said = plugin.user("", &stage)?.types(&["inbox"]).await?;
    said.failed(1, "no-such-login cannot be started").failed(1, "Get it from it.example");
    Ok(())
}

/// Somebody who acts as another does so with groups and uid and is warned wherever it is said.
#[tokio::test]
async fn who_acts_as_another_does_so_with_groups_and_uid_and_is_warned() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let admin = User::with(stage.cluster.plane.admin_kubeconfig(), &stage.namespace);
    let line = ["withdraw", &stage.agreement, "--reason", "a slip", "--dry-run=server", "-o", "json"];
    let owner = jonas().name;
    let said = admin.types(&[&line, ["--as", &owner, "--as-uid", "77"].as_slice()].concat()).await?;
    assert!(said.code == 0 && said.err.starts_with("WARNING: you act as j.berg."), "{said:?}");
    let made: Value = serde_json::from_str(&said.out)?;
    assert_eq!(made["spec"]["decidedBy"], json!({"username": owner, "uid": "77"}));

    // Rights that come by a group are there with the group alone.
    let mut config = admin.kubeconfig()?;
    let as_one_of = |groups: &'static [&'static str]| [&["status", "--as", "x.unknown"], groups].concat();
    let without = admin.types(&as_one_of(&["--as-group", "others"])).await?;
    without.failed(1, "x.unknown may not list");
    let said = admin.types(&as_one_of(&["--as-group", "others", "--as-group", "system:masters"])).await?;
    assert!(said.code == 0 && said.out.contains(&stage.agreement), "{said:?}");
    admin.types(&["status", "--as-uid", "77"]).await?.failed(2, "need --as");

    config["users"][0]["user"]["as"] = json!(owner);
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), config.to_string())?;
    let said = User::with(file.path().to_owned(), &stage.namespace).types(&["status"]).await?;
    assert!(said.code == 0 && said.err.starts_with("WARNING: you act as j.berg."), "{said:?}");
    Ok(())
}
