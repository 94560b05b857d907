//! The names of the hooks.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One hook of the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookName {
    /// Which hooks there are, and how they are to be used.
    GetHooks,
    /// The app's manifest.
    GetManifest,
    /// A bundle of the app, in a directory.
    Build,
    /// Runs the app, or one event through it.
    Start,
    /// Whether there are newer versions of what the app is built on.
    CheckUpdate,
    /// Takes the newer versions.
    InstallUpdate,
    /// One trigger's definition.
    GetTrigger,
    /// Whether the system has what the app needs.
    Doctor,
    /// Brings the app to where it runs.
    Deploy,
}

/// A text that names no hook.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "there is no hook {name:?}; there are: get-hooks, get-manifest, build, start, check-update, install-update, get-trigger, doctor, deploy"
)]
pub struct UnknownHook {
    name: String,
}

impl HookName {
    /// Every hook, in the order of the specification.
    pub const ALL: [Self; 9] = [
        Self::GetHooks,
        Self::GetManifest,
        Self::Build,
        Self::Start,
        Self::CheckUpdate,
        Self::InstallUpdate,
        Self::GetTrigger,
        Self::Doctor,
        Self::Deploy,
    ];

    /// The name as it stands in `hooks.json`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GetHooks => "get-hooks",
            Self::GetManifest => "get-manifest",
            Self::Build => "build",
            Self::Start => "start",
            Self::CheckUpdate => "check-update",
            Self::InstallUpdate => "install-update",
            Self::GetTrigger => "get-trigger",
            Self::Doctor => "doctor",
            Self::Deploy => "deploy",
        }
    }

    /// Whether it is always called by the default protocol, whatever was negotiated.
    ///
    /// `get-hooks` is called before anything is negotiated; `deploy` is a script that flags would confuse.
    pub const fn is_always_default(self) -> bool {
        matches!(self, Self::GetHooks | Self::Deploy)
    }
}

impl fmt::Display for HookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for HookName {
    type Err = UnknownHook;

    fn from_str(text: &str) -> Result<Self, UnknownHook> {
        let named = Self::ALL.into_iter().find(|hook| hook.as_str() == text);
        named.ok_or_else(|| UnknownHook { name: text.chars().take(64).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_as_it_is_written() {
        for hook in HookName::ALL {
            assert_eq!(hook.to_string().parse(), Ok(hook));
            assert_eq!(serde_json::to_value(hook).unwrap(), hook.as_str());
        }
    }

    #[test]
    fn another_name_is_told_what_there_is() {
        let error = "Get-Hooks".parse::<HookName>().unwrap_err().to_string();
        assert!(error.contains("\"Get-Hooks\"") && error.contains("get-hooks, get-manifest"), "{error}");
    }

    #[test]
    fn discovery_and_deployment_never_get_flags_of_a_protocol() {
        let always: Vec<_> = HookName::ALL.into_iter().filter(|hook| hook.is_always_default()).collect();
        assert_eq!(always, [HookName::GetHooks, HookName::Deploy]);
    }
}
