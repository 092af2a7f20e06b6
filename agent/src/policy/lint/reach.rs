//! Entries that declare nothing, or soon will not.

use ipnetwork::IpNetwork;
use jiff::civil::Date;

use super::{Item, Lint, Noted};
use crate::policy::{WARNING_DAYS, whole};

pub(super) fn check(item: Item<'_>, own: &[IpNetwork], today: Date, noted: &mut Noted) {
    let id = &item.entry.id;
    if whole::stays_in(item.form, own) {
        let message = format!("all that `{id}` names is the platform's own");
        let help = "what reaches it is `internal` whatever is declared: remove the entry";
        noted.note(item, Lint::Unreachable, item.place(), message, help);
    }
    let Some(last) = item.entry.expires else {
        return;
    };
    let place = item.form.expires_at.clone();
    let place = place.unwrap_or_else(|| item.place());
    // From day to day there are whole days.
    let left = today.until(last).map_or(0, |span| span.get_days());
    if left < 0 {
        let message = format!("`{id}` expired on {last}");
        let help = "renew its approval and the date, or remove the entry: it declares nothing";
        noted.note(item, Lint::Expired, place, message, help);
    } else if left <= WARNING_DAYS {
        let message = match left {
            0 => format!("`{id}` expires today, on {last}"),
            1 => format!("`{id}` expires tomorrow, on {last}"),
            days => format!("`{id}` expires in {days} days, on {last}"),
        };
        let help = "renew its approval and the date, or its flows are `expired` from then on";
        noted.note(item, Lint::ExpiresSoon, place, message, help);
    }
}
