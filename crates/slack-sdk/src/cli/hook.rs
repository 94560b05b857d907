//! Answering one hook.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use countersign_slack::hooks::{Flags, HookName, Protocol};
use countersign_slack::manifest::Manifest;
use serde_json::Value;

use super::{CliError, Declared, Environment, Stdin, derive, project, run};
use crate::App;

/// How a hook was called.
#[derive(Debug)]
pub struct Call {
    /// The arguments, without the program's name.
    pub arguments: Vec<OsString>,
    /// The environment.
    pub environment: Environment,
    /// Where it was called.
    pub directory: PathBuf,
    /// What it is given.
    pub stdin: Stdin,
}

/// An app with what only its author can say of it.
#[derive(Debug)]
#[must_use]
pub struct Cli {
    app: App,
    manifest: Manifest,
    triggers: BTreeMap<String, Value>,
}

/// Answers the hook that this process was started for; without one, runs the app.
///
/// It is what `fn main` of an app consists of; see [`Cli`] for more to say.
pub fn main(app: App) -> ExitCode {
    Cli::new(app).main()
}

impl Call {
    /// How this process was called.
    ///
    /// # Errors
    /// When the working directory has gone.
    pub fn own() -> Result<Self, CliError> {
        Ok(Self {
            arguments: std::env::args_os().skip(1).collect(),
            environment: Environment::snapshot(),
            directory: std::env::current_dir().map_err(CliError::Directory)?,
            stdin: Stdin::own(),
        })
    }

    /// The hook, and its flags. Without a name it is `start`.
    fn hook(&self) -> Result<(HookName, Flags), CliError> {
        let name = self.arguments.first().and_then(|first| first.to_str()).filter(|first| !first.starts_with('-'));
        let flags = Flags::parse(self.arguments.iter().skip(usize::from(name.is_some())).cloned())?;
        let Some(name) = name else { return Ok((HookName::Start, flags)) };
        match name.parse() {
            Ok(hook @ (HookName::GetManifest | HookName::GetTrigger | HookName::Start)) => Ok((hook, flags)),
            _ => Err(CliError::UnknownHook(name.chars().take(64).collect())),
        }
    }

    /// The project's root: where the package is, or where the hook was called.
    fn root(&self, flags: &Flags) -> PathBuf {
        let source = flags.source.as_deref().map(|source| self.directory.join(source)).filter(|path| path.is_dir());
        let from = source.unwrap_or_else(|| self.directory.clone());
        project::root(&from).unwrap_or(from)
    }
}

impl Cli {
    /// An app whose manifest is made of what it handles.
    pub fn new(app: App) -> Self {
        Self { app, manifest: Manifest::default(), triggers: BTreeMap::new() }
    }

    /// What the manifest says beside what the app handles: names, descriptions, scopes, redirect URLs.
    pub fn manifest(mut self, base: Manifest) -> Self {
        self.manifest = base;
        self
    }

    /// A trigger, by the name of the file that the Slack CLI is given, without its ending: `triggers/greet.rs` is `greet`.
    pub fn trigger(mut self, name: impl Into<String>, definition: Value) -> Self {
        self.triggers.insert(name.into(), definition);
        self
    }

    /// Answers the hook that this process was started for; without one, runs the app.
    pub fn main(self) -> ExitCode {
        // Not locked: what handlers print would wait for the app's end.
        let done = Call::own().and_then(|call| self.run(call, &mut std::io::stdout()));
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                report(&error);
                ExitCode::FAILURE
            }
        }
    }

    /// Answers a hook.
    ///
    /// # Errors
    /// When there is no response; nothing is written then.
    pub fn run(self, call: Call, out: &mut impl Write) -> Result<(), CliError> {
        let (hook, flags) = call.hook()?;
        let protocol = Protocol::of(&flags)?;
        match hook {
            HookName::GetManifest => {
                let manifest = self.manifest_of(&call, &flags)?;
                Ok(protocol.write(out, &manifest)?)
            }
            HookName::GetTrigger => Ok(protocol.write(out, &self.trigger_of(&call, &flags)?)?),
            _ => run::start(self.app, call, &flags, &protocol, out),
        }
    }

    fn manifest_of(self, call: &Call, flags: &Flags) -> Result<Value, CliError> {
        let root = call.root(flags);
        if let Some(file) = project::manifest_file(&call.environment, &root) {
            return Ok(project::read_object(&file)?);
        }
        let declared = Declared::by(&self.app.describe());
        for left_out in &declared.undeclared {
            say(&format!(
                "warning: the manifest cannot name the {} that {} decides about; declare it with `Cli::manifest`",
                left_out.kind, left_out.constraint
            ));
        }
        let name = call.environment.text("CARGO_PKG_NAME").map_or_else(program, str::to_owned);
        let manifest = derive(self.manifest, &name, &declared);
        serde_json::to_value(manifest).map_err(|source| CliError::Manifest(root, source))
    }

    fn trigger_of(self, call: &Call, flags: &Flags) -> Result<Value, CliError> {
        let source = Path::new(flags.source.as_deref().ok_or(CliError::NoSource)?);
        if source.extension().is_some_and(|kind| kind == "json") {
            return Ok(project::read_object(&call.directory.join(source))?);
        }
        let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let known = || self.triggers.keys().cloned().collect();
        self.triggers.get(&name).cloned().ok_or_else(|| CliError::UnknownTrigger { name, known: known() })
    }
}

/// What this program is called.
fn program() -> String {
    let path = std::env::current_exe().ok();
    let name = path.as_deref().and_then(Path::file_stem).map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "app".to_owned())
}

fn report(error: &CliError) {
    let mut text = format!("error: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    say(&text);
    if let Some(hint) = error.hint() {
        say(&format!("hint: {hint}"));
    }
}

/// Says something to people. Where nobody reads stderr, nobody is told.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
