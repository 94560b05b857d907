//! How the parts of the state that are no plain JSON are written into a file and read back.
//!
//! Secrets are written in the clear: the file is the workspace, and as private as its tokens.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Something shared.
pub(crate) mod arc {
    use std::sync::Arc;

    use super::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<T: Serialize, S: Serializer>(value: &Arc<T>, to: S) -> Result<S::Ok, S::Error> {
        T::serialize(value, to)
    }

    pub(crate) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Arc<T>, D::Error> {
        T::deserialize(from).map(Arc::new)
    }
}

/// Many that are shared.
pub(crate) mod arcs {
    use std::sync::Arc;

    use super::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<T: Serialize, S: Serializer>(values: &[Arc<T>], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(values.iter().map(Arc::as_ref))
    }

    pub(crate) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<Arc<T>>, D::Error> {
        Ok(Vec::<T>::deserialize(from)?.into_iter().map(Arc::new).collect())
    }
}

/// A map whose keys are no texts, as a list of pairs.
pub(crate) mod pairs {
    use super::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<'a, M, K, V, S>(map: &'a M, to: S) -> Result<S::Ok, S::Error>
    where
        &'a M: IntoIterator<Item = (&'a K, &'a V)>,
        K: Serialize + 'a,
        V: Serialize + 'a,
        S: Serializer,
    {
        to.collect_seq(map)
    }

    pub(crate) fn deserialize<'de, M, K, V, D>(from: D) -> Result<M, D::Error>
    where
        M: FromIterator<(K, V)>,
        K: Deserialize<'de>,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Vec::<(K, V)>::deserialize(from).map(M::from_iter)
    }
}

/// A secret.
pub(crate) mod secret {
    use super::{Deserialize, Deserializer, ExposeSecret, SecretString, Serializer};

    pub(crate) fn serialize<S: Serializer>(secret: &SecretString, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(secret.expose_secret())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
        String::deserialize(from).map(SecretString::from)
    }
}

/// A secret that may be missing.
pub(crate) mod maybe_secret {
    use super::{Deserialize, Deserializer, ExposeSecret, SecretString, Serialize as _, Serializer};

    #[expect(clippy::ref_option, reason = "serde hands over the field as it is")]
    pub(crate) fn serialize<S: Serializer>(secret: &Option<SecretString>, to: S) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(ExposeSecret::expose_secret).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.map(SecretString::from))
    }
}

/// A person's secrets.
pub(crate) mod secrets {
    use std::collections::BTreeMap;

    use super::{Deserialize, Deserializer, ExposeSecret, SecretString, Serializer};
    use crate::model::UserId;

    type Secrets = BTreeMap<UserId, SecretString>;

    pub(crate) fn serialize<S: Serializer>(secrets: &Secrets, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(secrets.iter().map(|(user, secret)| (user, secret.expose_secret())))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Secrets, D::Error> {
        let secrets = BTreeMap::<UserId, String>::deserialize(from)?;
        Ok(secrets.into_iter().map(|(user, secret)| (user, SecretString::from(secret))).collect())
    }
}

/// Tokens and what they allow.
pub(crate) mod grants {
    use std::collections::HashMap;
    use std::sync::Arc;

    use super::{Deserialize, Deserializer, SecretString, Serializer};
    use crate::model::{Grant, Token};

    type Grants = HashMap<Token, Arc<Grant>>;

    pub(crate) fn serialize<S: Serializer>(grants: &Grants, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(grants.iter().map(|(token, grant)| (token.expose(), &**grant)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Grants, D::Error> {
        let grants = HashMap::<String, Grant>::deserialize(from)?;
        let grant = |(token, grant)| (Token::from(&SecretString::from(token)), Arc::new(grant));
        Ok(grants.into_iter().map(grant).collect())
    }
}

/// Tokens.
pub(crate) mod tokens {
    use std::collections::HashSet;

    use super::{Deserialize, Deserializer, SecretString, Serializer};
    use crate::model::Token;

    pub(crate) fn serialize<S: Serializer>(tokens: &HashSet<Token>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(tokens.iter().map(Token::expose))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<HashSet<Token>, D::Error> {
        let tokens = Vec::<String>::deserialize(from)?;
        Ok(tokens.into_iter().map(|token| Token::from(&SecretString::from(token))).collect())
    }
}

/// The value of a header.
pub(crate) mod header {
    use http::HeaderValue;

    use super::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &HeaderValue, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(value.to_str().unwrap_or_default())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<HeaderValue, D::Error> {
        let text = String::deserialize(from)?;
        HeaderValue::from_str(&text).map_err(serde::de::Error::custom)
    }
}

/// The content of a file, in base64.
pub(crate) mod content {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use bytes::Bytes;

    use super::{Deserialize, Deserializer, Serialize as _, Serializer};

    #[expect(clippy::ref_option, reason = "serde hands over the field as it is")]
    pub(crate) fn serialize<S: Serializer>(content: &Option<Bytes>, to: S) -> Result<S::Ok, S::Error> {
        content.as_ref().map(|content| STANDARD.encode(content)).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Bytes>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        let content = text.map(|text| STANDARD.decode(text)).transpose().map_err(serde::de::Error::custom)?;
        Ok(content.map(Bytes::from))
    }
}
