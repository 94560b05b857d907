//! What is wrong with a configuration, in words that help.

use std::path::PathBuf;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The named file is not there.
    #[error("there is no configuration file {0}")]
    Missing(PathBuf),
    /// A key that does not exist.
    #[error("unknown key `{key}` in {origin}{}", nearest.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    UnknownKey {
        /// The key, dotted.
        key: String,
        /// The file or variable it stands in.
        origin: String,
        /// The nearest key that exists.
        nearest: Option<String>,
    },
    /// A value that does not fit, or a file that is not TOML.
    #[error("{origin}: {message}")]
    Invalid {
        /// The file or variable.
        origin: String,
        /// What is wrong, with the key.
        message: String,
    },
    /// A secret given twice.
    #[error("`{key}` and `{key}_file` are both set: keep one")]
    Twice {
        /// The key.
        key: &'static str,
    },
    /// A secret's file that cannot be read.
    #[error("could not read {path}, named by `{key}_file`")]
    SecretFile {
        /// The key.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// A secret's file that holds nothing.
    #[error("{path}, named by `{key}_file`, is empty")]
    EmptySecret {
        /// The key.
        key: &'static str,
        /// The file.
        path: PathBuf,
    },
}
