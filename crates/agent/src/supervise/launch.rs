//! Starts the command, in a session of its own.

use std::{
    fs::File,
    io::{self, Write as _},
    os::{fd::OwnedFd, unix::process::CommandExt as _},
    path::Path,
    process::Command,
};

use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, signal, sigprocmask};
use rustix::process::{Pid, Resource, Rlimit, getpid, getppid, getrlimit, ioctl_tiocsctty, setrlimit, setsid};

use super::protocol::{Job, Stdio};

/// Starts a job with its descriptors.
pub(super) fn launch(job: &Job, fds: Vec<OwnedFd>) -> Result<Pid, String> {
    let (program, args) = job.argv.split_first().ok_or("there is no command")?;
    let mut command = Command::new(program);
    command.args(args).env_clear().envs(job.env.iter().map(|(name, value)| (name, value)));
    command.current_dir(if job.dir.is_dir() { job.dir.as_path() } else { Path::new("/") });
    give(&mut command, job.stdio, fds)?;
    let cgroup = job.cgroup.as_deref().map(|dir| File::options().write(true).open(dir.join("cgroup.procs")));
    let cgroup = cgroup.transpose().map_err(|error| format!("the session's cgroup cannot be used: {error}"))?;
    prepare(&mut command, job, cgroup);
    let child = command.spawn().map_err(|error| format!("{program:?} could not be started: {error}"))?;
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or_else(|| "a process without an id".to_owned())
}

fn give(command: &mut Command, stdio: Stdio, fds: Vec<OwnedFd>) -> Result<(), String> {
    let mut fds = fds.into_iter();
    let mut next = || fds.next().ok_or("descriptors are missing");
    let input = next()?;
    let (stdout, stderr) = match stdio {
        Stdio::Pipes => (next()?, next()?),
        Stdio::Terminal => {
            let copy = || input.try_clone().map_err(|_| "a descriptor cannot be copied");
            (copy()?, copy()?)
        }
    };
    command.stdin(input).stdout(stdout).stderr(stderr);
    Ok(())
}

/// What the child does between fork and exec.
#[expect(unsafe_code, reason = "the standard library has no other way to begin a session and to take a terminal")]
fn prepare(command: &mut Command, job: &Job, cgroup: Option<File>) {
    let (supervisor, stdio) = (getpid(), job.stdio);
    let open_files = job.open_files.map(|soft| Rlimit { current: Some(soft), ..getrlimit(Resource::Nofile) });
    let in_child = move || {
        if let Some(mut procs) = cgroup.as_ref() {
            procs.write_all(b"0")?;
        }
        setsid()?;
        if stdio == Stdio::Terminal {
            ioctl_tiocsctty(rustix::stdio::stdin())?;
        }
        if let Some(limit) = open_files {
            setrlimit(Resource::Nofile, limit)?;
        }
        die_with(supervisor)?;
        // SAFETY: setting a signal's default is async-signal-safe, and no handler is replaced that anybody relies on.
        for number in Signal::iterator().filter(|number| !matches!(number, Signal::SIGKILL | Signal::SIGSTOP)) {
            unsafe { signal(number, SigHandler::SigDfl)? };
        }
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)?;
        Ok(())
    };
    // SAFETY: the closure runs in a forked copy of a process with one thread. It makes system calls only, and allocates nothing.
    unsafe { command.pre_exec(in_child) };
}

/// Second belt: the command is killed when its supervisor is.
#[cfg(target_os = "linux")]
fn die_with(supervisor: Pid) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // It may have died before that call.
    if getppid() == Some(supervisor) { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
}

#[cfg(not(target_os = "linux"))]
fn die_with(supervisor: Pid) -> io::Result<()> {
    if getppid() == Some(supervisor) { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
}
