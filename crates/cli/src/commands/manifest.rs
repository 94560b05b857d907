//! The manifest of Countersign's Slack app, and the link that creates the app from it.

use countersign_server::{GATEWAY_SCOPES, SCOPES, ScopeUse};
use countersign_slack::manifest::Manifest;

/// What Slack shows of the app.
const DESCRIPTION: &str = "Lets people approve what machines are about to do";

/// What the app is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A coding agent's approvals, in direct messages.
    Personal,
    /// A gateway, with `/countersign`.
    Gateway,
}

impl Purpose {
    const fn scopes(self) -> &'static [ScopeUse] {
        match self {
            Self::Personal => SCOPES,
            Self::Gateway => GATEWAY_SCOPES,
        }
    }
}

/// The link that opens Slack's "create an app" with the manifest filled in. Socket Mode, so that nothing has to be
/// reachable from outside.
pub(super) fn creation_link(name: &str, purpose: Purpose) -> anyhow::Result<String> {
    let scopes: Vec<&str> = purpose.scopes().iter().map(|wanted| wanted.scope).collect();
    let mut manifest = Manifest::socket_mode(name, &scopes);
    manifest.display_information.description = Some(DESCRIPTION.to_owned());
    if purpose == Purpose::Gateway {
        manifest = manifest.command("/countersign", "Shows what waits for approval, and links your account");
    }
    Ok(manifest.create_url()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_holds_the_whole_manifest() {
        let link = creation_link("Count & sign", Purpose::Personal).unwrap();
        assert!(link.starts_with("https://api.slack.com/apps?new_app=1&manifest_json="), "{link}");
        for part in ["chat%3Awrite", "files%3Awrite", "socket_mode_enabled%22%3Atrue", "Count+%26+sign"] {
            assert!(link.contains(part), "{part} is not in {link}");
        }
        assert!(!link.contains("slash_commands"), "nobody would answer it: {link}");
    }

    #[test]
    fn a_gateways_app_has_its_command_and_the_scope_for_it() {
        let link = creation_link("Countersign", Purpose::Gateway).unwrap();
        for part in ["%22%2Fcountersign%22", "%22commands%22", "channels%3Aread", "chat%3Awrite"] {
            assert!(link.contains(part), "{part} is not in {link}");
        }
    }
}
