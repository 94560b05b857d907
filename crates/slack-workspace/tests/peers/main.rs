//! The workspace against software nobody here wrote: official and community SDKs, unmodified.
//!
//! Each test starts one SDK's app in a process of its own, redirected by the SDK's own base-URL option, and plays the
//! person. Every scenario is a cell of a table that `cargo xtask test` prints; what happened in a cell is written to
//! `target/peers/results`. Scripts and programs are installed by `cargo xtask setup`.

#![expect(clippy::print_stderr, reason = "cells say how they went")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod apps;
mod calls;
mod connections;
mod installed;
mod interactions;
mod peer;
mod scenario;
mod sdk;
mod stage;

use sdk::Sdk;

#[tokio::test]
async fn python_slack_bolt_with_the_builtin_client() {
    stage::play(Sdk::PythonBuiltin).await;
}

#[tokio::test]
async fn python_slack_bolt_with_websocket_client() {
    stage::play(Sdk::PythonWebsocketClient).await;
}

#[tokio::test]
async fn python_slack_bolt_with_aiohttp() {
    stage::play(Sdk::PythonAiohttp).await;
}

#[tokio::test]
async fn python_slack_bolt_with_websockets() {
    stage::play(Sdk::PythonWebsockets).await;
}

#[tokio::test]
async fn node_slack_bolt() {
    stage::play(Sdk::NodeBolt).await;
}

#[tokio::test]
async fn node_slack_web_api_and_socket_mode() {
    stage::play(Sdk::NodePlain).await;
}

#[tokio::test]
async fn slack_go() {
    stage::play(Sdk::Go).await;
}

#[tokio::test]
async fn slack_morphism() {
    stage::play(Sdk::Morphism).await;
}

#[tokio::test]
async fn java_bolt() {
    stage::play(Sdk::Java).await;
}
