//! The soak, as short as it can be: `cargo xtask soak` goes on for longer.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use weir_tests::{demo::Progress, soak};

#[test]
fn after_a_few_rounds_the_books_balance_and_nothing_has_grown() {
    let soaked = soak::soak(&Progress::without_signals(), Duration::ZERO).unwrap();
    assert_eq!(soaked.faults(), Vec::<String>::new(), "{}", soaked.books);
    assert_eq!((soaked.health.len(), soaked.full), (4, 1));
    assert_eq!(soaked.sink_ended, 2);
}
