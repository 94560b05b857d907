//! The scenarios, which are the rows of the table.

use anyhow::Result;

use crate::stage::Stage;
use crate::{apps, calls, connections, installed, interactions};

/// What is played with every SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    AuthTest,
    Pagination,
    Mention,
    Button,
    Modal,
    SlashCommand,
    Ephemeral,
    FileUpload,
    RateLimit,
    Streaming,
    RefreshRequested,
    TwoConnections,
    SignedHttp,
    OAuthInstall,
    AssistantThread,
    Scheduled,
}

impl Scenario {
    /// In the order they are played: what moves the clock comes last.
    pub(crate) const ALL: [Self; 16] = [
        Self::AuthTest,
        Self::Pagination,
        Self::Mention,
        Self::Button,
        Self::Modal,
        Self::SlashCommand,
        Self::Ephemeral,
        Self::FileUpload,
        Self::RateLimit,
        Self::Streaming,
        Self::RefreshRequested,
        Self::TwoConnections,
        Self::SignedHttp,
        Self::OAuthInstall,
        Self::AssistantThread,
        Self::Scheduled,
    ];

    /// As the table names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AuthTest => "auth.test",
            Self::Pagination => "pagination",
            Self::Mention => "mention → reply",
            Self::Button => "button → update",
            Self::Modal => "modal: errors, update, push",
            Self::SlashCommand => "slash + respond",
            Self::Ephemeral => "ephemeral",
            Self::FileUpload => "file upload v2",
            Self::RateLimit => "429 + Retry-After",
            Self::Streaming => "streaming",
            Self::RefreshRequested => "refresh_requested",
            Self::TwoConnections => "two connections",
            Self::SignedHttp => "signed HTTP",
            Self::OAuthInstall => "OAuth install",
            Self::AssistantThread => "assistant thread",
            Self::Scheduled => "scheduled message",
        }
    }

    /// Plays it; an error says what the SDK or the workspace did wrong.
    pub(crate) async fn play(self, stage: &Stage) -> Result<()> {
        match self {
            Self::AuthTest => calls::auth_test(stage).await,
            Self::Pagination => calls::pagination(stage).await,
            Self::Mention => interactions::mention(stage).await,
            Self::Button => interactions::button(stage).await,
            Self::Modal => interactions::modal(stage).await,
            Self::SlashCommand => interactions::slash_command(stage).await,
            Self::Ephemeral => calls::ephemeral(stage).await,
            Self::FileUpload => calls::file_upload(stage).await,
            Self::RateLimit => calls::rate_limit(stage).await,
            Self::Streaming => calls::streaming(stage).await,
            Self::RefreshRequested => connections::refresh_requested(stage).await,
            Self::TwoConnections => connections::two_connections(stage).await,
            Self::SignedHttp => apps::signed_http(stage).await,
            Self::OAuthInstall => installed::oauth_install(stage).await,
            Self::AssistantThread => interactions::assistant_thread(stage).await,
            Self::Scheduled => calls::scheduled(stage).await,
        }
    }
}
