//! A list asked of the server at this moment, beside the watches.

use std::sync::Arc;

use kube::Client;
use kube::api::ListParams;

use crate::controller::client::error::Error;
use crate::controller::informer::key::number;
use crate::controller::informer::kinds::Watched;

/// Objects in a page: as many as the watches ask for.
pub(crate) const PAGE: u32 = 500;

/// Everything of a kind that a namespace has, and as of which version.
///
/// # Errors
/// When the server gave no answer that says anything.
pub(crate) async fn list<K: Watched>(
    client: &Client,
    namespace: &str,
    field_selector: Option<String>,
) -> Result<(Vec<Arc<K>>, u64), Error> {
    let api = K::api(client.clone(), Some(namespace));
    // No resource version: as of now, not as of some time ago.
    let mut params = ListParams { field_selector, limit: Some(PAGE), ..ListParams::default() };
    let mut objects = Vec::new();
    loop {
        let page = api.list(&params).await?;
        // The watch has named those that cannot be decoded.
        objects.extend(page.items.into_iter().filter_map(|item| item.decoded().ok()).map(Arc::new));
        params.continue_token = page.metadata.continue_.filter(|token| !token.is_empty());
        if params.continue_token.is_none() {
            return Ok((objects, page.metadata.resource_version.as_deref().map_or(0, number)));
        }
    }
}
