//! Waiting for changes on the API server.

use countersign_api::CustomerAgreement;
use futures::stream::{BoxStream, select_all};
use futures::{StreamExt, TryFutureExt, TryStreamExt};
use kube::Api;
use kube::api::{ListParams, WatchEvent, WatchParams};

use crate::connection::Server;
use crate::explain::causes;
use crate::failure::{Failure, Outcome};

/// Changes of agreements from now on. Open it before you read, so that nothing is missed in between.
pub struct Changes<'a> {
    server: &'a Server,
    stream: BoxStream<'static, Result<WatchEvent<CustomerAgreement>, kube::Error>>,
}

impl<'a> Changes<'a> {
    /// Watches all agreements, those in some namespaces, or the one that is named.
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

    /// Returns once something changed, the server ended the watch, or the read timed out because nothing happened for so long.
    /// In all three cases the caller reads again, which shows whether the server is still there.
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
