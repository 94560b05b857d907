//! Reading a project's file of hooks.

use std::fs;

use super::{overlay::Source, place::Place, relaxed};
use crate::{Code, Failure, Talk, failure};

/// The largest file that is read, in bytes.
const LIMIT: u64 = 4 << 20;
/// Of so many deviations each is told, of more only how many.
const TOLD: usize = 5;

/// Reads a project's file of hooks; what is tolerated in it is told.
pub(super) fn read(place: &Place, talk: &dyn Talk) -> Result<Source, Failure> {
    let path = &place.file;
    let size = fs::metadata(path).map_err(|error| failure::io("read", path, &error))?.len();
    if size > LIMIT {
        return Err(unusable(place).detail(format!("it is larger than {LIMIT} bytes")));
    }
    let bytes = fs::read(path).map_err(|error| unusable(place).detail(error.to_string()))?;
    let name = path.display().to_string();
    let relaxed = relaxed::read(&bytes);
    for deviation in relaxed.deviations.iter().take(TOLD) {
        talk.warn(&format!("{name}:{deviation}; other tools may refuse it"));
    }
    if relaxed.deviations.len() > TOLD {
        talk.warn(&format!("{name}: and {} more like these", relaxed.deviations.len() - TOLD));
    }
    Source::of(&name, &relaxed.bytes)
}

fn unusable(place: &Place) -> Failure {
    Failure::new(Code::SdkConfigLoad, format!("could not read the Slack hooks file {}", place.file.display()))
}
