//! The kubeconfig: which file, which context, and in plain words what is wrong with it.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use kube::Config;
use kube::config::{
    Cluster, Context, KubeConfigOptions, Kubeconfig, KubeconfigError, NamedCluster, NamedContext,
};

use crate::explain::causes;
use crate::failure::{Failure, Outcome};
use countersign_core::text;

/// The name of the context and cluster that are made from flags alone.
const OWN: &str = "flags";

/// What the flags select from a kubeconfig.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choice<'a> {
    /// Name of a context.
    pub context: Option<&'a str>,
    /// Name of a cluster.
    pub cluster: Option<&'a str>,
    /// Name of a user.
    pub user: Option<&'a str>,
    /// Address of the API server.
    pub server: Option<&'a str>,
}

/// The kubeconfig that was found.
pub enum Found {
    /// One file, or several merged.
    File(Box<Kubeconfig>),
    /// None, with the reason in words.
    Nothing(String),
}

/// Reads the file that is named, else those in $KUBECONFIG, else the default one. As with kubectl, files that $KUBECONFIG names
/// may be missing.
pub fn read(named: Option<&Path>) -> Outcome<Found> {
    if let Some(path) = named {
        return Ok(Found::File(Box::new(file(path)?)));
    }
    let listed = std::env::var_os("KUBECONFIG").unwrap_or_default();
    let mut paths: Vec<PathBuf> =
        std::env::split_paths(&listed).filter(|path| !path.as_os_str().is_empty()).collect();
    let by_default = paths.is_empty();
    if by_default {
        paths.extend(std::env::home_dir().map(|home| home.join(".kube").join("config")));
    }
    let there: Vec<&PathBuf> = paths.iter().filter(|path| path.exists()).collect();
    let mut merged: Option<Kubeconfig> = None;
    for path in there {
        let next = file(path)?;
        merged = Some(match merged {
            None => next,
            Some(before) => before.merge(next).map_err(|error| unusable(&path.display(), &error))?,
        });
    }
    Ok(match merged {
        Some(merged) => Found::File(Box::new(merged)),
        None if by_default => Found::Nothing("there is no kubeconfig".to_owned()),
        None => {
            let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            Found::Nothing(format!(
                "there is no kubeconfig: $KUBECONFIG names {}, and nothing is there",
                text::join_and(&names)
            ))
        }
    })
}

fn file(path: &Path) -> Outcome<Kubeconfig> {
    Kubeconfig::read_from(path).map_err(|error| unusable(&path.display(), &error))
}

fn unusable(path: &dyn Display, error: &KubeconfigError) -> Failure {
    let words = match error {
        // Without the lines around the error: they contain credentials.
        KubeconfigError::Parse(error) => format!("it is not valid YAML: {}", error.without_snippet()),
        KubeconfigError::ReadConfig(error, _) => error.to_string(),
        other => causes(other),
    };
    Failure::Error(format!("the kubeconfig {path} cannot be used: {words}"))
}

/// The service account of the pod, if this runs in one.
pub fn of_the_pod(why_no_file: &str) -> Outcome<Config> {
    Config::incluster().map_err(|error| {
        if std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
            return Failure::Error(format!(
                "{why_no_file}, and the service account of this pod cannot be used: {}",
                causes(&error)
            ));
        }
        Failure::Error(format!(
            "{why_no_file}; name one with --kubeconfig or $KUBECONFIG, or the API server with --server"
        ))
    })
}

