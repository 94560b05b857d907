//! The manifest of Countersign's Slack app, and the link that creates the app from it.

use countersign_server::SCOPES;
use countersign_slack::manifest::Manifest;

/// What Slack shows of the app.
const DESCRIPTION: &str = "Lets people approve what machines are about to do";

/// The link that opens Slack's "create an app" with the manifest filled in. Socket Mode, so that nothing has to be
/// reachable from outside.
pub(super) fn creation_link(name: &str) -> anyhow::Result<String> {
    let scopes: Vec<&str> = SCOPES.iter().map(|wanted| wanted.scope).collect();
    let mut manifest = Manifest::socket_mode(name, &scopes);
    manifest.display_information.description = Some(DESCRIPTION.to_owned());
    Ok(manifest.create_url()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_holds_the_whole_manifest() {
        let link = creation_link("Count & sign").unwrap();
        assert!(link.starts_with("https://api.slack.com/apps?new_app=1&manifest_json="), "{link}");
        for part in ["chat%3Awrite", "files%3Awrite", "socket_mode_enabled%22%3Atrue", "Count+%26+sign"] {
            assert!(link.contains(part), "{part} is not in {link}");
        }
    }
}
