//! Which proxy leads to an API server, chosen as kubectl does. kube compares `NO_PROXY` with the address of the proxy instead of
//! that of the server.

use std::net::IpAddr;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

/// The proxy settings of the environment.
#[derive(Debug, Default)]
pub struct Environment {
    /// `HTTPS_PROXY`, for servers with TLS.
    pub https: String,
    /// `HTTP_PROXY`, for servers without TLS.
    pub http: String,
    /// `NO_PROXY`: the servers to connect to directly.
    pub none: String,
}

impl Environment {
    /// The environment of this process.
    pub fn own() -> Self {
        let read = |name: &str| {
            let read = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
            read(name).or_else(|| read(&name.to_lowercase())).unwrap_or_default()
        };
        Self { https: read("HTTPS_PROXY"), http: read("HTTP_PROXY"), none: read("NO_PROXY") }
    }

    /// The proxy for a server, if there is one.
    pub fn proxy(&self, server: &Uri) -> Option<Uri> {
        let host = server.host()?.trim_matches(['[', ']']);
        if host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback()) {
            return None;
        }
        let port = format!(":{}", server.port_u16().unwrap_or(443));
        let plain = |entry: &str| {
            let entry = entry.trim();
            let entry = entry.strip_suffix(&port).unwrap_or(entry);
            entry.strip_prefix("*.").unwrap_or(entry).to_owned()
        };
        let none: Vec<String> = self.none.split(',').map(plain).collect();
        let environment = Matcher::builder().https(&*self.https).http(&*self.http).no(none.join(","));
        environment.build().intercept(server)?;
        // The address that the matcher returns lacks the password.
        let proxy = if server.scheme_str() == Some("http") { &self.http } else { &self.https };
        let proxy = if proxy.contains("://") { proxy.clone() } else { format!("http://{proxy}") };
        proxy.parse().ok()
    }
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
            ("https://api.example:6443", "example.org, .internal,,10.0.0.0/8"),
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
