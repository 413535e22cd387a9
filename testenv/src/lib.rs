//! A real Kubernetes control plane on one machine, for tests, the demo and benchmarks.
//!
//! [`ControlPlane::start`] runs etcd, kube-apiserver and kube-controller-manager on the loopback
//! interface with their own certificates and folder. There is no scheduler and no kubelet, so pods
//! never run; everything the API server itself does is the real thing: schemas, CEL rules, admission
//! policies, RBAC, watches, garbage collection.
//!
//! What happened can be read back from two places that the code under test cannot influence: the
//! API server's audit log ([`ControlPlane::audit`]) and etcd's full history ([`ControlPlane::history`]).
//!
//! Nothing outlives the process that started it, however that process ends: see [`ControlPlane`].

mod apply;
mod audit;
mod binaries;
mod clients;
mod component;
mod control_plane;
mod etcd;
mod executable;
mod golang;
mod history;
mod kubeconfig;
mod namespace;
mod pki;
mod process;
mod settled;
pub mod tools;
mod wait;

pub use audit::{AuditEvent, AuditMark, ObjectReference, ResponseStatus, UserInfo};
pub use binaries::{Binaries, Lookup};
pub use component::Component;
pub use control_plane::ControlPlane;
pub use executable::write_executable;
pub use history::{Change, Revision};
pub use settled::admission_older_than;
pub use wait::{PATIENCE, until};
