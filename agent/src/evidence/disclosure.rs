//! How much of a period a bundle shows.

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use weir_ledger::{Row, Veil};

/// Bytes that SHA-256 takes at once.
const BLOCK: usize = 64;

/// Length of a pseudonym in bytes: enough that two names of a fleet do not share one.
const LENGTH: usize = 8;

/// Whether all is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Every entry.
    Full,
    /// Flows of some products only.
    Excerpt,
}

/// How much a bundle shows, as its statement says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosure {
    /// Whether all is shown.
    pub mode: Mode,
    /// Products whose flows are shown, of an excerpt.
    pub products: BTreeSet<String>,
    /// Whether pseudonyms stand for names of workloads.
    pub pseudonymised: bool,
}

impl Disclosure {
    /// Everything; or flows of these products only.
    pub fn of(products: BTreeSet<String>, pseudonymised: bool) -> Self {
        let mode = if products.is_empty() {
            Mode::Full
        } else {
            Mode::Excerpt
        };
        Self {
            mode,
            products,
            pseudonymised,
        }
    }

    /// Whether everything is shown.
    pub fn is_full(&self) -> bool {
        self.mode == Mode::Full && !self.pseudonymised
    }

    /// Whether an entry is shown. Findings name workloads, and no part of one can be withheld.
    pub(super) fn shows(&self, row: &Row<'_>) -> bool {
        match (self.mode, row.tag()) {
            (Mode::Excerpt, "flow") => row
                .text("product")
                .is_some_and(|product| self.products.contains(product)),
            (Mode::Excerpt, "uplink") => false,
            (
                _,
                "open_findings"
                | "finding_opened"
                | "finding_updated"
                | "finding_closed"
                | "acknowledged"
                | "open_acknowledgements",
            ) => !self.pseudonymised,
            _ => true,
        }
    }
}

/// A key by which names become pseudonyms.
#[derive(Clone)]
pub struct PseudonymKey(Arc<[u8]>);

/// Without the key.
impl std::fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PseudonymKey")
    }
}

/// Why bytes are no such key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a key of pseudonyms has 16 bytes or more, and this has {0}: `head -c 32 /dev/urandom > KEYFILE` makes one"
)]
pub struct ShortKey(usize);

impl PseudonymKey {
    /// The key of these bytes.
    ///
    /// # Errors
    /// They are too few to be one.
    pub fn of(bytes: &[u8]) -> Result<Self, ShortKey> {
        if bytes.len() < 16 {
            return Err(ShortKey(bytes.len()));
        }
        Ok(Self(bytes.into()))
    }

    /// What stands for a name.
    pub fn pseudonym(&self, name: &str) -> String {
        let code = hmac(&self.0, name.as_bytes());
        let bytes = code.iter().take(LENGTH);
        bytes.map(|byte| format!("{byte:02x}")).collect()
    }

    pub(super) fn veil(&self) -> Veil {
        let key = self.clone();
        Veil::new(move |name| key.pseudonym(name))
    }
}

/// HMAC-SHA-256 (RFC 2104).
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    let hashed: [u8; 32];
    let key = if key.len() > BLOCK {
        hashed = Sha256::digest(key).into();
        &hashed
    } else {
        key
    };
    for (place, byte) in block.iter_mut().zip(key) {
        *place = *byte;
    }
    let inner = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x36))
        .chain_update(text)
        .finalize();
    Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x5c))
        .chain_update(inner)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// RFC 4231, test cases 2 and 6.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let code = hmac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(
            hex(&code),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let long = hmac(
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
        );
        assert_eq!(
            hex(&long),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn a_pseudonym_is_of_its_key() {
        let (one, other) = ([1; 16], [2; 16]);
        let name = |key: &[u8]| PseudonymKey::of(key).unwrap().pseudonym("image.service");
        assert_eq!(name(&one).len(), 16);
        assert_eq!(name(&one), name(&one));
        assert_ne!(name(&one), name(&other));
        assert_eq!(PseudonymKey::of(&[1; 15]).unwrap_err(), ShortKey(15));
    }
}
