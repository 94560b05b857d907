//! A project: the directory, its hooks and what else it says of itself.

mod hooksfile;
mod overlay;
mod place;
mod relaxed;
mod settings;

use std::path::{Path, PathBuf};

use countersign_slack::hooks::{HookName, Interface};

use self::{overlay::Source, settings::Saved};
use crate::{
    Code, Failure, Session,
    dotenv::Dotenv,
    hooks::{HookCall, Told},
};

/// A project whose hooks are known.
#[derive(Debug, Clone)]
pub struct Project {
    root: PathBuf,
    interface: Interface,
    dotenv: Dotenv,
    saved: Saved,
    /// Seen from its files, where its hooks do not say it.
    seen_runtime: Option<&'static str>,
    told: Told,
}

/// Who has the say about an app's manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ManifestSource {
    /// The project.
    #[default]
    Local,
    /// The app's settings.
    Remote,
}

impl Project {
    /// Finds the project that the session is in, reads its hooks and asks its SDK for more (`get-hooks`).
    ///
    /// The first thing that fails is what the failure tells: which file or hook, and what to do.
    pub async fn open(session: &Session) -> Result<Self, Failure> {
        let place = place::find(session)?;
        let own = hooksfile::read(&place, &*session.talk)?;
        let dotenv = Dotenv::read(&place.root)?;
        let told = Told::default();
        let alone = own.interface()?;
        let interface = match alone.command(HookName::GetHooks) {
            None => alone,
            Some(command) => {
                let offered = ask(session, &place.root, &dotenv, &told, command).await?;
                let interface = overlay::resolve(&offered, &own)?;
                offered.tell_oddities(&*session.talk);
                interface
            }
        };
        own.tell_oddities(&*session.talk);
        Ok(Self {
            saved: settings::read(&place.root)?,
            seen_runtime: settings::runtime_of(&place.root),
            root: place.root,
            interface,
            dotenv,
            told,
        })
    }

    /// The directory of the project that a session is in; nothing of it is read or run.
    pub fn directory(session: &Session) -> Result<PathBuf, Failure> {
        Ok(place::find(session)?.root)
    }

    /// Its directory; absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Its hooks, after resolution.
    pub fn interface(&self) -> &Interface {
        &self.interface
    }

    /// Its `.env` file.
    pub fn dotenv(&self) -> &Dotenv {
        &self.dotenv
    }

    /// The same project with its `.env` file as it is now.
    pub fn with_fresh_dotenv(&self) -> Result<Self, Failure> {
        Ok(Self { dotenv: Dotenv::read(&self.root)?, ..self.clone() })
    }

    /// What it runs on (`rust`, `node`, `python`, `deno`): said by its hooks, else seen from its files.
    pub fn runtime(&self) -> Option<&str> {
        self.interface.runtime.as_deref().filter(|runtime| !runtime.is_empty()).or(self.seen_runtime)
    }

    /// Who has the say about the app's manifest (`.slack/config.json`).
    pub fn manifest_source(&self) -> ManifestSource {
        self.saved.manifest_source
    }

    /// Its id (`.slack/config.json`), which the official command line made.
    pub fn id(&self) -> Option<&str> {
        self.saved.project_id.as_deref()
    }

    /// Whether it has a hook.
    pub fn has(&self, hook: HookName) -> bool {
        self.interface.command(hook).is_some()
    }

    /// A call of one of its hooks, to be fitted and made; `sdk_hook_not_found` where it has none.
    pub fn hook(&self, session: &Session, hook: HookName) -> Result<HookCall, Failure> {
        let command = self.interface.command(hook).ok_or_else(|| self.lacks(hook))?;
        let called = (hook, command, self.interface.protocol());
        Ok(HookCall::new(session, &self.root, &self.dotenv, &self.told, called))
    }

    fn lacks(&self, hook: HookName) -> Failure {
        let file = self.root.join(place::FILE);
        let failure = Failure::new(Code::SdkHookNotFound, format!("the command for `{hook}` was not found"));
        let failure = match self.interface.hooks.get(hook.as_str()) {
            Some(_) => failure.detail(format!("the project switches `{hook}` off: its command is empty")),
            None if self.has(HookName::GetHooks) => {
                failure.detail(format!("neither {} nor the project's `get-hooks` has it", file.display()))
            }
            None => failure.detail(format!("{} does not have it, and has no `get-hooks` to ask", file.display())),
        };
        failure.remedy(format!("write a command for `{hook}` into the `hooks` of {}", file.display()))
    }
}

/// Asks a project's SDK for its hooks.
async fn ask(session: &Session, root: &Path, dotenv: &Dotenv, told: &Told, command: &str) -> Result<Source, Failure> {
    let called = (HookName::GetHooks, command, countersign_slack::hooks::ProtocolName::Default);
    let mut call = HookCall::new(session, root, dotenv, told, called).quietly();
    if let Some(host) = place::development_host(session) {
        call = call.argument("sdk-slack-dev-domain", &host).argument("sdk-unsafely-ignore-certificate-errors", &host);
    }
    let answer = call.answer().await?;
    overlay::offered(&answer.bytes, &*session.talk)
}
