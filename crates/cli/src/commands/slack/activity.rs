//! `countersign slack activity`.

use std::time::Duration;

use countersign_slack_cli::{
    AppChoice, Failure, Session,
    account::Account,
    activity::{self, Activity, Feed, Level, Query},
    app::{self, App, AppKind},
    project::Project,
};
use tokio::time::Instant;

use crate::{exit, output};

/// Options of `countersign slack activity`.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Go on: look again and again for what is new.
    #[arg(long, short = 't')]
    tail: bool,
    /// How often to look, in seconds.
    #[arg(long, short = 'i', value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    interval: u64,
    /// End when nothing was logged for so long, in minutes.
    #[arg(long, value_name = "MINUTES", default_value_t = 5)]
    idle: u64,
    /// So many entries at most.
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    limit: u32,
    /// So grave at least.
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    level: Level,
    /// From then on, in microseconds since 1970.
    #[arg(long, value_name = "MICROSECONDS")]
    min_date_created: Option<i64>,
    /// Until then, in microseconds since 1970.
    #[arg(long, value_name = "MICROSECONDS", conflicts_with = "tail")]
    max_date_created: Option<i64>,
    /// Of this kind, such as function_execution_result.
    #[arg(long, value_name = "KIND")]
    event: Option<String>,
    /// About such a thing, such as functions.
    #[arg(long, value_name = "KIND")]
    component: Option<String>,
    /// About this function or workflow.
    #[arg(long, value_name = "ID")]
    component_id: Option<String>,
    /// By slack or developer.
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// Belonging together.
    #[arg(long, value_name = "ID")]
    trace_id: Option<String>,
    /// Print JSON, a line an entry.
    #[arg(long)]
    json: bool,
}

impl Options {
    pub(super) async fn run(self, session: &Session) -> Result<u8, Failure> {
        let account = Account::choose(session).await?;
        let app = which(session, &account).await?;
        let query = self.query();
        if !self.tail {
            let listed = activity::list(&account.api, &app.id, &query).await?;
            self.print(&listed);
            return Ok(exit::OK);
        }
        self.follow(session, account, Feed::new(app.id, query)).await.map(|()| exit::OK)
    }

    async fn follow(&self, session: &Session, mut account: Account, mut feed: Feed) -> Result<(), Failure> {
        let idle = Duration::from_secs(self.idle.saturating_mul(60));
        let mut last = Instant::now();
        // What cannot be asked for at first will not be later; afterwards a failure passes.
        let mut has_worked = false;
        loop {
            match feed.next(&account.api).await {
                Ok(new) => {
                    has_worked = true;
                    if !new.is_empty() {
                        last = Instant::now();
                    }
                    self.print(&new);
                }
                Err(failure) if has_worked => session.talk.warn(&failure.to_string()),
                Err(failure) => return Err(failure),
            }
            if last.elapsed() > idle {
                session.talk.say(&format!("nothing was logged for {} minutes", self.idle));
                return Ok(());
            }
            tokio::time::sleep(Duration::from_secs(self.interval)).await;
            account = account.renewed(session).await?;
        }
    }

    fn query(&self) -> Query {
        Query {
            limit: Some(self.limit),
            level: Some(self.level),
            since: self.min_date_created,
            until: self.max_date_created,
            event_type: self.event.clone(),
            component_type: self.component.clone(),
            component_id: self.component_id.clone(),
            source: self.source.clone(),
            trace_id: self.trace_id.clone(),
        }
    }

    fn print(&self, activities: &[Activity]) {
        for activity in activities {
            match serde_json::to_value(activity) {
                Ok(value) if self.json => output::json(&value),
                _ => output::data(&activity.line()),
            }
        }
    }
}

/// The app that is meant; one that is named by its id needs no project.
async fn which(session: &Session, account: &Account) -> Result<App, Failure> {
    match &session.settings.app {
        Some(AppChoice::Id(id)) => Ok(App::of(account, id.clone(), AppKind::Deployed)),
        _ => app::find(session, &Project::open(session).await?, account, None),
    }
}
