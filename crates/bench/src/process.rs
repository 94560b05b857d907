//! What /proc tells about processes.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path, time::Duration};

use crate::machine::{field, kib};

/// The largest resident size that a process has had so far, in MiB.
///
/// Read from the living process: `ru_maxrss` of a child begins with the size of whoever started it, which here is
/// the size of the whole workspace.
pub(crate) fn peak_mib(pid: u32) -> Option<f64> {
    mib(pid, "VmHWM")
}

/// The resident size of a process, in MiB.
pub(crate) fn resident_mib(pid: u32) -> Option<f64> {
    mib(pid, "VmRSS")
}

/// The processor's time that a process has taken so far, with that of its threads that have ended.
pub(crate) fn processor_time(pid: u32) -> Option<Duration> {
    /// `USER_HZ`, which is what /proc counts in on every architecture.
    const TICKS_PER_S: u64 = 100;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may have spaces; `utime` and `stime` are the 12th and 13th words after it.
    let words: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok());
    Some(Duration::from_millis((ticks(11)? + ticks(12)?) * 1000 / TICKS_PER_S))
}

fn mib(pid: u32, name: &str) -> Option<f64> {
    let text = field(&format!("/proc/{pid}/status"), name)?;
    let kib = u32::try_from(kib(&text)?).ok()?;
    Some(f64::from(kib) / 1024.0)
}

/// The processes that hold a lock on a file.
pub(crate) fn lock_holders(path: &Path) -> usize {
    let Ok(about) = fs::metadata(path) else { return 0 };
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    let inode = format!(":{}", about.ino());
    // A line is `1: FLOCK  ADVISORY  WRITE 1234 fe:00:5678 0 EOF`; one that waits has `->` after its number.
    let holds = |line: &&str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.get(1) == Some(&"FLOCK") && words.get(5).is_some_and(|file| file.ends_with(&inode))
    };
    locks.lines().filter(holds).count()
}

/// The processes whose environment has exactly this variable.
pub(crate) fn with_variable(variable: &str) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let has = |pid: &u32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|entry| entry == variable.as_bytes())
    };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(has).collect()
}
