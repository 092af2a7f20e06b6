//! A whole set, read and found to be without errors.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use jiff::civil::Date;

use super::{
    claims::{self, Claims},
    countries::CountrySets,
    diagnostic::{Diagnostic, Rejected},
    form::{
        self, ClaimsForm, JurisdictionsForm, Known, PlatformForm, Problems, ProductForm,
        ProvidersForm,
    },
    lint,
    source::{Source, digest},
    whole,
};
use crate::jurisdiction::{Provider, Providers};

/// The reserved file of the platform's own networks and shared services.
const PLATFORM: &str = "platform.toml";
/// The reserved file of sets of countries.
const JURISDICTIONS: &str = "jurisdictions.toml";
/// The reserved file of operators.
const PROVIDERS: &str = "providers.toml";
/// The reserved file of claims.
const CLAIMS: &str = "claims.toml";

/// A set without errors, as it was read.
pub(super) struct Forms {
    pub(super) digest: String,
    pub(super) products: Vec<ProductForm>,
    pub(super) platform: Option<PlatformForm>,
    pub(super) sets: CountrySets,
    pub(super) providers: Vec<Provider>,
    pub(super) claims: Option<Claims>,
}

impl Forms {
    /// Reads every file.
    ///
    /// # Errors
    /// Everything that is wrong with the set, or was with its directory.
    pub(super) fn read(
        directory: &Path,
        sources: Vec<Source>,
        mut found: Vec<Diagnostic>,
    ) -> Result<Self, Rejected> {
        let digest = digest(&sources);
        let sources: Vec<Arc<Source>> = sources.into_iter().map(Arc::new).collect();
        let jurisdictions = reserved(
            &sources,
            JURISDICTIONS,
            JurisdictionsForm::read,
            [JurisdictionsForm::absent, JurisdictionsForm::unreadable],
            &mut found,
        );
        let providers = reserved(
            &sources,
            PROVIDERS,
            ProvidersForm::read,
            [ProvidersForm::absent, ProvidersForm::unreadable],
            &mut found,
        );
        let unread = found
            .iter()
            .filter_map(|problem| problem.file.file_name()?.to_str());
        let files = sources
            .iter()
            .map(|source| source.name.as_str())
            .chain(unread);
        let mut known = Known {
            products: form::product_names(files),
            sets: jurisdictions.names,
            providers: providers.ids,
            host_groups: None,
        };
        let platform = platform(&sources, &mut known, &mut found);
        let mut claims = None;
        let mut products = Vec::new();
        for source in &sources {
            let mut problems = Problems::new(Arc::clone(source));
            match source.name.as_str() {
                JURISDICTIONS | PROVIDERS | PLATFORM => {}
                CLAIMS => claims = ClaimsForm::read(&known, &mut problems),
                _ => products.extend(ProductForm::read(&known, &mut problems)),
            }
            found.extend(problems.into_found());
        }
        let sound = |file: &str| !found.iter().any(|problem| problem.file.ends_with(file));
        let whole = whole::Whole {
            products: &products,
            platform: platform.as_ref(),
            networks_known: sound(PLATFORM),
            law: (sound(JURISDICTIONS) && sound(PROVIDERS))
                .then_some((&jurisdictions.sets, providers.providers.as_slice())),
        };
        let problems = whole.check();
        found.extend(problems);
        if let Some(claims) = &claims {
            found.extend(claims::check(claims, &products));
        }
        if products.is_empty() && found.is_empty() {
            let help = "add one file `<product>.toml` for each product";
            found.push(Diagnostic::whole(
                directory,
                "the set declares no product",
                help,
            ));
        }
        if !found.is_empty() {
            return Err(Rejected::new(directory, found));
        }
        Ok(Self {
            digest,
            products,
            platform,
            sets: jurisdictions.sets,
            providers: providers.providers,
            claims: claims.and_then(|form| form.claims),
        })
    }

    /// What is worth a second look on a day.
    pub(super) fn lints(&self, today: Date) -> Vec<Diagnostic> {
        let valid = lint::Valid {
            products: &self.products,
            platform: self.platform.as_ref(),
            sets: &self.sets,
            providers: &Providers::new(self.providers.iter().cloned()),
            today,
        };
        valid.lints()
    }
}

/// A file whose name is reserved: read, or absent, or there and not readable, so
/// that it may define any name.
fn reserved<F>(
    sources: &[Arc<Source>],
    name: &str,
    read: fn(&mut Problems) -> F,
    [absent, unreadable]: [fn() -> F; 2],
    found: &mut Vec<Diagnostic>,
) -> F {
    let Some(source) = sources.iter().find(|source| source.name == name) else {
        let unread = found.iter().any(|problem| problem.file.ends_with(name));
        return if unread { unreadable() } else { absent() };
    };
    let mut problems = Problems::new(Arc::clone(source));
    let form = read(&mut problems);
    found.extend(problems.into_found());
    form
}

/// The platform's file, whose host groups the others may name from now on.
fn platform(
    sources: &[Arc<Source>],
    known: &mut Known,
    found: &mut Vec<Diagnostic>,
) -> Option<PlatformForm> {
    let Some(source) = sources.iter().find(|source| source.name == PLATFORM) else {
        let unread = found.iter().any(|problem| problem.file.ends_with(PLATFORM));
        known.host_groups = (!unread).then(BTreeMap::new);
        return None;
    };
    let mut problems = Problems::new(Arc::clone(source));
    let form = PlatformForm::read(known, &mut problems);
    found.extend(problems.into_found());
    known.host_groups = form.as_ref().map(|form| form.host_groups.names.clone());
    form
}
