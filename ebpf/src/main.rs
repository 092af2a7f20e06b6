//! Weir's kernel programs: one file per hook, one file of maps.
//!
//! A packet's way: the hooks in process context (`sock_create`, `connect`,
//! `sendmsg`) put the identity of the process into the socket's storage; the
//! hooks per packet (`egress`, `ingress`) find the socket's flow there and add
//! to its slot in the memory-mapped map `FLOWS`. No program ever refuses
//! anything: Weir verifies, it does not block.
#![no_std]
#![no_main]
#![feature(core_intrinsics)]
#![expect(
    internal_features,
    reason = "the BPF target lacks the stable atomics: see atomic.rs"
)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "the hooks' macros hand the context over by value"
)]
#![expect(
    clippy::cast_possible_truncation,
    reason = "sizes known when compiling, and halves of registers"
)]
#![expect(unsafe_code, reason = "kernel helpers and map values are raw pointers")]

mod atomic;
mod count;
mod flow;
mod hooks;
mod identity;
mod loss;
mod maps;
mod packet;
mod watch;

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

/// A reachable panic would be an endless loop, which the verifier refuses: so
/// a program that loads cannot panic.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
