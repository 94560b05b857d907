//! Signals that this process gets and the command should have.

use countersign_gateway::wire::{control::Signal, run::FromClient};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc::Sender,
};

/// How many interrupts a person sends before they mean this program.
const PATIENCE: u32 = 3;

/// Hands signals on until nobody takes them. Completes when the person has interrupted so often that they mean us: the command
/// seems not to heed it.
pub(crate) async fn forward_signals(control: Sender<FromClient>) -> std::io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut quit = signal(SignalKind::quit())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupts = 0;
    loop {
        let received = tokio::select! {
            _ = hangup.recv() => Signal::Hup,
            _ = interrupt.recv() => Signal::Int,
            _ = quit.recv() => Signal::Quit,
            _ = terminate.recv() => Signal::Term,
        };
        if received == Signal::Int {
            interrupts += 1;
        }
        if interrupts > PATIENCE {
            // Nobody may be left to hear it.
            let _ = control.send(FromClient::Cancel).await;
            return Ok(());
        }
        if control.send(FromClient::Signal { signal: received }).await.is_err() {
            return std::future::pending().await;
        }
    }
}
