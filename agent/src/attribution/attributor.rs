//! From a record to its workload and program.

use std::sync::Arc;

use super::{
    executable::Executables,
    host::Host,
    names::{Names, Question},
    path,
    workload::{Attributed, Executable, Workload},
};
use crate::{
    bounded::Bounded,
    record::{CgroupId, FlowRecord, Scope},
};

/// Cgroups remembered. Each takes about 700 bytes.
const REMEMBERED: usize = 16_384;

/// Who knows the paths of cgroups, those that are gone included.
pub trait CgroupPaths {
    /// Path of the cgroup below the cgroup v2 root, starting with `/`; `None`
    /// when it is not known.
    fn path_of(&self, id: CgroupId) -> Option<String>;
}

/// Attributes records. Synchronous, without a wait on anything but `/proc`, and
/// bounded in memory: what is forgotten is looked up again.
pub struct Attributor<P> {
    paths: P,
    names: Option<Names>,
    executables: Executables,
    /// Path of the cgroup in which the host itself is, if it is in one.
    hidden: String,
    host: Host,
    known: Bounded<CgroupId, Known>,
}

/// A workload and what may still be learned of it.
struct Known {
    workload: Arc<Workload>,
    /// What the names thread has been asked; `None` where it has no part.
    question: Option<Question>,
    /// Whether the question was taken.
    asked: bool,
    /// Version of the names that `workload` was made with.
    version: u64,
    /// For a workload without a path: how often it was wanted.
    wanted: u32,
}

impl<P: CgroupPaths> Attributor<P> {
    /// Attributes with `paths`, and with `names` where given.
    pub fn new(paths: P, names: Option<Names>) -> Self {
        Self {
            paths,
            names,
            executables: Executables::of_this_host(),
            hidden: String::new(),
            host: Host::unknown(),
            known: Bounded::new(REMEMBERED),
        }
    }

    /// Takes `prefix` off each path: the cgroup that holds the host itself, for
    /// a host that is a container of another one.
    #[must_use]
    pub fn below(mut self, prefix: &str) -> Self {
        prefix.trim_end_matches('/').clone_into(&mut self.hidden);
        self
    }

    /// Puts the host's name into each workload.
    #[must_use]
    pub fn on(mut self, host: Host) -> Self {
        self.host = host;
        self
    }

    /// The record with its workload and program.
    pub fn attribute(&mut self, record: FlowRecord) -> Attributed {
        let workload = match record.scope {
            Scope::Sink => self.here(path::unknown(
                "(no room)".to_owned(),
                "the kernel had no room left to say whose it is".to_owned(),
            )),
            Scope::Unseen if record.cgroup == CgroupId(0) => {
                self.here(match &record.forwarded_from {
                    Some(interface) => path::unknown(
                        format!("behind {interface}"),
                        format!(
                            "it was forwarded from {interface}, and no process of this host owns that"
                        ),
                    ),
                    None => path::unknown(
                        "(kernel)".to_owned(),
                        "no socket of this host sent it".to_owned(),
                    ),
                })
            }
            Scope::Exact | Scope::Folded | Scope::Unseen => self.workload(record.cgroup),
        };
        let executable = match &record.process {
            Some(process) => self.executables.of(process),
            None => Executable::Unknown("the socket's process was not recorded".to_owned()),
        };
        Attributed {
            record,
            workload,
            executable,
        }
    }

    /// The workload of a cgroup, by what is known now.
    pub fn workload(&mut self, id: CgroupId) -> Arc<Workload> {
        if let Some(known) = self.known.get_mut(&id) {
            known.wanted = known.wanted.saturating_add(1);
            let forgotten = known.workload.cgroup_path.is_none();
            // A path that was not known is asked for again, ever less often.
            if !(forgotten && known.wanted.is_power_of_two()) {
                if let Some(names) = &self.names {
                    known.refresh(names);
                }
                return Arc::clone(&known.workload);
            }
        }
        let wanted = self.known.get_mut(&id).map_or(0, |known| known.wanted);
        let mut known = self.meet(id);
        known.wanted = wanted;
        let workload = Arc::clone(&known.workload);
        self.known.insert(id, known);
        workload
    }

