//! The daemon: checks everything first, attaches last, drains, and ends with
//! final counts.

mod acknowledge;
mod begin;
mod bundles;
mod confine;
mod failure;
mod lock;
mod notify;
mod onlookers;
mod open_flow;
mod page;
mod paths;
mod pipeline;
mod recorder;
mod reload;
mod self_test;
mod service;
mod spent;
mod uplink;

pub use acknowledge::acknowledge;
pub use bundles::Bundles;
pub use confine::rules;
pub use failure::Failure;
pub use uplink::Uplinks;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    task::spawn_blocking,
    time::{MissedTickBehavior, interval},
};

use weir_ledger::Node;

use self::{
    begin::{Begun, begin},
    lock::Lock,
    onlookers::Onlookers,
    page::Bound,
    paths::Paths,
    pipeline::Pipeline,
    recorder::{Ending, Recorder},
    reload::{AllowlistFiles, Reload},
    self_test::{Moment, SelfTest},
    service::Service,
    uplink::UplinkSide,
};
use crate::{
    Build,
    aside::Keeper,
    attribution::{Names, StateRoots},
    control::{self, Gate},
    coverage::{ConfineMode, Watch, not_covered},
    jurisdiction::{Databases, IpData},
    kernel::{
        Capture, CaptureError, CaptureOptions, CgroupDirectory, Clock, News, Pins,
        find_cgroup_root, keep_heap_small, kernel_release, own_namespace, payload_wakeup,
        preflight, trim_heap, wakeup,
    },
    ledger::{self, Ledger},
    look::Look,
    naming::{Namer, Snapshot},
    output::{self, AllowlistsLine, DatabaseLine, Display, Metrics, Started},
    policy::{Archive, Policy, Set},
};

/// Where programs and maps are pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pinning {
    /// Nowhere: recording ends with the agent.
    Off,
    /// `weir` in the BPF filesystem of this mount namespace.
    Auto,
    /// A directory in a BPF filesystem.
    At(PathBuf),
}

impl Pinning {
    /// The directory, if anything is pinned.
    fn pins(&self) -> Result<Option<Pins>, CaptureError> {
        Ok(match self {
            Self::Off => None,
            Self::Auto => Some(Pins::find()?),
            Self::At(path) => Some(Pins::at(path.clone())),
        })
    }
}

/// How the daemon is asked to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Directory of the allowlists.
    pub allowlists: PathBuf,
    /// IP databases.
    pub ip_data: IpData,
    /// Directory of the embedded store.
    pub store: PathBuf,
    /// When its segments are sealed, and how long they are kept.
    pub ledger: ledger::Options,
    /// Whether another key is to take the place of the node's.
    pub rotate_key: bool,
    /// Directory of the lock that admits one agent.
    pub runtime: PathBuf,
    /// Group whose members may ask at the control socket, beside root.
    pub control_group: Option<nix::unistd::Gid>,
    /// Where to serve metrics.
    pub metrics: Option<SocketAddr>,
    /// How the page is served, if it is.
    pub page: Option<crate::page::Settings>,
    /// Where programs and maps are pinned, so that recording goes on without the
    /// agent.
    pub pin: Pinning,
    /// Which interfaces lead off the host.
    pub uplinks: Uplinks,
    /// Drain what is recorded, detach everything and end.
    pub unload: bool,
    /// Root of the cgroup v2 hierarchy, if it is not to be found.
    pub cgroup_root: Option<PathBuf>,
    /// How often counters are swept.
    pub sweep: Duration,
    /// How often the canary runs; never if `None`.
    pub self_test: Option<Duration>,
    /// Where the bundle of each period goes once it is over; nowhere if `None`.
    pub bundles: Option<Bundles>,
    /// Whether it gives up what it does not need once it records.
    pub confine: ConfineMode,
    /// How long a finding stays open after its last flow has ended.
    pub quiet: Duration,
    /// How long to run; until a signal if `None`.
    pub duration: Option<Duration>,
    /// Ways out for findings.
    pub notify: crate::notify::Settings,
    /// How the kernel side is sized.
    pub capture: CaptureOptions,
}

/// Runs until SIGINT, SIGTERM or the end of the duration.
///
/// # Errors
/// Whatever prevents covering this host, before anything is attached; and the
/// loss of the store or of the kernel side later.
pub fn run(options: &Options, display: &mut dyn Display) -> Result<(), Failure> {
    keep_heap_small();
    prepare(options, display).inspect_err(service::failed)
}

