//! A real ledger, a real receiver on loopback, and agents that end in between.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::Value;

use super::finding;
use crate::{
    ledger::{Entry, Ledger},
    notify::{Begin, Notifier, Settings},
    output::Metrics,
};

const PATIENCE: Duration = Duration::from_secs(60);

/// Takes posts, or answers with another status while it is told to.
struct Receiver {
    address: SocketAddr,
    status: Arc<AtomicU64>,
    taken: Arc<Mutex<Vec<Value>>>,
    asked: Arc<AtomicU64>,
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    fn start(status: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let status = Arc::new(AtomicU64::new(status));
        let (taken, asked) = (Arc::default(), Arc::default());
        let end = Arc::new(AtomicBool::new(false));
        let mut receiver = Self {
            address,
            status: Arc::clone(&status),
            taken: Arc::clone(&taken),
            asked: Arc::clone(&asked),
            end: Arc::clone(&end),
            thread: None,
        };
        receiver.thread = Some(thread::spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let stream = stream.unwrap();
                let mut reader = BufReader::new(&stream);
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ")
                    {
                        length = value.trim().parse().unwrap();
                    }
                    if line.trim().is_empty() {
                        break;
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                asked.fetch_add(1, Ordering::SeqCst);
                let status = status.load(Ordering::SeqCst);
                if (200..300).contains(&status) {
                    let body: Value = serde_json::from_slice(&body).unwrap();
                    taken.lock().unwrap().push(body);
                }
                let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
                (&stream).write_all(answer.as_bytes()).unwrap();
            }
        }));
        receiver
    }

    fn answers(&self, status: u64) {
        self.status.store(status, Ordering::SeqCst);
    }

    fn taken(&self) -> Vec<Value> {
        self.taken.lock().unwrap().clone()
    }

    fn settings(&self, directory: &Path, more: &str) -> Settings {
        let secret = directory.join("secret");
        std::fs::write(&secret, "a secret\n").unwrap();
        toml::from_str(&format!(
            "{more}[[webhook]]\nname = \"hook\"\nurl = \"http://{}/\"\nsecret_file = \"{}\"\n",
            self.address,
            secret.display()
        ))
        .unwrap()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.end.store(true, Ordering::SeqCst);
        drop(std::net::TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// An agent as far as it tells of findings.
struct Agent {
    ledger: Ledger,
    notifier: Notifier,
    metrics: Metrics,
}

fn now() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

impl Agent {
    fn start(store: &Path, settings: &Settings) -> Self {
        let mut ledger = Ledger::open(store, now()).unwrap();
        ledger.flush().unwrap();
        let metrics = Metrics::new("0");
        let begin = Begin {
            store: store.to_owned(),
            node: "weir.example/n1".to_owned(),
            seq: ledger.seq(),
            open: &ledger.open_findings().unwrap(),
        };
        let notifier = Notifier::start(settings, begin, metrics.notify()).unwrap();
        Self {
            ledger,
            notifier,
            metrics,
        }
    }

    /// Opens findings of these numbers.
    fn open(&mut self, numbers: std::ops::Range<u64>) {
        for number in numbers {
            let entry = Entry::FindingOpened(Box::new(finding(number)));
            let kept = self.ledger.offer(now(), &entry).unwrap();
            self.notifier.entry(kept, self.ledger.seq(), now(), &entry);
        }
        self.ledger.flush().unwrap();
        self.notifier.release();
    }

    fn metric(&self, name: &str) -> u64 {
        let text = self.metrics.text().unwrap();
        let line = format!("weir_notify_{name}{{sink=\"hook\",type=\"webhook\"}} ");
        let value = text.lines().find_map(|one| one.strip_prefix(&line));
        value
            .unwrap_or_else(|| panic!("no {line}in\n{text}"))
            .parse()
            .unwrap()
    }

    fn wait(&self, what: &str, is: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is(self) {
            assert!(
                Instant::now() < deadline,
                "{what}:\n{}",
                self.metrics.text().unwrap()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn products(taken: &[Value]) -> Vec<String> {
    taken
        .iter()
        .map(|one| one["finding"]["product"].as_str().unwrap().to_owned())
        .collect()
}

fn expected(numbers: std::ops::Range<u64>) -> Vec<String> {
    numbers.map(|number| format!("p{number}")).collect()
}

#[test]
fn what_waited_is_delivered_once_in_order_and_counted() {
    let store = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(503);
    let settings = receiver.settings(store.path(), "");
    let mut agent = Agent::start(store.path(), &settings);
    agent.open(0..20);
    agent.wait("an attempt fails", |agent| agent.metric("failed_total") > 0);
    assert_eq!(agent.metric("waiting"), 20);
    assert_eq!(agent.metric("delivered_total"), 0);
    assert_eq!(agent.metric("last_success_timestamp_seconds"), 0);
    receiver.answers(204);
    agent.wait("all is delivered", |agent| agent.metric("waiting") == 0);
    assert_eq!(agent.metric("delivered_total"), 20);
    assert_eq!(
        (agent.metric("dropped_total"), agent.metric("refused_total")),
        (0, 0)
    );
    assert!(agent.metric("last_success_timestamp_seconds") > 0);
    let taken = receiver.taken();
    assert_eq!(products(&taken), expected(0..20));
    let entries: Vec<u64> = taken
        .iter()
        .map(|one| one["entry"].as_u64().unwrap())
        .collect();
    assert_eq!(entries, (entries[0]..entries[0] + 20).collect::<Vec<_>>());
    // Each attempt is a failure or a delivery, and none is anything else.
    let asked = receiver.asked.load(Ordering::SeqCst);
    assert_eq!(asked, agent.metric("failed_total") + 20);
}

#[test]
fn the_next_agent_delivers_what_the_last_one_could_not() {
    let store = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(500);
    let settings = receiver.settings(store.path(), "");
    let mut agent = Agent::start(store.path(), &settings);
    agent.open(0..5);
    agent.wait("an attempt fails", |agent| agent.metric("failed_total") > 0);
    drop(agent);
    let mut agent = Agent::start(store.path(), &settings);
    assert_eq!(agent.metric("waiting"), 5);
    receiver.answers(200);
    agent.open(5..8);
    agent.wait("all is delivered", |agent| agent.metric("waiting") == 0);
    drop(agent);
    assert_eq!(products(&receiver.taken()), expected(0..8));
    let mut agent = Agent::start(store.path(), &settings);
    assert_eq!(agent.metric("waiting"), 0);
    agent.open(8..9);
    agent.wait("the last is delivered", |agent| {
        agent.metric("delivered_total") == 1
    });
    assert_eq!(products(&receiver.taken()), expected(0..9));
}

/// More than is kept in memory is read from the ledger again.
#[test]
fn a_long_queue_comes_from_the_ledger() {
    let store = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(503);
    let settings = receiver.settings(store.path(), "");
    let mut agent = Agent::start(store.path(), &settings);
    agent.open(0..1500);
    agent.wait("an attempt fails", |agent| agent.metric("failed_total") > 0);
    assert_eq!(agent.metric("waiting"), 1500);
    receiver.answers(200);
    agent.wait("all is delivered", |agent| agent.metric("waiting") == 0);
    assert_eq!(agent.metric("delivered_total"), 1500);
    assert_eq!(products(&receiver.taken()), expected(0..1500));
}

#[test]
fn what_has_no_room_is_left_out_from_the_oldest_and_counted() {
    let store = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(503);
    let settings = receiver.settings(store.path(), "most_waiting = 4\n");
    let mut agent = Agent::start(store.path(), &settings);
    agent.open(0..10);
    agent.wait("an attempt fails", |agent| agent.metric("failed_total") > 0);
    assert_eq!(agent.metric("dropped_total"), 6);
    drop(agent);
    let agent = Agent::start(store.path(), &settings);
    assert_eq!(agent.metric("waiting"), 4);
    receiver.answers(200);
    agent.wait("all is delivered", |agent| agent.metric("waiting") == 0);
    assert_eq!(products(&receiver.taken()), expected(6..10));
    assert_eq!(agent.metric("delivered_total"), 4);
    // What the first agent left out is not left out again.
    assert_eq!(agent.metric("dropped_total"), 0);
}

#[test]
fn what_is_refused_for_good_is_counted_and_not_tried_again() {
    let store = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(422);
    let settings = receiver.settings(store.path(), "");
    let mut agent = Agent::start(store.path(), &settings);
    agent.open(0..3);
    agent.wait("all is refused", |agent| agent.metric("refused_total") == 3);
    assert_eq!(receiver.asked.load(Ordering::SeqCst), 3);
    assert_eq!(agent.metric("failed_total"), 0);
    receiver.answers(200);
    agent.open(3..4);
    agent.wait("the next is delivered", |agent| {
        agent.metric("delivered_total") == 1
    });
    assert_eq!(products(&receiver.taken()), expected(3..4));
}

/// One that was never set up is not told what was before it was.
#[test]
fn a_new_way_out_is_told_what_happens_from_then_on() {
    let store = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(200);
    let settings = receiver.settings(store.path(), "");
    let mut agent = Agent::start(store.path(), &Settings::default());
    agent.open(0..3);
    drop(agent);
    let mut agent = Agent::start(store.path(), &settings);
    agent.open(3..5);
    agent.wait("all is delivered", |agent| {
        agent.metric("delivered_total") == 2
    });
    assert_eq!(products(&receiver.taken()), expected(3..5));
}
