//! Countersign.
pub mod api;
pub mod decide;
