//! What `get-hooks` answers, and `hooks.json` holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::lenient;
use super::{HookName, ProtocolName};

/// The hooks of a project, and how they are to be used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Interface {
    /// What the app runs on, such as `rust`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// The commands by their hooks' names, the project's own hooks included. An empty command switches a hook off.
    #[serde(deserialize_with = "lenient::commands")]
    pub hooks: BTreeMap<String, String>,
    /// How they are to be used.
    pub config: Config,
}

/// How hooks are to be used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Config {
    /// The protocols that the hooks speak, best first.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "lenient::texts")]
    pub protocol_version: Vec<String>,
    /// The app holds the connection to Slack itself, not the CLI.
    #[serde(deserialize_with = "lenient::switch")]
    pub sdk_managed_connection_enabled: bool,
    /// Which files decide when to install or start again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
    /// Where triggers are defined.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trigger_paths: Vec<String>,
}

/// Which files decide when to install or start again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Watch {
    /// A change of these installs the app again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<WatchPaths>,
    /// A change of these starts the app again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<WatchPaths>,
    /// The older form of [`Self::manifest`]; it counts where that is missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// The older form's pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter_regex: Option<String>,
}

/// Files and directories, and which of the files in them count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct WatchPaths {
    /// Files and directories, below the project's root.
    pub paths: Vec<String>,
    /// A pattern for the names of the files; without one, all count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter_regex: Option<String>,
}

impl Interface {
    /// The command of a hook; one that is blank is none.
    pub fn command(&self, hook: HookName) -> Option<&str> {
        self.hooks.get(hook.as_str()).map(String::as_str).filter(|command| !command.trim().is_empty())
    }

    /// The protocol to call its hooks by.
    pub fn protocol(&self) -> ProtocolName {
        ProtocolName::negotiate(&self.config.protocol_version)
    }
}

impl Watch {
    /// What installs the app again, in the new form or the older one; `None` where nothing does.
    pub fn manifest_paths(&self) -> Option<WatchPaths> {
        let older = || WatchPaths { paths: self.paths.clone(), filter_regex: self.filter_regex.clone() };
        // An empty list in the new form switches watching off, whatever the older form says.
        Some(self.manifest.clone().unwrap_or_else(older)).filter(|watch| !watch.paths.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: Value) -> Interface {
        serde_json::from_value(value).unwrap()
    }

    /// The sample of the specification's "CLI-SDK JSON interface format".
    fn sample() -> Value {
        json!({
            "runtime": "deno",
            "hooks": {"get-hooks": "command to be invoked", "get-manifest": "...", "build": "...", "start": "...",
                "check-update": "...", "install-update": "...", "get-trigger": "...", "doctor": "...", "deploy": "..."},
            "config": {
                "protocol-version": ["message-boundaries"],
                "sdk-managed-connection-enabled": false,
                "watch": {
                    "manifest": {"paths": ["manifest.json"]},
                    "app": {"paths": ["app.js", "listeners/"], "filter-regex": "\\.(ts|js)$"},
                },
                "trigger-paths": ["triggers/"],
            },
        })
    }

    #[test]
    fn the_specifications_sample_is_read_and_written_back() {
        let interface = read(sample());
        assert_eq!(interface.protocol(), ProtocolName::MessageBoundaries);
        for hook in HookName::ALL {
            assert!(interface.command(hook).is_some(), "{hook}");
        }
        assert_eq!(serde_json::to_value(interface).unwrap(), sample());
    }

    #[test]
    fn the_samples_of_both_sdks_are_read() {
        let bolt = read(json!({
            "hooks": {"start": "deno run"},
            "config": {"watch": {"app": {"paths": ["app.js"]}}, "sdk-managed-connection-enabled": "true"},
        }));
        assert!(bolt.config.sdk_managed_connection_enabled);
        assert_eq!(bolt.config.watch.unwrap().manifest_paths(), None);
        let deno = read(
            json!({"runtime": "deno", "hooks": {}, "config": {"watch": {"filter-regex": "^manifest$", "paths": ["."]}}}),
        );
        let watch = deno.config.watch.unwrap();
        assert_eq!(watch.manifest_paths().unwrap().filter_regex.as_deref(), Some("^manifest$"));
        assert_eq!(watch.app, None);
    }

    #[test]
    fn the_new_form_of_watching_beats_the_older_one_even_when_empty() {
        let both = json!({"config": {"watch": {"manifest": {"paths": []}, "paths": ["."]}}});
        assert_eq!(read(both).config.watch.unwrap().manifest_paths(), None);
        let both = json!({"config": {"watch": {"manifest": {"paths": ["m"]}, "paths": ["."]}}});
        assert_eq!(read(both).config.watch.unwrap().manifest_paths().unwrap().paths, ["m"]);
    }

    #[test]
    fn a_blank_command_switches_a_hook_off_and_own_hooks_are_kept() {
        let interface =
            read(json!({"hooks": {"start": "  ", "build": null, "doctor": "", "deploy": " x ", "custom-hook": "c"}}));
        for hook in [HookName::Start, HookName::Build, HookName::Doctor, HookName::GetTrigger] {
            assert_eq!(interface.command(hook), None, "{hook}");
        }
        assert_eq!(interface.command(HookName::Deploy), Some(" x "));
        assert_eq!(interface.hooks["custom-hook"], "c");
    }

    #[test]
    fn nothing_is_an_interface_without_hooks() {
        assert_eq!(read(json!({})), Interface::default());
        assert!(serde_json::from_value::<Interface>(json!({"hooks": {"start": 1}})).is_err());
        assert!(
            serde_json::from_value::<Interface>(json!({"config": {"sdk-managed-connection-enabled": "yes"}})).is_err()
        );
    }
}
