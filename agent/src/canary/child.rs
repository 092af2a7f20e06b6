//! The process that sends. It goes into its cgroup and namespaces by itself,
//! says when it is ready, sends when it is told to, and says what it sent.

use std::{
    fs,
    io::{self, BufRead as _, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket},
    os::fd::AsFd as _,
    path::PathBuf,
    process::ExitCode,
    sync::mpsc,
    thread,
};

use super::{
    network::{HARDWARE, INTERFACE, has_ipv6, leave, set_up_here, set_up_there},
    send::{PORT, WAYS, attempt, host},
};
use crate::kernel::make_pair;

/// The line that says that the namespaces are there.
pub(super) const READY: &str = "ready";

/// What `weir canary` is asked.
#[derive(Debug, clap::Args)]
pub struct ChildArgs {
    /// Directory of the cgroup to go into.
    #[arg(long, value_name = "DIR")]
    cgroup: PathBuf,
}

/// Sends by every way, in the order of [`WAYS`].
///
/// # Errors
/// Whatever cannot be set up or written. What cannot be sent is told in place of
/// what was sent.
pub fn run(args: &ChildArgs) -> anyhow::Result<ExitCode> {
    fs::write(args.cgroup.join("cgroup.procs"), "0")?;
    drop(leave()?);
    let (namespace, theirs) = mpsc::channel();
    let (go, connected) = mpsc::channel();
    let (ready, listening) = mpsc::channel();
    thread::spawn(move || {
        let listening = peer(&namespace, &connected);
        // Fails only if nobody waits any more.
        let _ = ready.send(listening);
        // The sockets stay open until the process ends.
        thread::park();
    });
    let theirs = theirs.recv()??;
    make_pair(INTERFACE, HARDWARE, theirs.as_fd())?;
    set_up_here()?;
    go.send(())?;
    let _sockets = listening.recv()??;

    let mut input = io::stdin().lock();
    let mut line = String::new();
    println!("{READY}");
    if input.read_line(&mut line)? == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    let sent: Vec<_> = WAYS
        .iter()
        .enumerate()
        .map(|(number, way)| attempt(number, way))
        .collect();
    println!("{}", serde_json::to_string(&sent)?);
    io::stdout().flush()?;
    // Until the record has been read, the cgroup stays in use.
    io::copy(&mut input, &mut io::sink())?;
    Ok(ExitCode::SUCCESS)
}

type Listening = io::Result<Vec<UdpSocket>>;

fn peer(
    namespace: &mpsc::Sender<io::Result<fs::File>>,
    connected: &mpsc::Receiver<()>,
) -> Listening {
    let own = leave();
    let left = own.is_ok();
    if namespace.send(own).is_err() || !left || connected.recv().is_err() {
        return Err(io::Error::other("the other namespace is not there"));
    }
    set_up_there((0..WAYS.len()).map(host))?;
    // A socket of IPv6 takes both families.
    let any = if has_ipv6() {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    } else {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    };
    let listener = TcpListener::bind((any, PORT))?;
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            // Closed when all has come, or has failed to.
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    Ok(vec![UdpSocket::bind((any, PORT))?])
}
