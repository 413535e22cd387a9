//! The process, rule by rule, through the one public door of the core.

mod approvals;
mod confirmation;
mod ends;
mod golden;
mod laws;
mod orders;
mod requirements;
mod sign_off;
mod terms;
mod world;
