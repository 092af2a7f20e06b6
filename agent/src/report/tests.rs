//! Reports of made-up records: what is bounded, what is escaped, what is said of nothing.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::{
    account::{Account, Policies, tests::account},
    history::sample::{Store, With as _, flow, started},
    policy::{Policy, Source},
    verdict::Verdict,
};

fn policies() -> Policies {
    let image = "product = \"image\"\ntitle = \"Image <b>generation</b>\"\nowner = \"t\"\n\
                 posture = \"external_declared\"\n[[workload]]\nunit = \"image.service\"\n";
    let own = Policy::from_sources(vec![Source::from_text("image.toml", image)]).unwrap();
    Policies::new(own, Vec::new())
}

const DAY: &str = "2026-11-01";

fn page_of(store: &Store, period: &str) -> String {
    let policies = policies();
    html(&account(store, period, &policies), None)
}

/// Workloads choose their names, and whoever they ask chooses more.
#[test]
fn what_others_chose_is_escaped() {
    let mut store = Store::new();
    store.add("2026-11-01T00:00:00Z", started("r", "d"));
    let mut hostile = flow(1, 1 << 20).hosted(&[("geo", "US")]);
    hostile.judged.reason = "<script>alert(1)</script>".to_owned();
    hostile.judged.verdict = Verdict::Indeterminate;
    let hostile = hostile.of("\"><img src=x onerror=alert(1)>", Some("image"));
    store.flow("2026-11-01T10:00:00Z", hostile);
    let page = page_of(&store, DAY);
    for text in ["<script", "<img", "<b>generation"] {
        assert!(!page.contains(text), "{text}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("Image &lt;b&gt;generation&lt;/b&gt;"));
}

/// An empty record is no good news.
#[test]
fn nothing_is_not_compliant() {
    let page = page_of(&Store::new(), "2026-10");
    assert!(page.contains("Incomplete. "), "{page}");
    assert!(page.contains("The record has nothing of this period."));
    assert!(page.contains("Nothing below shows that anything was as claimed."));
    assert!(!page.contains("banner complete"));
    let policies = policies();
    let store = Store::new();
    let empty = account(&store, "2026-10", &policies);
    let said = Statement::of(&empty, "image").unwrap();
    assert!(!said.complete && !said.seen);
    assert_eq!(
        said.sentences(),
        [
            "Incomplete: the record has nothing of this period.",
            "No workload of this product was seen, so that nothing is said of it."
        ]
    );
}

/// Beyond what fits, a page counts.
#[test]
fn a_page_is_bounded() {
    let mut store = Store::new();
    store.add("2026-11-01T00:00:00Z", started("r", "d"));
    let policies = policies();
    let span = DAY.parse().unwrap();
    let fill = |flows: u32| -> Account<'_> {
        let mut builder = Account::builder(span, &policies);
        let time = "2026-11-01T10:00:00Z".parse().unwrap();
        for number in 0..flows {
            let [_, b, c, d] = number.to_be_bytes();
            let one = flow(number, 1000 + u64::from(number)).to(&format!("203.{b}.{c}.{d}"), 443);
            builder.take(time, &crate::ledger::Entry::Flow(Box::new(one)));
        }
        builder.finish()
    };
    let (few, many) = (html(&fill(10_000), None), html(&fill(40_000), None));
    assert!(
        many.len() < few.len() + 4096,
        "{} {}",
        few.len(),
        many.len()
    );
    assert!(many.contains(" more operators were sent less."));
    assert!(many.contains(" more rows with less or nothing against them."));
}

/// Nothing is claimed of what may have been missed.
#[test]
fn a_statement_says_no_more_than_the_account() {
    let policies = policies();
    let mut store = Store::new();
    store.add("2026-11-01T00:00:00Z", started("r", "d"));
    let inside = flow(1, 10).judged(Verdict::Internal, None);
    store.flow("2026-11-01T00:01:00Z", inside);
    store.flow(
        "2026-11-01T00:02:00Z",
        flow(2, 5)
            .of("cron.service", None)
            .judged(Verdict::Unattributed, None),
    );
    let period = "2026-11-01T00:00:00Z..2026-11-01T00:02:30Z";
    let said = Statement::of(&account(&store, period, &policies), "image").unwrap();
    assert_eq!(
        said.sentences(),
        [
            "Incomplete: 80.00\u{a0}% of the recorded time was examined in full; of the rest nothing is said.",
            "Workloads that belong to no known product sent data outside as well.",
            "In what was examined, no connection to outside the platform was seen."
        ]
    );
    assert!(Statement::of(&account(&store, period, &policies), "other").is_none());
}
