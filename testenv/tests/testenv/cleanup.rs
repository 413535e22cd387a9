//! Nothing is left over, however a control plane's owner ends.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use testenv::{Component, ControlPlane, PATIENCE};

use super::support::{alive, gone};

/// The example `wait` as a process of its own, with a control plane that is ready.
struct Owner {
    process: Child,
    pids: Vec<u32>,
    dir: PathBuf,
}

impl Owner {
    fn start() -> Result<Self> {
        // Cargo builds the examples for a test run, and puts them beside the folder of the tests.
        let own = std::env::current_exe()?;
        let target = own.parent().and_then(Path::parent).context("an unusual target folder")?;
        let example = target.join("examples/wait");
        let mut process = Command::new(&example)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{}: `cargo build --examples` makes it", example.display()))?;
        let mut pids = Vec::new();
        let mut dir = PathBuf::new();
        for line in BufReader::new(process.stdout.take().context("no standard output")?).lines() {
            match line?.split_once(' ') {
                Some(("pid", pid)) => pids.push(pid.parse()?),
                Some(("dir", path)) => dir = path.into(),
                Some(_) => {}
                None => break,
            }
        }
        ensure!(pids.len() == 4 && pids.iter().all(|pid| alive(*pid)), "not all run: {pids:?}");
        ensure!(dir.is_dir(), "no folder {}", dir.display());
        Ok(Self { process, pids, dir })
    }

    fn signal(&self, signal: &str) -> Result<()> {
        let kill = format!("kill -{signal} {}", self.process.id());
        ensure!(Command::new("/bin/sh").args(["-c", &kill]).status()?.success(), "{kill} failed");
        Ok(())
    }
}

#[tokio::test]
async fn a_dropped_control_plane_leaves_nothing() -> Result<()> {
    let plane = ControlPlane::start().await?;
    let mut pids = vec![plane.supervisor_pid()];
    for component in Component::ALL {
        pids.push(plane.pid(component)?);
    }
    let dir = plane.dir().to_owned();
    assert!(dir.is_dir());
    drop(plane);
    // Drop itself waits: there is nothing left to wait for.
    assert!(!dir.exists());
    assert_eq!(pids.into_iter().filter(|pid| alive(*pid)).collect::<Vec<_>>(), Vec::<u32>::new());
    Ok(())
}

#[tokio::test]
async fn an_owner_killed_by_sigkill_leaves_nothing() -> Result<()> {
    an_owner_ended_by("KILL").await
}

#[tokio::test]
async fn an_owner_that_exits_without_a_drop_leaves_nothing() -> Result<()> {
    let mut owner = Owner::start()?;
    drop(owner.process.stdin.take());
    assert!(owner.process.wait()?.success());
    gone(&owner.pids, &owner.dir).await
}

#[tokio::test]
async fn an_interrupted_owner_leaves_nothing() -> Result<()> {
    an_owner_ended_by("INT").await
}

#[tokio::test]
async fn an_owner_killed_while_starting_leaves_nothing() -> Result<()> {
    // A place of its own tells its folder from those of other tests.
    let place = tempfile::tempdir()?;
    let own = std::env::current_exe()?;
    let target = own.parent().and_then(Path::parent).context("an unusual target folder")?;
    let mut owner = Command::new(target.join("examples/wait"))
        .env("TMPDIR", place.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let started = || async { Ok(pid_files(place.path())?.into_iter().next()) };
    let pid = testenv::until("the first component ran", PATIENCE, started).await?;
    owner.kill()?;
    owner.wait()?;
    testenv::until("the folder was gone", PATIENCE, || async {
        Ok((std::fs::read_dir(place.path())?.next().is_none() && !alive(pid)).then_some(()))
    })
    .await
}

fn pid_files(place: &Path) -> Result<Vec<u32>> {
    let mut pids = Vec::new();
    for folder in std::fs::read_dir(place)? {
        if let Ok(text) = std::fs::read_to_string(folder?.path().join("etcd.pid")) {
            pids.push(text.trim().parse()?);
        }
    }
    Ok(pids)
}

async fn an_owner_ended_by(signal: &str) -> Result<()> {
    let mut owner = Owner::start()?;
    owner.signal(signal)?;
    owner.process.wait()?;
    gone(&owner.pids, &owner.dir).await
}

#[tokio::test]
async fn a_killed_component_comes_back_with_its_data() -> Result<()> {
    let plane = ControlPlane::start().await?;
    let namespace = plane.namespace("survivor").await?;
    for component in [Component::ApiServer, Component::Etcd] {
        let before = plane.pid(component)?;
        plane.kill(component).await?;
        assert!(!alive(before));
        assert!(plane.pid(component).is_err());
        plane.restart(component).await?;
        assert_ne!(plane.pid(component)?, before);
        let namespaces: kube::Api<k8s_openapi::api::core::v1::Namespace> = kube::Api::all(plane.admin()?);
        namespaces.get(&namespace).await?;
    }
    Ok(())
}
