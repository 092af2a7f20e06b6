//! Asked over real sockets, with a made-up moment.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc as std_mpsc,
    },
    time::Duration,
};

use tokio::{net::TcpListener, sync::mpsc};

use super::{Basis, ClaimsNow, Known, MOST_CONNECTIONS, serve};
use crate::{
    control::{Answer, Question, Request},
    now::sample,
};

const HOUR: Duration = Duration::from_secs(3600);

/// Serves in a thread; where, and how often it was looked.
fn served() -> (SocketAddr, Arc<AtomicUsize>) {
    let (ready, bound) = std_mpsc::channel();
    let looked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&looked);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            ready.send(listener.local_addr().unwrap()).unwrap();
            let (ask, mut asked) = mpsc::channel::<Request>(1);
            let claims = ClaimsNow::new(PathBuf::from("/nowhere"), PathBuf::from("/nowhere"));
            let basis = Basis {
                known: Arc::new(Known::keeping(HOUR, ask, Arc::new(claims))),
                hosts: vec!["node-7.example".to_owned()],
            };
            tokio::spawn(serve(listener, basis));
            while let Some(request) = asked.recv().await {
                let Question::Now(wanted) = request.question else {
                    panic!("the page asks for nothing else");
                };
                count.fetch_add(1, Ordering::SeqCst);
                let mut snapshot = sample::snapshot();
                snapshot.wanted = wanted;
                drop(request.reply.send(Answer::Now(Box::new(snapshot))));
            }
        });
    });
    (bound.recv().unwrap(), looked)
}

/// Status, headers in small letters, body.
fn ask(address: SocketAddr, request: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase(), body.to_owned())
}

fn get(address: SocketAddr, path: &str) -> (u16, String, String) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    ask(address, &request)
}

#[test]
fn every_view_is_there_and_says_how_it_may_be_used() {
    let (address, _) = served();
    for (path, has) in [
        ("/", "storage.overseas.example"),
        ("/findings", "weir ack "),
        ("/coverage", "99.49 %"),
        ("/claims", "being evaluated"),
        ("/style.css", "prefers-color-scheme"),
    ] {
        let (status, head, body) = get(address, path);
        assert_eq!(status, 200, "{path}");
        assert!(body.contains(has), "{path}: {body}");
        for header in [
            "content-security-policy: default-src 'none'; style-src 'self'; img-src data:; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "cache-control: no-store",
            "referrer-policy: no-referrer",
        ] {
            assert!(head.contains(header), "{path}: {head}");
        }
        assert!(!body.contains("<script"), "{path}");
        assert!(!body.contains("http-equiv=\"refresh\""), "{path}");
    }
    let (_, _, body) = get(address, "/?refresh=5");
    assert!(body.contains("<meta http-equiv=\"refresh\" content=\"5\">"));
}

#[test]
fn what_is_not_for_this_page_is_refused() {
    let (address, looked) = served();
    let with = |line: &str, host: &str| {
        let request = format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        ask(address, &request)
    };
    assert_eq!(with("GET /", "evil.example").0, 421);
    assert_eq!(with("POST /", "localhost").0, 405);
    assert_eq!(with("DELETE /claims", "localhost").0, 405);
    assert_eq!(with("GET /etc/passwd", "localhost").0, 404);
    assert_eq!(with("GET /?sort=x", "localhost").0, 400);
    assert_eq!(looked.load(Ordering::SeqCst), 0);
    for (line, host) in [("GET /", "node-7.example"), ("GET /", "localhost:1")] {
        assert_eq!(with(line, host).0, 200);
    }
    let (status, head, body) = with("HEAD /", "localhost");
    assert_eq!((status, body.as_str()), (200, ""));
    assert!(head.contains("content-length: "), "{head}");
    // What everybody is refused with has the headers, too.
    let (_, head, _) = with("GET /", "evil.example");
    assert!(head.contains("content-security-policy: default-src 'none'"));
}

/// What somebody asks for, and what workloads are called, is text and nothing else.
#[test]
fn nothing_is_taken_for_markup() {
    let (address, _) = served();
    let (_, _, body) = get(address, "/?filter=%22%3E%3Cb%3Ex");
    assert!(body.contains("value=\"&quot;&gt;&lt;b&gt;x\""), "{body}");
    assert!(!body.contains("<b>x"));
}

/// Those who ask for the same at the same time are given the same.
#[test]
fn a_snapshot_is_kept_a_moment() {
    let (address, looked) = served();
    let threads: Vec<_> = (0..16)
        .map(|_| std::thread::spawn(move || get(address, "/findings").0))
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), 200);
    }
    assert_eq!(looked.load(Ordering::SeqCst), 1);
}

/// More connections than are taken wait, and are served once there is room; one that sends
/// too much is ended.
#[test]
fn connections_are_bounded() {
    let (address, _) = served();
    let mut held: Vec<_> = (0..MOST_CONNECTIONS)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\n").unwrap();
            stream
        })
        .collect();
    let waiting = std::thread::spawn(move || get(address, "/findings").0);
    // One of them says more than a connection may.
    let mut stream = held.pop().unwrap();
    let line = format!("X-Long: {}\r\n", "x".repeat(900));
    let sent = (0..200).try_for_each(|_| stream.write_all(line.as_bytes()));
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    assert!(
        sent.is_err() || read.is_err() || !answer.contains(" 200 "),
        "{answer}"
    );
    drop(stream);
    assert_eq!(waiting.join().unwrap(), 200);
    drop(held);
}

/// The form is what `tests/page/snapshot.json` has, which the browser is shown, too.
/// `BLESS=1` writes it; another version is needed where a field changes its meaning or goes.
#[test]
fn the_form_of_a_snapshot_is_kept() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page/snapshot.json");
    let text = serde_json::to_string_pretty(&sample::snapshot()).unwrap() + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap_or_default() == text,
        "BLESS=1 accepts"
    );
}
