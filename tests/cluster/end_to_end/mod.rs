//! Whole lives on a real control plane, every person with their own identity, the operator with its own.

mod approvals;
mod attestation;
mod changes;
mod confirmers;
mod ends;
mod evidence;
mod handover;
mod links;
mod lives;
mod revisions;
mod rules;
mod scripts;
mod silence;
mod turns;

use testkit::operator::running;
