//! Whether customers can read of a destination, and whether it is only what they read.

use ipnetwork::IpNetwork;

use super::{Item, Lint, Noted};
use crate::{
    jurisdiction::{Provider, ProviderKind, Providers},
    policy::whole,
    record::Direction,
};

pub(super) fn check(item: Item<'_>, own: &[IpNetwork], providers: &Providers, noted: &mut Noted) {
    let entry = item.entry;
    if entry.denies() || entry.direction == Direction::Inbound || whole::stays_in(item.form, own) {
        return;
    }
    if entry.duties.disclosed_at.is_none() {
        let message = format!(
            "`{}` leads outside the platform and names no page where customers read of it",
            entry.id
        );
        let help = "add `disclosed_at = \"https://...\"`, or say in `lint_allow` why there is none";
        noted.note(item, Lint::Undisclosed, item.place(), message, help);
    }
    if !entry.names.is_empty() {
        return;
    }
    let help = "add `name`: an address alone declares everything that is served from it";
    for network in &item.form.networks {
        let found = providers.by_address(network.value.network(), None);
        if let Some(found) = found.filter(|found| is_shared(&found.provider)) {
            let message = format!(
                "{} is of `{}`, where many customers share addresses",
                network.value, found.provider.id
            );
            noted.note(
                item,
                Lint::SharedAddress,
                network.span.clone(),
                message,
                help,
            );
        }
    }
    for id in &item.form.providers {
        if providers
            .get(&id.value)
            .is_some_and(|provider| is_shared(provider))
        {
            let message = format!("`{}` is where many customers share addresses", id.value);
            noted.note(item, Lint::SharedAddress, id.span.clone(), message, help);
        }
    }
}

fn is_shared(provider: &Provider) -> bool {
    provider.kinds.contains(&ProviderKind::Cdn)
}
