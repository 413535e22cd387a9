//! Ports that are free right now.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result};

/// Where the components listen on 127.0.0.1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) etcd_client: u16,
    pub(crate) etcd_peer: u16,
    pub(crate) api_server: u16,
}

impl Ports {
    /// Another process can take a port before it is used: the caller must be ready to try again.
    pub(crate) fn free() -> Result<Self> {
        // Hold all until all are known; otherwise the same one could be returned twice.
        let held = [listener()?, listener()?, listener()?];
        let [etcd_client, etcd_peer, api_server] = held.each_ref().map(TcpListener::local_addr);
        Ok(Self {
            etcd_client: etcd_client?.port(),
            etcd_peer: etcd_peer?.port(),
            api_server: api_server?.port(),
        })
    }
}

fn listener() -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("could not open a port on 127.0.0.1")
}
