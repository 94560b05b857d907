//! What the figures were measured on.

use std::fs;

use anyhow::Result;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Descriptors for everything else.
const FILES_OTHERWISE: u64 = 512;

/// The machine in one line.
pub(crate) fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let version = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let memory = field("/proc/meminfo", "MemTotal").and_then(|text| kib(&text)).unwrap_or_default() / 1024 / 1024;
    let model = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    format!("{cores} cores of {model}, {memory} GiB, Linux {}; load {}", version.trim(), load())
}

/// The load of the last minute: beside other work the figures are those of the queue for the processor.
fn load() -> String {
    let loads = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    loads.split_whitespace().next().unwrap_or("unknown").to_owned()
}

/// Raises the soft limit of open files to what is needed, as far as the hard limit allows.
pub(crate) fn allow_many_files(needed: usize) -> Result<()> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let wanted = FILES_OTHERWISE + needed as u64;
    if soft < wanted {
        setrlimit(Resource::RLIMIT_NOFILE, wanted.min(hard), hard)?;
    }
    Ok(())
}

/// A field of a file in /proc, e.g. `MemTotal:   123 kB`.
pub(crate) fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.split(':').next().is_some_and(|key| key.trim() == name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

/// The number of `123 kB`.
pub(crate) fn kib(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}
