//! A control plane, from its start until it is dropped.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::AtomicU64,
    time::Duration,
};

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Api;

use crate::{
    Binaries, Component,
    kubeconfig::{self, Credentials, Entry},
    pki::{self, Authority},
    process::{Ports, Supervisor},
    wait::{PATIENCE, until},
};

/// A running etcd, kube-apiserver and kube-controller-manager.
///
/// Its processes and its folder are removed when this is dropped, and also if the process that holds
/// it ends in any other way: returns from `main` with this in a static, is interrupted, is killed.
pub struct ControlPlane {
    pub(crate) supervisor: Supervisor,
    pub(crate) authority: Authority,
    pub(crate) ports: Ports,
    pub(crate) files: AtomicU64,
}

impl std::fmt::Debug for ControlPlane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ControlPlane").field("dir", &self.dir()).field("server", &self.server_url()).finish()
    }
}

const ANSWER: Duration = Duration::from_secs(3);
const ATTEMPTS: u32 = 3;

impl ControlPlane {
    /// Starts one, with the binaries that [`Binaries::find`] finds or builds.
    ///
    /// When this returns, it serves requests and its controllers work.
    ///
    /// # Errors
    /// If there are no binaries, or if a component does not start: the error then shows the
    /// end of its log.
    pub async fn start() -> Result<Self> {
        let binaries =
            tokio::task::spawn_blocking(Binaries::find).await.context("the look-up panicked")??;
        Self::start_with(&binaries).await
    }

    /// Starts one with these binaries.
    ///
    /// # Errors
    /// If a component does not start.
    pub async fn start_with(binaries: &Binaries) -> Result<Self> {
        let mut attempt = 1;
        loop {
            let plane = Self::lay_out(binaries, Ports::free()?)?;
            match plane.bring_up().await {
                Ok(()) => return Ok(plane),
                Err(_) if attempt < ATTEMPTS && plane.lost_a_port() => attempt += 1,
                Err(error) => {
                    return Err(error.context(
                        "the control plane did not start. Is the machine out of memory (it takes about 500 MB) \
                         or disk space? Do the binaries run on their own (`kube-apiserver --version`)?",
                    ));
                }
            }
        }
    }

    fn lay_out(binaries: &Binaries, ports: Ports) -> Result<Self> {
        let supervisor = Supervisor::start()?;
        let plane = Self { supervisor, authority: Authority::new()?, ports, files: AtomicU64::new(0) };
        let server = plane.authority.server("kube-apiserver")?;
        let (signing, checking) = pki::service_account_keys()?;
        plane.write("ca.crt", &plane.ca_pem())?;
        plane.write("apiserver.crt", &server.certificate)?;
        plane.write("apiserver.key", &server.key)?;
        plane.write("sa.key", &signing)?;
        plane.write("sa.pub", &checking)?;
        plane.write("audit-policy.yaml", include_str!("audit-policy.yaml"))?;
        for (file, user, groups) in [
            ("controller-manager.kubeconfig", "system:kube-controller-manager", &[][..]),
            ("admin.kubeconfig", "admin", &["system:masters"][..]),
        ] {
            let credentials = Credentials::Certificate(plane.authority.client(user, groups)?);
            let entry = Entry { name: user.to_owned(), namespace: "default".to_owned(), credentials };
            kubeconfig::write(&plane.dir().join(file), &plane.server_url(), &plane.ca_pem(), &[entry])?;
        }
        plane.supervisor.write_scripts(binaries, plane.ports)?;
        Ok(plane)
    }

    async fn bring_up(&self) -> Result<()> {
        self.supervisor.start_component(Component::Etcd).await?;
        self.supervisor.start_component(Component::ApiServer).await?;
        self.listening().await?;
        // It waits for the API server's health by itself, so both can warm up at the same time. But it waits ten seconds only,
        // which is not enough while every core is busy.
        self.supervisor.start_component(Component::ControllerManager).await?;
        self.ready().await?;
        if self.supervisor.death(Component::ControllerManager).is_some() {
            self.supervisor.start_component(Component::ControllerManager).await?;
        }
        self.controllers_work().await
    }

    /// Another process took one of our ports before we used it.
    fn lost_a_port(&self) -> bool {
        [Component::Etcd, Component::ApiServer]
            .into_iter()
            .any(|component| self.supervisor.log(component).contains("address already in use"))
    }

