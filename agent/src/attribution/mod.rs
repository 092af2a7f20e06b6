//! Stage 2: which workload a record belongs to.

mod attributor;
mod executable;
mod names;
pub mod path;
mod workload;

pub use attributor::{Attributor, CgroupPaths};
pub use names::{Names, StateRoots};
pub use workload::{Attributed, Container, Executable, Pod, Runtime, Workload, WorkloadKind};
