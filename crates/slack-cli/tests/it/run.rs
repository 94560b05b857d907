//! Running an app while it is written.

mod connected;
mod supervised;

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use countersign_slack_cli::{
    AppChoice, Code, Failure,
    deploy::Triggers,
    run::{End, Ending, Options, run},
};
use countersign_slack_workspace::model::UserId;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    net::unix::pipe,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::world::{World, manifest};

/// So long something is waited for; a test that needs it has failed.
const SOON: Duration = Duration::from_mins(1);

/// Writes the manifest, by whichever protocol it is asked to.
const GET_MANIFEST: &str = r#"
for ARGUMENT; do case "$ARGUMENT" in --boundary=*) B=${ARGUMENT#--boundary=};; esac; done
printf %s "$B"; cat manifest.json; printf %s "$B"
"#;

/// A run that is going on.
struct Going {
    world: World,
    stop: CancellationToken,
    task: JoinSet<Result<End, Failure>>,
}

impl Going {
    /// Begins to run the project of a world.
    fn start(world: World, options: Options) -> Self {
        let (stop, mut task) = (CancellationToken::new(), JoinSet::new());
        let (session, token) = (world.session.clone(), stop.clone());
        task.spawn(async move { run(&session, &options, &token).await });
        Self { world, stop, task }
    }

    /// Begins, and waits until events come in.
    async fn connected(world: World, options: Options) -> Self {
        let mut going = Self::start(world, options);
        tokio::select! {
            _ = going.world.talk.hears("Connected, awaiting events") => {}
            ended = going.task.join_next() => panic!("it has ended: {ended:#?}"),
        }
        going
    }

    /// How it ends.
    async fn ended(&mut self) -> Result<End, Failure> {
        let ended = tokio::time::timeout(SOON, self.task.join_next()).await;
        ended.unwrap_or_else(|_| panic!("it goes on: {:#?}", self.world.talk)).unwrap().unwrap()
    }

    /// Interrupts it; it has to end without a failure.
    async fn interrupt(&mut self) {
        self.stop.cancel();
        assert_eq!(self.ended().await.unwrap(), End::Interrupted);
    }

    /// The id of the app that runs.
    fn app(&self) -> String {
        let ready = self.world.slack.ready();
        self.world.json(".slack/apps.dev.json")[ready.team_id.as_str()]["app_id"].as_str().unwrap().to_owned()
    }

    /// Takes the app's bot into a channel.
    async fn joins(&self, channel: &str) -> UserId {
        let (app, world) = (self.app(), &self.world);
        let users = world.slack("users.list", json!({})).await;
        let is_its = |user: &&Value| user["profile"]["api_app_id"] == app.as_str();
        let bot = users["members"].as_array().unwrap().iter().find(is_its).unwrap()["id"].as_str().unwrap().to_owned();
        let channel = world.slack.channel(channel).unwrap();
        world.slack("conversations.invite", json!({"channel": channel, "users": bot})).await;
        UserId::from(bot.as_str())
    }
}

fn options() -> Options {
    let jobs = NonZeroUsize::new(4).unwrap();
    Options { file: None, jobs, ending: Ending::Keep, activity: None, triggers: Triggers::Hidden }
}

/// A project whose hooks, beside `get-manifest`, are these.
async fn project(hooks: Value, config: Value) -> World {
    let mut all = json!({"hooks": {"get-manifest": "sh get-manifest.sh"}, "config": config});
    all["hooks"].as_object_mut().unwrap().extend(hooks.as_object().unwrap().clone());
    let world = World::with_hooks(&all).await;
    world.write("manifest.json", &manifest().to_string());
    world.write("get-manifest.sh", GET_MANIFEST);
    world
}

/// Lines that processes of a test write.
struct Told {
    lines: Lines<BufReader<pipe::Receiver>>,
    path: PathBuf,
}

impl Told {
    /// A pipe in a world's home, which the project's `.env` calls `TELL`.
    fn new(world: &World) -> Self {
        let path = world.home().join("told");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        // Open for writing as well: it has no end while the test goes on.
        let receiver = pipe::OpenOptions::new().read_write(true).open_receiver(&path).unwrap();
        world.write(".env", &format!("TELL={}\n", path.display()));
        Self { lines: BufReader::new(receiver).lines(), path }
    }

    /// The next line.
    async fn next(&mut self) -> String {
        let line = tokio::time::timeout(SOON, self.lines.next_line()).await;
        line.unwrap_or_else(|_| panic!("nothing came through {}", self.path.display())).unwrap().unwrap()
    }
}

/// What processes of a test wait for: `read LINE < go`.
struct Gate(pipe::Sender);

impl Gate {
    /// A pipe called `go`, in a world's project.
    fn new(world: &World) -> Self {
        let path = world.root().join("go");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        Self(pipe::OpenOptions::new().read_write(true).open_sender(path).unwrap())
    }

    /// Lets one process through, which waits or will wait.
    fn open(&self) {
        assert_eq!(self.0.try_write(b"go\n").unwrap(), 3);
    }
}

/// How a run fails that does not even begin; Slack must not have been told of an app.
async fn refused(world: &World, options: &Options) -> Failure {
    let failure = run(&world.session, options, &CancellationToken::new()).await.unwrap_err();
    assert_eq!(world.calls("apps.manifest.create"), 0);
    failure
}

#[tokio::test]
async fn a_project_without_a_start_hook_is_refused_before_anything_is_installed() {
    let world = World::start().await;
    let failure = refused(&world, &options()).await;
    assert_eq!(failure.code(), &Code::SdkHookNotFound);
    assert!(failure.to_string().contains("start"), "{failure}");
}

#[tokio::test]
async fn the_deployed_app_is_not_run() {
    let mut world = project(json!({"start": "true"}), json!({})).await;
    world.session.settings.app = Some(AppChoice::Deployed);
    assert_eq!(refused(&world, &options()).await.code(), &Code::DeployedAppNotSupported);
}

#[tokio::test]
async fn a_file_that_is_not_there_cannot_be_run() {
    let world = project(json!({"start": "true"}), json!({})).await;
    let failure = refused(&world, &Options { file: Some("apps/main.py".into()), ..options() }).await;
    assert_eq!(failure.code(), &Code::NotFound);
    assert!(failure.to_string().contains("apps/main.py"), "{failure}");
}

#[tokio::test]
async fn a_pattern_that_is_none_is_refused_before_anything_is_installed() {
    let watch = json!({"manifest": {"paths": ["manifest.json"], "filter-regex": "(["}});
    let world = project(json!({"start": "true"}), json!({"watch": watch})).await;
    let failure = refused(&world, &options()).await;
    assert_eq!(failure.code(), &Code::SdkConfigLoad);
    assert!(failure.to_string().contains("config.watch.manifest.filter-regex"), "{failure}");
}

#[tokio::test]
async fn a_hook_that_hangs_is_ended_when_the_run_is_interrupted() {
    let world = project(json!({"get-manifest": "sh hang.sh", "start": "true"}), json!({})).await;
    let mut told = Told::new(&world);
    world.write("hang.sh", "echo $$ > $TELL; sleep 1000 & wait\n");
    let mut going = Going::start(world, options());
    let pid = told.next().await;
    going.interrupt().await;
    supervised::is_gone(&pid).await;
}
