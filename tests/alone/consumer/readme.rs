//! `examples/order-consumer/README.md`: what somebody does who tries the example, command by command.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use countersign_api::agreement_status::Handover;
use serde_json::json;
use testenv::tools::Tool;
use testenv::until;
use testkit::people::{eva, jonas};
use testkit::stage::{COMMON, Stage, status_of};
use testkit::{Cluster, PATIENCE, documents, root, schema};
use tokio::process::{Child, Command};

use super::shared;

/// The blocks of the section that is followed, in order.
fn blocks(page: &str) -> Result<Vec<String>> {
    let section = page.split("\n## Run it\n").nth(1).context("no section")?;
    let section = section.split("\n## ").next().context("no section")?;
    let blocks = section.split("```console\n").skip(1);
    blocks.map(|text| Ok(text.split("```").next().context("a block that does not end")?.to_owned())).collect()
}

/// The agreement that the demo leaves, under the names that it has there.
async fn as_the_demo_leaves_it(cluster: &Cluster) -> Result<Stage<'_>> {
    let namespace = "norrland-timber";
    let named = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    cluster.plane.apply_yaml(&cluster.admin()?, &named.to_string()).await?;
    let document = documents("examples/fibre/agreement.yaml")?.pop().context("one document")?;
    let stage = Stage {
        cluster,
        namespace: namespace.to_owned(),
        agreement: schema::word(&document, "/metadata/name").to_owned(),
        document,
        policy: None,
    };
    stage.put_under(json!(COMMON)).await?;
    for (who, role) in [
        (eva(), "countersign-confirmer"),
        (eva(), "countersign-signatory"),
        (jonas(), "countersign-countersignatory"),
    ] {
        stage.grant(&who, role).await?;
    }
    stage.submit().await?;
    stage.sign_fibre().await?;
    stage.until_phase("Agreed").await?;
    Ok(stage)
}

/// Somebody's terminal.
struct Terminal {
    kubeconfig: PathBuf,
    path: OsString,
}

impl Terminal {
    fn open(cluster: &Cluster) -> Result<Self> {
        let kubeconfig = cluster.plane.kubeconfig_with_contexts(&[], "default")?;
        let kubectl = Tool::Kubectl.path()?;
        let folder = kubectl.parent().context("a folder")?.to_owned();
        let others = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([folder].into_iter().chain(std::env::split_paths(&others)))?;
        Ok(Self { kubeconfig, path })
    }

    /// Begins commands in the root of the repository.
    fn begin(&self, commands: &str) -> Result<Child> {
        let mut shell = Command::new("bash");
        shell
            .args(["-ec", commands])
            .current_dir(root())
            .env("KUBECONFIG", &self.kubeconfig)
            .env("PATH", &self.path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .process_group(0)
            .kill_on_drop(true);
        Ok(shell.spawn()?)
    }

    async fn run(&self, commands: &str) -> Result<String> {
        let ended = self.begin(commands)?.wait_with_output().await?;
        let shown = String::from_utf8_lossy(&ended.stdout).into_owned();
        ensure!(ended.status.success(), "{commands}{shown}");
        Ok(shown)
    }
}

/// Waits for what consumers have reported, while the program runs.
async fn until_handed_over(
    stage: &Stage<'_>,
    program: &mut Child,
    enough: impl Fn(&Handover) -> bool,
) -> Result<()> {
    let reported = until("it was reported", 4 * PATIENCE, || async {
        let handover = status_of(&stage.get().await?).handover;
        Ok(handover.filter(&enough).map(drop))
    });
    tokio::select! {
        reported = reported => reported,
        ended = program.wait() => bail!("the consumer ended: {}", ended?),
    }
}

/// What is in each file of a folder.
fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        files.insert(file.file_name().to_string_lossy().into_owned(), fs::read(file.path())?);
    }
    Ok(files)
}

#[tokio::test]
async fn whoever_follows_it_has_one_customer_order_that_outlives_a_kill() -> Result<()> {
    let page = fs::read_to_string(root().join("examples/order-consumer/README.md"))?;
    // One test beside another must not share these files.
    let folder = tempfile::tempdir()?;
    let own = format!("{}/", folder.path().display());
    let blocks: Vec<String> = blocks(&page)?.iter().map(|block| block.replace("/tmp/", &own)).collect();
    let [demo, rights, consumer, looks] = blocks.as_slice() else { panic!("other blocks: {blocks:?}") };
    assert_eq!(demo, "cargo xtask demo --stay\n", "this test makes what it leaves");

    let (turn, _shared) = shared().await?;
    let cluster = turn.cluster;
    let stage = as_the_demo_leaves_it(cluster).await?;
    let terminal = Terminal::open(cluster)?;
    terminal.run(rights).await?;

    let orders = folder.path().join("orders");
    // Built with all the others, and `exec`, so that what is killed is the program and not what started it.
    let program = Path::new(env!("CARGO_BIN_EXE_countersign")).with_file_name("order-consumer");
    assert!(program.is_file(), "cargo build --workspace --bins comes first");
    let command = "cargo run -p order-consumer --";
    assert!(consumer.starts_with(command), "{consumer}");
    let consumer = consumer.replace(command, &format!("exec {}", program.display()));
    let mut first = terminal.begin(&consumer)?;
    until_handed_over(&stage, &mut first, |handover| handover.acknowledged == 1).await?;
    first.kill().await?;
    let before = files(&orders)?;
    assert!(before.len() <= 1, "{before:?}");

    let mut second = terminal.begin(&consumer)?;
    until_handed_over(&stage, &mut second, |handover| handover.completed == 1).await?;
    let shown = terminal.run(looks).await?;
    second.kill().await?;
    let after = files(&orders)?;
    assert_eq!(after.len(), 1, "one file for each key: {after:?}");
    assert!(before.is_empty() || before == after, "the file never changes: {before:?} {after:?}");
    let (name, _) = after.first_key_value().context("a file")?;
    for words in [name.as_str(), "norrland-timber-fibre-o1", r#"{"acknowledged":1,"completed":1"#] {
        assert!(shown.contains(words), "{words} is not in {shown}");
    }
    Ok(())
}
