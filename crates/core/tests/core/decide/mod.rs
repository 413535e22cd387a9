//! The process, rule by rule, through the one public door of the core.

mod answers;
mod approvals;
mod confirmation;
mod ends;
mod evidence;
mod fields;
mod golden;
mod laws;
mod limits;
mod links;
mod orders;
mod requirements;
mod sign_off;
mod terms;
