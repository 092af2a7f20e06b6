//! What packets of workloads say, as pure functions from bytes to values.
//!
//! Whoever sends these packets chooses every byte of them. So each parser has a
//! bound on what it keeps and on the work it does, gives a value where something
//! is wrong, and never panics; `fuzz/` tries.

pub mod client_hello;
pub mod dns;
pub mod quic;
pub mod stream;

/// How far a reader has got with what came so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<T, F> {
    /// It is all there.
    Complete(T),
    /// At least this many more bytes have to come. It makes no sense to try
    /// earlier.
    Needs(usize),
    /// It is something else, whatever may come.
    Not(F),
}
