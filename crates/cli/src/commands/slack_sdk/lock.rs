//! `Cargo.lock`: which versions are used.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use toml::{Table, Value};

/// Where a package comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A registry, where newer versions may be.
    Registry,
    /// A directory or a repository, which is as new as it is.
    Elsewhere,
}

/// One package of the lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Locked {
    pub(super) version: String,
    pub(super) origin: Origin,
}

/// The packages of the lock file; where it cannot be read, none.
///
/// Of a package in several versions it has the greatest, by which an app's own dependency is nearly always meant.
pub(super) fn read(root: &Path) -> BTreeMap<String, Locked> {
    let file = root.ancestors().map(|directory| directory.join("Cargo.lock")).find(|file| file.is_file());
    let text = file.and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
    let table: Table = toml::from_str(&text).unwrap_or_default();
    let packages = table.get("package").and_then(Value::as_array).into_iter().flatten();
    let mut locked: BTreeMap<String, Locked> = BTreeMap::new();
    for (name, package) in packages.filter_map(package) {
        let is_older = locked.get(&name).is_some_and(|known| numbers(&known.version) >= numbers(&package.version));
        if !is_older {
            locked.insert(name, package);
        }
    }
    locked
}

fn package(package: &Value) -> Option<(String, Locked)> {
    let text = |key| package.get(key).and_then(Value::as_str);
    let is_registry =
        text("source").is_some_and(|source| source.starts_with("registry+") || source.starts_with("sparse+"));
    let origin = if is_registry { Origin::Registry } else { Origin::Elsewhere };
    Some((text("name")?.to_owned(), Locked { version: text("version")?.to_owned(), origin }))
}

/// The numbers of a version, for comparison.
pub(super) fn numbers(version: &str) -> Vec<u64> {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    core.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

/// Whether a newer version may need the app to be changed: the first number that is not zero is another (semver.org).
pub(super) fn is_breaking(current: &str, latest: &str) -> bool {
    let (current, latest) = (numbers(current), numbers(latest));
    let first = current.iter().position(|number| *number != 0).unwrap_or(2).min(2);
    current.iter().take(first + 1).ne(latest.iter().take(first + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_that_is_not_zero_decides() {
        for (current, latest, breaking) in [
            ("1.2.3", "1.9.0", false),
            ("1.2.3", "2.0.0", true),
            ("0.2.3", "0.2.9", false),
            ("0.2.3", "0.3.0", true),
            ("0.0.3", "0.0.4", true),
            ("0.0.3", "0.0.3", false),
            ("1.0.0-rc.1", "1.0.0", false),
        ] {
            assert_eq!(is_breaking(current, latest), breaking, "{current} {latest}");
        }
    }

    #[test]
    fn a_lock_file_is_found_above_and_the_greatest_version_counts() {
        let directory = tempfile::tempdir().unwrap();
        let lock = "version = 4\n[[package]]\nname = 'a'\nversion = '1.10.0'\nsource = 'registry+https://x'\n[[package]]\nname = 'a'\nversion = '1.9.0'\nsource = 'registry+https://x'\n[[package]]\nname = 'b'\nversion = '0.1.0'\n";
        fs::write(directory.path().join("Cargo.lock"), lock).unwrap();
        let inside = directory.path().join("app");
        fs::create_dir(&inside).unwrap();
        let locked = read(&inside);
        assert_eq!(locked["a"], Locked { version: "1.10.0".to_owned(), origin: Origin::Registry });
        assert_eq!(locked["b"].origin, Origin::Elsewhere);
    }
}
