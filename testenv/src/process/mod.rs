//! The processes of a control plane: their ports, their supervisor, their folder.

mod ports;
mod supervisor;

pub(crate) use ports::Ports;
pub(crate) use supervisor::Supervisor;
