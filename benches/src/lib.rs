//! What is measured of the judgement of flows: by `weir-bench judge`, as ratios
//! within one run, and by `cargo bench -p weir-bench`, with criterion's statistics.

pub mod judging;
