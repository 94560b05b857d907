//! The SDKs, and how an app of each is started.

use std::path::{Path, PathBuf};

use crate::scenario::Scenario;

/// An SDK, with the client it connects with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sdk {
    PythonBuiltin,
    PythonWebsocketClient,
    PythonAiohttp,
    PythonWebsockets,
    NodeBolt,
    NodePlain,
    Go,
    Morphism,
    Java,
}

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) args: Vec<PathBuf>,
    /// Where it is run, and may leave files.
    pub(crate) dir: PathBuf,
}

/// Why an SDK's app cannot be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It must be there.
    Required(String),
    /// It is run where it can be had.
    Optional(String),
}

impl Sdk {
    /// As the table names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PythonBuiltin => "python builtin",
            Self::PythonWebsocketClient => "python websocket-client",
            Self::PythonAiohttp => "python aiohttp",
            Self::PythonWebsockets => "python websockets",
            Self::NodeBolt => "node bolt",
            Self::NodePlain => "node web-api",
            Self::Go => "slack-go",
            Self::Morphism => "slack-morphism",
            Self::Java => "java bolt",
        }
    }

    /// How its app is started.
    pub(crate) fn program(self) -> Result<Program, Missing> {
        match self {
            Self::PythonBuiltin => python("threads.py", "builtin"),
            Self::PythonWebsocketClient => python("threads.py", "websocket_client"),
            Self::PythonAiohttp => python("coroutines.py", "aiohttp"),
            Self::PythonWebsockets => python("coroutines.py", "websockets"),
            Self::NodeBolt => node("bolt.mjs"),
            Self::NodePlain => node("plain.mjs"),
            Self::Go => go(),
            Self::Morphism => morphism(),
            Self::Java => java(),
        }
    }

    /// Whether the SDK has what the scenario needs.
    pub(crate) fn has(self, scenario: Scenario) -> bool {
        match scenario {
            // Frameworks' own: the clients alone know nothing of installations, assistants or HTTP. Bolt for Java
            // installs from Slack's own address only.
            Scenario::OAuthInstall => !matches!(self, Self::NodePlain | Self::Go | Self::Morphism | Self::Java),
            Scenario::AssistantThread => !matches!(self, Self::NodePlain | Self::Go | Self::Morphism),
            Scenario::SignedHttp => !matches!(self, Self::NodePlain | Self::Morphism),
            _ => true,
        }
    }

    /// Whether its model of a response has a `response_type`; without one, only the person sees the response.
    pub(crate) fn responds_to_everyone(self) -> bool {
        self != Self::Morphism
    }
}

/// Where `cargo xtask setup` installs the SDKs, and results are written.
pub(crate) fn installed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers")
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers")
}

fn python(script: &str, client: &str) -> Result<Program, Missing> {
    let dir = installed().join("python");
    let path = dir.join("bin/python3");
    let args = vec!["-B".into(), sources().join("python").join(script), client.into()];
    if path.is_file() { Ok(Program { path, args, dir }) } else { Err(required("Python with Slack's SDKs")) }
}

fn node(script: &str) -> Result<Program, Missing> {
    let dir = installed().join("node");
    if !dir.join("node_modules/@slack/bolt").is_dir() {
        return Err(required("Node with Slack's SDKs"));
    }
    // Modules are found next to the script: it is run where they are installed.
    let scripts = [script, "peer.mjs"];
    for name in scripts {
        std::fs::copy(sources().join("node").join(name), dir.join(name)).unwrap();
    }
    Ok(Program { path: "node".into(), args: vec![dir.join(script)], dir })
}

fn go() -> Result<Program, Missing> {
    let dir = installed().join("go");
    let path = dir.join("peer");
    built(Program { path: path.clone(), args: Vec::new(), dir }, &path)
}

fn morphism() -> Result<Program, Missing> {
    let dir = installed().join("rust");
    let path = dir.join("target/debug/peer");
    built(Program { path: path.clone(), args: Vec::new(), dir }, &path)
}

fn java() -> Result<Program, Missing> {
    let dir = installed().join("java");
    // One interpreter starts in half the time when it need not compile for the long run.
    let args = ["-XX:TieredStopAtLevel=1", "-Xshare:auto", "-cp", "classes:jars/*", "Peer"];
    let program = Program { path: "java".into(), args: args.map(PathBuf::from).into(), dir: dir.clone() };
    built(program, &dir.join("classes/Peer.class"))
}

/// A program that was built; what it needs may not be had here.
fn built(program: Program, file: &Path) -> Result<Program, Missing> {
    match std::fs::read_to_string(program.dir.join("not-run")) {
        Ok(why) => Err(Missing::Optional(why.trim().to_owned())),
        Err(_) if file.is_file() => Ok(program),
        Err(_) => Err(required(&format!("program {}", file.display()))),
    }
}

/// Why it cannot go on.
fn required(what: &str) -> Missing {
    Missing::Required(format!("there is no {what}: run `cargo xtask setup`"))
}
