//! From text to typed parts, with every error of the text.
//!
//! A part that is faulty is reported and left out; the rest goes on, so that one
//! run of `weir check` names everything. Spans are kept beside the values for
//! the checks that look at the whole set.

mod claims;
mod conditions;
mod destination;
mod duties;
mod entry;
mod host_group;
mod host_names;
mod jurisdictions;
mod platform;
mod product;
mod providers;
mod reader;
mod resolver;
mod review;
mod taken;
mod values;
mod workload;

use std::{collections::BTreeSet, ops::Range};

pub(super) use self::{
    claims::{ClaimsForm, product_names},
    entry::EntryForm,
    host_group::HostGroups,
    jurisdictions::JurisdictionsForm,
    platform::PlatformForm,
    product::ProductForm,
    providers::{ProviderIds, ProvidersForm},
    reader::{Key, Problems, nearest},
    values::SetNames,
};

/// What other files of the set define, for those that name it.
pub(super) struct Known {
    pub(super) sets: SetNames,
    pub(super) providers: ProviderIds,
    /// Products, by the names of their files.
    pub(super) products: BTreeSet<String>,
    pub(super) host_groups: HostGroups,
}

/// A value with the bytes that it was read from.
#[derive(Clone, Debug)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// Every table of the language with its keys, for the documentation's test.
#[cfg(test)]
pub(super) const SECTIONS: [&reader::Section; 13] = [
    &product::PRODUCT,
    &workload::WORKLOAD,
    &entry::ALLOW,
    &conditions::WINDOW,
    &platform::PLATFORM,
    &platform::INTERNAL,
    &host_group::HOST_GROUP,
    &resolver::RESOLVER,
    &jurisdictions::JURISDICTIONS,
    &jurisdictions::SET,
    &jurisdictions::CONDITIONAL,
    &providers::PROVIDERS,
    &providers::PROVIDER,
];

/// The tables of `claims.toml` with their keys, for the documentation's test.
#[cfg(test)]
pub(super) const CLAIM_SECTIONS: [&reader::Section; 3] =
    [&claims::CLAIMS, &claims::CLAIM, &claims::OUT_OF_REACH];
