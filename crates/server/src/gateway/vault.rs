//! Sealing secrets.
//!
//! One key file seals what the gateway keeps for others: values of connections' variables, tokens of plugins. A sealed text
//! belongs to one [`Place`], which is authenticated with it: moved to another connection or under another name it does not
//! open. Nodes that share a database share the file.

use std::{
    fmt, fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use countersign_approval::{RequestKey, from_hex, to_hex};
use countersign_gateway::Place;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};
use secrecy::{
    ExposeSecret as _, SecretBox, SecretString,
    zeroize::{Zeroize as _, Zeroizing},
};

/// Length of the key, and so of its file, in bytes.
const KEY_BYTES: usize = 32;

/// The first byte of every sealed text: how it was sealed.
const VERSION: u8 = 1;

/// Says apart what the one key is used for.
const SEAL_DOMAIN: &[u8] = b"countersign/vault/seal/v1";

/// Seals and opens secrets with the server's key file.
pub struct Vault {
    /// For sealing: derived, so that the file's key itself only ever keys HMAC.
    seal: LessSafeKey,
    mac: hmac::Key,
    random: SystemRandom,
}

/// The key of the hashes of one request's environment. It is told to the agent that runs the request, to nobody else.
pub struct EnvKey(SecretBox<[u8; KEY_BYTES]>);

/// Why a secret cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Sealed with another key, or changed.
    #[error("a secret cannot be opened: it was sealed with another key file, or changed since")]
    Sealed,
    /// The file could not be read or written.
    #[error("could not {doing} the key file {path}")]
    File {
        /// `read` or `write`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// Others can read the key.
    #[error("the key file {path} has mode {mode:03o}, so others can read it: `chmod 600` it")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file holds no key.
    #[error("{0} is not a key file: it holds exactly 32 random bytes; move it away to have a new one made")]
    Malformed(PathBuf),
    /// The system gave no randomness.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

impl Vault {
    /// The vault of a key file, which is made when it is not there.
    pub fn load_or_create(path: &Path) -> Result<Self, VaultError> {
        match fs::File::open(path) {
            Ok(file) => Self::load(file, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(path)?;
                // Somebody else may have made it in the same moment: what is there now is the key.
                let file = fs::File::open(path).map_err(|source| unreadable(path, source))?;
                Self::load(file, path)
            }
            Err(source) => Err(unreadable(path, source)),
        }
    }

    /// Looks at the file that was opened, not at what its name may lead to a moment later.
    fn load(file: fs::File, path: &Path) -> Result<Self, VaultError> {
        let metadata = file.metadata().map_err(|source| unreadable(path, source))?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(VaultError::Exposed { path: path.to_owned(), mode });
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_BYTES + 1));
        let limit = KEY_BYTES as u64 + 1;
        file.take(limit).read_to_end(&mut bytes).map_err(|source| unreadable(path, source))?;
        let key: &[u8; KEY_BYTES] = bytes.as_slice().try_into().map_err(|_| VaultError::Malformed(path.to_owned()))?;
        Self::with_key(key)
    }

    /// The vault of a key.
    pub fn with_key(key: &[u8; KEY_BYTES]) -> Result<Self, VaultError> {
        let mac = hmac::Key::new(hmac::HMAC_SHA256, key);
        let derived = hmac::sign(&mac, SEAL_DOMAIN);
        let seal = UnboundKey::new(&AES_256_GCM, derived.as_ref()).map_err(|_| VaultError::NoRandomness)?;
        Ok(Self { seal: LessSafeKey::new(seal), mac, random: SystemRandom::new() })
    }

    /// Seals a secret for its place: hex of version, nonce, ciphertext and tag.
    pub fn seal(&self, place: Place<'_>, secret: &SecretString) -> Result<String, VaultError> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| VaultError::NoRandomness)?;
        let mut data = Zeroizing::new(secret.expose_secret().as_bytes().to_vec());
        let tag = self
            .seal
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), associated(place), &mut data)
            .map_err(|_| VaultError::Sealed)?;
        Ok(to_hex(&[&[VERSION], nonce.as_slice(), data.as_slice(), tag.as_ref()].concat()))
    }

    /// Opens what was sealed for this place.
    pub fn open(&self, place: Place<'_>, sealed: &str) -> Result<SecretString, VaultError> {
        let bytes = from_hex(sealed).ok_or(VaultError::Sealed)?;
        let (version, rest) = bytes.split_first().ok_or(VaultError::Sealed)?;
        let (nonce, data) = rest.split_first_chunk::<NONCE_LEN>().ok_or(VaultError::Sealed)?;
        if *version != VERSION {
            return Err(VaultError::Sealed);
        }
        let mut data = Zeroizing::new(data.to_vec());
        let plain = self
            .seal
            .open_in_place(Nonce::assume_unique_for_key(*nonce), associated(place), &mut data)
            .map_err(|_| VaultError::Sealed)?;
        let text = std::str::from_utf8(plain).map_err(|_| VaultError::Sealed)?;
        Ok(SecretString::from(text.to_owned()))
    }

    /// The key of the hashes of one request's environment.
    pub fn env_key(&self, request: &RequestKey) -> EnvKey {
        let mut context = hmac::Context::with_key(&self.mac);
        context.update(b"env");
        context.update(request.as_bytes());
        let mut key = [0; KEY_BYTES];
        for (to, from) in key.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        let boxed = SecretBox::new(Box::new(key));
        key.zeroize();
        EnvKey(boxed)
    }
}

