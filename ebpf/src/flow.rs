//! Finds the slot of a flow, or takes one.

use aya_ebpf::{
    bindings::BPF_NOEXIST, btf_maps::Array, helpers::generated::bpf_ktime_get_boot_ns,
    macros::btf_map,
};
use weir_common::{
    EVENT_FIRST_SIGHT, FirstSight, FlowKey, FlowSlot, KIND_EXACT, KIND_FOLDED, KIND_UPLINK,
    KIND_UPLINK_FOLDED, Loss, Process, SLOT_LIVE, SLOT_SINK,
};

use crate::{
    atomic, loss,
    maps::{EVENTS, FLOW_INDEX, FLOWS, FREE_SLOTS, NEXT_SLOT, RESERVED, SLOTS},
};

/// A slot's index and whether it is the flow's own.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    pub(crate) slot: u32,
    /// False for folded flows and the sink: sockets do not remember those, so
    /// that they find their own slot as soon as there is room again.
    pub(crate) exact: bool,
}

/// Entries of [`RECENT`], a power of two.
const RECENT_ENTRIES: u32 = 16_384;

/// Slots found lately, by a hash of their key. The index spreads few flows over
/// megabytes, so that each look misses the processor's caches several times; this
/// is 128 KiB. Each entry is a mere hint, proved by the slot that it names.
#[btf_map]
static RECENT: Array<u32, { RECENT_ENTRIES as usize }> = Array::new();

/// The slot of this flow if it has one.
#[inline(always)]
pub(crate) fn find(key: &FlowKey) -> Option<u32> {
    let recent = RECENT.get_ptr_mut(hash(key) % RECENT_ENTRIES)?;
    // SAFETY: an aligned u32 in a map value: any value that ever was there will
    // do, for it is proved next.
    let slot = unsafe { core::ptr::read_volatile(recent) };
    if slot != SLOT_SINK && counts(slot, key) {
        return Some(slot);
    }
    let slot = indexed(key)?;
    // SAFETY: as above.
    unsafe { core::ptr::write_volatile(recent, slot) };
    Some(slot)
}

/// The slot of this flow by the index.
#[inline(always)]
fn indexed(key: &FlowKey) -> Option<u32> {
    // SAFETY: the value is copied at once; a reused element holds another live
    // slot, whose packets are then counted under its key until the next lookup.
    unsafe { FLOW_INDEX.get(key) }.copied()
}

/// Whether a slot counts this flow now. One that is retired does not: seen live
/// here, its counts are not final before this run of the program has ended.
#[inline(always)]
fn counts(slot: u32, key: &FlowKey) -> bool {
    let Some(slot) = FLOWS.get_ptr_mut(slot) else {
        return false;
    };
    // SAFETY: a map value; the state is an aligned u16, and the key is not
    // written while the slot is live.
    unsafe {
        core::ptr::read_volatile(&raw const (*slot).state) == SLOT_LIVE && same(&(*slot).key, key)
    }
}

/// A key as whole words: by its fields, it would be compared byte by byte.
#[inline(always)]
fn words(key: &FlowKey) -> [u64; 5] {
    // SAFETY: a key is five words: its alignment is theirs, and it has no padding.
    unsafe { core::ptr::from_ref(key).cast::<[u64; 5]>().read() }
}

/// Whether two keys are the same.
#[inline(always)]
pub(crate) fn same(a: &FlowKey, b: &FlowKey) -> bool {
    let ([a0, a1, a2, a3, a4], [b0, b1, b2, b3, b4]) = (words(a), words(b));
    (a0 ^ b0) | (a1 ^ b1) | (a2 ^ b2) | (a3 ^ b3) | (a4 ^ b4) == 0
}

/// Spreads keys over [`RECENT`]: multiplication carries every bit upwards, from
/// where the result is taken (the factor is 2^64 divided by the golden ratio).
#[inline(always)]
fn hash(key: &FlowKey) -> u32 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let [cgroup, netns, first, second, last] = words(key);
    let workload = (cgroup ^ netns.rotate_left(32)).wrapping_mul(FACTOR);
    let address = (first ^ second.rotate_left(32) ^ workload).wrapping_mul(FACTOR);
    ((address.rotate_left(32) ^ last).wrapping_mul(FACTOR) >> 32) as u32
}

