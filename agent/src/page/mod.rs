//! The local page: what `weir top` shows, in a browser. It is read and nothing else.
//!
//! ```text
//! listener (bounded) ─> guard (who may be asked for, and how) ─> router ─> views
//!                              Snapshot, claims (both kept a while) ──────────┘
//! ```

mod bound;
mod claims;
mod frame;
mod guard;
mod known;
mod query;
mod serve;
#[cfg(test)]
mod tests;
mod views;

pub use bound::{Bounded, MOST_CONNECTIONS, MOST_OF_REQUESTS};
pub use claims::{ClaimLine, ClaimsNow};
pub use known::Known;
pub use serve::{Basis, serve};

use std::{net::SocketAddr, path::PathBuf};

/// Where the page is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// At an address.
    Tcp(SocketAddr),
    /// At a socket that root and the control group can open.
    Unix(PathBuf),
}

/// How the page is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where.
    pub listen: Listen,
    /// Names by which it may be asked for, beside addresses and `localhost`.
    pub hosts: Vec<String>,
}

impl std::fmt::Display for Listen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
