//! Conditions that an entry puts on the place and the operator of a destination.

use std::fmt;

use jiff::civil::Date;

use crate::{
    jurisdiction::Located,
    policy::{Entry, Policy, Territory},
};

/// Whether the destination satisfies all of them; `None` when that cannot be told. One
/// that is not satisfied decides, whatever is not known of the others.
pub(super) fn admitted(
    entry: &Entry,
    flow: &Located,
    policy: &Policy,
    today: Date,
) -> Option<bool> {
    let within = |territories: &[Territory], country: Option<_>| {
        policy.is_in_any(territories, country?, today)
    };
    let mut all_known = true;
    if !entry.countries.is_empty() {
        match within(&entry.countries, flow.country()) {
            Some(false) => return Some(false),
            known => all_known &= known.is_some(),
        }
    }
    if !entry.operator_domicile.is_empty() {
        match within(&entry.operator_domicile, flow.operator_domicile.country) {
            Some(false) => return Some(false),
            known => all_known &= known.is_some(),
        }
    }
    if entry.no_anycast {
        match flow.anycast() {
            Some(true) => return Some(false),
            known => all_known &= known.is_some(),
        }
    }
    all_known.then_some(true)
}

/// `hosted in EEA or CH, run under the law of EEA, not anycast`.
pub(super) struct Conditions<'a>(pub(super) &'a Entry);

impl fmt::Display for Conditions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = "";
        for (what, territories) in [
            ("hosted in", &self.0.countries),
            ("run under the law of", &self.0.operator_domicile),
        ] {
            for (i, territory) in territories.iter().enumerate() {
                if i == 0 {
                    write!(f, "{before}{what} {territory}")?;
                } else {
                    write!(f, " or {territory}")?;
                }
                before = ", ";
            }
        }
        if self.0.no_anycast {
            write!(f, "{before}not anycast")?;
        }
        Ok(())
    }
}

/// `mon, tue from 01:00:00 to 05:00:00 or sun`.
pub(super) struct Windows<'a>(pub(super) &'a Entry);

impl fmt::Display for Windows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, window) in self.0.windows.iter().enumerate() {
            write!(f, "{}{window}", if i == 0 { "" } else { " or " })?;
        }
        Ok(())
    }
}

/// `amazon-web-services (Amazon.com, Inc., US)`; why nothing counts, where nothing does.
pub(super) struct OperatorHome<'a>(pub(super) &'a Located);

impl fmt::Display for OperatorHome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let domicile = &*self.0.operator_domicile;
        if let Some(provider) = &domicile.provider {
            write!(f, "run by {provider}")?;
            if let Some(by) = &domicile.matched_by {
                write!(f, " by {by}")?;
            }
            if let (Some(parent), Some(country)) = (&domicile.parent, domicile.country) {
                return write!(f, ", whose parent {parent} is at home in {country}");
            }
        } else {
            f.write_str("operator unknown")?;
        }
        match &domicile.reason {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}
