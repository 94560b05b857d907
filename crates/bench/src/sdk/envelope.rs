//! Envelopes as Slack sends them, each with ids of its own.

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Somebody mentioned the app.
    Mention,
    /// Somebody pressed a button of the app's message.
    Button,
}

impl Kind {
    /// As tables call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mention => "mention",
            Self::Button => "button",
        }
    }

    fn template(self) -> &'static str {
        match self {
            Self::Mention => MENTION,
            Self::Button => BUTTON,
        }
    }
}

/// Stands for the envelope's number.
const NUMBER: char = '#';

/// How many digits a number has.
const DIGITS: usize = 12;

/// What stands before the number in an envelope's id.
const ID: &str = "5e1f0c0d-0000-4000-8000-";

const MENTION: &str = r#"{"envelope_id":"5e1f0c0d-0000-4000-8000-#","payload":{"token":"bench-verification-token","team_id":"T0BENCH0001","context_team_id":"T0BENCH0001","context_enterprise_id":null,"api_app_id":"A0BENCH0001","event":{"type":"app_mention","user":"U0BENCHUSR1","text":"<@U0BENCHAPP1> what is the state of deployment #?","ts":"1795172333.000200","client_msg_id":"6b1f0c0d-0000-4000-8000-#","team":"T0BENCH0001","channel":"C0BENCH0001","event_ts":"1795172333.000200"},"type":"event_callback","event_id":"Ev#","event_time":1795172333,"authorizations":[{"enterprise_id":null,"team_id":"T0BENCH0001","user_id":"U0BENCHAPP1","is_bot":true,"is_enterprise_install":false}],"is_ext_shared_channel":false,"event_context":"4-#"},"type":"events_api","accepts_response_payload":false,"retry_attempt":0,"retry_reason":""}"#;

const BUTTON: &str = r#"{"envelope_id":"5e1f0c0d-0000-4000-8000-#","payload":{"type":"block_actions","user":{"id":"U0BENCHUSR1","username":"alice","name":"alice","team_id":"T0BENCH0001"},"api_app_id":"A0BENCH0001","token":"bench-verification-token","container":{"type":"message","message_ts":"1795172333.000001","channel_id":"C0BENCH0001","is_ephemeral":false},"trigger_id":"1.2.#","team":{"id":"T0BENCH0001","domain":"bench"},"enterprise":null,"is_enterprise_install":false,"channel":{"id":"C0BENCH0001","name":"general"},"message":{"type":"message","user":"U0BENCHAPP1","ts":"1795172333.000001","bot_id":"B0BENCH0001","app_id":"A0BENCH0001","text":"May I?","team":"T0BENCH0001","blocks":[{"type":"section","block_id":"what","text":{"type":"plain_text","text":"May I?","emoji":true}},{"type":"actions","block_id":"answer","elements":[{"type":"button","action_id":"approve","value":"r1","style":"primary","text":{"type":"plain_text","text":"Approve","emoji":true}}]}]},"state":{"values":{}},"response_url":"http://127.0.0.1:9/actions/T0BENCH0001/#/bench","actions":[{"action_id":"approve","block_id":"answer","value":"r1","style":"primary","type":"button","text":{"type":"plain_text","text":"Approve","emoji":true},"action_ts":"1795172333.000200"}]},"type":"interactive","accepts_response_payload":false}"#;

/// Makes envelopes of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Envelopes(Vec<&'static str>);

impl Envelopes {
    /// Of a kind.
    pub(crate) fn of(kind: Kind) -> Self {
        Self(kind.template().split(NUMBER).collect())
    }

    /// The envelope with this number.
    pub(crate) fn number(&self, number: usize) -> String {
        self.0.join(&format!("{number:0DIGITS$}"))
    }
}

/// The number of the envelope that a frame acknowledges.
pub(crate) fn acknowledged(frame: &str) -> Option<usize> {
    let digits = frame.get(frame.find(ID)? + ID.len()..)?.get(..DIGITS)?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn envelopes_are_json_of_the_documented_size() {
        for (kind, bytes) in [(Kind::Mention, 800..950), (Kind::Button, 1250..1500)] {
            let envelope = Envelopes::of(kind).number(42);
            assert!(bytes.contains(&envelope.len()), "{kind:?}: {}", envelope.len());
            let envelope: Value = serde_json::from_str(&envelope).unwrap();
            let ack = serde_json::json!({"envelope_id": envelope["envelope_id"], "payload": {}});
            assert_eq!(acknowledged(&ack.to_string()), Some(42));
        }
        assert_eq!(acknowledged("{}"), None);
    }
}
