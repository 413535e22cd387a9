//! The shell against a fake API server, with scripted decisions and paused time: which requests it sends, and when.

mod fake;
mod objects;
mod operator;
mod watching;
mod writing;
