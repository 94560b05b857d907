//! A large response between boundaries, in turn with the same bytes from a shell alone.

use std::time::Instant;

use anyhow::{Result, ensure};
use countersign_slack::hooks::ProtocolName;
use countersign_slack_cli::project::Project;
use serde_json::json;

use super::{calls::HOOK, directory::Directory, shell::Shell};
use crate::stats::Samples;

/// A hook that answers with a file.
const LINE: &str = "f() { B=${2#--boundary=}; printf %s \"$B\"; cat payload.json; printf '%s\\n' \"$B\"; }; f";

/// A part of the response. It has the digits of boundaries, so that these are not found too easily.
const RECORD: &str =
    r#"{"id":"3f0c9e6b7a51d284","text":"The deployment of build 4711 to production has finished.","ok":true},"#;

/// How fast responses came, in megabytes a second.
#[derive(Clone, Debug)]
pub(crate) struct Bulk {
    pub(crate) ours: Samples,
    pub(crate) shell: Samples,
}

/// Takes responses of this size.
pub(crate) async fn run(payloads: usize, mib: usize) -> Result<Bulk> {
    let protocol = ProtocolName::MessageBoundaries;
    let hooks = json!({"hooks": {(HOOK.as_str()): LINE}, "config": {"protocol-version": [protocol.as_str()]}});
    let directory = Directory::new(&hooks)?;
    let payload = payload(mib << 20);
    directory.write("payload.json", &payload)?;
    let session = directory.session();
    let project = Project::open(&session).await?;
    let shell = Shell::new(LINE, protocol, directory.path())?;
    let (mut ours, mut alone) = (Vec::new(), Vec::new());
    for _ in 0..payloads {
        let began = Instant::now();
        let answer = project.hook(&session, HOOK)?.answer().await?;
        ours.push(megabytes(payload.len())? / began.elapsed().as_secs_f64());
        ensure!(answer.bytes == payload.as_bytes(), "the response is not what the hook wrote");
        drop(answer);
        let (took, length) = shell.run().await?;
        ensure!(length > payload.len(), "the shell wrote {length} bytes");
        alone.push(megabytes(payload.len())? / took.as_secs_f64());
    }
    Ok(Bulk { ours: Samples::new(ours), shell: Samples::new(alone) })
}

/// A list of exactly this many bytes.
fn payload(length: usize) -> String {
    let mut text = String::with_capacity(length);
    text.push('[');
    while text.len() + RECORD.len() + "0]".len() <= length {
        text.push_str(RECORD);
    }
    text.push('0');
    text.extend(std::iter::repeat_n(' ', length.saturating_sub(text.len() + 1)));
    text.push(']');
    text
}

fn megabytes(bytes: usize) -> Result<f64> {
    Ok(f64::from(u32::try_from(bytes)?) / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_json_of_its_length() {
        for length in [3, 500, 4096] {
            let text = payload(length);
            assert_eq!(text.len(), length);
            serde_json::from_str::<serde_json::Value>(&text).unwrap();
        }
    }
}
