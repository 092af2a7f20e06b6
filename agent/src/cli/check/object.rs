//! The answer as one JSON object: `docs/allowlists.md`.

use std::path::Path;

use serde_json::json;

use super::{Checked, unreviewed};
use crate::policy::{Product, Rejected};

/// Of a valid set.
pub(super) fn valid(directory: &Path, checked: &Checked) -> serde_json::Value {
    let policy = &checked.policy;
    let products: Vec<_> = policy.products().map(product).collect();
    json!({
        "type": "allowlists",
        "valid": true,
        "directory": directory.to_string_lossy(),
        "digest": policy.digest(),
        "entries": policy.entry_count(),
        "home": policy.home(),
        "products": products,
        "providers": { "listed": policy.providers().len(), "unreviewed": unreviewed(policy) },
        "tests": checked.tests,
        "errors": [],
        "warnings": checked.lints.diagnostics(),
    })
}

fn product(product: &Product) -> serde_json::Value {
    json!({
        "product": product.name(),
        "title": product.title(),
        "owner": product.owner(),
        "posture": product.posture(),
        "workloads": product.selectors(),
        "entries": product.entries().len(),
    })
}

/// Of one that is refused: what is worth a second look is not looked for.
pub(super) fn invalid(rejected: &Rejected) -> serde_json::Value {
    json!({
        "type": "allowlists",
        "valid": false,
        "directory": rejected.directory().to_string_lossy(),
        "summary": rejected.summary(),
        "errors": rejected.diagnostics(),
        "warnings": [],
    })
}
