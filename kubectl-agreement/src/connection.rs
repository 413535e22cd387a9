//! The connection flags of kubectl, and the connection to the API server that they describe.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser as Words;
use kube::config::AuthInfo;
use kube::{Client, Config};

use crate::credentials;
use crate::failure::{Failure, Outcome};
use crate::kubeconfig;
use crate::output::warn;
use crate::proxy::Environment;
use countersign_core::text;

/// The heading of these flags in `--help`.
const HEADING: &str = "Connection";

/// The API server ends a watch after 290 s: a watch that is silent for longer has lost its connection.
const SILENCE: Duration = Duration::from_secs(295);

/// How to reach the API server, and as whom. Empty values are rejected: they come from unset variables in scripts.
#[derive(Debug, Clone, Default, Args)]
pub struct Connection {
    /// Kubeconfig file; else those of $KUBECONFIG, else ~/.kube/config, else the service account of the pod.
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING)]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig.
    #[arg(long, global = true, value_name = "NAME", value_parser = Words::new(), help_heading = HEADING)]
    pub context: Option<String>,
    /// Cluster of the kubeconfig.
    #[arg(long, global = true, value_name = "NAME", value_parser = Words::new(), help_heading = HEADING)]
    pub cluster: Option<String>,
    /// User of the kubeconfig.
    #[arg(long, global = true, value_name = "NAME", value_parser = Words::new(), help_heading = HEADING)]
    pub user: Option<String>,
    /// Namespace; else that of the context. `inbox` takes several.
    #[arg(short, long, global = true, value_name = "NAME", value_parser = namespace, help_heading = HEADING)]
    pub namespace: Vec<String>,
    /// Username to impersonate. A decision is then made in that person's name, and the audit log shows yours.
    #[arg(long = "as", global = true, value_name = "USERNAME", value_parser = Words::new(), help_heading = HEADING)]
    pub impersonate: Option<String>,
    /// Group to impersonate; may be given several times.
    #[arg(long = "as-group", global = true, value_name = "GROUP", value_parser = Words::new(), help_heading = HEADING)]
    pub impersonate_groups: Vec<String>,
    /// UID to impersonate.
    #[arg(long = "as-uid", global = true, value_name = "UID", value_parser = Words::new(), help_heading = HEADING)]
    pub impersonate_uid: Option<String>,
    /// Address of the API server.
    #[arg(short, long, global = true, value_name = "URL", value_parser = Words::new(), help_heading = HEADING)]
    pub server: Option<String>,
    /// Bearer token.
    #[arg(
        long, global = true, value_name = "TOKEN", value_parser = Words::new(), help_heading = HEADING,
        hide_env_values = true
    )]
    pub token: Option<String>,
    /// Client certificate file.
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING)]
    pub client_certificate: Option<PathBuf>,
    /// Key file of the client certificate.
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING)]
    pub client_key: Option<PathBuf>,
    /// How long one request may take, such as 30s or 2m; 0 means no limit.
    #[arg(long, global = true, value_name = "TIME", value_parser = duration, help_heading = HEADING)]
    pub request_timeout: Option<Duration>,
    /// Certificate file of the authority that signed the server's certificate.
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING)]
    pub certificate_authority: Option<PathBuf>,
    /// The name in the server's certificate, if it differs from the address.
    #[arg(long, global = true, value_name = "NAME", value_parser = Words::new(), help_heading = HEADING)]
    pub tls_server_name: Option<String>,
    /// Do not check the server's certificate. Anyone between you and the server can then read and change everything.
    #[arg(long, global = true, conflicts_with = "certificate_authority", help_heading = HEADING)]
    pub insecure_skip_tls_verify: bool,
}

/// The API server, and the namespace in which to look up names.
#[derive(Clone)]
pub struct Server {
    /// The client.
    pub client: Client,
    /// The namespace from -n, or else that of the context.
    pub namespace: String,
    /// Address of the API server.
    pub url: String,
}

impl Connection {
    /// Sets up the client. Nothing is sent yet.
    pub async fn connect(&self) -> Outcome<Server> {
        if let [_, _, ..] = self.namespace.as_slice() {
            return Err(Failure::Usage("give one namespace with -n; only `inbox` takes several".to_owned()));
        }
        self.connect_to_several().await
    }

    /// The same for a command that accepts several namespaces.
    pub async fn connect_to_several(&self) -> Outcome<Server> {
        let config = self.config().await?;
        // A kubeconfig can ask for impersonation too.
        if let Some(username) = &config.auth_info.impersonate {
            warn(&format!(
                "WARNING: you act as {}. What you decide is decided in that person's name, and the audit log \
                 shows that it was you.",
                text::user(username)
            ));
        }
        self.client(config)
    }

    /// Without the warning, for shell completion.
    pub async fn connect_quietly(&self) -> Outcome<Server> {
        let config = self.config().await?;
        self.client(config)
    }

    fn client(&self, config: Config) -> Outcome<Server> {
        let namespace = self.namespace.first().unwrap_or(&config.default_namespace).clone();
        let url = config.cluster_url.to_string();
        let exec = config.auth_info.exec.clone();
        let client = Client::try_from(config)
            .map_err(|error| Failure::Error(credentials::unusable(&error, exec.as_ref())))?;
        Ok(Server { client, namespace, url })
    }

