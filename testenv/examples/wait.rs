//! Starts a control plane, prints where it is, and stays until standard input ends or it is interrupted.

use std::{io::Read, process::exit};

use testenv::{Component, ControlPlane};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let plane = ControlPlane::start().await?;
    println!("dir {}", plane.dir().display());
    println!("kubeconfig {}", plane.admin_kubeconfig().display());
    println!("pid {}", plane.supervisor_pid());
    for component in Component::ALL {
        println!("pid {}", plane.pid(component)?);
    }
    // Asked for before "ready" is said: a shell that runs tests in the background has them ignore SIGINT.
    let mut interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
    println!("ready");
    tokio::select! {
        _ = interrupt.recv() => {
            drop(plane);
            exit(130)
        }
        // As a static in a test binary ends: never dropped.
        _ = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())) => exit(0),
    }
}
