//! What the API server has, kept in memory: a watch and a store for each kind.

pub(crate) mod decode;
pub(crate) mod key;
pub(crate) mod kinds;
pub(crate) mod list;
pub(crate) mod store;
pub(crate) mod watch;
