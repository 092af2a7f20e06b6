//! Real resolvers: unbound, which knows a zone of the test's, and dnsmasq, which
//! answers on a host for it.

use std::{
    fmt::Write as _,
    fs,
    io::Read as _,
    net::{IpAddr, SocketAddr, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{
    agent::PATIENCE, certificate::Certificate, cgroup::Unit, dns, run::Run, tool, world::Host,
};

/// Most bytes of an answer over UDP; longer ones are cut off (RFC 1035, section
/// 4.2.1) and come over TCP.
pub const MOST_OVER_UDP: usize = 512;

/// Path of DNS over HTTPS (RFC 8484, section 4.1).
pub const HTTPS_PATH: &str = "/dns-query";

/// The origin of every zone. Names below it and nowhere in the zone do not exist.
const ORIGIN: &str = "example.";

/// A name that every [`Resolver`] answers for.
const PROBE: (&str, &str) = ("ready.example", "127.0.0.1");

/// An unbound on UDP and TCP port 53, with DNS over TLS on port 853 and DNS over
/// HTTPS on port 443. It ends when dropped.
#[derive(Debug)]
pub struct Resolver(Daemon);

/// A dnsmasq that asks a [`Resolver`] and keeps the answers. It ends when
/// dropped.
#[derive(Debug)]
pub struct Relay(Daemon);

impl Resolver {
    /// Starts it in `unit` on `host`, at all addresses of the host, and waits until
    /// it answers. `zone` has lines of a zone file (RFC 1035, section 5) below
    /// `example.`, with absolute names.
    ///
    /// # Errors
    /// unbound is missing, does not take the zone, or does not answer; the error
    /// has its log.
    pub fn start(
        run: &Run,
        unit: Unit,
        host: &Host,
        certificate: &Certificate,
        zone: &str,
    ) -> Result<Self> {
        let directory = run.directory().join(unit.name());
        fs::create_dir_all(&directory).context("directory of the resolver")?;
        let file = |name: &str| directory.join(name);
        fs::write(file("zone"), with_origin(zone)).context("write the zone")?;
        let text = configuration(&directory, host.addresses(), certificate);
        fs::write(file("unbound.conf"), text).context("write unbound.conf")?;
        let unbound = tool::unbound()?.to_string_lossy().into_owned();
        let configuration = file("unbound.conf").to_string_lossy().into_owned();
        let line = [unbound.as_str(), "-d", "-p", "-c", configuration.as_str()];
        let mut daemon = Daemon::start(unit, host, &line, file("log"))?;
        for &address in host.addresses() {
            daemon.ready(host, SocketAddr::new(address, 53))?;
        }
        Ok(Self(daemon))
    }

    /// How often it was asked for records of this type of `name`, so far.
    ///
    /// # Errors
    /// Its log cannot be read.
    pub fn asked(&self, name: &str, kind: &str) -> Result<usize> {
        // `… info: 10.77.0.10 api.provider.example. A IN`
        let question = format!(" {name}. {kind} IN");
        let log = self.0.log()?;
        Ok(log.lines().filter(|line| line.ends_with(&question)).count())
    }
}

impl Relay {
    /// Starts it in `unit` on `host`, where it answers at port 53 of `addresses` and
    /// asks `upstream`.
    ///
    /// # Errors
    /// dnsmasq is missing or does not answer; the error has its log.
    pub fn start(
        run: &Run,
        unit: Unit,
        host: &Host,
        addresses: &[IpAddr],
        upstream: IpAddr,
    ) -> Result<Self> {
        let directory = run.directory().join(unit.name());
        fs::create_dir_all(&directory).context("directory of the relay")?;
        let mut line: Vec<String> = [
            "dnsmasq",
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--pid-file=",
            "--user=root",
            "--no-resolv",
            "--no-hosts",
            "--bind-interfaces",
            "--cache-size=1000",
            "--log-queries",
            "--log-facility=-",
        ]
        .map(str::to_owned)
        .to_vec();
        line.push(format!("--server={upstream}"));
        for address in addresses {
            line.push(format!("--listen-address={address}"));
        }
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        let mut daemon = Daemon::start(unit, host, &line, directory.join("log"))?;
        for &address in addresses {
            daemon.ready(host, SocketAddr::new(address, 53))?;
        }
        Ok(Self(daemon))
    }

    /// Its cgroup below the cgroup root, as the record has it.
    pub fn cgroup_path(&self) -> String {
        self.0.unit.cgroup_path()
    }
}

/// A process in a unit of its own, which goes with it.
#[derive(Debug)]
struct Daemon {
    child: Child,
    unit: Unit,
    log: PathBuf,
}

impl Daemon {
    fn start(unit: Unit, host: &Host, line: &[&str], log: PathBuf) -> Result<Self> {
        let file = fs::File::create(&log).with_context(|| format!("make {}", log.display()))?;
        let child = unit
            .command(Some(host), line)?
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("start `{}`", line.join(" ")))?;
        Ok(Self { child, unit, log })
    }

    fn log(&self) -> Result<String> {
        let mut text = String::new();
        fs::File::open(&self.log)
            .and_then(|mut file| file.read_to_string(&mut text))
            .with_context(|| format!("read {}", self.log.display()))?;
        Ok(text)
    }

    /// Asks over UDP until an answer comes.
    fn ready(&mut self, host: &Host, at: SocketAddr) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !host.within(move || Ok(answers(at)))? {
            if Instant::now() > deadline {
                bail!("no answer from {at}; its log:\n{}", self.log()?);
            }
            if let Some(status) = self.child.try_wait().context("wait for the resolver")? {
                bail!(
                    "the resolver at {at} ended ({status}); its log:\n{}",
                    self.log()?
                );
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if thread::panicking()
            && let Ok(log) = self.log()
        {
            eprintln!("weir-tests: log of {}:\n{log}", self.unit.name());
        }
        // It may have ended by itself; the unit ends what it started.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answers(at: SocketAddr) -> bool {
    let any = if at.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let asked = || -> std::io::Result<Vec<u8>> {
        let socket = UdpSocket::bind(any)?;
        socket.connect(at)?;
        socket.set_read_timeout(Some(Duration::from_millis(500)))?;
        socket.send(&dns::query(1, PROBE.0, dns::A))?;
        let mut answer = vec![0; MOST_OVER_UDP];
        let length = socket.recv(&mut answer)?;
        answer.truncate(length);
        Ok(answer)
    };
    let addresses = asked().ok().and_then(|answer| dns::addresses(&answer));
    addresses.is_some_and(|all| all.iter().any(|one| one.to_string() == PROBE.1))
}

fn with_origin(zone: &str) -> String {
    format!(
        "{ORIGIN} 3600 IN SOA ns.{ORIGIN} hostmaster.{ORIGIN} 1 3600 600 86400 60\n\
         {ORIGIN} 3600 IN NS ns.{ORIGIN}\n\
         ns.{ORIGIN} 3600 IN A 127.0.0.1\n\
         {}. 60 IN A {}\n\
         {zone}\n",
        PROBE.0, PROBE.1
    )
}

/// unbound.conf(5). The zone is its upstream, so that it resolves as it would the
/// internet: it follows aliases and keeps what it has learnt for the time given.
fn configuration(directory: &Path, addresses: &[IpAddr], certificate: &Certificate) -> String {
    let mut text = format!(
        "server:\n\
         \x20 directory: \"{0}\"\n\
         \x20 chroot: \"\"\n\
         \x20 username: \"\"\n\
         \x20 use-syslog: no\n\
         \x20 log-queries: yes\n\
         \x20 num-threads: 1\n\
         \x20 module-config: \"iterator\"\n\
         \x20 minimal-responses: yes\n\
         \x20 access-control: 0.0.0.0/0 allow\n\
         \x20 access-control: ::/0 allow\n\
         \x20 do-not-query-localhost: no\n\
         \x20 max-udp-size: {MOST_OVER_UDP}\n\
         \x20 tls-service-key: \"{1}\"\n\
         \x20 tls-service-pem: \"{2}\"\n\
         \x20 https-port: 443\n\
         \x20 http-endpoint: \"{HTTPS_PATH}\"\n",
        directory.display(),
        certificate.key.display(),
        certificate.certificate.display(),
    );
    for address in addresses {
        for at in ["", "@853", "@443"] {
            let _ = writeln!(text, "  interface: {address}{at}");
        }
    }
    let _ = write!(
        text,
        "auth-zone:\n\
         \x20 name: \"{ORIGIN}\"\n\
         \x20 zonefile: \"{}\"\n\
         \x20 for-downstream: no\n\
         \x20 for-upstream: yes\n\
         \x20 fallback-enabled: no\n\
         remote-control:\n\
         \x20 control-enable: no\n",
        directory.join("zone").display()
    );
    text
}
