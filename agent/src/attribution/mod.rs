//! Stage 2: which workload a record belongs to.

pub mod path;
mod workload;

pub use workload::{Attributed, Container, Executable, Pod, Runtime, Workload, WorkloadKind};
