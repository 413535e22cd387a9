//! The three programs a control plane consists of, and the arguments we give them.

use std::{fmt, path::Path};

use crate::process::Ports;

/// One program of the control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// The store.
    Etcd,
    /// The API server.
    ApiServer,
    /// The controllers for namespaces, garbage, service accounts and aggregated roles.
    ControllerManager,
}

impl Component {
    /// All of them, in the order of their start.
    pub const ALL: [Self; 3] = [Self::Etcd, Self::ApiServer, Self::ControllerManager];

    /// The name of its executable.
    #[must_use]
    pub fn binary(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
        }
    }

    pub(crate) fn arguments(self, dir: &Path, ports: Ports) -> Vec<String> {
        let dir = dir.display();
        match self {
            Self::Etcd => etcd(&dir, ports),
            Self::ApiServer => api_server(&dir, ports),
            Self::ControllerManager => controller_manager(&dir),
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.binary())
    }
}

fn etcd(dir: &dyn fmt::Display, ports: Ports) -> Vec<String> {
    let client = format!("http://127.0.0.1:{}", ports.etcd_client);
    let peer = format!("http://127.0.0.1:{}", ports.etcd_peer);
    vec![
        format!("--data-dir={dir}/etcd"),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
        // Nothing has to survive a power cut, and waiting for the disk would slow down every test.
        "--unsafe-no-fsync".to_owned(),
        // A lone member has no rival in an election: it need not wait a second for one.
        "--heartbeat-interval=20".to_owned(),
        "--election-timeout=200".to_owned(),
        // A long run keeps its whole history: the default of 2 GiB would end it with an alarm.
        format!("--quota-backend-bytes={}", 8_u64 << 30),
        "--log-level=warn".to_owned(),
    ]
}

fn api_server(dir: &dyn fmt::Display, ports: Ports) -> Vec<String> {
    vec![
        format!("--etcd-servers=http://127.0.0.1:{}", ports.etcd_client),
        // History is evidence, so it must not be compacted.
        "--etcd-compaction-interval=0".to_owned(),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={}", ports.api_server),
        format!("--tls-cert-file={dir}/apiserver.crt"),
        format!("--tls-private-key-file={dir}/apiserver.key"),
        format!("--client-ca-file={dir}/ca.crt"),
        "--authorization-mode=RBAC".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-key-file={dir}/sa.pub"),
        format!("--service-account-signing-key-file={dir}/sa.key"),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        // There is no cluster network whose endpoints would have to point here.
        "--endpoint-reconciler-type=none".to_owned(),
        format!("--audit-policy-file={dir}/audit-policy.yaml"),
        format!("--audit-log-path={dir}/audit.log"),
        // Blocking, so that every answered request has been written.
        "--audit-log-mode=blocking".to_owned(),
        // Rotation would move evidence to another file.
        "--audit-log-maxsize=0".to_owned(),
        // Fairness would queue a benchmark's own load, but the operator is what we measure.
        "--enable-priority-and-fairness=false".to_owned(),
        "--max-requests-inflight=0".to_owned(),
        "--max-mutating-requests-inflight=0".to_owned(),
        "--allow-privileged=true".to_owned(),
        "--profiling=false".to_owned(),
    ]
}

fn controller_manager(dir: &dyn fmt::Display) -> Vec<String> {
    vec![
        format!("--kubeconfig={dir}/controller-manager.kubeconfig"),
        format!("--service-account-private-key-file={dir}/sa.key"),
        format!("--root-ca-file={dir}/ca.crt"),
        // Admission policies recognise the namespace controller and the garbage collector by
        // their accounts.
        "--use-service-account-credentials=true".to_owned(),
        "--controllers=garbage-collector-controller,namespace-controller,serviceaccount-controller,\
         serviceaccount-token-controller,clusterrole-aggregation-controller"
            .to_owned(),
        "--leader-elect=false".to_owned(),
        // Nobody calls it, and one port fewer is one fewer that another process can take.
        "--secure-port=0".to_owned(),
        // The defaults protect a big cluster; a test would wait for every one of these calls.
        "--kube-api-qps=500".to_owned(),
        "--kube-api-burst=1000".to_owned(),
        "--profiling=false".to_owned(),
    ]
}
