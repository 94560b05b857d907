//! Who is looking, and the names that ids have for them.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::model::ChannelKind;

/// A conversation that the reader may see, for menus.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: ChannelKind,
    pub(super) is_with_bot: bool,
}

impl Known {
    /// The name as menus show it.
    pub(super) fn shown(&self) -> String {
        match self.kind {
            ChannelKind::Public | ChannelKind::Private => format!("#{}", self.name),
            ChannelKind::Im | ChannelKind::Mpim => format!("@{}", self.name),
        }
    }
}

/// The person a page is drawn for. Owned, so that nothing is locked while a page is drawn.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    /// The person's user id.
    pub(super) id: String,
    /// Where this person's pages begin, such as `/u/alice`.
    pub(super) base: String,
    /// Display names by user id, apps' bots included.
    pub(super) users: BTreeMap<String, String>,
    /// Names without `#` by channel id, of the conversations this person may see.
    pub(super) channels: BTreeMap<String, String>,
    /// All of them, direct messages included.
    pub(super) conversations: Vec<Known>,
    /// Where the reader's clock hangs.
    pub(super) zone: TimeZone,
    /// The workspace's time in milliseconds since the epoch.
    pub(super) now_ms: i64,
}

impl Reader {
    /// A user's display name, or the id when nobody has it.
    pub(super) fn user<'a>(&'a self, id: &'a str) -> &'a str {
        self.users.get(id).map_or(id, String::as_str)
    }

    /// A page of this person's, `path` beginning with a slash.
    pub(super) fn page(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

#[cfg(test)]
impl Reader {
    /// Alice in UTC on 2026-11-20 10:00, with bob and two channels.
    pub(super) fn alice() -> Self {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect::<BTreeMap<_, _>>()
        };
        Self {
            id: "UALICE".to_owned(),
            base: "/u/alice".to_owned(),
            users: map(&[("UALICE", "alice"), ("UBOB", "bob"), ("UBOT", "Countersign")]),
            channels: map(&[("CGEN", "general"), ("CAPP", "approvals")]),
            conversations: vec![Known {
                id: "CGEN".to_owned(),
                name: "general".to_owned(),
                kind: ChannelKind::Public,
                is_with_bot: false,
            }],
            zone: TimeZone::UTC,
            now_ms: 1_795_168_800_000,
        }
    }
}
