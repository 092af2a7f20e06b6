//! Everything the kernel side could not do, by name. BPF maps and ring buffers
//! keep no such count themselves.

/// Declares the kinds once: variant, index, metric label.
macro_rules! losses {
    ($($(#[$doc:meta])* $variant:ident = $index:literal, $label:literal;)*) => {
        /// A kind of loss; its number is the index into the per-CPU map `LOSS`.
        #[repr(u32)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Loss { $($(#[$doc])* $variant = $index,)* }

        /// Number of kinds, the size of the map `LOSS`.
        pub const LOSS_KINDS: u32 = 0 $(+ { let _: u32 = $index; 1 })*;

        impl Loss {
            /// Every kind in the order of its number.
            pub const ALL: [Self; LOSS_KINDS as usize] = [$(Self::$variant,)*];

            /// Name in metrics and records, stable across versions.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }
        }
    };
}

losses! {
    /// The ring buffer had no room for a first sight; the sweep finds it.
    FirstSightReserve = 0, "first_sight_reserve";
    /// No slot was left: the packet was counted in its workload's folded flow.
    SlotsExhausted = 1, "slots_exhausted";
    /// Not even a folded flow could be made: the packet was counted in the sink.
    SinkUsed = 2, "sink_used";
    /// The index refused a new key for another reason than a lost race.
    IndexInsert = 3, "index_insert";
    /// A slot could not be put back after a lost race; it stays unused.
    SlotLeaked = 4, "slot_leaked";
    /// A socket could not be given storage; its process stays unknown.
    SocketStorage = 5, "socket_storage";
    /// IP headers could not be read: protocol or port is 0 in the record.
    HeaderUnreadable = 6, "header_unreadable";
    /// A cgroup's path could not be kept as it was made.
    CgroupPathInsert = 7, "cgroup_path_insert";
    /// A task's fields could not be read.
    TaskRead = 8, "task_read";
    /// A packet left the host and not even a folded slot could be had for it:
    /// the balance misses it.
    UplinkUncounted = 9, "uplink_uncounted";
    /// The ring buffer of payloads had no room: a name may be missing.
    PayloadReserve = 10, "payload_reserve";
    /// A DNS message or stream was longer than what is copied of one: a name
    /// may be missing.
    PayloadCut = 11, "payload_cut";
    /// A payload could not be read out of its packet: a name may be missing.
    PayloadUnreadable = 12, "payload_unreadable";
    /// A workload had used up its budget of copies: a name of its own may be missing.
    PayloadBudget = 13, "payload_budget";
}

const _: () = {
    let mut i = 0;
    while i < Loss::ALL.len() {
        assert!(Loss::ALL[i] as usize == i);
        i += 1;
    }
};
