//! Requests and sessions as people see them.

use countersign_approval::{AskPolicy, Grant, RequestId, RequestState, Subject, Timestamp};
use serde::{Deserialize, Serialize};

use crate::session::{Session, SessionId};

/// A request in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestLine {
    /// Its id.
    pub id: RequestId,
    /// `command`, `access` or `local`.
    pub kind: String,
    /// The connection, or the machine of a guarded command.
    pub target: String,
    /// The command line, or for how long access is asked for; at most its first 200 characters.
    pub what: String,
    /// Who asks.
    pub requester: String,
    /// Why.
    pub reason: Option<String>,
    /// Where it stands, one word: `pending`, `approved` …
    pub state: String,
    /// Where its grant stands, one word, once it is approved.
    pub grant: Option<String>,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// From then on nobody can approve it.
    pub expires_at: Timestamp,
    /// What is still missing, for people.
    pub missing: Vec<String>,
    /// What the caller may do with it.
    pub may: MayDo,
}

/// A request with everything that is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestView {
    /// What a list shows of it.
    #[serde(flatten)]
    pub line: RequestLine,
    /// The digest of everything that decides what will happen.
    pub digest: String,
    /// Its short form, as on the message.
    pub short_digest: String,
    /// What was asked, without the input: that is [`RequestView::input`].
    pub subject: Subject,
    /// What goes to the command's standard input.
    pub input: Option<InputView>,
    /// Where it stands, with when and by whom.
    pub decision: RequestState,
    /// The grant, once it is approved.
    pub grant_detail: Option<Grant>,
    /// How people are asked: the policy as it was when asked.
    pub policy: AskPolicy,
    /// Votes, oldest first.
    pub votes: Vec<VoteView>,
    /// What is still missing.
    pub approvals: ApprovalsMissing,
    /// How many people could approve it now.
    pub eligible: Vec<String>,
    /// Sessions that came of it, newest first.
    pub sessions: Vec<SessionView>,
    /// The exit code of its command, once it ran.
    pub exit_code: Option<u8>,
    /// A page about it.
    pub url: String,
}

/// The input of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputView {
    /// All of it, in bytes.
    pub bytes: u64,
    /// SHA-256 of all of it, hex.
    pub sha256: String,
    /// Its beginning, where it is text.
    pub text: Option<String>,
    /// Whether `text` is all of it; else the whole is at `…/input`.
    pub whole: bool,
}

/// A vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteView {
    /// Whose, by e-mail address.
    pub person: String,
    /// What they are called.
    pub name: String,
    /// `approve` or `deny`.
    pub verdict: String,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// How far the approvals are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalsMissing {
    /// Each requirement.
    pub requirements: Vec<RequirementView>,
    /// Whether one requirement is enough, instead of all.
    pub any_of: bool,
    /// How many different people must have said yes.
    pub min_people: u32,
    /// How many have.
    pub people: u32,
}

/// One requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequirementView {
    /// A group, or a person's e-mail address.
    pub voters: String,
    /// How many of them.
    pub min: u32,
    /// Who said yes.
    pub approved_by: Vec<String>,
    /// How many are still missing.
    pub missing: u32,
}

/// What the caller may do with a request now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "four independent rights, each with its own button")]
pub struct MayDo {
    /// Say yes.
    pub approve: bool,
    /// Say no.
    pub deny: bool,
    /// Withdraw it: it is their own, and open.
    pub cancel: bool,
    /// Take the approval back.
    pub revoke: bool,
}

/// What a person says with a vote, a withdrawal or a revocation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// With an approval or denial: the digest that the person saw, whole or its short form. When it is not this request's, nothing is
    /// decided.
    #[serde(default)]
    pub digest: Option<String>,
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// The session.
    #[serde(flatten)]
    pub session: Session,
    /// One word and what belongs to it, for people: e.g. `exited 3`, `running`.
    pub status: String,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The exit code, once the command ended by itself.
    pub exit_code: Option<u8>,
    /// The path of its recording in this API, once there is one.
    pub recording_url: Option<String>,
}

impl SessionView {
    /// Its id.
    pub const fn id(&self) -> SessionId {
        self.session.id
    }
}
