//! `countersign demo`, as somebody who tries it.

use std::process::Stdio;

use countersign_testkit::{Browser, Device, WITHIN};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::{BINARY, assert_quiet, behavior, bounded, button, ids, picture};

/// A running demo.
struct Demo {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Demo {
    fn start() -> Self {
        let mut child = Command::new(BINARY)
            .arg("demo")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe")).lines();
        Self { child, stdout }
    }

    async fn line(&mut self) -> String {
        let line = timeout(WITHIN, self.stdout.next_line()).await.expect("a line in time");
        line.expect("stdout is text").expect("one more line")
    }

    /// Ctrl-C; the exit code.
    async fn interrupt(mut self) -> Option<i32> {
        let pid = i32::try_from(self.child.id().expect("the demo runs")).expect("a process id");
        kill(Pid::from_raw(pid), Signal::SIGINT).expect("the demo can be interrupted");
        let status = timeout(WITHIN, self.child.wait()).await.expect("the demo ends in time");
        status.expect("a status").code()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_in_the_demo_is_the_hooks_answer() {
    bounded(async {
        let mut demo = Demo::start();
        let address = demo.line().await;
        let browser = Browser::start(Device::Desktop).await;
        browser.open(&address).await;
        browser.see_text("//li[@data-testid='message']", "git push --force origin main").await;
        browser.save(&picture("demo-before")).await;
        browser.execute("window.isSamePage = true").await;

        browser.click(&button(ids::APPROVE)).await;
        browser.see_text("//li[@data-testid='message']", "Approved by alice").await;
        browser.see_no(&button(ids::APPROVE)).await;
        let same = browser.execute("return window.isSamePage").await;
        assert_eq!(same, Value::Bool(true), "the message changes without a reload");
        browser.save(&picture("demo-after")).await;

        let answer: Value = serde_json::from_str(&demo.line().await).expect("one JSON value");
        assert_eq!(behavior(&answer), Some("allow"));
        assert_quiet(&browser).await;
        assert_eq!(demo.interrupt().await, Some(0));
    })
    .await;
}
