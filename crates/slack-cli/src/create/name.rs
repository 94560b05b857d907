//! What a project is called.

use std::{fmt, str::FromStr};

/// How long a name may be: Slack's apps have 35 characters, and a local one needs eight for " (local)".
const MAX: usize = 27;

/// A project's name: of its directory, its package and its app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectName(String);

/// Why a text is no name of a project.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is empty, or longer than an app's name may be.
    #[error("a project's name has 1 to {MAX} characters")]
    Length,
    /// It does not begin with a letter.
    #[error("a project's name begins with a letter")]
    First,
    /// It has a character that a directory or a package should not have in its name.
    #[error("a project's name consists of letters, digits, - and _; {0:?} is none of them")]
    Character(char),
}

impl FromStr for ProjectName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if let Some(other) = text.chars().find(|c| !is_fine(*c)) {
            return Err(NameError::Character(other));
        }
        if text.is_empty() || text.len() > MAX {
            return Err(NameError::Length);
        }
        if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::First)
        }
    }
}

impl ProjectName {
    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of its package: npm wants lower case.
    pub(super) fn package(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_good_for_a_directory_a_package_and_an_app() {
        for name in ["a", "my-app", "My_App2"] {
            assert_eq!(name.parse::<ProjectName>().unwrap().as_str(), name);
        }
        assert_eq!("My_App".parse::<ProjectName>().unwrap().package(), "my_app");
        for (text, error) in [
            ("", NameError::Length),
            ("a234567890123456789012345678", NameError::Length),
            ("2fast", NameError::First),
            ("-x", NameError::First),
            ("../up", NameError::Character('.')),
            ("a/b", NameError::Character('/')),
            ("a\"b", NameError::Character('"')),
            ("naïve", NameError::Character('ï')),
        ] {
            assert_eq!(text.parse::<ProjectName>(), Err(error), "{text:?}");
        }
    }
}
