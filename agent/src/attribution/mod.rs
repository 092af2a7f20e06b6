//! Stage 2: which workload a record belongs to.

mod attributor;
mod executable;
mod host;
mod labels;
mod names;
pub mod path;
mod workload;

pub use attributor::{Attributor, CgroupPaths};
pub use executable::read_executable;
pub use host::Host;
pub use labels::{Label, Labels};
pub use names::{Names, StateRoots};
pub use workload::{Attributed, Container, Executable, Pod, Runtime, Workload, WorkloadKind};
