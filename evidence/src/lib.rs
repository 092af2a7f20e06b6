//! The evidence bundle: what a reviewer receives for a period.
//!
//! One archive of plain files, a list of their digests, and a signed statement
//! that names every one of them. This crate knows the container; what stands in
//! the files is the agent's.
//!
//! ```text
//! files ─> archive (tar, the same input gives the same bytes)
//!   └────> sums (SHA256SUMS) ─> statement (in-toto) ─> dsse (signature)
//! ```
//!
//! Nothing here needs Weir to be checked: `tar`, `sha256sum` and `openssl` do.

pub mod archive;
pub mod digest;
pub mod dsse;
pub mod name;
pub mod statement;
pub mod sums;
