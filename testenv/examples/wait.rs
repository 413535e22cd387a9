//! Starts a control plane, prints where it is, and stays until standard input ends or a signal comes.

use std::io::Read;

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
    println!("ready");
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
