//! By which proxy an API server is reached, as kubectl decides it.

use std::net::IpAddr;

use http::Uri;

/// What the environment says about proxies.
#[derive(Debug, Default)]
pub struct Environment {
    /// For servers with TLS.
    pub https: String,
    /// For servers without.
    pub http: String,
    /// What is reached without one.
    pub none: String,
}

impl Environment {
    /// That of this process.
    pub fn own() -> Self {
        let read = |name: &str| {
            let read = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
            read(name).or_else(|| read(&name.to_lowercase())).unwrap_or_default()
        };
        Self { https: read("HTTPS_PROXY"), http: read("HTTP_PROXY"), none: read("NO_PROXY") }
    }

    /// The proxy for a server, where there is one.
    pub fn proxy(&self, server: &Uri) -> Option<Uri> {
        let proxy = if server.scheme_str() == Some("http") { &self.http } else { &self.https };
        if proxy.is_empty() || self.is_direct(server) {
            return None;
        }
        let proxy = if proxy.contains("://") { proxy.clone() } else { format!("http://{proxy}") };
        proxy.parse().ok()
    }

    fn is_direct(&self, server: &Uri) -> bool {
        let host = server.host().unwrap_or_default().trim_matches(['[', ']']).to_lowercase();
        let address: Option<IpAddr> = host.parse().ok();
        if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
            return true;
        }
        let port = server.port_u16().unwrap_or(443).to_string();
        let mut entries = self.none.split(',').map(|entry| entry.trim().to_lowercase());
        entries.any(|entry| match address {
            _ if entry == "*" => true,
            Some(address) => is_of(address, &entry) || entry == format!("{host}:{port}"),
            None => is_below(&host, entry.strip_suffix(&format!(":{port}")).unwrap_or(&entry)),
        })
    }
}

/// An address, or a range such as `10.0.0.0/8`.
fn is_of(address: IpAddr, entry: &str) -> bool {
    let Some((network, length)) = entry.split_once('/') else { return entry.parse() == Ok(address) };
    let (Ok(network), Ok(length)) = (network.parse::<IpAddr>(), length.parse::<u32>()) else { return false };
    let (own, other, size) = match (address, network) {
        (IpAddr::V4(own), IpAddr::V4(other)) => (u32::from(own).into(), u32::from(other).into(), 32),
        (IpAddr::V6(own), IpAddr::V6(other)) => (u128::from(own), u128::from(other), 128_u32),
        _ => return false,
    };
    let host_part = size.checked_sub(length);
    host_part.is_some_and(|bits| own.checked_shr(bits).unwrap_or(0) == other.checked_shr(bits).unwrap_or(0))
}

/// A name and what is below it; with a dot in front only what is below.
fn is_below(host: &str, entry: &str) -> bool {
    let entry = entry.strip_prefix('*').unwrap_or(entry);
    let domain = entry.strip_prefix('.').unwrap_or(entry);
    let below = host.strip_suffix(domain).is_some_and(|before| before.ends_with('.'));
    !domain.is_empty() && (below || host == entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_reached_by_the_proxy_unless_it_is_near_or_excepted() {
        let proxy = |server: &str, none: &str| {
            let environment =
                Environment { https: "proxy:3128".into(), http: String::new(), none: none.to_owned() };
            environment.proxy(&server.parse().unwrap()).map(|uri| uri.to_string())
        };
        for (server, none) in [
            ("https://api.example:6443", ""),
            ("https://api.example:6443", "example.org, .api.example,,10.0.0.0/8"),
            ("https://api.example:6443", "api.example:8443"),
            ("https://myapi.example", "api.example"),
            ("https://10.1.2.3:6443", "10.2.0.0/16,10.1.2.4,fd00::/8,10.0.0.0/99"),
        ] {
            assert_eq!(proxy(server, none).as_deref(), Some("http://proxy:3128/"), "{server} {none}");
        }
        for (server, none) in [
            ("https://localhost:6443", ""),
            ("https://127.0.0.1:6443", ""),
            ("https://[::1]:6443", ""),
            ("http://api.example", ""),
            ("https://api.example:6443", "*"),
            ("https://api.example:6443", "api.example"),
            ("https://api.example:6443", "api.example:6443"),
            ("https://API.example", "x, example"),
            ("https://api.example", ".example"),
            ("https://api.example", "*.example"),
            ("https://10.1.2.3:6443", "10.1.0.0/16"),
            ("https://10.1.2.3:6443", "0.0.0.0/0"),
            ("https://10.1.2.3:6443", "10.1.2.3"),
            ("https://[fd00::1]:6443", "fd00::/8"),
        ] {
            assert_eq!(proxy(server, none), None, "{server} {none}");
        }
    }
}
