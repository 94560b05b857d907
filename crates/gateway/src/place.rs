//! Where a sealed secret belongs.

use crate::name::ConnectionName;

/// What a sealed secret belongs to. It is sealed together with this, so that it opens nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// A variable of a connection.
    Variable {
        /// The connection.
        connection: &'a ConnectionName,
        /// The variable's name.
        name: &'a str,
    },
    /// A key of a plugin's configuration.
    Plugin {
        /// The plugin's name.
        plugin: &'a str,
        /// The key.
        key: &'a str,
    },
}