impl EnvKey {
    /// Hex, as the agent gets it.
    pub fn to_hex(&self) -> SecretString {
        SecretString::from(to_hex(self.0.expose_secret()))
    }

    /// The keyed hash of a variable's value, hex: what stands in the request's subject.
    pub fn hash(&self, name: &str, value: &SecretString) -> String {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, self.0.expose_secret()));
        context.update(name.as_bytes());
        context.update(&[0]);
        context.update(value.expose_secret().as_bytes());
        to_hex(context.sign().as_ref())
    }
}

/// Each part after its length, so that no two places read the same.
fn associated(place: Place<'_>) -> Aad<Vec<u8>> {
    let parts = match place {
        Place::Variable { connection, name } => ["variable", connection.as_str(), name],
        Place::Plugin { plugin, key } => ["plugin", plugin, key],
    };
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    Aad::from(bytes)
}

impl fmt::Debug for Vault {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(…)")
    }
}

impl fmt::Debug for EnvKey {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnvKey(…)")
    }
}

fn unreadable(path: &Path, source: io::Error) -> VaultError {
    VaultError::File { doing: "read", path: path.to_owned(), source }
}

/// Writes a new key beside its place and links it there: a crash leaves no half of a key, and of two processes that do this
/// at once one wins and both see the same.
fn create(path: &Path) -> Result<(), VaultError> {
    let random = SystemRandom::new();
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    random.fill(key.as_mut_slice()).map_err(|_| VaultError::NoRandomness)?;
    let mut suffix = [0; 8];
    random.fill(&mut suffix).map_err(|_| VaultError::NoRandomness)?;
    let beside = path.with_extension(format!("new-{}", to_hex(&suffix)));
    let written = write_new(&beside, key.as_slice()).and_then(|()| match fs::hard_link(&beside, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    // What is left of a failed write is rubbish; the error that counts is the write's.
    let _ = fs::remove_file(&beside);
    written.map_err(|source| VaultError::File { doing: "write", path: path.to_owned(), source })
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use countersign_gateway::ConnectionName;

    use super::*;

    fn vault(byte: u8) -> Vault {
        Vault::with_key(&[byte; KEY_BYTES]).unwrap()
    }

    fn name(text: &str) -> ConnectionName {
        text.parse().unwrap()
    }

    fn secret() -> SecretString {
        SecretString::from("hunter2 漢".to_owned())
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let (one, other) = (name("bash"), name("bash2"));
        let place = Place::Variable { connection: &one, name: "PASSWORD" };
        let vault = vault(1);
        let sealed = vault.seal(place, &secret()).unwrap();
        assert_eq!(vault.open(place, &sealed).unwrap().expose_secret(), "hunter2 漢");
        let elsewhere = [
            Place::Variable { connection: &other, name: "PASSWORD" },
            Place::Variable { connection: &one, name: "PASSWORD2" },
            Place::Plugin { plugin: "bash", key: "PASSWORD" },
        ];
        for place in elsewhere {
            assert!(matches!(vault.open(place, &sealed), Err(VaultError::Sealed)), "{place:?}");
        }
    }

    #[test]
    fn another_key_or_any_changed_byte_does_not_open() {
        let place = Place::Plugin { plugin: "slack", key: "SLACK_BOT_TOKEN" };
        let sealed = vault(1).seal(place, &secret()).unwrap();
        assert!(vault(2).open(place, &sealed).is_err());
        let bytes = from_hex(&sealed).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(vault(1).open(place, &to_hex(&changed)).is_err(), "byte {at}");
            assert!(vault(1).open(place, &to_hex(&bytes[..at])).is_err(), "cut at {at}");
        }
        for rubbish in ["", "01", "zz", "é", "0"] {
            assert!(vault(1).open(place, rubbish).is_err());
        }
    }

    #[test]
    fn the_same_secret_never_looks_the_same() {
        let place = Place::Plugin { plugin: "slack", key: "K" };
        assert_ne!(vault(1).seal(place, &secret()).unwrap(), vault(1).seal(place, &secret()).unwrap());
    }

    #[test]
    fn the_key_file_is_made_once_and_only_its_owner_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.key");
        let place = Place::Plugin { plugin: "slack", key: "K" };
        let sealed = Vault::load_or_create(&path).unwrap().seal(place, &secret()).unwrap();
        assert_eq!(Vault::load_or_create(&path).unwrap().open(place, &sealed).unwrap().expose_secret(), "hunter2 漢");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&path).unwrap().len(), 32);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn processes_that_start_at_once_have_one_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.key");
        let place = Place::Plugin { plugin: "slack", key: "K" };
        let vaults: Vec<Vault> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| Vault::load_or_create(&path).unwrap())).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        let sealed = vaults[0].seal(place, &secret()).unwrap();
        for vault in &vaults {
            assert!(vault.open(place, &sealed).is_ok());
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.key");
        for mode in [0o640, 0o604, 0o620, 0o644] {
            fs::write(&path, [7; 32]).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = Vault::load_or_create(&path).unwrap_err();
            assert!(matches!(error, VaultError::Exposed { .. }), "{error}");
        }
    }

    #[test]
    fn a_file_of_another_length_is_named_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.key");
        for length in [0, 31, 33, 100_000] {
            fs::write(&path, vec![7; length]).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            assert!(matches!(Vault::load_or_create(&path), Err(VaultError::Malformed(_))), "{length}");
            assert_eq!(fs::read(&path).unwrap().len(), length);
        }
    }

    #[test]
    fn hashes_of_values_differ_by_request_name_and_value() {
        let vault = vault(1);
        let first: RequestKey = "000102030405060708090a0b0c0d0e0f".parse().unwrap();
        let second: RequestKey = "100102030405060708090a0b0c0d0e0f".parse().unwrap();
        let key = vault.env_key(&first);
        let hash = key.hash("A", &secret());
        assert_eq!(hash, vault.env_key(&first).hash("A", &secret()));
        assert_ne!(hash, vault.env_key(&second).hash("A", &secret()));
        assert_ne!(hash, key.hash("B", &secret()));
        assert_ne!(key.hash("A", &"Bc".into()), key.hash("AB", &"c".into()));
        assert_eq!(hash.len(), 64);
    }

    #[test]
    fn debug_shows_no_key() {
        let vault = vault(0xab);
        let key = vault.env_key(&"000102030405060708090a0b0c0d0e0f".parse().unwrap());
        assert_eq!(format!("{vault:?} {key:?}"), "Vault(…) EnvKey(…)");
    }
}
