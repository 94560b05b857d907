//! Serving a workspace over HTTP.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};
use axum::serve::{Listener, ListenerExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::serving::{Patience, serve_connections};
use crate::tls::TlsListener;
use crate::{Workspace, api, authorize, control, guard, page, socket};

/// Everything the workspace answers to.
pub(crate) fn router(workspace: &Workspace) -> Router {
    let own = axum::middleware::from_fn_with_state(workspace.clone(), guard::own_pages_only);
    let guarded = page::routes(workspace.clone())
        .merge(authorize::routes(workspace.clone()))
        .nest("/control", control::routes(workspace.clone()))
        .layer(own);
    Router::new()
        .route("/api/{method}", any(api::call))
        .route("/{method}", any(api::call_bare))
        .route("/link/", get(socket::link))
        .route("/link", get(socket::link))
        // It has a limit of its own, which is what was announced.
        .route("/upload/v1/{secret}", post(api::upload).layer(DefaultBodyLimit::disable()))
        .route("/bundles/v1", post(api::store).layer(DefaultBodyLimit::max(api::MAX_FORM)))
        .route("/files-pri/{file}/{name}", get(api::download))
        .route("/files-pri/{file}/download/{name}", get(api::download_named))
        .route("/actions/{team}/{number}/{secret}", post(api::respond))
        .route("/commands/{team}/{number}/{secret}", post(api::respond))
        .route("/app/{team}/{number}/{secret}", post(api::respond))
        .route("/triggers/{team}/{trigger}", post(control::webhook))
        .route("/openid/connect/keys", get(api::keys))
        .route("/.well-known/openid-configuration", get(api::discovery))
        .with_state(workspace.clone())
        .merge(guarded)
}

/// Serves until stopped, then for a moment lets requests end.
pub(crate) async fn serve(workspace: Workspace, listener: TcpListener, stop: CancellationToken) -> std::io::Result<()> {
    let driver = workspace.clone();
    workspace.tasks().spawn(async move { driver.hub().run(driver.stopping()).await });
    let keeper = workspace.clone();
    workspace.tasks().spawn(async move { keeper.keep_time().await });
    let keeper = workspace.clone();
    workspace.tasks().spawn(async move { keeper.keep_state().await });
    let served = if let Some(tls) = workspace.tls() {
        let listener = TlsListener::new(listener, tls, workspace.tasks(), workspace.stopping());
        match listener {
            Ok(listener) => {
                serve_on(&workspace, listener, stop).await;
                Ok(())
            }
            Err(error) => Err(error),
        }
    } else {
        let listener = listener.tap_io(|stream| {
            // Slower answers are no reason to refuse a connection.
            let _ = stream.set_nodelay(true);
        });
        serve_on(&workspace, listener, stop).await;
        Ok(())
    };
    // Whoever served has ended, for whatever reason: so do the tasks.
    workspace.stopping().cancel();
    workspace.save_state().await;
    workspace.release();
    served
}

async fn serve_on<L>(workspace: &Workspace, listener: L, stop: CancellationToken)
where
    L: Listener,
    L::Addr: std::fmt::Debug,
{
    let own_stop = workspace.stopping().clone();
    let told = async {
        tokio::select! {
            () = stop.cancelled() => own_stop.cancel(),
            () = own_stop.cancelled() => {}
        }
    };
    let serving = serve_connections(listener, router(workspace), Patience::USUAL, &own_stop);
    tokio::join!(told, serving);
}
