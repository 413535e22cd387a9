//! A list asked of the server at this moment, beside the watches.

use std::sync::Arc;

use kube::Client;
use kube::api::ListParams;
use kube::core::Request;

use crate::controller::client::error::Error;
use crate::controller::informer::decode::{RawList, decode};
use crate::controller::informer::key::number;
use crate::controller::informer::kinds::Watched;

/// Everything of a kind that a namespace has, and as of which version.
pub(crate) async fn list<K: Watched>(
    client: &Client,
    namespace: &str,
    field_selector: Option<String>,
) -> Result<(Vec<Arc<K>>, u64), Error> {
    let request = Request::new(K::url_path(&K::DynamicType::default(), Some(namespace)));
    let (mut objects, mut continue_token) = (Vec::new(), None);
    loop {
        // No resource version: as of now, not as of some time ago.
        let params = ListParams {
            field_selector: field_selector.clone(),
            limit: Some(500),
            continue_token,
            ..ListParams::default()
        };
        let request = request.list(&params).map_err(kube::Error::BuildRequest)?;
        let page: RawList = client.request(request).await?;
        // The watch has named those that cannot be read.
        objects.extend(page.items.iter().filter_map(|item| decode::<K>(item).ok()).map(Arc::new));
        continue_token = page.metadata.continue_token.filter(|token| !token.is_empty());
        if continue_token.is_none() {
            return Ok((objects, page.metadata.resource_version.as_deref().map_or(0, number)));
        }
    }
}
