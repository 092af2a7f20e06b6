//! The cases of `weir-bench judge`, with criterion's statistics.

use anyhow::Result;
use criterion::{Criterion, Throughput};
use weir_bench::judging::{self, Work};

fn main() -> Result<()> {
    let mut criterion = Criterion::default().configure_from_args();
    for case in judging::cases()? {
        let mut group = criterion.benchmark_group(case.group);
        let mut measure = |name: String, mut work: Work| {
            group.throughput(Throughput::Elements(u64::from(work.flows)));
            group.bench_function(name, |bencher| bencher.iter(|| work.call()));
        };
        if let Some(reference) = case.reference {
            measure(format!("{}, reference", case.what), reference);
        }
        measure(case.what, case.subject);
        group.finish();
    }
    criterion.final_summary();
    Ok(())
}