/// The slot of this flow, taken now if it has none.
#[inline(always)]
pub(crate) fn find_or_take(key: &FlowKey, process: &Process, flags: u16) -> Found {
    match find(key) {
        Some(slot) => Found { slot, exact: true },
        None => take(key, process, flags),
    }
}

#[inline(never)]
fn take(key: &FlowKey, process: &Process, flags: u16) -> Found {
    if let Some(slot) = unused_slot(RESERVED.load())
        && let Some(slot) = publish(slot, key, process, flags)
    {
        return Found { slot, exact: true };
    }
    loss::count(Loss::SlotsExhausted);
    let folded = FlowKey {
        cgroup_id: key.cgroup_id,
        netns_cookie: 0,
        remote: [0; 16],
        port: 0,
        protocol: 0,
        direction: key.direction,
        kind: if key.kind == KIND_UPLINK {
            KIND_UPLINK_FOLDED
        } else {
            KIND_FOLDED
        },
        padding: [0; 3],
    };
    let slot = indexed(&folded).or_else(|| {
        let slot = unused_slot(0)?;
        publish(slot, &folded, process, flags)
    });
    if slot.is_none() {
        loss::count(if key.kind == KIND_UPLINK {
            Loss::UplinkUncounted
        } else {
            Loss::SinkUsed
        });
    }
    Found {
        slot: slot.unwrap_or(SLOT_SINK),
        exact: false,
    }
}

/// A slot that nobody uses, leaving `reserve` slots untouched.
#[inline(always)]
fn unused_slot(reserve: u32) -> Option<u32> {
    if reserve != 0
        && let Ok(Some(slot)) = FREE_SLOTS.pop()
    {
        return Some(slot);
    }
    let next = NEXT_SLOT.get_ptr_mut(0)?;
    let limit = SLOTS.load().saturating_sub(reserve);
    // SAFETY: an aligned u32 in a map value, which only programs write.
    if unsafe { core::ptr::read_volatile(next) } >= limit.saturating_sub(1) {
        return None;
    }
    // SAFETY: as above, and written atomically only.
    let slot = unsafe { atomic::fetch_add(next, 1) } + 1;
    (slot < limit).then_some(slot)
}

/// Fills a slot and makes it the flow's, unless another CPU was faster: then
/// that one's slot is the flow's and this one goes back.
#[inline(always)]
fn publish(slot: u32, key: &FlowKey, process: &Process, flags: u16) -> Option<u32> {
    let value = FLOWS.get_ptr_mut(slot)?;
    // SAFETY: no other program knows this slot before the index names it, and
    // the agent does not touch a free slot.
    unsafe {
        (*value).key = *key;
        (*value).process = *process;
        (*value).first_ns = bpf_ktime_get_boot_ns();
        (*value).flags = flags;
    }
    if FLOW_INDEX.insert(key, slot, BPF_NOEXIST.into()).is_err() {
        if FREE_SLOTS.push(slot, 0).is_err() {
            loss::count(Loss::SlotLeaked);
        }
        let winner = indexed(key);
        if winner.is_none() {
            loss::count(Loss::IndexInsert);
        }
        return winner;
    }
    // SAFETY: as above; the agent reads the other fields only once it sees
    // this one. The helper call above orders the stores before it.
    unsafe { core::ptr::write_volatile(&raw mut (*value).state, SLOT_LIVE) };
    let event = FirstSight {
        kind: EVENT_FIRST_SIGHT,
        slot,
    };
    if key.kind == KIND_EXACT && EVENTS.output(event, 0).is_err() {
        loss::count(Loss::FirstSightReserve);
    }
    Some(slot)
}

/// The counters of a slot.
#[inline(always)]
pub(crate) fn slot(index: u32) -> Option<*mut FlowSlot> {
    FLOWS.get_ptr_mut(index)
}
