//! `cgroup_skb/ingress` at the root cgroup: the answers, without which the
//! side that initiated an exchange could not be told.

use aya_ebpf::{macros::cgroup_skb, programs::SkBuffContext};

use super::ALLOW;
use crate::{count::count, packet::Way};

#[cgroup_skb(ingress)]
fn weir_ingress(ctx: SkBuffContext) -> i32 {
    count(ctx.skb.skb, Way::Ingress);
    ALLOW
}
