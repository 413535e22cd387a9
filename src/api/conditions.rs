//! Condition types and reasons, as they stand in status.
