//! The page in headless Chromium, served over a real socket from a made-up moment
//! (`snapshot.json`). Where `XTASK_SCREENSHOTS` names a directory, the pictures are kept there.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../report/browser.rs"]
#[expect(dead_code, reason = "paper is the report's")]
mod browser;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, mpsc as std_mpsc},
};

use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc};
use weir::{
    control::{Answer, Question, Request},
    now::Snapshot,
    page::{Basis, ClaimsNow, Known, serve},
};

use browser::{Browser, View};

/// Serves in a thread, until the process ends.
fn served() -> SocketAddr {
    let (ready, bound) = std_mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            ready.send(listener.local_addr().unwrap()).unwrap();
            let (ask, mut asked) = mpsc::channel::<Request>(1);
            let nowhere = PathBuf::from("/nowhere");
            let claims = Arc::new(ClaimsNow::new(nowhere.clone(), nowhere));
            let basis = Basis {
                known: Arc::new(Known::new(ask, claims)),
                hosts: Vec::new(),
            };
            tokio::spawn(serve(listener, basis));
            while let Some(request) = asked.recv().await {
                let Question::Now(wanted) = request.question else {
                    panic!("the page asks for nothing else");
                };
                let mut snapshot: Snapshot =
                    serde_json::from_str(include_str!("snapshot.json")).unwrap();
                snapshot.wanted = wanted;
                drop(request.reply.send(Answer::Now(Box::new(snapshot))));
            }
        });
    });
    bound.recv().unwrap()
}

/// At each width and in each scheme: nothing is asked of anybody else, the console is
/// silent, nothing is cut, everything can be read.
#[test]
fn in_a_browser() {
    let address = served();
    let origin = format!("http://{address}/");
    let mut browser = Browser::start().unwrap();
    for path in ["", "findings", "coverage", "claims"] {
        for (width, scheme) in [
            (375, "light"),
            (375, "dark"),
            (1440, "light"),
            (1440, "dark"),
        ] {
            let view = View { width, scheme };
            browser.visit(&format!("{origin}{path}"), view).unwrap();
            let faults = browser.ask(include_str!("../report/checks.js")).unwrap();
            assert_eq!(faults, json!([]), "/{path} {width} {scheme}");
            let picture = browser.picture().unwrap();
            let name = if path.is_empty() { "now" } else { path };
            keep(&format!("page-{name}-{scheme}-{width}.png"), &picture);
            for event in &browser.events {
                let method = event["method"].as_str().unwrap_or_default();
                if method == "Network.requestWillBeSent" {
                    let url = event["params"]["request"]["url"].as_str().unwrap();
                    assert!(
                        url.starts_with(&origin) || url.starts_with("data:"),
                        "{url}"
                    );
                }
                let spoken = [
                    "Runtime.consoleAPICalled",
                    "Runtime.exceptionThrown",
                    "Log.entryAdded",
                ];
                assert!(!spoken.contains(&method), "/{path}: {event}");
            }
        }
    }
    let view = View {
        width: 1440,
        scheme: "light",
    };
    browser
        .visit(&format!("{origin}?filter=image&sort=verdict"), view)
        .unwrap();
    let typed = browser.ask("document.querySelector('input[name=filter]').value");
    assert_eq!(typed.unwrap(), json!("image"));
    let styled = browser
        .ask("getComputedStyle(document.body).margin")
        .unwrap();
    assert_eq!(styled, Value::from("0px"));
}

fn keep(name: &str, bytes: &[u8]) {
    if let Some(directory) = std::env::var_os("XTASK_SCREENSHOTS") {
        fs::create_dir_all(&directory).unwrap();
        fs::write(Path::new(&directory).join(name), bytes).unwrap();
    }
}
