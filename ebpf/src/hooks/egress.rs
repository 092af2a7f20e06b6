//! `cgroup_skb/egress` at the root cgroup: sees each IP packet of each socket
//! of every network namespace, whatever the protocol or system call. It runs
//! partly in softirq, so it never asks who is running.

use aya_ebpf::{macros::cgroup_skb, programs::SkBuffContext};

use super::ALLOW;
use crate::{count::count, packet::Way};

#[cgroup_skb(egress)]
fn weir_egress(ctx: SkBuffContext) -> i32 {
    count(ctx.skb.skb, Way::Egress);
    ALLOW
}
