//! Chromium, in which the tests look at pages, and poppler, which reads what it prints.

use anyhow::Result;

use super::apt::Apt;

/// What is needed. The fonts make pictures look alike on machines that have no others.
const PACKAGES: &[&str] = &["chromium", "poppler-utils", "fonts-dejavu-core"];
const WHY: &str = "the report is looked at in a browser and on paper, in the tests";

/// Installs what is missing.
pub(super) fn provide(apt: &mut Apt<'_>) -> Result<()> {
    apt.install_missing("browser", WHY, PACKAGES)
}
