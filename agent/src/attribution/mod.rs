//! Stage 2: which workload a record belongs to.

mod workload;

pub use workload::{Attributed, Container, Executable, Pod, Runtime, Workload, WorkloadKind};
