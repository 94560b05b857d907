//! A node, from the listener to the farewell.

use axum::Router;
use tokio::net::TcpListener;

use super::{api, connections, hub, page, slack, state::Gateway, tls::Tls};
use crate::workers;

/// Serves until shutdown, over TLS where there is a certificate.
pub async fn serve(gateway: Gateway, listener: TcpListener, tls: Option<Tls>) -> std::io::Result<()> {
    workers::look_after(&gateway);
    hub::start(&gateway).await;
    slack::start(&gateway).await;
    let router = Router::new()
        .merge(api::router())
        .merge(hub::router())
        .merge(page::router())
        .merge(slack::router())
        .with_state(gateway.clone());
    connections::accept(listener, tls, router, gateway.shutdown()).await;
    gateway.tasks().close();
    gateway.tasks().wait().await;
    workers::farewell(&gateway).await;
    Ok(())
}
