//! What only the whole set shows of claims: entries that are listed as unused.

use std::sync::Arc;

use crate::{
    policy::{
        diagnostic::Diagnostic,
        form::{ClaimsForm, ProductForm, nearest},
    },
    record::Direction,
};

/// An entry that is listed as unused must be one that the claim is about: disclosed,
/// outbound, and of one of its products.
pub(in crate::policy) fn check(claims: &ClaimsForm, products: &[ProductForm]) -> Vec<Diagnostic> {
    let entries = || {
        products.iter().flat_map(|product| {
            let name = product.source.stem();
            let entries = product.entries.iter();
            entries.filter_map(move |form| Some((name, form.id.as_ref()?.value.as_str(), form)))
        })
    };
    let mut found = Vec::new();
    for (selection, id) in &claims.unused {
        let shown = id.value.escape_debug();
        let mut report = |message: String, help: String| {
            let source = Arc::clone(&claims.source);
            found.push(Diagnostic::at(&source, id.span.clone(), message, help));
        };
        let Some((product, _, form)) = entries().find(|(_, known, _)| *known == id.value) else {
            let help = match nearest(&id.value, entries().map(|(_, known, _)| known)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write the `id` of an entry of a product".to_owned(),
            };
            report(format!("no product has an entry `{shown}`"), help);
            continue;
        };
        if !selection.contains(product) {
            let help = "remove it, or add its product to the claim's".to_owned();
            report(
                format!("`{shown}` is of {product}, of which the claim does not speak"),
                help,
            );
        } else if form.direction == Direction::Inbound {
            let help = "remove it: who calls the platform is no provider of it".to_owned();
            report(format!("`{shown}` is an inbound entry"), help);
        } else if let Some(entry) = &form.entry
            && entry.duties.disclosed_at.is_none()
        {
            let help =
                "remove it, or say with `disclosed_at` where customers read of it".to_owned();
            report(format!("`{shown}` is disclosed nowhere"), help);
        }
    }
    found
}
