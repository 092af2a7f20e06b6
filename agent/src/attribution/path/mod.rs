//! From a cgroup path to a workload, with no other source.
//!
//! The path is read from the root. What stands further out decides: whoever
//! may write below a cgroup (a unit with `Delegate=`, a container, a virtual
//! machine's `libvirt` directory) can give any name to what is below it, so
//! nothing there changes whose the workload is. The two exceptions are managers
//! that place workloads of others: a user's manager, whose units and containers
//! keep the user beside their name, and a service that runs containers or pods
//! in its own delegated subtree, whose unit stays beside the container.

mod segment;
#[cfg(test)]
mod tests;

use segment::Machine;

use super::{
    labels::Labels,
    workload::{Container, Pod, Runtime, Workload, WorkloadKind},
};

/// Names the workload of a cgroup path, which starts at the cgroup root with
/// `/`. Takes any text and always answers.
pub fn parse(path: &str) -> Workload {
    let mut scan = Scan::default();
    let (mut before, mut parent) = ("", "");
    let mut depth = 0_usize;
    for component in path.split('/') {
        // A path seen from within a cgroup namespace may start with `..`.
        if component.is_empty() || component == ".." {
            continue;
        }
        depth += 1;
        // systemd puts `_` before names that the kernel would take for a file.
        let segment = component
            .strip_prefix('_')
            .filter(|rest| !rest.is_empty())
            .unwrap_or(component);
        scan.step(before, parent, segment);
        if scan.container.is_some() || scan.machine.is_some() {
            break;
        }
        (before, parent) = (parent, segment);
    }
    scan.finish(path, depth)
}

/// A workload of which only the reason is known why nothing else is.
pub(super) fn unknown(name: String, reason: String) -> Workload {
    Workload {
        kind: WorkloadKind::Unknown,
        name,
        unknown: Some(reason),
        ..Workload::default()
    }
}

/// The shortest name an engineer would use, from what is known by now. Control
/// characters come out escaped: whoever may make a cgroup chose them.
pub(super) fn short_name(workload: &Workload) -> String {
    let name = match (&workload.pod, &workload.container, &workload.machine) {
        (
            Some(Pod {
                namespace: Some(namespace),
                name: Some(name),
                ..
            }),
            _,
            _,
        ) => {
            return printable(&format!("{namespace}/{name}"));
        }
        (_, Some(container), _) => container
            .name
            .as_deref()
            .unwrap_or_else(|| short_id(&container.id)),
        (Some(pod), None, _) => &pod.uid,
        (None, None, Some(machine)) => machine,
        (None, None, None) => place(workload),
    };
    printable(name)
}

/// Unit, slice or path of a workload that is no container and no machine.
fn place(workload: &Workload) -> &str {
    let path = workload.cgroup_path.as_deref().unwrap_or_default();
    match (&workload.unit, &workload.slice) {
        (Some(unit), _) => unit,
        (None, Some(slice)) if path.ends_with(&format!("/{slice}")) => slice,
        (None, _) => path,
    }
}

fn printable(text: &str) -> String {
    if text.chars().any(char::is_control) {
        text.chars().flat_map(|c| c.escape_debug()).collect()
    } else {
        text.to_owned()
    }
}

/// Twelve digits of a full id; any other id as it is.
fn short_id(id: &str) -> &str {
    if segment::is_full_id(id) {
        id.get(..12).unwrap_or(id)
    } else {
        id
    }
}

/// What the components so far have told.
#[derive(Default)]
struct Scan<'p> {
    slice: Option<&'p str>,
    unit: Option<&'p str>,
    user: Option<u32>,
    /// The unit of the user's manager itself, while none of its units is met.
    in_user_manager: bool,
    user_unit: bool,
    pod: Option<(String, &'static str)>,
    container: Option<(&'p str, Runtime)>,
    machine: Option<Machine>,
}

impl<'p> Scan<'p> {
    /// Takes the next component, with the two before it.
    fn step(&mut self, before: &str, parent: &str, segment: &'p str) {
        // Before a unit is met, or where the user's manager has not named one
        // of its own.
        let open = self.unit.is_none() || self.in_user_manager;
        if self.pod.is_none() {
            self.pod = segment::pod_slice(segment)
                .or_else(|| segment::pod_directory(before, parent, segment));
        }
        self.container =
            segment::container(segment).or_else(|| segment::container_in(before, parent, segment));
        if self.container.is_none() {
            self.machine = segment::machine(parent, segment);
        }
        if !open {
            return;
        }
        if segment::is_slice(segment) {
            self.slice = Some(segment);
            if !self.in_user_manager {
                self.user = self.user.or_else(|| segment::user_slice(segment));
            }
        } else if segment::is_unit(segment) {
            self.take_unit(segment);
        }
    }

    fn take_unit(&mut self, segment: &'p str) {
        let manager = segment::user_manager(segment).filter(|_| !self.in_user_manager);
        self.user_unit = self.in_user_manager;
        self.in_user_manager = manager.is_some();
        self.user = manager.or(self.user);
        self.unit = Some(segment);
    }

    fn kind(&self, depth: usize) -> WorkloadKind {
        match &self.machine {
            _ if self.pod.is_some() => WorkloadKind::KubernetesPod,
            _ if self.container.is_some() => WorkloadKind::Container,
            Some(Machine::Virtual(_)) => WorkloadKind::VirtualMachine,
            Some(Machine::Nspawn(_)) => WorkloadKind::Nspawn,
            Some(Machine::Lxc(_)) => WorkloadKind::Lxc,
            None if self.unit.is_some() && self.user_unit => WorkloadKind::SystemdUserUnit,
            None if self.unit.is_some() => WorkloadKind::SystemdUnit,
            None if depth == 0 => WorkloadKind::Root,
            None => WorkloadKind::Cgroup,
        }
    }

    fn finish(self, path: &str, depth: usize) -> Workload {
        let mut workload = Workload {
            host: None,
            kind: self.kind(depth),
            name: String::new(),
            cgroup_path: Some(if path.is_empty() {
                "/".to_owned()
            } else {
                path.to_owned()
            }),
            unit: self.unit.map(str::to_owned),
            slice: self.slice.map(str::to_owned),
            user: self.user,
            container: self.container.map(|(id, runtime)| Container {
                id: id.to_owned(),
                runtime,
                name: None,
                image: None,
                labels: Labels::default(),
            }),
            pod: self.pod.map(|(uid, qos)| Pod {
                uid,
                qos: qos.to_owned(),
                namespace: None,
                name: None,
                service_account: None,
                labels: Labels::default(),
            }),
            machine: self.machine.map(|machine| match machine {
                Machine::Virtual(name) | Machine::Nspawn(name) | Machine::Lxc(name) => name,
            }),
            unknown: None,
        };
        workload.name = short_name(&workload);
        workload
    }
}