fn prepare(options: &Options, display: &mut dyn Display) -> Result<(), Failure> {
    let allowlists = (
        Set::look(&options.allowlists),
        Set::read(&options.allowlists),
    );
    let policy = Arc::new(allowlists.1.compile()?);
    let look = options.ip_data.look();
    let databases = Arc::new(Databases::load(&options.ip_data)?);
    preflight()?;
    let root = match &options.cgroup_root {
        Some(path) => path.clone(),
        None => find_cgroup_root()?,
    };
    let directory = CgroupDirectory::open(&root)?;
    let _lock = Lock::take(&options.runtime)?;
    let clock = Clock::read().map_err(Failure::Clock)?;
    if options.rotate_key {
        Node::prepare_rotation(&options.store)?;
    }
    let ledger = Ledger::open_with(&options.store, clock.now(), options.ledger.clone())?;
    Archive::of(&options.store).keep(&allowlists.1)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::Runtime)?;
    let outcome = runtime.block_on(record(
        options,
        (policy, allowlists.0),
        (databases, look),
        directory,
        ledger,
        display,
    ));
    // Nobody waits for what was made for those who look.
    runtime.shutdown_background();
    outcome
}

async fn record(
    options: &Options,
    (policy, allowlists_look): (Arc<Policy>, Look),
    (databases, look): (Arc<Databases>, Look),
    directory: CgroupDirectory,
    ledger: Ledger,
    display: &mut dyn Display,
) -> Result<(), Failure> {
    let described: Vec<_> = databases.describe().map(DatabaseLine::from).collect();
    let metrics = Metrics::new(env!("CARGO_PKG_VERSION"));
    metrics.databases(databases.describe());
    let listening = listen(options.metrics).await?;
    let gate = Gate {
        group: options.control_group,
    };
    let page = Bound::of(options.page.as_ref(), gate).await?;
    let refused = |error| Failure::Control(options.runtime.join(control::SOCKET), error);
    let socket = control::bind(&options.runtime, gate).map_err(refused)?;
    let (sender, mut requests) = mpsc::channel(1);
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::Runtime)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::Runtime)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(Failure::Runtime)?;

    let pins = options.pin.pins()?;
    let Begun {
        mut capture,
        adopted,
        gaps,
        mut ledger,
        resume,
    } = begin(options, pins.as_ref(), &directory, (&databases, ledger))?;
    let clock = Clock::read().map_err(Failure::Clock)?;
    let namer = namer(options, &policy, &capture, &clock);
    let not_covered = not_covered();
    // No thread of before may go on.
    ledger.wait_for_segments()?;
    let confined = if options.unload {
        None
    } else {
        let kernel = (&capture, pins.as_ref());
        Some(confine::confined(options, kernel, &directory)?)
    };
    let clock = Clock::read().map_err(Failure::Clock)?;
    let watch = Watch::new(
        CgroupDirectory::open(directory.path())?,
        clock,
        resume.losses.clone(),
    );
    metrics.allowlists(policy.digest(), clock.now());
    let kernel = kernel_release();
    let digest = policy.digest().to_owned();
    let cgroup_root = directory.path().to_owned();
    let build = own_build();
    let started = Started {
        time: clock.now(),
        adopted,
        version: env!("CARGO_PKG_VERSION"),
        build: build.as_ref(),
        kernel: &kernel,
        cgroup_root: &cgroup_root,
        allowlists: AllowlistsLine {
            directory: &options.allowlists,
            digest: &digest,
            products: policy.products().count(),
            entries: policy.entry_count(),
        },
        databases: &described,
        metrics: listening.as_ref().map(|(_, address)| address.to_string()),
        confinement: confined.as_ref().map(|confined| &confined.confinement),
        page: page.as_ref().map(|page| page.address.clone()),
    };
    let events = wakeup(&capture).map_err(Failure::Runtime)?;
    // Before interfaces are looked at for the first time.
    let news = News::listen().map_err(Failure::Interfaces)?;
    let names = Names::start(StateRoots::default()).map_err(Failure::Runtime)?;
    let paths = Paths::new(directory, capture.take_cgroup_paths());
    let spent = spent::recorded(&options.store, &policy, clock.now())?;
    let databases_in_force = Arc::clone(&databases);
    let pipeline = Pipeline::new(paths, names, namer, databases, (Arc::clone(&policy), spent));
    let payloads = payload_wakeup(&capture).map_err(Failure::Runtime)?;
    let findings = ledger.open_findings()?;
    let acknowledged = ledger.acknowledgements()?;
    let mut ledger = (ledger, resume);
    let display = Some(display);
    let uplink = UplinkSide::new(
        options.uplinks.clone(),
        CgroupDirectory::open(&cgroup_root)?,
    );
    let sides = (watch, uplink);
    let notifier = notify::begin(options, &mut ledger.0, &findings, metrics.notify())?;
    notify::warn_of_undeclared(options, policy.clone(), databases_in_force, &clock);
    let mut recorder = Recorder::new(capture, pipeline, ledger, sides, metrics.clone(), display)
        .with_notifier(notifier)
        .keeping_names_in(&options.store)
        .with_acknowledgements(acknowledged)
        .with_findings(findings, options.quiet);
    recorder.started(&started, (not_covered, gaps), &clock)?;
    trim_heap();
    if options.unload {
        return recorder.finish(Ending::Detach).map(drop);
    }
    if let Some((listener, _)) = listening {
        tokio::spawn(output::serve(listener, metrics));
    }
    if let Some(page) = page {
        page.serve(options, sender.clone());
    }
    tokio::spawn(control::serve(socket, gate, sender));

    let mut ticks = interval(options.sweep);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = async {
        match options.duration {
            Some(duration) => tokio::time::sleep(duration).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(end);
    let keeper = confined
        .as_ref()
        .and_then(|confined| confined.keeper.as_ref());
    let mut canary = SelfTest::every(options.self_test, keeper.map(Keeper::playing));
    let mut onlookers = Onlookers::new(options.bundles.clone());
    let mut bundles = bundles::Writer::new(options.bundles.clone(), &options.store);
    let mut ip_data = Reload::new(options.ip_data.clone(), look);
    let files = AllowlistFiles::new(&options.allowlists, &options.store);
    let mut allowlists = Reload::new(files, allowlists_look);
    let mut service = Service::ready(recorder.status(), options.sweep);
    loop {
        let (databases, policy) = (recorder.databases(), recorder.policy());
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            () = &mut end => break,
            _ = ticks.tick() => {
                recorder.sweep()?;
                service.swept(recorder.status());
            }
            moment = canary.next() => match moment {
                Moment::Due => canary.begin(),
                Moment::Played(played) => recorder.tested(played)?,
            },
            () = bundles.tick() => recorder.write_bundles(&mut bundles)?,
            _ = hangup.recv() => {
                service.reloading();
                ip_data.ask();
                allowlists.ask();
            }
            reloaded = ip_data.next(&databases) => {
                recorder.reloaded(reloaded)?;
                let awaited = ip_data.is_awaited() || allowlists.is_awaited();
                service.reloaded(!awaited, recorder.status());
            }
            read = allowlists.next(&policy) => {
                recorder.allowlists_read(read)?;
                let awaited = ip_data.is_awaited() || allowlists.is_awaited();
                service.reloaded(!awaited, recorder.status());
                // What was in force may be large.
                spawn_blocking(move || {
                    drop(policy);
                    trim_heap();
                });
            }
            Some(request) = requests.recv() => {
                onlookers.ask(&mut recorder, request)?;
            }
            () = onlookers.turn() => onlookers.look(&recorder, bundles.failed_last())?,
            told = news.changed() => {
                told.map_err(Failure::Interfaces)?;
                recorder.interfaces_changed()?;
            }
            ready = payloads.readable() => {
                ready.map_err(Failure::Runtime)?.clear_ready();
                recorder.hear()?;
            }
            ready = events.readable() => {
                ready.map_err(Failure::Runtime)?.clear_ready();
                recorder.first_sights()?;
            }
        }
    }
    service.stopping();
    recorder.finish(Ending::Continue).map(drop)
}