/// The cluster, the user and the namespace that the flags choose, else those of the current context.
pub async fn choose(mut file: Kubeconfig, flags: Choice<'_>) -> Outcome<Config> {
    let current = || file.current_context.clone().filter(|name| !name.is_empty());
    let chosen = flags.context.map(str::to_owned).or_else(current);
    let context = match &chosen {
        Some(name) => {
            let found =
                file.contexts.iter().find(|own| &own.name == name).and_then(|own| own.context.clone());
            found.ok_or_else(|| no_such("context", name, file.contexts.iter().map(|own| &own.name)))?
        }
        // --server or --cluster is enough.
        None if flags.server.is_some() || flags.cluster.is_some() => of_flags(&mut file, flags),
        None => return Err(no_context(&file)),
    };
    let cluster = flags.cluster.unwrap_or(&context.cluster);
    if let Some(user) = flags.user.or(context.user.as_deref()).filter(|user| !user.is_empty())
        && !file.auth_infos.iter().any(|own| own.name == user)
    {
        return Err(no_such("user", user, file.auth_infos.iter().map(|own| &own.name)));
    }
    let names: Vec<String> = file.clusters.iter().map(|own| own.name.clone()).collect();
    let found = file.clusters.iter_mut().find(|own| own.name == cluster).and_then(|own| own.cluster.as_mut());
    let found = found.ok_or_else(|| no_such("cluster", cluster, names.iter()))?;
    if let Some(server) = flags.server.or(found.server.as_deref()) {
        found.server = Some(with_scheme(server));
    }
    let proxy = found.proxy_url.clone().filter(|proxy| !proxy.is_empty());
    let options = KubeConfigOptions {
        context: Some(chosen.unwrap_or_else(|| OWN.to_owned())),
        cluster: flags.cluster.map(str::to_owned),
        user: flags.user.map(str::to_owned),
    };
    let mut config = Config::from_custom_kubeconfig(file, &options).await.map_err(|error| match error {
        KubeconfigError::ParseNoProxy(error) => Failure::Error(format!(
            "$NO_PROXY cannot be used: {error}; it takes hosts, addresses and ranges such as 10.0.0.0/8, with commas \
             between them"
        )),
        error => Failure::Error(format!("the kubeconfig cannot be used: {}", causes(&error))),
    })?;
    // The kubeconfig's proxy for this cluster overrides the environment.
    config.proxy_url = proxy.and_then(|proxy| proxy.parse().ok());
    Ok(config)
}

fn of_flags(file: &mut Kubeconfig, flags: Choice<'_>) -> Context {
    if flags.cluster.is_none() {
        let cluster = Some(Cluster { server: flags.server.map(str::to_owned), ..Cluster::default() });
        file.clusters.push(NamedCluster { name: OWN.to_owned(), cluster, ..NamedCluster::default() });
    }
    let context = Context {
        cluster: flags.cluster.unwrap_or(OWN).to_owned(),
        user: flags.user.map(str::to_owned),
        ..Context::default()
    };
    let named =
        NamedContext { name: OWN.to_owned(), context: Some(context.clone()), ..NamedContext::default() };
    file.contexts.insert(0, named);
    context
}

fn no_such<'n>(what: &str, name: &str, there: impl Iterator<Item = &'n String>) -> Failure {
    let there: Vec<&str> = there.map(String::as_str).collect();
    let there = if there.is_empty() { "none".to_owned() } else { text::join_and(&there) };
    Failure::Error(format!("the kubeconfig has no {what} {name:?}; it has {there}"))
}

fn no_context(file: &Kubeconfig) -> Failure {
    let names: Vec<&str> = file.contexts.iter().map(|own| own.name.as_str()).collect();
    Failure::Error(if names.is_empty() {
        "the kubeconfig has no context in it: is it the right file?".to_owned()
    } else {
        format!(
            "no context is chosen: name one with --context, or with `kubectl config use-context`; there is {}",
            text::join_and(&names)
        )
    })
}

/// Parses an address, which may lack `https://`.
pub fn address<T: std::str::FromStr<Err: Display>>(server: &str) -> Outcome<T> {
    with_scheme(server)
        .parse()
        .map_err(|error| Failure::Usage(format!("--server {server:?} is not an address: {error}")))
}

fn with_scheme(server: &str) -> String {
    if server.contains("://") { server.to_owned() } else { format!("https://{server}") }
}
