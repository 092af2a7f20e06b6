//! The report of a made-up month, in a browser and on paper: `weir report` on a store, the
//! page in headless Chromium, its print with poppler. Where `XTASK_SCREENSHOTS` names a
//! directory, the pictures are kept there.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod browser;
mod month;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

use serde_json::Value;

use browser::{Browser, View};

/// Written once: two months take seconds.
static STORE: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let store = tempfile::tempdir().unwrap();
    month::write(store.path()).unwrap();
    store
});

/// The page of October.
static PAGE: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let directory = tempfile::tempdir().unwrap();
    let page = directory.path().join("report.html");
    let written = report("2026-10", &["--html", page.to_str().unwrap()]);
    assert_eq!(written.status.code(), Some(10), "{}", text(&written.stderr));
    (directory, page)
});

fn report(period: &str, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(["report", "--period", period, "--store"])
        .arg(STORE.path())
        .args(more)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Keeps a picture where somebody wants to look at it.
fn keep(name: &str, bytes: &[u8]) {
    if let Some(directory) = std::env::var_os("XTASK_SCREENSHOTS") {
        fs::create_dir_all(&directory).unwrap();
        fs::write(Path::new(&directory).join(name), bytes).unwrap();
    }
}

/// At each width and in each scheme: nothing is asked for but the file itself, the console
/// is silent, nothing is cut, everything can be read.
#[test]
fn in_a_browser() {
    let html = fs::read_to_string(&PAGE.1).unwrap();
    let known = " by on call, until 2026-10-15: <q>INC-431: the new \
                 uploader was rolled back, and its objects are deleted</q>";
    assert!(html.contains(known));
    let mut browser = Browser::start().unwrap();
    for (width, scheme) in [
        (1440, "light"),
        (375, "dark"),
        (1440, "dark"),
        (375, "light"),
    ] {
        browser.open(&PAGE.1, View { width, scheme }).unwrap();
        let faults = browser.ask(include_str!("checks.js")).unwrap();
        assert_eq!(faults, serde_json::json!([]), "{width} {scheme}");
        let picture = browser.picture().unwrap();
        keep(&format!("report-{scheme}-{width}.png"), &picture);
        let file = format!("file://{}", PAGE.1.display());
        let requests = told(&browser, "Network.requestWillBeSent");
        let urls = requests.map(|event| event["params"]["request"]["url"].as_str().unwrap());
        let urls: Vec<_> = urls.filter(|url| !url.starts_with("data:")).collect();
        assert_eq!(urls, [&file]);
        for spoken in [
            "Runtime.consoleAPICalled",
            "Runtime.exceptionThrown",
            "Log.entryAdded",
        ] {
            assert_eq!(
                told(&browser, spoken).collect::<Vec<_>>(),
                Vec::<&Value>::new()
            );
        }
    }
}

/// What the page is checked for is found where it is wrong.
#[test]
fn faults_are_found() {
    let bad = "<!doctype html><html lang=en><title>t</title><body><header></header><main>\
               <h1>a</h1><h3>skipped</h3><p style='color:#999'>pale</p><svg></svg>\
               <div style='width:600px'>wide</div><table><tr><th>x</th></tr></table></main></body>";
    let directory = tempfile::tempdir().unwrap();
    let page = directory.path().join("bad.html");
    fs::write(&page, bad).unwrap();
    let mut browser = Browser::start().unwrap();
    let view = View {
        width: 375,
        scheme: "light",
    };
    browser.open(&page, view).unwrap();
    let faults = browser.ask(include_str!("checks.js")).unwrap();
    let faults: Vec<String> = serde_json::from_value(faults).unwrap();
    for fault in [
        "the page is ",
        "div. “wide” reaches ",
        "p. “pale” has a contrast of 2.85",
        "not one body > footer",
        "h3. “skipped” skips a level",
        "svg. “” has no alternative",
        "th. “x” has no scope",
        "table. “x” has no header",
    ] {
        assert!(
            faults.iter().any(|one| one.starts_with(fault)),
            "{fault}: {faults:?}"
        );
    }
}

fn told<'b>(browser: &'b Browser, method: &'b str) -> impl Iterator<Item = &'b Value> {
    browser
        .events
        .iter()
        .filter(move |event| event["method"] == method)
}

/// On A4 no word is outside the margins, and every section is there.
#[test]
fn on_paper() {
    let mut browser = Browser::start().unwrap();
    let view = View {
        width: 1440,
        scheme: "dark",
    };
    browser.open(&PAGE.1, view).unwrap();
    let paper = browser.paper().unwrap();
    let file = PAGE.0.path().join("report.pdf");
    fs::write(&file, &paper).unwrap();
    keep("report.pdf", &paper);
    let info = poppler("pdfinfo", &[file.to_str().unwrap()]);
    assert!(info.contains("(A4)"), "{info}");
    let words = poppler("pdftotext", &["-bbox", file.to_str().unwrap(), "-"]);
    let number = |line: &str, name: &str| -> f64 {
        let (_, rest) = line.split_once(&format!("{name}=\"")).unwrap();
        rest.split('"').next().unwrap().parse().unwrap()
    };
    let lines = words
        .lines()
        .filter(|line| line.trim_start().starts_with("<word"));
    let mut count = 0;
    for line in lines {
        count += 1;
        let (left, right) = (number(line, "xMin"), number(line, "xMax"));
        assert!(left > 40.0 && right < 556.0, "{line}");
        let (top, bottom) = (number(line, "yMin"), number(line, "yMax"));
        assert!(top > 40.0 && bottom < 802.0, "{line}");
    }
    assert!(count > 1000, "{count} words");
    let text = poppler("pdftotext", &["-layout", file.to_str().unwrap(), "-"]);
    for heading in [
        "October 2026",
        "Where each product",
        "Providers, and",
        "What changed",
        "Limits",
    ] {
        assert!(text.contains(heading), "{heading}");
    }
    if let Some(directory) = std::env::var_os("XTASK_SCREENSHOTS") {
        let pages = Path::new(&directory).join("report-a4");
        poppler(
            "pdftoppm",
            &[
                "-r",
                "70",
                "-png",
                file.to_str().unwrap(),
                pages.to_str().unwrap(),
            ],
        );
    }
}

fn poppler(tool: &str, arguments: &[&str]) -> String {
    let output = Command::new(tool).args(arguments).output();
    let output = output.expect("poppler-utils are missing: cargo xtask setup installs them");
    assert!(output.status.success(), "{tool}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The same store and period: the same bytes.
#[test]
fn the_same_again() {
    let again = PAGE.0.path().join("again.html");
    report("2026-10", &["--html", again.to_str().unwrap()]);
    assert!(fs::read(&PAGE.1).unwrap() == fs::read(&again).unwrap());
}

/// Within 80 columns, with the exit code of the claims.
#[test]
fn on_a_terminal() {
    let october = report("2026-10", &[]);
    assert_eq!(october.status.code(), Some(10));
    let lines = text(&october.stdout);
    assert!(
        lines.lines().all(|line| line.chars().count() <= 80),
        "{lines}"
    );
    assert!(
        lines.contains("examined       INCOMPLETE: 99.89 % of the recorded time, 2 gaps\n"),
        "{lines}"
    );
    let september = report("2026-09", &[]);
    let lines = text(&september.stdout);
    assert!(
        lines.contains("examined       100.00 %, the whole period\n"),
        "{lines}"
    );
    assert!(lines.contains("upheld         llm-inside: "), "{lines}");
}

/// What is incomplete is said first, and what went wrong is not left out.
#[test]
fn to_the_public() {
    let video = report("2026-10", &["--product", "video-generation", "--public"]);
    assert_eq!(video.status.code(), Some(12));
    let said = text(&video.stdout);
    assert!(
        said.lines().all(|line| line.chars().count() <= 80),
        "{said}"
    );
    let at = |what: &str| said.find(what).unwrap_or_else(|| panic!("{what}: {said}"));
    assert!(at("Incomplete: 99.89 %") < at("1.0 GiB went to destinations that are not declared"));
    assert!(at("Overseas Cloud Inc., hosted in United States") > 0);
    let dns = report(
        "2026-09",
        &["--product", "dns", "--public", "--format", "json"],
    );
    assert_eq!(dns.status.code(), Some(0));
    let said: Value = serde_json::from_slice(&dns.stdout).unwrap();
    assert_eq!(said["complete"], true);
    assert_eq!(said["operators"][0]["name"], "Rikki DNS Oy");
    assert_eq!(said["undeclared_bytes"], 0);
    let none = report("2026-10", &["--product", "dms", "--public"]);
    assert_eq!(none.status.code(), Some(2));
}
