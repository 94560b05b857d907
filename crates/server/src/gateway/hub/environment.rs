//! A command's environment: as people approve it, and as the agent gets it.

use countersign_approval::{EnvValue, RequestKey};
use countersign_gateway::{
    Connection, Place, Secret, SecretSource,
    wire::control::{EnvEntry, EnvSource},
};
use secrecy::{ExposeSecret as _, SecretString};

use super::super::{state::Gateway, vault::VaultError};

/// Names and keyed hashes of the variables, for a request's subject. Of a reference, the reference itself.
pub(super) fn approved(
    gateway: &Gateway,
    connection: &Connection,
    request: &RequestKey,
) -> Result<Vec<EnvValue>, VaultError> {
    let key = gateway.vault().env_key(request);
    let value = |secret: &Secret| {
        let value_hash = match &secret.source {
            SecretSource::Sealed { sealed } => {
                key.hash(&secret.name, &open(gateway, connection, &secret.name, sealed)?)
            }
            SecretSource::Env { name } => format!("env:{name}"),
            SecretSource::File { path } => format!("file:{path}"),
        };
        Ok(EnvValue { name: secret.name.clone(), value_hash })
    };
    connection.env.iter().map(value).collect()
}

/// The variables with their values, for the agent; references stay references.
pub(super) fn for_agent(gateway: &Gateway, connection: &Connection) -> Result<Vec<EnvEntry>, VaultError> {
    let entry = |secret: &Secret| {
        let value = match &secret.source {
            SecretSource::Sealed { sealed } => {
                EnvSource::Plain(open(gateway, connection, &secret.name, sealed)?.expose_secret().to_owned())
            }
            SecretSource::Env { .. } | SecretSource::File { .. } => EnvSource::Reference(secret.clone()),
        };
        Ok(EnvEntry { name: secret.name.clone(), value })
    };
    connection.env.iter().map(entry).collect()
}

fn open(gateway: &Gateway, connection: &Connection, name: &str, sealed: &str) -> Result<SecretString, VaultError> {
    gateway.vault().open(Place::Variable { connection: &connection.name, name }, sealed)
}
