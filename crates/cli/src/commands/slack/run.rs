//! `countersign slack run`.

use std::{num::NonZeroUsize, path::PathBuf};

use countersign_slack_cli::{
    Code, Failure, Session,
    activity::Level,
    deploy::Triggers,
    run::{self, End, Ending},
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Options of `countersign slack run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The app is created or updated from its manifest and installed first. Files are watched as
the project's hooks say: an edited manifest is installed again, edited code starts the app
again. Ctrl-C ends the app with all that it started.
")]
pub(super) struct Options {
    /// The file that the app is started from, where it is not the usual one.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// So many events at once, where the app does not hold its connection itself.
    #[arg(long, short = 'j', value_name = "NUMBER", default_value = "8")]
    jobs: NonZeroUsize,
    /// Of what the app logs at Slack, show what is so grave at least.
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    activity_level: Level,
    /// Do not show what the app logs at Slack.
    #[arg(long)]
    no_activity: bool,
    /// Delete the app in the end.
    #[arg(long)]
    cleanup: bool,
    /// Neither tell the app's triggers nor offer to create one.
    #[arg(long)]
    hide_triggers: bool,
}

impl Options {
    pub(super) async fn run(self, session: &Session) -> Result<u8, Failure> {
        let options = run::Options {
            file: self.file,
            jobs: self.jobs,
            ending: if self.cleanup { Ending::CleanUp } else { Ending::Keep },
            activity: (!self.no_activity).then_some(self.activity_level),
            triggers: if self.hide_triggers { Triggers::Hidden } else { Triggers::Offered },
        };
        let mut signals = Signals::listen()?;
        let stop = CancellationToken::new();
        let mut running = Box::pin(run::run(session, &options, &stop));
        tokio::select! {
            biased;
            () = signals.next() => {}
            ended = &mut running => return signals.end(ended).await,
        }
        session.talk.say("ending the app; press Ctrl-C again to end it at once");
        stop.cancel();
        tokio::select! {
            ended = &mut running => ended.map(End::exit),
            // Dropped, it kills the app.
            () = signals.next() => Ok(End::Interrupted.exit()),
        }
    }
}

/// What tells us to end: Ctrl-C, a supervisor, a terminal that is closed.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Failure::new(Code::LocalAppRun, "signals cannot be heard").detail(error.to_string()))
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// The exit code. Whoever is interrupted at a question gives no answer, and the run fails with that.
    async fn end(&mut self, ended: Result<End, Failure>) -> Result<u8, Failure> {
        tokio::select! {
            biased;
            () = self.next() => Ok(End::Interrupted.exit()),
            () = std::future::ready(()) => ended.map(End::exit),
        }
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
