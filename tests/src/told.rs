//! What receivers of findings have to be told, by the ledger, and what they were.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::receiver::Post;

/// What a ledger has to tell, as number of the entry and type, by the documentation.
pub fn by_ledger(entries: &[Value]) -> Vec<(u64, String)> {
    let mut pages = BTreeSet::new();
    let mut found = Vec::new();
    for (number, entry) in (1..).zip(entries) {
        let id = entry["id"].as_str().unwrap_or_default().to_owned();
        let page = entry["severity"] == "page";
        let what = match entry["type"].as_str() {
            Some("finding_opened") => {
                if page {
                    pages.insert(id);
                }
                "finding_opened"
            }
            Some("finding_updated") if page && pages.insert(id) => "finding_worsened",
            Some("finding_closed") => "finding_closed",
            Some("acknowledged") => "finding_acknowledged",
            _ => continue,
        };
        found.push((number, what.to_owned()));
    }
    found
}

/// What a receiver of webhooks took, in the order in which it came.
pub fn by_posts(posts: &[Post]) -> Vec<(u64, String)> {
    let taken = posts.iter().filter(|post| post.answered == 204);
    taken
        .map(|post| {
            let what = post.body["type"].as_str().unwrap_or_default().to_owned();
            (post.body["entry"].as_u64().unwrap_or_default(), what)
        })
        .collect()
}

/// `weir_notify_<name>` of a sink in what `/metrics` answered.
pub fn metric(text: &str, name: &str, sink: &str) -> Option<u64> {
    let name = format!("weir_notify_{name}{{sink=\"{sink}\"");
    let line = text.lines().find(|line| line.starts_with(&name))?;
    line.rsplit(' ').next()?.parse().ok()
}
