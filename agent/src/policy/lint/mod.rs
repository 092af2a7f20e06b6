//! What is valid and yet worth a second look: pure, over the forms of a set without
//! errors.
//!
//! ```text
//! forms (valid) ─> terms · reach · shadow · law · disclosure ─> less the exceptions ─> Lints
//! ```
//!
//! Each lint has an id that does not change ([`Lint`]); an entry may hold a reviewed
//! exception (`lint_allow`), and one that nothing needs is itself a lint.

mod disclosure;
mod law;
mod reach;
mod report;
mod rule;
mod shadow;
mod terms;

use std::{collections::HashSet, ops::Range, sync::Arc};

use ipnetwork::IpNetwork;
use jiff::civil::Date;

pub use self::{report::Lints, rule::Lint};
use super::{
    countries::CountrySets,
    diagnostic::Diagnostic,
    entry::Entry,
    form::{EntryForm, PlatformForm, ProductForm},
    source::Source,
    whole,
};
use crate::jurisdiction::Providers;

/// A set without errors, and the day on which it is looked at.
pub(super) struct Valid<'a> {
    pub(super) products: &'a [ProductForm],
    pub(super) platform: Option<&'a PlatformForm>,
    pub(super) sets: &'a CountrySets,
    pub(super) providers: &'a Providers,
    pub(super) today: Date,
}

/// An entry where it stands.
#[derive(Clone, Copy)]
struct Item<'a> {
    source: &'a Arc<Source>,
    form: &'a EntryForm,
    entry: &'a Entry,
}

impl Item<'_> {
    /// The place of its id, or of the whole where that is not known.
    fn place(&self) -> Range<usize> {
        let id = self.form.id.as_ref();
        id.map_or_else(|| self.form.span.clone(), |id| id.span.clone())
    }

    /// `image-generation.toml:12:3`.
    fn shown(&self) -> String {
        whole::shown(self.source, &self.place())
    }
}

/// What the lints note.
#[derive(Default)]
struct Noted {
    found: Vec<Diagnostic>,
    /// Exceptions that were needed, by where they stand.
    used: HashSet<(usize, usize)>,
}

impl Noted {
    /// Notes a lint of an entry, unless the entry has an exception for it.
    fn note(
        &mut self,
        item: Item<'_>,
        lint: Lint,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let exceptions = &item.form.exceptions;
        if let Some(exception) = exceptions.iter().find(|exception| exception.value == lint) {
            let file = Arc::as_ptr(item.source).addr();
            self.used.insert((file, exception.span.start));
            return;
        }
        let found = Diagnostic::at(item.source, span, message, help);
        self.found.push(found.of(lint));
    }
}

impl<'a> Valid<'a> {
    /// Every lint of the set, in no order.
    pub(super) fn lints(&self) -> Vec<Diagnostic> {
        let mut noted = Noted::default();
        let own = whole::own(self.platform);
        let shared: Vec<Item<'_>> = self
            .platform
            .map(|form| items(&form.source, &form.entries))
            .unwrap_or_default();
        shadow::check(&shared, &[], &mut noted);
        self.each(&shared, &own, &mut noted);
        for product in self.products {
            let entries = items(&product.source, &product.entries);
            shadow::check(&entries, &shared, &mut noted);
            self.each(&entries, &own, &mut noted);
        }
        noted.found
    }

    fn each(&self, items: &[Item<'a>], own: &[IpNetwork], noted: &mut Noted) {
        for item in items {
            terms::check(*item, noted);
            reach::check(*item, own, self.today, noted);
            law::check(*item, self, noted);
            disclosure::check(*item, own, self.providers, noted);
        }
        // After all others, which may need them.
        for item in items {
            let file = Arc::as_ptr(item.source).addr();
            for exception in &item.form.exceptions {
                if noted.used.contains(&(file, exception.span.start)) {
                    continue;
                }
                let message = format!("nothing of the entry is {}", exception.value);
                let help = "remove the exception";
                let found = Diagnostic::at(item.source, exception.span.clone(), message, help);
                noted.found.push(found.of(Lint::UnusedException));
            }
        }
    }
}

fn items<'a>(source: &'a Arc<Source>, forms: &'a [EntryForm]) -> Vec<Item<'a>> {
    let item = |form: &'a EntryForm| {
        let entry = form.entry.as_ref()?;
        Some(Item {
            source,
            form,
            entry,
        })
    };
    forms.iter().filter_map(item).collect()
}
