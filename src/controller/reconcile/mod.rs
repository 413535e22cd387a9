//! One agreement at a time: observe it, decide, write what was decided, and come back in time.

pub(crate) mod apply;
pub(crate) mod conflicts;
pub(crate) mod linked;
mod merge_patch;
pub(crate) mod observe;
pub(crate) mod queue;
pub(crate) mod rejected_creates;
pub(crate) mod worker;
