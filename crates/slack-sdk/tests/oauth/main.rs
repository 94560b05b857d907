//! Installing apps through the workspace's authorize page, and acting with what was allowed.

#![expect(clippy::unwrap_used, reason = "a failed expectation is a failed test")]

mod browser;
mod flow;
mod interrupted;
mod renewal;
mod stores;
mod world;
