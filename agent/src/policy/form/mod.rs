//! From text to typed parts, with every error of the text.
//!
//! A part that is faulty is reported and left out; the rest goes on, so that one
//! run of `weir check` names everything. Spans are kept beside the values for
//! the checks that look at the whole set.

mod entry;
mod jurisdictions;
mod platform;
mod product;
mod reader;
mod resolver;
mod values;

use std::ops::Range;

pub(super) use self::{
    entry::EntryForm, jurisdictions::JurisdictionsForm, platform::PlatformForm,
    product::ProductForm, reader::Problems,
};

/// A value with the bytes that it was read from.
#[derive(Clone, Debug)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// Every table of the language with its keys, for the documentation's test.
#[cfg(test)]
pub(super) const SECTIONS: [&reader::Section; 7] = [
    &product::PRODUCT,
    &product::WORKLOAD,
    &entry::ALLOW,
    &platform::PLATFORM,
    &platform::INTERNAL,
    &resolver::RESOLVER,
    &jurisdictions::SET,
];
