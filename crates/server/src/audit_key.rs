//! The key that signs the head of the audit chain.

use std::{
    fmt, fs, io,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use countersign_approval::{from_hex, to_hex};
use ring::{
    rand::SystemRandom,
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};

/// An Ed25519 key pair, kept in a file that only its owner can read.
pub struct AuditKey(Ed25519KeyPair);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum AuditKeyError {
    /// The file could not be read or written.
    #[error("could not {doing} the audit key {path}")]
    File {
        /// `read` or `write`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The file holds no key.
    #[error("{0} is not an Ed25519 key (PKCS#8): move it away to have a new one made")]
    Malformed(PathBuf),
    /// The system gave no randomness.
    #[error("the operating system gave no random bytes for an audit key")]
    NoRandomness,
}

impl AuditKey {
    /// The key of the file, which is made when it is not there.
    pub fn load_or_create(path: &Path) -> Result<Self, AuditKeyError> {
        match fs::read(path) {
            Ok(bytes) => Self::parse(&bytes, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::create(path),
            Err(source) => Err(AuditKeyError::File { doing: "read", path: path.to_owned(), source }),
        }
    }

    fn parse(bytes: &[u8], path: &Path) -> Result<Self, AuditKeyError> {
        Ed25519KeyPair::from_pkcs8(bytes).map(Self).map_err(|_| AuditKeyError::Malformed(path.to_owned()))
    }

    fn create(path: &Path) -> Result<Self, AuditKeyError> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| AuditKeyError::NoRandomness)?;
        write_new(path, pkcs8.as_ref()).map_err(|source| AuditKeyError::File {
            doing: "write",
            path: path.to_owned(),
            source,
        })?;
        Self::parse(pkcs8.as_ref(), path)
    }

    /// The public half, hex.
    pub fn public(&self) -> String {
        to_hex(self.0.public_key().as_ref())
    }

    /// A signature, hex.
    pub fn sign(&self, message: &[u8]) -> String {
        to_hex(self.0.sign(message).as_ref())
    }
}

/// Whether `signature` over `message` was made by the key with this public half; both hex.
pub fn signature_holds(public: &str, message: &[u8], signature: &str) -> bool {
    let (Some(public), Some(signature)) = (from_hex(public), from_hex(signature)) else { return false };
    UnparsedPublicKey::new(&ED25519, public).verify(message, &signature).is_ok()
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuditKey").field(&self.public()).finish()
    }
}

/// Written beside and renamed, so that a crash never leaves half a key.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_same_file_is_the_same_key_and_only_its_owner_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.key");
        let first = AuditKey::load_or_create(&path).unwrap();
        let second = AuditKey::load_or_create(&path).unwrap();
        assert_eq!(first.public(), second.public());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_signature_holds_for_its_message_and_key_only() {
        let dir = tempfile::tempdir().unwrap();
        let key = AuditKey::load_or_create(&dir.path().join("a")).unwrap();
        let other = AuditKey::load_or_create(&dir.path().join("b")).unwrap();
        let signature = key.sign(b"head");
        assert!(signature_holds(&key.public(), b"head", &signature));
        assert!(!signature_holds(&key.public(), b"other", &signature));
        assert!(!signature_holds(&other.public(), b"head", &signature));
        assert!(!signature_holds("xyz", b"head", &signature));
        assert!(!signature_holds(&key.public(), b"head", "é"));
    }

    #[test]
    fn a_broken_file_is_named_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.key");
        fs::write(&path, b"rubbish").unwrap();
        assert!(matches!(AuditKey::load_or_create(&path), Err(AuditKeyError::Malformed(_))));
        assert_eq!(fs::read(&path).unwrap(), b"rubbish");
    }
}