/// Which build this is; a record without that is better than none.
fn own_build() -> Option<Build> {
    Build::own()
        .inspect_err(|error| {
            tracing::warn!(%error, "the record does not say which executable made it: it cannot be read");
        })
        .ok()
}

/// Who gives names: with what an earlier agent of the same recording knew of them.
fn namer(options: &Options, policy: &Policy, capture: &Capture, clock: &Clock) -> Namer {
    let host = own_namespace()
        .inspect_err(|error| {
            tracing::warn!(%error, "resolvers on this host are not trusted: it has no cookie");
        })
        .ok();
    let mut namer = Namer::new(Arc::clone(policy.resolvers()), host, clock.boot_ns());
    match Snapshot::read(&options.store, &recorder::recording(capture)) {
        Ok(Some(kept)) => namer.restore(kept, clock.boot_ns()),
        Ok(None) => {}
        // Then it is as if the agent had never run: doubtful, and not wrong.
        Err(error) => tracing::warn!(%error, "names of before are not known"),
    }
    namer
}

/// Binds before anything is attached, so that a taken port is said in time.
async fn listen(address: Option<SocketAddr>) -> Result<Option<(TcpListener, SocketAddr)>, Failure> {
    let Some(address) = address else {
        return Ok(None);
    };
    let refused = |error| Failure::Metrics(address, error);
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    Ok(Some((listener, bound)))
}
