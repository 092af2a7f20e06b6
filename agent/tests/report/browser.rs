//! A headless Chromium, told what to do over a pipe (Chrome DevTools protocol).

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// The browser takes its orders from descriptor 3 and answers on 4.
const START: &str = r#"exec chromium "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#;

const OPTIONS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--font-render-hinting=none",
    "--remote-debugging-pipe",
];

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    /// Width in CSS pixels.
    pub(crate) width: u32,
    /// `light` or `dark`.
    pub(crate) scheme: &'static str,
}

/// A browser with one page.
pub(crate) struct Browser {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    number: u64,
    session: Option<String>,
    /// Everything that the browser told of by itself.
    pub(crate) events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one, with a profile of its own.
    pub(crate) fn start() -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let mut child = Command::new("sh")
            .args(["-c", START, "chromium"])
            .args(OPTIONS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start a shell")?;
        let orders = child.stdin.take().context("no pipe")?;
        let answers = BufReader::new(child.stdout.take().context("no pipe")?);
        let mut browser = Self {
            child,
            orders,
            answers,
            number: 0,
            session: None,
            events: Vec::new(),
            _profile: profile,
        };
        let page = browser.order("Target.createTarget", &json!({ "url": "about:blank" }))?;
        let attached = browser.order(
            "Target.attachToTarget",
            &json!({ "targetId": page["targetId"], "flatten": true }),
        )?;
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Network", "Log", "Runtime"] {
            browser.order(&format!("{domain}.enable"), &json!({}))?;
        }
        Ok(browser)
    }

    /// Opens a file and waits until it is there.
    pub(crate) fn open(&mut self, file: &Path, view: View) -> Result<()> {
        self.visit(&format!("file://{}", file.display()), view)
    }

    /// Opens an address and waits until it is there.
    pub(crate) fn visit(&mut self, url: &str, view: View) -> Result<()> {
        let metrics =
            json!({ "width": view.width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.order("Emulation.setDeviceMetricsOverride", &metrics)?;
        let scheme = json!([{ "name": "prefers-color-scheme", "value": view.scheme }]);
        self.order("Emulation.setEmulatedMedia", &json!({ "features": scheme }))?;
        self.events.clear();
        self.order("Page.navigate", &json!({ "url": url }))?;
        while !self
            .events
            .iter()
            .any(|event| event["method"] == "Page.loadEventFired")
        {
            let event = self.read()?;
            self.events.push(event);
        }
        Ok(())
    }

    /// What an expression is in the page.
    pub(crate) fn ask(&mut self, expression: &str) -> Result<Value> {
        let asked =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.order("Runtime.evaluate", &asked)?;
        if !answer["exceptionDetails"].is_null() {
            bail!("{}", answer["exceptionDetails"]);
        }
        Ok(answer["result"]["value"].clone())
    }

    /// The whole page as PNG.
    pub(crate) fn picture(&mut self) -> Result<Vec<u8>> {
        let asked = json!({ "format": "png", "captureBeyondViewport": true });
        let answer = self.order("Page.captureScreenshot", &asked)?;
        decoded(&answer)
    }

    /// The page as it is printed on A4.
    pub(crate) fn paper(&mut self) -> Result<Vec<u8>> {
        let asked = json!({ "printBackground": true, "preferCSSPageSize": true });
        let answer = self.order("Page.printToPDF", &asked)?;
        decoded(&answer)
    }

    fn order(&mut self, method: &str, params: &Value) -> Result<Value> {
        self.number += 1;
        let mut order = json!({ "id": self.number, "method": method, "params": params });
        if let Some(session) = &self.session {
            order["sessionId"] = json!(session);
        }
        let mut bytes = order.to_string().into_bytes();
        bytes.push(0);
        self.orders.write_all(&bytes)?;
        loop {
            let answer = self.read()?;
            if answer["id"] == self.number {
                if !answer["error"].is_null() {
                    bail!("{method}: {}", answer["error"]);
                }
                return Ok(answer["result"].clone());
            }
            self.events.push(answer);
        }
    }

    fn read(&mut self) -> Result<Value> {
        let mut bytes = Vec::new();
        self.answers.read_until(0, &mut bytes)?;
        if bytes.pop() != Some(0) {
            bail!("chromium ended or did not start: install it with cargo xtask setup");
        }
        Ok(serde_json::from_slice(&bytes)?)
    }
}

fn decoded(answer: &Value) -> Result<Vec<u8>> {
    let data = answer["data"].as_str().context("no data")?;
    Ok(STANDARD.decode(data)?)
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