    async fn config(&self) -> Outcome<Config> {
        let mut config = match kubeconfig::read(self.kubeconfig.as_deref())? {
            kubeconfig::Found::File(file) => kubeconfig::choose(*file, self.choice()).await?,
            kubeconfig::Found::Nothing(_) if self.server.is_some() => {
                Config::new(kubeconfig::address(self.server.as_deref().unwrap_or_default())?)
            }
            kubeconfig::Found::Nothing(why) => kubeconfig::of_the_pod(&why)?,
        };
        self.override_in(&mut config)?;
        Ok(config)
    }

    fn choice(&self) -> kubeconfig::Choice<'_> {
        kubeconfig::Choice {
            context: self.context.as_deref(),
            cluster: self.cluster.as_deref(),
            user: self.user.as_deref(),
            server: self.server.as_deref(),
        }
    }

    fn override_in(&self, config: &mut Config) -> Outcome {
        // A repeated POST would be a second decision.
        config.default_retry = false;
        if let Some(server) = &self.server {
            config.cluster_url = kubeconfig::address(server)?;
        }
        self.identify(&mut config.auth_info)?;
        if let Some(path) = &self.certificate_authority {
            holds_a_certificate(path)?;
            config.root_cert_file = Some(path.clone());
            config.root_cert = None;
        }
        if let Some(name) = &self.tls_server_name {
            config.tls_server_name = Some(name.clone());
        }
        config.accept_invalid_certs |= self.insecure_skip_tls_verify;
        let configured = config.proxy_url.take();
        config.proxy_url = configured.or_else(|| Environment::own().proxy(&config.cluster_url));
        config.read_timeout = Some(SILENCE);
        if let Some(timeout) = self.request_timeout {
            let timeout = Some(timeout).filter(|timeout| !timeout.is_zero());
            config.connect_timeout = timeout;
            config.read_timeout = timeout;
            config.write_timeout = timeout;
        }
        Ok(())
    }

    /// As whom. These flags override everything that the kubeconfig says about it.
    fn identify(&self, auth: &mut AuthInfo) -> Outcome {
        if let Some(token) = &self.token {
            *auth = AuthInfo { token: Some(token.clone().into()), ..without_credentials(auth) };
        }
        match (&self.client_certificate, &self.client_key) {
            (Some(certificate), Some(key)) => {
                *auth = AuthInfo {
                    client_certificate: Some(certificate.display().to_string()),
                    client_key: Some(key.display().to_string()),
                    token: self.token.clone().map(Into::into),
                    ..without_credentials(auth)
                };
            }
            (None, None) => {}
            _ => {
                return Err(Failure::Usage(
                    "--client-certificate and --client-key must be given together".to_owned(),
                ));
            }
        }
        if let Some(username) = &self.impersonate {
            auth.impersonate = Some(username.clone());
            auth.impersonate_groups = Some(self.impersonate_groups.clone());
            auth.impersonate_uid.clone_from(&self.impersonate_uid);
            auth.impersonate_user_extra = None;
        } else if !self.impersonate_groups.is_empty() || self.impersonate_uid.is_some() {
            return Err(Failure::Usage("--as-group and --as-uid need --as".to_owned()));
        }
        Ok(())
    }
}

/// Nothing but whom to impersonate.
fn without_credentials(auth: &AuthInfo) -> AuthInfo {
    AuthInfo {
        impersonate: auth.impersonate.clone(),
        impersonate_groups: auth.impersonate_groups.clone(),
        impersonate_uid: auth.impersonate_uid.clone(),
        impersonate_user_extra: auth.impersonate_user_extra.clone(),
        ..AuthInfo::default()
    }
}

fn holds_a_certificate(path: &Path) -> Outcome {
    let pem = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    if String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
        return Ok(());
    }
    Err(Failure::Error(format!(
        "--certificate-authority {} contains no certificate; it must be PEM, which begins with -----BEGIN CERTIFICATE-----",
        path.display()
    )))
}

/// Validates the name of a namespace, since it becomes part of a URL.
pub fn namespace(text: &str) -> Result<String, String> {
    let permitted = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.is_empty() || text.len() > 63 || !text.chars().all(permitted) {
        return Err("a namespace has 1 to 63 lower-case letters, digits and hyphens".to_owned());
    }
    Ok(text.to_owned())
}

/// `90`, `30s`, `5m`, `1h30m`, `500ms`.
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
        let units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
        let (unit, size) = units.into_iter().find(|(own, _)| unit.starts_with(own)).ok_or_else(fault)?;
        total = number.checked_mul(size).and_then(|part| total.checked_add(part)).ok_or_else(fault)?;
        rest = rest.get(digits + unit.len()..).unwrap_or_default();
    }
    Ok(Duration::from_millis(total))
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
        assert_eq!(duration("1m500ms"), Ok(Duration::from_millis(60_500)));
        for text in ["5x", "m5", "5m3", "-1s", "99999999999999999999s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