    async fn listening(&self) -> Result<()> {
        let address = ("127.0.0.1", self.ports.api_server);
        self.await_component(Component::ApiServer, "the API server listened", || async {
            Ok(tokio::net::TcpStream::connect(address).await.is_ok())
        })
        .await
    }

    /// Waits until `/readyz` answers.
    pub(crate) async fn ready(&self) -> Result<()> {
        let client = self.admin()?;
        self.await_component(Component::ApiServer, "the API server was ready", || async {
            let request = http::Request::get("/readyz").body(Vec::new())?;
            Ok(client.request_text(request).await? == "ok")
        })
        .await
    }

    /// Waits until a controller has done its work: a live process alone says little.
    async fn controllers_work(&self) -> Result<()> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.admin()?, "default");
        self.await_component(Component::ControllerManager, "the controllers worked", || async {
            Ok(accounts.get_opt("default").await?.is_some())
        })
        .await
    }

    /// Waits for `check` of a component, and gives up at once when it has ended, or one that it needs.
    async fn await_component<F, Fut>(&self, component: Component, what: &str, mut check: F) -> Result<()>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<bool>>,
    {
        until(what, PATIENCE, || {
            let needed = Component::ALL.iter().position(|other| *other == component).unwrap_or_default();
            let dead =
                Component::ALL.into_iter().take(needed + 1).find_map(|other| self.supervisor.death(other));
            let check = dead.is_none().then(&mut check);
            async move {
                match (dead, check) {
                    (Some(error), _) => Ok(Some(Err(error))),
                    // The process that took our port may accept a connection and then say nothing.
                    (None, Some(check)) => {
                        let answer = tokio::time::timeout(ANSWER, check).await.context("no answer")??;
                        Ok(answer.then_some(Ok(())))
                    }
                    (None, None) => Ok(None),
                }
            }
        })
        .await
        .with_context(|| self.supervisor.log_tail(component))?
    }

    /// Kills a component with SIGKILL and waits until it is gone.
    ///
    /// # Errors
    /// If it does not end.
    pub async fn kill(&self, component: Component) -> Result<()> {
        self.supervisor.kill_component(component).await
    }

    /// Starts a killed component again, as it was: same port, same data. A running one is killed first.
    ///
    /// Returns when the API server is ready again, unless it or etcd has been left killed.
    ///
    /// The garbage collector looks for new kinds only every 30 seconds. Restarting the controller
    /// manager after a custom resource definition was established saves that wait.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn restart(&self, component: Component) -> Result<()> {
        self.kill(component).await?;
        self.supervisor.start_component(component).await?;
        let needed = [Component::Etcd, Component::ApiServer];
        for other in needed {
            if self.supervisor.running(other)?.is_none() && other != component {
                return Ok(());
            }
        }
        self.ready().await
    }

    /// The process id of a component, for tests that pause or kill it.
    ///
    /// # Errors
    /// If it does not run.
    pub fn pid(&self, component: Component) -> Result<u32> {
        self.supervisor.running(component)?.with_context(|| format!("{component} does not run"))
    }

    /// The process id of the supervisor, which lives exactly as long as the control plane.
    #[must_use]
    pub fn supervisor_pid(&self) -> u32 {
        self.supervisor.pid()
    }

    /// Where the API server listens.
    #[must_use]
    pub fn server_url(&self) -> String {
        format!("https://127.0.0.1:{}", self.ports.api_server)
    }

    /// The certificate that signs the API server's own.
    #[must_use]
    pub fn ca_pem(&self) -> String {
        self.authority.pem()
    }

    /// The folder of this control plane: logs (`<component>.log`), audit log, certificates. Files that
    /// a test puts there are removed with it.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.supervisor.dir()
    }

    /// The last lines of a component's log, for an error message.
    #[must_use]
    pub fn log_tail(&self, component: Component) -> String {
        self.supervisor.log_tail(component)
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> Result<PathBuf> {
        let path = self.dir().join(name);
        fs::write(&path, content).with_context(|| format!("could not write {}", path.display()))?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_port_that_got_taken_is_told_from_other_failures() {
        let binaries = Binaries::find().unwrap();
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        for ports in [
            Ports { etcd_client: port, ..Ports::free().unwrap() },
            Ports { etcd_peer: port, ..Ports::free().unwrap() },
            Ports { api_server: port, ..Ports::free().unwrap() },
        ] {
            let plane = ControlPlane::lay_out(&binaries, ports).unwrap();
            plane.bring_up().await.unwrap_err();
            assert!(plane.lost_a_port(), "{ports:?}");
        }
    }
}
