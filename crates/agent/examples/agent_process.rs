//! An agent as a process of its own, and the supervisors of the tests' agents.
//!
//! `agent_process SERVER TOKEN STATE_DIR` runs an agent until it is killed; `agent_process agent supervise` is a supervisor.

use std::process::ExitCode;

use countersign_agent::{Agent, AgentConfig, AgentLimits, NodeUrl, Plaintext, SupervisorProgram, supervise_if_asked};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    if let Some(code) = supervise_if_asked() {
        return code;
    }
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [server, token, state_dir] = args.as_slice() else { return ExitCode::from(2) };
    let Ok(server) = NodeUrl::parse(server, Plaintext::LoopbackOnly) else { return ExitCode::from(2) };
    let config = AgentConfig {
        server,
        plaintext: Plaintext::LoopbackOnly,
        token: SecretString::from(token.as_str()),
        name: None,
        version: "0".to_owned(),
        state_dir: state_dir.into(),
        ca_file: None,
        cgroup: None,
        supervisor: SupervisorProgram::this_program(),
        surroundings: std::env::vars_os().collect(),
        limits: AgentLimits::default(),
    };
    let Ok(runtime) = tokio::runtime::Runtime::new() else { return ExitCode::FAILURE };
    match runtime.block_on(Agent::run(config, CancellationToken::new())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(125),
    }
}
