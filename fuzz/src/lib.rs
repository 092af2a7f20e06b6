//! One function for each parser that takes bytes from outside: it must come back
//! from any input, and what it says must keep within its bounds.
//!
//! `libfuzzer/` calls these functions with what a fuzzer finds, and
//! `tests/replay.rs` with the corpus and changes of it, on any compiler.

mod bundle;
mod dns;
mod hello;
mod mmdb;
pub mod mutate;
mod policy;
mod stream;

pub use self::{
    bundle::bundle,
    dns::{dns_answer, dns_query},
    hello::{client_hello, quic_initial, seal},
    mmdb::mmdb,
    policy::policy,
    stream::stream,
};

/// A function under test.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Name of the function, of its corpus and of its program for libFuzzer.
    pub name: &'static str,
    /// Panics where a law is broken.
    pub run: fn(&[u8]),
    /// Changes of the corpus that `cargo test` tries.
    pub mutations: u32,
}

/// All of them.
pub const TARGETS: [Target; 8] = [
    Target {
        name: "bundle",
        run: bundle,
        mutations: 3000,
    },
    Target {
        name: "dns_answer",
        run: dns_answer,
        mutations: 100_000,
    },
    Target {
        name: "dns_query",
        run: dns_query,
        mutations: 100_000,
    },
    Target {
        name: "client_hello",
        run: client_hello,
        mutations: 100_000,
    },
    Target {
        name: "quic_initial",
        run: quic_initial,
        mutations: 50_000,
    },
    Target {
        name: "stream",
        run: stream,
        mutations: 50_000,
    },
    Target {
        name: "mmdb",
        run: mmdb,
        mutations: 10_000,
    },
    Target {
        name: "policy",
        run: policy,
        mutations: 10_000,
    },
];

/// Cuts `data` into pieces, each behind one byte of its own and a length of two.
fn pieces(mut data: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let ([kind, high, low], rest) = data.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (piece, rest) = rest.split_at(length.min(rest.len()));
        data = rest;
        Some((*kind, piece))
    })
}
