//! The connection flags that everybody knows from kubectl, and the way to the API server that they describe.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::explain::{causes, explain};
use crate::failure::{Failure, Outcome};

/// The heading of these flags in `--help`.
const HEADING: &str = "Connection";

/// How the API server is reached, and as whom.
#[derive(Debug, Clone, Default, Args)]
pub struct Connection {
    /// Kubeconfig file; else $KUBECONFIG, else ~/.kube/config, else the service account of the pod.
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING)]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig.
    #[arg(long, global = true, value_name = "NAME", help_heading = HEADING)]
    pub context: Option<String>,
    /// Cluster of the kubeconfig.
    #[arg(long, global = true, value_name = "NAME", help_heading = HEADING)]
    pub cluster: Option<String>,
    /// User of the kubeconfig.
    #[arg(long, global = true, value_name = "NAME", help_heading = HEADING)]
    pub user: Option<String>,
    /// Namespace; else that of the context. `inbox` takes several.
    #[arg(short, long, global = true, value_name = "NAME", help_heading = HEADING)]
    pub namespace: Vec<String>,
    /// Username to impersonate. A decision is then made in that person's name, and the audit log shows yours.
    #[arg(long = "as", global = true, value_name = "USERNAME", help_heading = HEADING)]
    pub impersonate: Option<String>,
    /// Group to impersonate; may be given several times.
    #[arg(long = "as-group", global = true, value_name = "GROUP", help_heading = HEADING)]
    pub impersonate_groups: Vec<String>,
    /// UID to impersonate.
    #[arg(long = "as-uid", global = true, value_name = "UID", help_heading = HEADING)]
    pub impersonate_uid: Option<String>,
    /// Address of the API server.
    #[arg(short, long, global = true, value_name = "URL", help_heading = HEADING)]
    pub server: Option<String>,
    /// Bearer token.
    #[arg(long, global = true, value_name = "TOKEN", help_heading = HEADING, hide_env_values = true)]
    pub token: Option<String>,
    /// How long one request may take, such as 30s or 2m; 0 is for ever.
    #[arg(long, global = true, value_name = "TIME", value_parser = duration, help_heading = HEADING)]
    pub request_timeout: Option<Duration>,
    /// Certificate file of the authority that signed the server's certificate.
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING)]
    pub certificate_authority: Option<PathBuf>,
    /// Do not check the server's certificate. Whoever stands between then sees and changes everything.
    #[arg(long, global = true, help_heading = HEADING)]
    pub insecure_skip_tls_verify: bool,
}

/// The API server, and the namespace in which names are looked up.
#[derive(Clone)]
pub struct Server {
    /// The client.
    pub client: Client,
    /// The namespace of the context, or the one that was asked for.
    pub namespace: String,
    /// Where the API server is.
    pub url: String,
}

impl Connection {
    /// Connects. Nothing is sent yet.
    pub async fn connect(&self) -> Outcome<Server> {
        let config = self.config().await?;
        if let [_, _, ..] = self.namespace.as_slice() {
            return Err(Failure::Usage("give one namespace with -n; only `inbox` takes several".to_owned()));
        }
        self.client(config)
    }

    /// The same where several namespaces are taken.
    pub async fn connect_to_several(&self) -> Outcome<Server> {
        let config = self.config().await?;
        self.client(config)
    }

    fn client(&self, config: Config) -> Outcome<Server> {
        let namespace = self.namespace.first().unwrap_or(&config.default_namespace).clone();
        let url = config.cluster_url.to_string();
        let client = Client::try_from(config).map_err(|error| Failure::Error(explain(&error, &url)))?;
        Ok(Server { client, namespace, url })
    }