    fn meet(&self, id: CgroupId) -> Known {
        let workload = match self.paths.path_of(id) {
            Some(path) => path::parse(self.visible(&path)),
            None => path::unknown(
                format!("cgroup {id}"),
                format!("cgroup {id} was gone before its path was read"),
            ),
        };
        let question = self.names.as_ref().and_then(|_| Question::of(&workload));
        let workload = self.here(workload);
        let mut known = Known {
            workload,
            question,
            asked: false,
            version: 0,
            wanted: 0,
        };
        if let Some(names) = &self.names {
            // An earlier answer may be there already.
            known.take(names);
            known.ask(names);
        }
        known
    }

    fn here(&self, workload: Workload) -> Arc<Workload> {
        Arc::new(Workload {
            host: self.host.name().cloned(),
            ..workload
        })
    }

    fn visible<'p>(&self, path: &'p str) -> &'p str {
        match path.strip_prefix(&self.hidden) {
            Some("") => "/",
            Some(below) if below.starts_with('/') => below,
            _ => path,
        }
    }
}

impl Known {
    fn refresh(&mut self, names: &Names) {
        if self.question.is_none() {
            return;
        }
        self.ask(names);
        if names.version() != self.version {
            self.take(names);
        }
    }

    fn ask(&mut self, names: &Names) {
        if let Some(question) = &self.question
            && !self.asked
        {
            self.asked = names.ask(question.clone());
        }
    }

