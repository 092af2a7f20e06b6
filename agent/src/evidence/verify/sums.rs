//! Check `sums`: `SHA256SUMS` lists every file, with the digest that it has.

use weir_evidence::sums::{self, Sums};

use super::{
    archive::Opened,
    check::{Found, failed},
};

/// The statement, which is no file that it could name.
pub(super) const STATEMENT: &str = "statement.dsse.json";

pub(super) fn check(bundle: &Opened) -> Found {
    let text = bundle.text(sums::FILE)?;
    let listed = Sums::read(&text).map_err(|error| {
        failed(format!(
            "{error}: the list was changed; get the bundle anew"
        ))
    })?;
    let own = |name: &str| name == sums::FILE || name == STATEMENT;
    for (name, _) in bundle.files().filter(|(name, _)| !own(name.as_str())) {
        if listed.get(name).is_none() {
            return Err(failed(format!(
                "{name} is in the bundle and not in SHA256SUMS: it was added; get the bundle anew"
            )));
        }
    }
    for (name, wanted) in listed.iter() {
        let Some(found) = bundle.digest(name.as_str()).filter(|_| !own(name.as_str())) else {
            return Err(failed(format!(
                "{name} is in SHA256SUMS and not in the bundle: it was taken away; get the \
                 bundle anew"
            )));
        };
        if found != wanted {
            return Err(failed(format!(
                "{name} has another SHA-256 than SHA256SUMS says: it was changed; get the \
                 bundle anew"
            )));
        }
    }
    Ok(format!(
        "{} files have the SHA-256 that SHA256SUMS says",
        listed.len()
    ))
}