    async fn config(&self) -> Outcome<Config> {
        let options = KubeConfigOptions {
            context: self.context.clone(),
            cluster: self.cluster.clone(),
            user: self.user.clone(),
        };
        let unusable =
            |error: &dyn std::fmt::Display| Failure::Error(format!("the kubeconfig cannot be used: {error}"));
        let file = match &self.kubeconfig {
            Some(path) => Some(Kubeconfig::read_from(path).map_err(|error| {
                Failure::Error(format!(
                    "the kubeconfig {} cannot be used: {}",
                    path.display(),
                    causes(&error)
                ))
            })?),
            None if there_is_one() => Some(Kubeconfig::read().map_err(|error| unusable(&causes(&error)))?),
            None => None,
        };
        let mut config = match (file, &self.server) {
            (Some(file), _) => {
                Config::from_custom_kubeconfig(file, &options).await.map_err(|error| unusable(&causes(&error)))?
            }
            (None, Some(server)) => Config::new(uri(server)?),
            (None, None) => Config::incluster().map_err(|_| {
                Failure::Error(
                    "there is no kubeconfig: name one with --kubeconfig or $KUBECONFIG, or the API server with --server"
                        .to_owned(),
                )
            })?,
        };
        self.override_in(&mut config)?;
        Ok(config)
    }

    fn override_in(&self, config: &mut Config) -> Outcome {
        // A repeated POST would be a second decision.
        config.default_retry = false;
        if let Some(server) = &self.server {
            config.cluster_url = uri(server)?;
        }
        if let Some(token) = &self.token {
            config.auth_info.token = Some(token.clone().into());
            config.auth_info.token_file = None;
            config.auth_info.client_certificate = None;
            config.auth_info.client_certificate_data = None;
            config.auth_info.client_key = None;
            config.auth_info.client_key_data = None;
            config.auth_info.exec = None;
        }
        if let Some(username) = &self.impersonate {
            config.auth_info.impersonate = Some(username.clone());
            config.auth_info.impersonate_groups = Some(self.impersonate_groups.clone());
            config.auth_info.impersonate_uid.clone_from(&self.impersonate_uid);
        } else if !self.impersonate_groups.is_empty() || self.impersonate_uid.is_some() {
            return Err(Failure::Usage("--as-group and --as-uid take --as beside them".to_owned()));
        }
        if let Some(path) = &self.certificate_authority {
            config.root_cert_file = Some(path.clone());
            let pem =
                std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            if pem.is_empty() {
                return Err(Failure::Error(format!("{} is empty", path.display())));
            }
            config.root_cert = None;
        }
        config.accept_invalid_certs |= self.insecure_skip_tls_verify;
        if let Some(timeout) = self.request_timeout {
            let timeout = Some(timeout).filter(|timeout| !timeout.is_zero());
            config.connect_timeout = timeout;
            config.read_timeout = timeout;
            config.write_timeout = timeout;
        }
        Ok(())
    }
}

/// Whether a kubeconfig is named by the environment, or stands where it does by default.
fn there_is_one() -> bool {
    let named = std::env::var_os("KUBECONFIG").is_some_and(|paths| !paths.is_empty());
    let home = std::env::home_dir().map(|home| home.join(".kube").join("config"));
    named || home.is_some_and(|file| file.exists())
}

fn uri<T: std::str::FromStr<Err: std::fmt::Display>>(server: &str) -> Outcome<T> {
    server.parse().map_err(|error| Failure::Usage(format!("--server {server:?} is not an address: {error}")))
}

/// `90`, `30s`, `5m`, `1h`, `1h30m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let fault = || format!("{text:?} is not a time; write it like 30s, 5m or 1h30m");
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(fault)?;
        let (number, unit) = rest.split_at(digits);
        let number: u64 = number.parse().map_err(|_| fault())?;
        let seconds = match unit.chars().next() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            Some('d') => 86_400,
            _ => return Err(fault()),
        };
        total = number.checked_mul(seconds).and_then(|part| total.checked_add(part)).ok_or_else(fault)?;
        rest = unit.get(1..).unwrap_or_default();
    }
    Ok(Duration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_kubectl_takes_it() {
        for (text, seconds) in
            [("90", 90), ("30s", 30), ("5m", 300), ("1h30m", 5_400), ("14d", 1_209_600), ("0", 0)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["5x", "m5", "5m3", "-1s", "99999999999999999999s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