    /// Puts what the names thread knows into the workload.
    fn take(&mut self, names: &Names) {
        let Some(question) = &self.question else {
            return;
        };
        // The version first: an answer that comes between the two is taken again.
        self.version = names.version();
        let Some(facts) = names.answer(question) else {
            return;
        };
        let mut workload = Workload::clone(&self.workload);
        facts.apply(&mut workload);
        workload.name = path::short_name(&workload);
        if workload != *self.workload {
            self.workload = Arc::new(workload);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::{
        cell::{Cell, RefCell},
        collections::HashMap,
        fs,
        net::Ipv4Addr,
        rc::Rc,
        thread,
        time::{Duration, Instant},
    };

    use super::*;
    use crate::{
        attribution::{StateRoots, WorkloadKind},
        record::{Counters, Direction, FlowId, Protocol},
    };

    #[derive(Clone, Default)]
    struct Paths {
        known: Rc<RefCell<HashMap<u64, String>>>,
        asked: Rc<Cell<usize>>,
    }

    impl Paths {
        fn with(id: u64, path: &str) -> Self {
            let paths = Self::default();
            paths.known.borrow_mut().insert(id, path.to_owned());
            paths
        }
    }

    impl CgroupPaths for Paths {
        fn path_of(&self, id: CgroupId) -> Option<String> {
            self.asked.set(self.asked.get() + 1);
            self.known.borrow().get(&id.0).cloned()
        }
    }

    fn record(scope: Scope, cgroup: u64) -> FlowRecord {
        FlowRecord {
            id: FlowId(1),
            scope,
            cgroup: CgroupId(cgroup),
            netns: None,
            address: Ipv4Addr::new(203, 0, 113, 9).into(),
            port: 443,
            protocol: Protocol::TCP,
            direction: Direction::Outbound,
            process: None,
            first_ns: 0,
            last_ns: 0,
            forwarded_from: None,
            attempts: 1,
            counters: Counters::default(),
        }
    }

    #[test]
    fn a_path_is_asked_for_once() {
        let paths = Paths::with(7, "/system.slice/web.service");
        let mut attributor = Attributor::new(paths.clone(), None);
        for _ in 0..10 {
            let attributed = attributor.attribute(record(Scope::Exact, 7));
            assert_eq!(attributed.workload.name, "web.service");
            assert_eq!(
                attributed.executable,
                Executable::Unknown("the socket's process was not recorded".into())
            );
        }
        assert_eq!(paths.asked.get(), 1);
        // A cgroup that ended after it was met keeps its name.
        paths.known.borrow_mut().clear();
        assert_eq!(attributor.workload(CgroupId(7)).name, "web.service");
    }

    #[test]
    fn every_workload_says_on_which_host_it_ran() {
        let paths = Paths::with(7, "/system.slice/web.service");
        let mut attributor = Attributor::new(paths, None).on(Host::named("node-7"));
        for (scope, cgroup) in [
            (Scope::Exact, 7),
            (Scope::Exact, 8),
            (Scope::Sink, 0),
            (Scope::Unseen, 0),
        ] {
            let workload = attributor.attribute(record(scope, cgroup)).workload;
            assert_eq!(workload.host.as_deref(), Some("node-7"));
        }
    }

    #[test]
    fn an_unknown_path_is_said_and_asked_for_again() {
        let paths = Paths::default();
        let mut attributor = Attributor::new(paths.clone(), None);
        let workload = attributor.workload(CgroupId(9));
        assert_eq!(workload.kind, WorkloadKind::Unknown);
        assert_eq!(workload.name, "cgroup 9");
        assert_eq!(
            workload.unknown.as_deref(),
            Some("cgroup 9 was gone before its path was read")
        );
        for _ in 0..1000 {
            attributor.workload(CgroupId(9));
        }
        assert_eq!(
            paths.asked.get(),
            11,
            "at 0 and at each power of two up to 512"
        );
        paths.known.borrow_mut().insert(9, "/late.slice".into());
        for _ in 0..1024 {
            attributor.workload(CgroupId(9));
        }
        assert_eq!(attributor.workload(CgroupId(9)).name, "late.slice");
    }

    #[test]
    fn what_the_kernel_could_not_keep_apart_is_unclaimed() {
        let paths = Paths::with(0, "/system.slice/web.service");
        let mut attributor = Attributor::new(paths.clone(), None);
        let workload = attributor.attribute(record(Scope::Sink, 0)).workload;
        assert_eq!(workload.kind, WorkloadKind::Unknown);
        assert_eq!(
            workload.unknown.as_deref(),
            Some("the kernel had no room left to say whose it is")
        );
        assert_eq!(paths.asked.get(), 0);
    }

    #[test]
    fn the_cgroup_of_the_host_itself_is_hidden() {
        for (path, name) in [
            ("/host/docker-x/system.slice/web.service", "web.service"),
            ("/host/docker-x", "/"),
            ("/host/docker-xy/job", "/host/docker-xy/job"),
        ] {
            let paths = Paths::with(1, path);
            let mut attributor = Attributor::new(paths, None).below("/host/docker-x/");
            assert_eq!(attributor.workload(CgroupId(1)).name, name);
        }
    }

    #[test]
    fn a_name_that_becomes_known_is_taken_up() {
        let id = "3f4e5d6c7b8a99887766554433221100ffeeddccbbaa00112233445566778899";
        let dir = tempfile::tempdir().unwrap();
        let container = dir.path().join("var/lib/docker/containers").join(id);
        let roots = StateRoots {
            root: dir.path().to_owned(),
            ..StateRoots::default()
        };
        let paths = Paths::with(5, &format!("/docker/{id}"));
        let names = Names::start(roots).unwrap();
        let mut attributor = Attributor::new(paths.clone(), Some(names));
        assert_eq!(attributor.workload(CgroupId(5)).name, "3f4e5d6c7b8a");
        fs::create_dir_all(&container).unwrap();
        let config = r#"{"Name":"/web","Config":{"Image":"nginx:1.27"}}"#;
        fs::write(container.join("config.v2.json"), config).unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while attributor.workload(CgroupId(5)).name != "web" {
            assert!(Instant::now() < deadline, "no name");
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(paths.asked.get(), 1);
        let first = attributor.workload(CgroupId(5));
        assert!(Arc::ptr_eq(&first, &attributor.workload(CgroupId(5))));
    }
}
