//! A real browser, driven as a person uses one (W3C WebDriver, Chromium's chromedriver).

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    process::Stdio,
    time::Duration,
};

use fantoccini::{
    Client, ClientBuilder, Locator,
    elements::Element,
    error::CmdError,
    wd::{Capabilities, WebDriverCompatibleCommand},
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::app::WITHIN;

/// What Chromium is started with: no window, nothing that talks to the network by itself.
const ARGUMENTS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
];

/// What kind of browser a person has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// A window of 1440 × 900 with a mouse.
    Desktop,
    /// A screen of 390 × 844 that is touched.
    Phone,
    /// The desktop's, with JavaScript off.
    NoScript,
}

/// One browser with a profile of its own. It ends, with every process of it, when it is dropped.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    // Fields are dropped in this order: nothing writes to the profile any more when it is deleted.
    _driver: Driver,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts a browser.
    pub async fn start(device: Device) -> Self {
        let driver = Driver::start().await;
        let profile = tempfile::Builder::new().prefix("cs-browser-").tempdir().expect("a temporary directory");
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities(device, profile.path()));
        let address = format!("http://127.0.0.1:{}", driver.port);
        let session = timeout(WITHIN, builder.connect(&address)).await.expect("the browser starts in time");
        let client =
            session.unwrap_or_else(|error| panic!("Chromium could not be started ({error}): run `cargo xtask setup`"));
        Self { client, _driver: driver, _profile: profile }
    }

    /// Goes to an address.
    pub async fn open(&self, address: &str) {
        self.client.goto(address).await.expect("the page opens");
    }

    /// Waits for the first element that a CSS selector finds.
    pub async fn see(&self, selector: &str) -> Element {
        self.found(Locator::Css(selector), selector).await
    }

    /// Waits for an element that contains a text; `selector` is an XPath such as `//li`.
    pub async fn see_text(&self, selector: &str, text: &str) -> Element {
        assert!(!text.contains('"'), "XPath has no escapes");
        let path = format!("{selector}[contains(normalize-space(.), \"{text}\")]");
        self.found(Locator::XPath(&path), &path).await
    }

    /// Waits until a CSS selector finds nothing.
    pub async fn see_no(&self, selector: &str) {
        self.see(&format!("html:not(:has({selector}))")).await;
    }

    /// How many elements a CSS selector finds now.
    pub async fn count(&self, selector: &str) -> usize {
        let found = ask(async || self.client.find_all(Locator::Css(selector)).await).await;
        found.expect("the page can be searched").len()
    }

    /// All the text that can be seen now.
    pub async fn text(&self) -> String {
        ask(async || self.see("body").await.text().await).await.expect("the page has a text")
    }

    /// Waits for an element and presses it.
    pub async fn click(&self, selector: &str) {
        self.act(selector, async |element| element.click().await).await;
    }

    /// Waits for an element and types into it. Keys without a letter are those of [`Key`](fantoccini::key::Key).
    pub async fn type_into(&self, selector: &str, text: &str) {
        self.act(selector, async |element| element.send_keys(text).await).await;
    }

    /// Presses a key where the focus is.
    pub async fn press(&self, key: fantoccini::key::Key) {
        let focused = ask(async || self.client.active_element().await).await.expect("something has the focus");
        focused.send_keys(&char::from(key).to_string()).await.expect("a key can be pressed");
    }

    /// Runs a script in the page.
    pub async fn execute(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.expect("the script runs")
    }

    /// The address of the page.
    pub async fn address(&self) -> String {
        ask(async || self.client.current_url().await).await.expect("the page has an address").into()
    }

    /// Saves what can be seen as a picture.
    pub async fn save(&self, file: &Path) {
        let picture = self.client.screenshot().await.expect("a screenshot");
        let folder = file.parent().expect("a file is in a folder");
        std::fs::create_dir_all(folder).expect("the folder can be made");
        std::fs::write(file, picture).expect("the screenshot can be saved");
    }

    /// The errors and warnings that the console showed since this was asked last.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.client.issue_cmd(BrowserLog).await.expect("the browser has a log");
        let entries = entries.as_array().expect("the log is a list").iter();
        let bad = entries.filter(|entry| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")));
        bad.map(|entry| entry["message"].to_string()).collect()
    }

    async fn found(&self, locator: Locator<'_>, name: &str) -> Element {
        let wait = || self.client.wait().at_most(WITHIN).every(Duration::from_millis(20));
        match ask(async || wait().for_element(locator).await).await {
            Ok(element) => element,
            Err(error) => panic!("the page does not show {name} ({error}); it says:\n{}", self.text_now().await),
        }
    }

    async fn text_now(&self) -> String {
        match self.client.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(error) => error.to_string(),
        }
    }

    /// Uses an element; again, when the page replaced it between finding and using it.
    async fn act(&self, selector: &str, deed: impl AsyncFn(Element) -> Result<(), CmdError>) {
        let mut last = None;
        for _ in 0..5 {
            match deed(self.see(selector).await).await {
                Ok(()) => return,
                Err(error) => last = Some(error),
            }
        }
        panic!("{selector} cannot be used: {last:?}");
    }
}

