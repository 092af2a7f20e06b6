//! The config file and the allowlists.

use std::{env, path::Path};

use jiff::civil::Date;

use super::check::{Area, Check};
use crate::{
    cli::config::warnings,
    config::{Loaded, Wanted},
    counted::count,
    policy::{Policy, Rejected},
};

const CONFIG: Area = Area("config");
const POLICY: Area = Area("policy");

/// Reads the config file; where it is refused, nothing else can be said of the agent.
pub(super) fn config(wanted: &Wanted) -> (Check, Option<Loaded>) {
    const WHAT: &str = "config file";
    const ALL: &str = "`weir config check` shows each";
    let read = Loaded::read(wanted, env::vars_os());
    let looked = read.and_then(|loaded| Ok((warnings(&loaded)?.len(), loaded)));
    match looked {
        Err(rejected) => (refused(CONFIG, WHAT, &rejected, ALL), None),
        Ok((number, loaded)) => {
            let name = loaded.file().map_or_else(
                || "none: the defaults hold".to_owned(),
                |file| file.display().to_string(),
            );
            let check = match number {
                0 => CONFIG.pass(WHAT, name),
                _ => {
                    let found = format!("{name}, with {}", count(number, "warning"));
                    CONFIG.warn(WHAT, found, ALL)
                }
            };
            (check, Some(loaded))
        }
    }
}

/// Compiles the allowlists.
pub(super) fn allowlists(directory: &Path, today: Date) -> Check {
    const WHAT: &str = "allowlists";
    let all = format!("`weir check {}` shows each", directory.display());
    match Policy::load_and_lint(directory, today) {
        Err(rejected) => refused(POLICY, WHAT, &rejected, &all),
        Ok((policy, lints)) => {
            let products = count(policy.products().count(), "product");
            let found = format!(
                "{products} in {}, sha256 {}",
                directory.display(),
                policy.digest().get(..12).unwrap_or_default()
            );
            match lints.diagnostics().len() {
                0 => POLICY.pass(WHAT, found),
                number => {
                    let found = format!("{found}; {}", count(number, "warning"));
                    POLICY.warn(WHAT, found, all)
                }
            }
        }
    }
}

fn refused(area: Area, what: &str, rejected: &Rejected, all: &str) -> Check {
    match rejected.diagnostics() {
        [one] => {
            let place = one.place.as_ref().map(|place| place.position);
            let place = place.map(|at| format!(":{}:{}", at.line, at.column));
            let file = one.file.display();
            let found = format!("{file}{}: {}", place.unwrap_or_default(), one.message);
            area.fail(what, found, &*one.help)
        }
        _ => area.fail(what, rejected.summary(), all),
    }
}
