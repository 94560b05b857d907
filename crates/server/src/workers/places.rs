//! Where the outbox's messages go, and which messages follow from others.
//!
//! A gateway's request has more messages than the ones that approvers see: one to its requester when it was decided, one in each
//! message's thread when it ran. Their rows are added before the row they follow from is done, and each only once: a crash loses none, and
//! doubles none that Slack had answered.

use countersign_approval::{
    Destination, Request, RequestId, SlackIdentity, StoreError,
    port::{OutboxItem, Posted},
};

use crate::core::Core;

/// What a destination's text tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// A channel, or a person who approves: the request's own message.
    Own(&'a str),
    /// A message that was found to show the request.
    Copy,
    /// The requester, told what was decided.
    Requester(&'a str),
    /// The thread of a message, told when it ran.
    Thread {
        /// The message's channel.
        channel: &'a str,
        /// The message.
        ts: &'a str,
    },
}

impl<'a> Place<'a> {
    /// Reads a destination's text.
    pub(super) fn of(destination: &'a Destination) -> Self {
        let text = destination.as_str();
        match text.split_once(':') {
            Some(("copy", _)) => Self::Copy,
            Some(("requester", user)) => Self::Requester(user),
            Some(("thread", message)) => match message.split_once(':') {
                Some((channel, ts)) => Self::Thread { channel, ts },
                None => Self::Own(text),
            },
            _ => Self::Own(text),
        }
    }
}

/// Asks for the messages that follow from one that shows a request's end.
pub(super) async fn follow(core: &Core, item: &OutboxItem, after: &After, posted: &Posted) -> Result<(), StoreError> {
    if !matches!(Place::of(&item.destination), Place::Own(_)) {
        return Ok(());
    }
    if let Some(user) = &after.requester {
        add(core, item.request, format!("requester:{user}")).await?;
    }
    if after.ran {
        add(core, item.request, format!("thread:{}:{}", posted.channel, posted.ts)).await?;
    }
    Ok(())
}

async fn add(core: &Core, request: RequestId, destination: String) -> Result<(), StoreError> {
    let at = core.approvals().now();
    core.approvals().store().add_message(request, Destination::new(destination), at).await.map(drop)
}

/// Which messages follow from a request as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct After {
    /// The requester's Slack account, once there is something to tell.
    pub(super) requester: Option<String>,
    /// Whether something was done with the approval.
    pub(super) ran: bool,
}

/// The Slack account of a request's requester in our team, where it is known.
pub(super) async fn account_of(core: &Core, request: &Request) -> Result<Option<String>, StoreError> {
    let (Some(gateway), Some(person)) = (core.gateway(), request.requester.person()) else { return Ok(None) };
    let Some(installation) = core.installation_now() else { return Ok(None) };
    let account = gateway.store().account(person).await?;
    let identities = account.map(|account| account.identities).unwrap_or_default();
    let is_ours = |identity: &SlackIdentity| installation.identity(&identity.user) == *identity;
    Ok(identities.into_iter().find(is_ours).map(|identity| identity.user))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("C1", Place::Own("C1"))]
    #[case("U1", Place::Own("U1"))]
    #[case("copy:C1:1.1", Place::Copy)]
    #[case("requester:U1", Place::Requester("U1"))]
    #[case("thread:C1:1.2", Place::Thread { channel: "C1", ts: "1.2" })]
    fn a_destination_tells_its_place(#[case] text: &str, #[case] expected: Place<'_>) {
        assert_eq!(Place::of(&Destination::new(text)), expected);
    }
}
