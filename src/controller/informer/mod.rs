//! What the API server has, kept in memory: a watch and a store for each kind.

pub(crate) mod guarded;
pub(crate) mod key;
pub(crate) mod kinds;
pub(crate) mod list;
pub(crate) mod store;
mod tap;
pub(crate) mod watch;
