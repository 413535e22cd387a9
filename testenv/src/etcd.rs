//! The small part of etcd's JSON gateway that reading history needs.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Bytes, body::Incoming};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Value, json};

/// If no byte comes for this long, etcd is stuck.
const SILENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    /// The gateway leaves out whatever has the default value, which is `PUT` here.
    #[serde(default, rename = "type")]
    kind: Option<String>,
    pub(crate) kv: KeyValue,
}

impl Event {
    pub(crate) fn is_delete(&self) -> bool {
        self.kind.as_deref() == Some("DELETE")
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct KeyValue {
    #[serde(deserialize_with = "base64_text")]
    pub(crate) key: String,
    #[serde(default, deserialize_with = "base64_bytes")]
    pub(crate) value: Vec<u8>,
    #[serde(default, deserialize_with = "integer")]
    pub(crate) create_revision: u64,
    #[serde(default, deserialize_with = "integer")]
    pub(crate) mod_revision: u64,
    #[serde(default, deserialize_with = "integer")]
    pub(crate) version: u64,
}

#[derive(Debug, Deserialize)]
struct Watched {
    result: Option<WatchResult>,
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(default)]
#[derive(Default)]
struct WatchResult {
    events: Vec<Event>,
    canceled: bool,
    cancel_reason: String,
    #[serde(deserialize_with = "integer")]
    compact_revision: u64,
}

#[derive(Debug, Deserialize)]
struct Put {
    header: Header,
}

#[derive(Debug, Deserialize)]
struct Header {
    #[serde(deserialize_with = "integer")]
    revision: u64,
}

pub(crate) struct Etcd {
    port: u16,
}

impl Etcd {
    pub(crate) fn new(port: u16) -> Self {
        Self { port }
    }

    /// Writes a key and returns the revision of the write.
    pub(crate) async fn put(&self, key: &str) -> Result<u64> {
        let response = self.post("/v3/kv/put", &json!({ "key": STANDARD.encode(key) })).await?;
        let body = response.into_body().collect().await?.to_bytes();
        let put: Put = parse(&body)?;
        Ok(put.header.revision)
    }

    /// Passes every event under `prefix`, from the first revision on, to `each` until that returns false.
    pub(crate) async fn replay(
        &self,
        prefix: &str,
        mut each: impl FnMut(Event) -> Result<bool>,
    ) -> Result<()> {
        let create = json!({ "create_request": {
            "key": STANDARD.encode(prefix),
            "range_end": STANDARD.encode(end_of(prefix)?),
            "start_revision": 1,
            // A thousand big revisions in one message would exceed what the gateway accepts.
            "fragment": true,
        }});
        let mut body = self.post("/v3/watch", &create).await?.into_body();
        let mut pending = Vec::new();
        let mut searched = 0;
        while let Some(frame) =
            tokio::time::timeout(SILENCE, body.frame()).await.context("etcd fell silent")?
        {
            pending.extend_from_slice(frame?.data_ref().map(Bytes::as_ref).unwrap_or_default());
            while let Some(length) = pending.iter().skip(searched).position(|byte| *byte == b'\n') {
                let line: Vec<u8> = pending.drain(..=searched + length).collect();
                searched = 0;
                for event in events(&line)? {
                    if !each(event)? {
                        return Ok(());
                    }
                }
            }
            // A line can be megabytes long and arrive in hundreds of frames.
            searched = pending.len();
        }
        bail!("etcd ended the watch before everything was read")
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Response<Incoming>> {
        let address = ("127.0.0.1", self.port);
        let stream =
            tokio::net::TcpStream::connect(address).await.context("could not reach etcd; does it run?")?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        // Ends by itself once the body has been read or dropped.
        tokio::spawn(connection);
        let request = Request::post(path)
            .header(http::header::HOST, "127.0.0.1")
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(serde_json::to_vec(body)?)))?;
        let response = sender.send_request(request).await?;
        if !response.status().is_success() {
            let status = response.status();
            let text = response.into_body().collect().await?.to_bytes();
            bail!("etcd answered {path} with {status}: {}", String::from_utf8_lossy(&text));
        }
        Ok(response)
    }
}

fn events(line: &[u8]) -> Result<Vec<Event>> {
    let watched: Watched = parse(line)?;
    if let Some(error) = watched.error {
        bail!("etcd: {error}");
    }
    let result = watched.result.unwrap_or_default();
    if result.canceled {
        bail!(
            "etcd ended the watch: {} (compacted up to revision {})",
            result.cancel_reason,
            result.compact_revision
        );
    }
    Ok(result.events)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes)
        .with_context(|| format!("could not understand etcd: {}", String::from_utf8_lossy(bytes)))
}

/// The first key after all that begin with `prefix`.
fn end_of(prefix: &str) -> Result<Vec<u8>> {
    let mut end = prefix.as_bytes().to_vec();
    let last = end.last_mut().context("an empty prefix has no end")?;
    *last = last.checked_add(1).context("a prefix that ends in 0xff")?;
    Ok(end)
}

/// Protobuf's JSON writes 64-bit integers as strings.
fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

fn base64_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    STANDARD.decode(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

fn base64_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::from_utf8(base64_bytes(deserializer)?).map_err(serde::de::Error::custom)
}
