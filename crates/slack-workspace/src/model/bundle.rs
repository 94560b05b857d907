//! What an app that Slack runs was packed as: a zip archive with its manifest and its functions.

use std::fmt::Write as _;
use std::io::{Cursor, Read as _};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;
use zip::result::ZipError;

/// Where the manifest is in it.
const MANIFEST: &str = "manifest.json";
/// The largest manifest that is read, unpacked.
const MAX_MANIFEST: u64 = 4 * 1024 * 1024;
/// How many names of files are remembered.
const MAX_NAMES: usize = 1000;
/// How much of a name is.
const MAX_NAME: usize = 200;

/// An archive that was sent: what there is to say of it, not the bytes, which nothing here runs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Bundle {
    pub(crate) bytes: u64,
    /// Lower-case hexadecimal digits.
    pub(crate) sha256: String,
    /// The names of its files, sorted.
    pub(crate) files: Vec<String>,
}

/// Why an archive is no app.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("the file is no zip archive")]
    NoArchive,
    #[error("the archive has no {MANIFEST} at its top")]
    NoManifest,
    #[error("the archive's {MANIFEST} cannot be unpacked")]
    Unreadable,
    #[error("the archive's {MANIFEST} is larger than {MAX_MANIFEST} bytes")]
    TooLarge,
    #[error("the archive's {MANIFEST} is no JSON object")]
    NoObject,
}

impl Bundle {
    /// Looks into an archive; long work for a large one.
    pub(crate) fn read(content: &[u8]) -> Result<Self, Unfit> {
        let mut archive = ZipArchive::new(Cursor::new(content)).map_err(|_| Unfit::NoArchive)?;
        check_manifest(&mut archive)?;
        let mut files: Vec<String> = archive
            .file_names_raw()
            .filter(|name| !name.ends_with(b"/"))
            .take(MAX_NAMES)
            .map(|name| String::from_utf8_lossy(name).chars().take(MAX_NAME).collect())
            .collect();
        files.sort();
        let sha256 = Sha256::digest(content).iter().fold(String::with_capacity(64), |mut digits, byte| {
            // Writing to a string cannot fail.
            let _ = write!(digits, "{byte:02x}");
            digits
        });
        Ok(Self { bytes: content.len() as u64, sha256, files })
    }
}

fn check_manifest(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<(), Unfit> {
    let manifest = archive.by_name(MANIFEST).map_err(|error| match error {
        ZipError::FileNotFound => Unfit::NoManifest,
        _ => Unfit::Unreadable,
    })?;
    // What an archive says of its sizes is not relied upon: a small one may unpack to any length.
    let mut text = Vec::new();
    manifest.take(MAX_MANIFEST + 1).read_to_end(&mut text).map_err(|_| Unfit::Unreadable)?;
    if text.len() as u64 > MAX_MANIFEST {
        return Err(Unfit::TooLarge);
    }
    let manifest: Option<Value> = serde_json::from_slice(&text).ok();
    manifest.filter(Value::is_object).map(drop).ok_or(Unfit::NoObject)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;
    use rstest::rstest;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            archive.start_file(*name, SimpleFileOptions::default()).unwrap();
            archive.write_all(content).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    #[test]
    fn an_archive_with_a_manifest_is_an_app() {
        let content = packed(&[("manifest.json", b"{}"), ("functions/greet.js", b"export")]);
        let bundle = Bundle::read(&content).unwrap();
        assert_eq!((bundle.bytes, bundle.sha256.len()), (content.len() as u64, 64));
        assert_eq!(bundle.files, ["functions/greet.js", "manifest.json"]);
    }

    #[rstest]
    #[case::nothing(Vec::new(), Unfit::NoArchive)]
    #[case::a_text(b"PK, he said".to_vec(), Unfit::NoArchive)]
    #[case::nothing_in_it(packed(&[]), Unfit::NoManifest)]
    #[case::other_files(packed(&[("functions/manifest.json", b"{}"), ("Manifest.json", b"{}")]), Unfit::NoManifest)]
    #[case::no_json(packed(&[("manifest.json", b"import { Manifest }")]), Unfit::NoObject)]
    #[case::no_object(packed(&[("manifest.json", b"[]")]), Unfit::NoObject)]
    #[case::depth(packed(&[("manifest.json", "[".repeat(100_000).as_bytes())]), Unfit::NoObject)]
    #[case::a_bomb(packed(&[("manifest.json", &vec![b' '; 5 * 1024 * 1024])]), Unfit::TooLarge)]
    fn anything_else_is_none(#[case] content: Vec<u8>, #[case] why: Unfit) {
        assert_eq!(Bundle::read(&content).unwrap_err(), why);
    }

    #[test]
    fn what_is_remembered_of_an_archive_is_bounded() {
        let names: Vec<String> = (0..1200).map(|number| format!("{number:04}{}", "x".repeat(1000))).collect();
        let mut files: Vec<(&str, &[u8])> = vec![("manifest.json", b"{}")];
        files.extend(names.iter().map(|name| (name.as_str(), &b""[..])));
        let bundle = Bundle::read(&packed(&files)).unwrap();
        assert_eq!(bundle.files.len(), MAX_NAMES);
        assert!(bundle.files.iter().all(|name| name.len() <= MAX_NAME));
    }

    proptest! {
        #[test]
        fn a_broken_archive_is_refused_or_read(
            at in 0..1000_usize,
            byte in any::<u8>(),
            length in 0..1000_usize,
        ) {
            let mut content = packed(&[("manifest.json", b"{\"a\": 1}"), ("functions/greet.js", b"export")]);
            let at = at % content.len();
            content[at] = byte;
            let _ = Bundle::read(&content);
            content.truncate(length);
            let _ = Bundle::read(&content);
        }
    }
}
