//! A process that stands for the pod: with the arguments, the environment and the service account that a Deployment gives it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::Value;
use testenv::{ControlPlane, until};
use testkit::PATIENCE;
use testkit::process::get;
use testkit::schema::word;

pub(crate) struct Pod {
    child: Child,
    address: String,
    container: Value,
    reader: Option<JoinHandle<()>>,
}

impl Pod {
    /// Starts what the Deployment describes, and waits until the readiness probe succeeds.
    ///
    /// Two things differ from the pod: it listens on a free port of the loopback interface, and a kubeconfig tells where the
    /// API server is, with a token of the pod's service account.
    pub(crate) async fn of(plane: &ControlPlane, deployment: &Value) -> Result<Self> {
        let pod = &deployment["spec"]["template"]["spec"];
        let account = word(pod, "/serviceAccountName");
        let kubeconfig =
            plane.service_account_kubeconfig(word(deployment, "/metadata/namespace"), account).await?;
        let container = pod["containers"][0].clone();
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.env_clear().env("KUBECONFIG", kubeconfig);
        for argument in container["args"].as_array().into_iter().flatten() {
            command.arg(argument.as_str().context("an argument that is not text")?);
        }
        for variable in container["env"].as_array().into_iter().flatten() {
            let value = match word(variable, "/valueFrom/fieldRef/fieldPath") {
                "" => word(variable, "/value"),
                "metadata.name" => "countersign-0",
                other => bail!("the pod has no {other}"),
            };
            let listens = variable["name"] == "COUNTERSIGN_LISTEN";
            command.env(word(variable, "/name"), if listens { "127.0.0.1:0" } else { value });
        }
        let mut child = command.stderr(Stdio::piped()).spawn().context("could not start the program")?;
        let lines = BufReader::new(child.stderr.take().context("no standard error")?).lines();
        let log = Arc::new(Mutex::new(Vec::<Value>::new()));
        let kept = log.clone();
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(std::result::Result::ok) {
                kept.lock().unwrap().push(serde_json::from_str(&line).unwrap_or(Value::String(line)));
            }
        });
        let mut pod = Self { child, address: String::new(), container, reader: Some(reader) };
        pod.address = until("the program said where it listens", PATIENCE, || async {
            let log = log.lock().unwrap();
            let address = log.iter().find_map(|line| line["address"].as_str().map(str::to_owned));
            address.map(Some).ok_or_else(|| anyhow!("it said {log:?}"))
        })
        .await?;
        for probe in ["livenessProbe", "readinessProbe"] {
            let path = word(&pod.container, &format!("/{probe}/httpGet/path")).to_owned();
            until(format_args!("{path} succeeded"), PATIENCE, || async {
                let (status, body) = pod.get(&path)?;
                if status == 200 {
                    Ok(Some(()))
                } else {
                    Err(anyhow!("{status}: {body}; it said {:?}", log.lock()))
                }
            })
            .await?;
        }
        Ok(pod)
    }

    fn get(&self, path: &str) -> Result<(u16, String)> {
        get(&self.address, path)
    }

    /// Waits until this line is among the metrics.
    pub(crate) async fn until_metric(&self, line: &str) -> Result<()> {
        until(format_args!("{line} was shown"), PATIENCE, || async {
            let (_, metrics) = self.get("/metrics")?;
            Ok(metrics.lines().any(|known| known == line).then_some(()))
        })
        .await
    }

    /// Waits until the admission policies are as this operator wants them.
    pub(crate) async fn until_guarded(&self) -> Result<()> {
        self.until_metric("countersign_decision_guard_active 1").await
    }

    /// Ends it as a kubelet does.
    pub(crate) async fn stop(mut self) -> Result<()> {
        ensure!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?.success());
        let child = Mutex::new(&mut self.child);
        let ended = until("it ended", PATIENCE, || async { Ok(child.lock().unwrap().try_wait()?) }).await?;
        ensure!(ended.success(), "{ended}");
        if let Some(reader) = self.reader.take() {
            reader.join().map_err(|_| anyhow!("what it said could not be read"))?;
        }
        Ok(())
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
