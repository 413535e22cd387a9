//! Waiting for the API server to say that something changed.

use countersign_api::CustomerAgreement;
use futures::stream::{BoxStream, select_all};
use futures::{StreamExt, TryFutureExt, TryStreamExt};
use kube::Api;
use kube::api::{ListParams, WatchEvent, WatchParams};

use crate::connection::Server;
use crate::explain::causes;
use crate::failure::{Failure, Outcome};

/// Changes of agreements from now on. Open it before you read, and nothing is missed in between.
pub struct Changes<'a> {
    server: &'a Server,
    stream: BoxStream<'static, Result<WatchEvent<CustomerAgreement>, kube::Error>>,
}

impl<'a> Changes<'a> {
    /// Of all agreements, of those in some namespaces, or of the one that is named.
    pub async fn open(server: &'a Server, namespaces: &[String], name: Option<&str>) -> Outcome<Self> {
        let apis: Vec<Api<CustomerAgreement>> = if namespaces.is_empty() {
            vec![Api::all(server.client.clone())]
        } else {
            namespaces.iter().map(|namespace| Api::namespaced(server.client.clone(), namespace)).collect()
        };
        let mut params = WatchParams::default().disable_bookmarks();
        let mut page = ListParams::default().limit(1);
        if let Some(name) = name {
            params = params.fields(&format!("metadata.name={name}"));
            page = page.fields(&format!("metadata.name={name}"));
        }
        let mut streams = Vec::new();
        for api in apis {
            let now = api.list(&page).await.map_err(|error| server.failure(&error))?;
            let version = now.metadata.resource_version.unwrap_or_default();
            let params = params.clone();
            let watch = async move { Ok(api.watch(&params, &version).await?.boxed()) };
            streams.push(watch.try_flatten_stream().boxed());
        }
        Ok(Self { server, stream: select_all(streams).boxed() })
    }

    /// Returns once something changed, or the server ended the watch: both are reasons to look again. So is a silence that
    /// was longer than a request may take, for where nothing happens nothing is said; whether the server is still there, the
    /// look will tell.
    pub async fn next(mut self) -> Outcome {
        match self.stream.try_next().await {
            Ok(Some(WatchEvent::Error(status))) if status.code != 410 => {
                Err(Failure::Error(status.message.clone()))
            }
            Ok(_) => Ok(()),
            Err(kube::Error::ReadEvents(error)) if causes(&error).contains("timed out") => Ok(()),
            Err(error) => Err(self.server.failure(&error)),
        }
    }
}
