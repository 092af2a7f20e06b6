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
    let within = |territories: &[Territory], country| {
        if territories.is_empty() {
            return Some(true);
        }
        policy.is_in_any(territories, country?, today)
    };
    let anycast = if entry.no_anycast {
        flow.anycast().map(|anycast| !anycast)
    } else {
        Some(true)
    };
    let each = [
        within(&entry.countries, flow.country()),
        within(&entry.operator_domicile, flow.operator_domicile.country),
        anycast,
    ];
    if each.contains(&Some(false)) {
        return Some(false);
    }
    (!each.contains(&None)).then_some(true)
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
