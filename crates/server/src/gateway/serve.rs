//! A node, from the listener to the farewell.

use axum::Router;
use tokio::net::TcpListener;

use super::{api, connections, hub, page, slack, state::Gateway};
use crate::workers;

/// Serves until shutdown.
pub async fn serve(gateway: Gateway, listener: TcpListener) -> std::io::Result<()> {
    workers::look_after(&gateway);
    hub::start(&gateway).await;
    slack::start(&gateway).await;
    let router = Router::new()
        .merge(api::router())
        .merge(hub::router())
        .merge(page::router())
        .merge(slack::router())
        .with_state(gateway.clone());
    connections::accept(listener, router, gateway.shutdown()).await;
    gateway.tasks().close();
    gateway.tasks().wait().await;
    workers::farewell(&gateway).await;
    Ok(())
}
