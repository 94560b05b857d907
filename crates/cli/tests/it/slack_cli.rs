//! `countersign slack …` on whole projects, whose SDK sides are nobody's here: from the command to a person's answer.
//!
//! Every project is described, run, edited while it runs, examined, upgraded and deployed, on a local Slack. What its SDK
//! asks registries for is answered here. `cargo xtask setup` installs the SDKs; a language that is not there is not run.

#![cfg(target_os = "linux")]

mod desk;
mod interrupted;
mod node;
mod processes;
mod python;
mod registry;
mod rust;
mod scenes;
mod shell;
