//! `weir explain` and `weir geo lookup NAME` on what real peers left in the record.

#![expect(clippy::unwrap_used, reason = "tests")]

mod names;
mod other;
mod places;
mod played;

use played::{Page, Played};

const NO_NAME: &str =
    "  none                it asked for no name that led there, and presented none";
const SAID: &str = "  presented           api.provider.example";
const NO_ENTRY: &str = "  second       no entry";
const TOO_OLD: &str = "  old          no entry; built 2026-01-01, older than its limit of 30 days";
const TIME: &str = "                      at TIME";

#[test]
fn what_was_recorded_is_explained() {
    let played = Played::new();
    names::a_declared_name_through_an_alias(&played);
    names::a_forged_answer(&played);
    names::two_names_of_one_address(&played);
    names::hellos_cut_and_greased(&played);
    names::encrypted_dns(&played);
    places::databases_that_disagree(&played);
    places::an_expired_database(&played);
    other::other_questions(&played);
    other::an_object(&played);
    other::the_addresses_of_a_name(&played);
}

/// What every page says last.
const AGAIN: [&str; 2] = [
    "judged again   as recorded, by explain-allowlists as of TODAY (the set that",
    "               was in force)",
];

/// The decision, and that it would be the same today.
fn decided(page: &Page, lines: &[&str]) {
    page.assert("DECISION", &[lines, &AGAIN].concat());
}
