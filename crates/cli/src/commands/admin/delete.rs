//! `countersign admin delete`.

use countersign_gateway::wire::api::Removed;

use super::Kind;
use crate::{output, remote::Api};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// What kind.
    kind: Kind,
    /// Which one.
    name: String,
    /// With a token: whose; your own when nothing is said.
    #[arg(long, value_name = "EMAIL", default_value = "me")]
    user: String,
}

impl Options {
    pub(super) async fn run(self, api: &Api) -> anyhow::Result<()> {
        let path: &[&str] = match self.kind {
            Kind::Token => &["users", &self.user, "tokens", &self.name],
            kind => &[kind.path(), &self.name],
        };
        let Removed { deleted } = api.delete(path).await?;
        output::say(&format!("{} {deleted:?} deleted", self.kind.word()));
        Ok(())
    }
}
