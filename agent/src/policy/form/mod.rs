//! From text to typed parts, with every error of the text.
//!
//! A part that is faulty is reported and left out; the rest goes on, so that one
//! run of `weir check` names everything. Spans are kept beside the values for
//! the checks that look at the whole set.

mod claims;
mod conditions;
mod deny;
mod destination;
mod duties;
mod entry;
mod exception;
mod flow;
mod host_group;
mod host_names;
mod jurisdictions;
mod kind;
mod pattern;
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
    flow::read as read_cases,
    host_group::HostGroups,
    jurisdictions::JurisdictionsForm,
    kind::Kind,
    platform::PlatformForm,
    product::ProductForm,
    providers::{ProviderIds, ProvidersForm},
    reader::{Key, Section},
    values::SetNames,
};
pub(crate) use self::{
    reader::{Problems, describe, nearest, parse},
    values::integer,
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

/// The kinds of file, each with its outermost table, which leads to all others.
pub(super) const FILES: [(&str, &Section); 6] = [
    ("product", &product::PRODUCT),
    ("platform", &platform::PLATFORM),
    ("jurisdictions", &jurisdictions::JURISDICTIONS),
    ("providers", &providers::PROVIDERS),
    ("claims", &claims::CLAIMS),
    ("tests", &flow::TESTS),
];
