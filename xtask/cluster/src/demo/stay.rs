//! Time to look around.

use anyhow::{Context, Result};

use super::{
    Stage,
    cast::{ALL, BERG, CORNER, LUND, TIMBER},
    story,
};

/// Says how to connect, and waits for Ctrl-C.
pub(super) async fn until_interrupted(stage: &Stage) -> Result<()> {
    let people: Vec<(&str, &[&str])> = ALL.iter().map(|person| (person.username, person.groups)).collect();
    let kubeconfig = stage.plane.kubeconfig_with_contexts(&people, TIMBER)?;
    let programs = std::env::current_exe()?;
    let programs = programs.parent().unwrap_or(&programs);
    let (berg, lund) = (BERG.username, LUND.username);
    story::heading("Everything keeps running until Ctrl-C");
    story::says("There is a context for each person, and `admin`. Some commands worth trying:");
    story::verbatim(&format!(
        "
export KUBECONFIG={}
export PATH={}:$PATH                 # kubectl finds its plugins there
kubectl get cagr -A -o wide
kubectl agreement --context={berg} history norrland-timber-fibre
kubectl agreement --context={berg} show norrland-timber-fibre
kubectl describe cagr norrland-timber-fibre
kubectl get adec -A -o wide
kubectl get oreq -o yaml
kubectl get events.events.k8s.io -n {CORNER}
kubectl delete adec --all                     # nobody may, not even admin
kubectl --context={berg} auth can-i --list
kubectl --context={lund} auth can-i sign cagr/norrland-timber-fibre
tail -f {}
",
        kubeconfig.display(),
        programs.display(),
        stage.operator.log().display()
    ));
    tokio::signal::ctrl_c().await.context("could not wait for Ctrl-C")?;
    anstream::println!();
    Ok(())
}