/// How often the driver is asked the same while the page goes elsewhere.
const QUESTIONS: usize = 20;

/// Asks the driver; and again when the page went elsewhere meanwhile, which chromedriver answers with an error.
async fn ask<T>(question: impl AsyncFn() -> Result<T, CmdError>) -> Result<T, CmdError> {
    for _ in 1..QUESTIONS {
        match question().await {
            Err(error) if error.to_string().contains("aborted by navigation") => {}
            answer => return answer,
        }
    }
    question().await
}

fn capabilities(device: Device, profile: &Path) -> Capabilities {
    let mut arguments = ARGUMENTS.map(str::to_owned).to_vec();
    arguments.push(format!("--user-data-dir={}", profile.display()));
    arguments.push("--window-size=1440,900".to_owned());
    if device == Device::NoScript {
        arguments.push("--blink-settings=scriptEnabled=false".to_owned());
    }
    let mut options = json!({ "args": arguments });
    if device == Device::Phone {
        let screen = json!({ "width": 390, "height": 844, "pixelRatio": 2.0, "touch": true });
        options["mobileEmulation"] = json!({ "deviceMetrics": screen });
    }
    let all = json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } });
    all.as_object().cloned().expect("capabilities are an object")
}

/// How often chromedriver is started before giving up.
const STARTS: usize = 5;

/// chromedriver on a free port.
#[derive(Debug)]
struct Driver {
    child: Child,
    port: u16,
    // Kept open: a program whose stdout is closed may end.
    _stdout: Lines<BufReader<ChildStdout>>,
}

impl Driver {
    /// Starts it. Asked for any port it takes one that is free for IPv4 and leaves when the same one is not for IPv6: then it is
    /// started again.
    async fn start() -> Self {
        for _ in 0..STARTS {
            if let Some(driver) = Self::try_start().await {
                return driver;
            }
        }
        panic!("chromedriver ended before it listened, {STARTS} times")
    }

    async fn try_start() -> Option<Self> {
        let child = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let mut child = match child {
            Ok(child) => child,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                panic!("chromedriver is missing: run `cargo xtask setup`")
            }
            Err(error) => panic!("chromedriver could not be started: {error}"),
        };
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe")).lines();
        let port = timeout(WITHIN, port_of(&mut stdout)).await.expect("chromedriver starts in time")?;
        Some(Self { child, port, _stdout: stdout })
    }

    /// Lets chromedriver end its browsers and itself: killed, it would leave them behind.
    fn shut_down(&self) -> std::io::Result<()> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "GET /shutdown HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Whatever does not end when asked is killed; that it has ended already is no failure.
        let _ = self.shut_down();
        let _ = self.child.start_kill();
    }
}

/// The port in `ChromeDriver was started successfully on port 40123.`; `None` when it ended without one.
async fn port_of(stdout: &mut Lines<BufReader<ChildStdout>>) -> Option<u16> {
    while let Some(line) = stdout.next_line().await.expect("chromedriver's stdout is text") {
        let port = line.split_once("successfully on port ").map(|(_, port)| port.trim_end_matches('.'));
        if let Some(port) = port {
            return Some(port.parse().expect("a port is a number"));
        }
    }
    None
}

/// chromedriver's command for the console (Selenium's log endpoint).
#[derive(Debug)]
struct BrowserLog;

impl WebDriverCompatibleCommand for BrowserLog {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}
