//! A real Prometheus and a real Alertmanager on loopback, with the rules of `packaging/`.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::{
    agent::PATIENCE,
    stage::{Stage, fixtures},
    tool,
};

/// Debian's Alertmanager reads its templates at one place only, which is beside the program
/// where the package was unpacked. Nobody else sees the mount.
const WITH_TEMPLATES: &str = "set -e
    templates=${0%/bin/*}/share/prometheus/alertmanager
    if [ $templates != /usr/share/prometheus/alertmanager ]; then
        copy=$(mktemp -d)
        cp -r $templates $copy/
        mount -t tmpfs tmpfs /usr/share
        mkdir /usr/share/prometheus
        mv $copy/alertmanager /usr/share/prometheus/
        rmdir $copy
    fi
    exec $0 \"$@\"";

/// Scrapes one agent and fires its alerts. Both end when it is dropped.
#[derive(Debug)]
pub struct Monitoring {
    alertmanager: String,
    prometheus: String,
    children: Vec<Child>,
}

impl Monitoring {
    /// Starts both beside an agent that serves metrics at an address, and waits until they
    /// answer. The rules are those of `packaging/`, evaluated each second, and an alert is
    /// kept a second only.
    ///
    /// # Errors
    /// A program is missing or does not answer.
    pub fn start(stage: &Stage, agent: &str) -> Result<Self> {
        Self::start_at(stage, Some(agent), &free()?)
    }

    /// As [`Monitoring::start`], with Alertmanager at an address, and without Prometheus where
    /// there is no agent for it.
    ///
    /// # Errors
    /// As [`Monitoring::start`].
    pub fn start_at(stage: &Stage, agent: Option<&str>, alertmanager: &str) -> Result<Self> {
        let directory = stage.run.directory().join("monitoring");
        fs::create_dir_all(&directory).context("directory of Prometheus")?;
        let (alertmanager, prometheus) = (alertmanager.to_owned(), free()?);
        write(&directory, agent.unwrap_or_default(), &alertmanager)?;
        let unit = stage.unit("monitoring.service")?.keep();
        let at = |name: &str| directory.join(name).to_string_lossy().into_owned();
        let lines = [
            vec![
                "unshare".to_owned(),
                "--mount".to_owned(),
                "sh".to_owned(),
                "-c".to_owned(),
                WITH_TEMPLATES.to_owned(),
                program("prometheus-alertmanager")?,
                format!("--config.file={}", at("alertmanager.yml")),
                format!("--storage.path={}", at("alertmanager")),
                format!("--web.listen-address={alertmanager}"),
                "--cluster.listen-address=".to_owned(),
            ],
            vec![
                program("prometheus")?,
                format!("--config.file={}", at("prometheus.yml")),
                format!("--storage.tsdb.path={}", at("prometheus")),
                // What fires before Alertmanager is discovered is told again a minute later.
                "--rules.alert.resend-delay=1s".to_owned(),
                format!("--web.listen-address={prometheus}"),
            ],
        ];
        let mut started = Self {
            alertmanager,
            prometheus,
            children: Vec::new(),
        };
        let programs = if agent.is_some() { 2 } else { 1 };
        for (number, line) in lines.iter().take(programs).enumerate() {
            let log = fs::File::create(directory.join(format!("{number}.log")))?;
            let child = unit
                .command(None, line)?
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log)
                .spawn()
                .with_context(|| format!("start {}", line.join(" ")))?;
            started.children.push(child);
        }
        let addresses = [&started.alertmanager, &started.prometheus];
        for address in addresses.into_iter().take(programs) {
            let deadline = Instant::now() + PATIENCE;
            while http(address, "GET", "/-/ready", "").is_err() {
                ensure!(Instant::now() < deadline, "{address} is not ready");
                thread::sleep(Duration::from_millis(50));
            }
        }
        Ok(started)
    }

    /// Alerts of a name that Alertmanager has as firing, silenced ones among them.
    ///
    /// # Errors
    /// It does not answer.
    pub fn alerts(&self, name: &str) -> Result<Vec<Value>> {
        let path = format!("/api/v2/alerts?filter=alertname%3D%22{name}%22");
        let body = http(&self.alertmanager, "GET", &path, "")?;
        Ok(serde_json::from_str(&body)?)
    }

    /// Waits until the alerts of a name are as `wanted` says.
    ///
    /// # Errors
    /// They are not in time; the error has what they are.
    pub fn wait(&self, name: &str, wanted: impl Fn(&[Value]) -> bool) -> Result<Vec<Value>> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let alerts = self.alerts(name)?;
            if wanted(&alerts) {
                return Ok(alerts);
            }
            if Instant::now() > deadline {
                let rules = http(&self.prometheus, "GET", "/api/v1/alerts", "");
                let rules = rules.unwrap_or_else(|error| error.to_string());
                bail!("{name} is not as it should be: {alerts:#?}\nPrometheus: {rules}");
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits until the rules of Prometheus fire an alert of a name, and returns the first.
    ///
    /// # Errors
    /// They do not in time, or Prometheus does not answer.
    pub fn wait_for_rule(&self, name: &str) -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let body = http(&self.prometheus, "GET", "/api/v1/alerts", "")?;
            let answer: Value = serde_json::from_str(&body)?;
            let alerts = answer["data"]["alerts"].as_array();
            let mut alerts = alerts.into_iter().flatten();
            let fires =
                |one: &&Value| one["labels"]["alertname"] == name && one["state"] == "firing";
            if let Some(alert) = alerts.find(fires) {
                return Ok(alert.clone());
            }
            ensure!(Instant::now() < deadline, "{name} does not fire: {body}");
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// What Prometheus answers to an expression now.
    ///
    /// # Errors
    /// It does not take it.
    pub fn query(&self, expression: &str) -> Result<Vec<Value>> {
        let encoded: String = expression
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
                other => format!("%{other:02X}"),
            })
            .collect();
        let path = format!("/api/v1/query?query={encoded}");
        let body = http(&self.prometheus, "GET", &path, "")
            .with_context(|| format!("the expression {expression}"))?;
        let answer: Value = serde_json::from_str(&body)?;
        let series = answer["data"]["result"].as_array().cloned();
        series.with_context(|| format!("no vector: {answer}"))
    }

    /// Silences every alert of a name.
    ///
    /// # Errors
    /// Alertmanager does not take it.
    pub fn silence(&self, name: &str) -> Result<()> {
        let silence = serde_json::json!({
            "matchers": [{"name": "alertname", "value": name, "isRegex": false, "isEqual": true}],
            "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": "2099-01-01T00:00:00Z",
            "createdBy": "test",
            "comment": "test",
        });
        let path = "/api/v2/silences";
        http(&self.alertmanager, "POST", path, &silence.to_string()).map(drop)
    }
}

impl Drop for Monitoring {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn program(name: &str) -> Result<String> {
    Ok(tool::monitoring(name)?.to_string_lossy().into_owned())
}

/// An address on loopback that nobody listens at.
///
/// # Errors
/// The system has none.
pub fn free() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").context("a free port")?;
    Ok(listener.local_addr()?.to_string())
}

fn write(directory: &Path, agent: &str, alertmanager: &str) -> Result<()> {
    let rules = fixtures().join("../../packaging/prometheus/weir.rules.yml");
    let rules = fs::read_to_string(rules).context("the rules")?;
    let mut quick = String::new();
    for line in rules.lines() {
        let (indent, text) = line.split_at(line.len() - line.trim_start().len());
        let key = text.split_once(": ").map_or("", |(key, _)| key);
        match key {
            "interval" | "keep_firing_for" => quick.push_str(&format!("{indent}{key}: 1s\n")),
            _ => quick.push_str(&format!("{line}\n")),
        }
    }
    fs::write(directory.join("weir.rules.yml"), quick)?;
    let prometheus = format!(
        "global:\n  scrape_interval: 1s\n  evaluation_interval: 1s\n\
         rule_files: [weir.rules.yml]\n\
         scrape_configs:\n  - job_name: weir\n    static_configs: [{{targets: ['{agent}']}}]\n\
         alerting:\n  alertmanagers:\n    - static_configs: [{{targets: ['{alertmanager}']}}]\n"
    );
    fs::write(directory.join("prometheus.yml"), prometheus)?;
    let text = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n";
    Ok(fs::write(directory.join("alertmanager.yml"), text)?)
}

/// Asks over HTTP 1.0, which has no pieces to put together; the body of a success.
fn http(address: &str, method: &str, path: &str, body: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("ask {address}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).context("the answer")?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP answer")?;
    ensure!(
        head.split(' ').nth(1) == Some("200"),
        "{path}: {head}\n{body}"
    );
    Ok(body.to_owned())
}
