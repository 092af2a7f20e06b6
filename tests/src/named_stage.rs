//! The stage on which names are played: the usual one, a resolver that knows a
//! zone, and a host behind a content network that serves TLS and QUIC.

use std::net::IpAddr;

use anyhow::Result;

use crate::{
    certificate::Certificate,
    cgroup::Unit,
    lookup::Lookup,
    peer::Peer,
    resolver::{Relay, Resolver},
    stage::{Stage, addresses},
    world::Host,
};

/// The platform's resolver, which is trusted.
pub const RESOLVER: &str = "10.77.0.53";
/// The same over IPv6.
pub const RESOLVER_V6: &str = "2001:db8:77::53";
/// A resolver in the United States, which nobody trusts.
pub const FOREIGN_RESOLVER: &str = "203.0.113.53";
/// A resolver of the platform's that somebody has taken over ([`NamedStage::liar`]).
pub const LIAR: &str = "10.77.0.54";
/// One that nobody trusts, which lies too.
pub const FOREIGN_LIAR: &str = "203.0.113.54";
/// Where a relay on a host answers, as `systemd-resolved` does
/// (systemd-resolved.service(8)).
pub const STUB: &str = "127.0.0.53";

/// Address of a content network, shared by [`API`] and [`STRANGER`]; in Germany.
pub const CDN: &str = "198.51.100.20";
/// The same over IPv6.
pub const CDN_V6: &str = "2001:db8:1::20";
/// Address of [`DUAL`]; in Germany.
pub const OWN: &str = "198.51.100.21";
/// The same over IPv6.
pub const OWN_V6: &str = "2001:db8:1::21";
/// Address of [`LONG`] and [`BRIEF`]; in Germany.
pub const FAR: &str = "198.51.100.22";
/// Address of [`SERVICE`] and hint of its HTTPS record; in Germany.
pub const HINTED: &str = "198.51.100.23";
/// Address of [`ROGUE`], and what forged answers say; in the United States.
pub const ROGUE_ADDRESS: &str = "203.0.113.90";
/// The same over IPv6.
pub const ROGUE_ADDRESS_V6: &str = "2001:db8:2::90";

/// Declared by its name; an alias of [`EDGE`].
pub const API: &str = "api.provider.example";
/// What [`API`] and [`STRANGER`] are aliases of.
pub const EDGE: &str = "edge.cdn.example";
/// Declared by nobody; an alias of [`EDGE`].
pub const STRANGER: &str = "www.stranger.example";
/// Declared; has addresses of both families.
pub const DUAL: &str = "dual.provider.example";
/// Declared; the aliases on the way do not fit into an answer over UDP.
pub const LONG: &str = "long.provider.example";
/// Declared; to be kept for a second only.
pub const BRIEF: &str = "brief.provider.example";
/// Declared; has an HTTPS record (RFC 9460) with an address in it.
pub const SERVICE: &str = "service.provider.example";
/// Declared by nobody; in the United States.
pub const ROGUE: &str = "rogue.example";
/// Does not exist.
pub const ABSENT: &str = "absent.provider.example";

/// Ports at which TLS and QUIC are served under every name. 8443 is not where
/// anyone expects it.
pub const PORTS: [u16; 2] = [443, 8443];

/// Addresses of the host that serves under every name.
pub const EDGES: [&str; 8] = [
    CDN,
    CDN_V6,
    OWN,
    OWN_V6,
    FAR,
    HINTED,
    ROGUE_ADDRESS,
    ROGUE_ADDRESS_V6,
];

/// The names that the certificate is for.
const NAMES: [&str; 7] = [API, STRANGER, DUAL, LONG, BRIEF, SERVICE, ROGUE];

/// Aliases between [`LONG`] and its address.
const LONG_ALIASES: usize = 4;

/// A built stage with names. Everything on it goes when it is dropped.
#[derive(Debug)]
pub struct NamedStage {
    /// Serves TLS.
    pub tls: Peer,
    /// Serves QUIC.
    pub quic: Peer,
    /// At [`RESOLVER`], [`RESOLVER_V6`] and [`FOREIGN_RESOLVER`].
    pub resolver: Resolver,
    /// Where the resolver is.
    pub dns: Host,
    /// Where [`NamedStage::forger`] starts forgers, at [`LIAR`] and
    /// [`FOREIGN_LIAR`].
    pub liar: Host,
    /// Where TLS and QUIC are served.
    pub edge: Host,
    /// What the servers show.
    pub certificate: Certificate,
    /// The usual stage, dropped last.
    pub stage: Stage,
}

impl NamedStage {
    /// Builds it.
    ///
    /// # Errors
    /// The host lacks a tool or a right; the error says which.
    pub fn new() -> Result<Self> {
        let stage = Stage::new()?;
        let dns = stage.world.host(
            "dns",
            &addresses(&[RESOLVER, RESOLVER_V6, FOREIGN_RESOLVER])?,
        )?;
        let liar = stage
            .world
            .host("liar", &addresses(&[LIAR, FOREIGN_LIAR])?)?;
        let edge = stage.world.host("edge", &addresses(&EDGES)?)?;
        let run = &stage.run;
        let certificate = Certificate::new(run, &NAMES, dns.addresses())?;
        let resolver = Resolver::start(
            run,
            stage.unit("resolver.service")?,
            &dns,
            &certificate,
            &zone(),
        )?;
        let serve = |what: &str| -> Result<Peer> {
            let ports = PORTS.map(|port| port.to_string()).join(",");
            let line = format!(
                "{what} --listen {} --ports {ports} --certificate {} --key {}",
                EDGES.join(","),
                certificate.certificate.display(),
                certificate.key.display()
            );
            Peer::start(stage.unit(&format!("{what}.service"))?, &edge, &line)
        };
        Ok(Self {
            tls: serve("tls-serve")?,
            quic: serve("quic-serve")?,
            resolver,
            dns,
            liar,
            edge,
            certificate,
            stage,
        })
    }

    /// What a program asks whose host has this resolver.
    ///
    /// # Errors
    /// Not an address, or a file cannot be written.
    pub fn lookup(&self, resolver: &str) -> Result<Lookup> {
        Lookup::at(&self.stage.run, &addresses(&[resolver])?)
    }

    /// Starts a relay on the app's host in the unit `systemd-resolved.service`, at
    /// [`STUB`] and `others`.
    ///
    /// # Errors
    /// It does not start.
    pub fn relay(&self, others: &[IpAddr]) -> Result<Relay> {
        self.relay_in("systemd-resolved.service", others)
    }

    /// The same in a unit that may be anyone's.
    ///
    /// # Errors
    /// It does not start.
    pub fn relay_in(&self, unit: &str, others: &[IpAddr]) -> Result<Relay> {
        let places = [addresses(&[STUB])?, others.to_vec()].concat();
        let upstream = RESOLVER.parse()?;
        let unit = self.stage.unit(unit)?;
        Relay::start(&self.stage.run, unit, &self.stage.app, &places, upstream)
    }

    /// Starts a forger in a unit of its own on the liar's host. `line` is what
    /// follows `weir-traffic forge`.
    ///
    /// # Errors
    /// It does not start.
    pub fn forger(&self, line: &str) -> Result<Peer> {
        let unit = self.stage.unit("forger.service")?;
        Peer::start(unit, &self.liar, &format!("forge {line}"))
    }

    /// Fetches a page by its name and returns the body, as a process of `unit`.
    ///
    /// # Errors
    /// curl fails.
    pub fn curl(&self, unit: &Unit, resolver: &str, url: &str) -> Result<String> {
        let certificate = self.certificate.certificate.display();
        let line = format!("curl --silent --show-error --cacert {certificate} {url}");
        unit.run(&self.stage.app, Some(&self.lookup(resolver)?), &line)
    }
}

/// Lines of the zone.
pub fn zone() -> String {
    let mut lines = vec![
        format!("{API}. 300 IN CNAME {EDGE}."),
        format!("{STRANGER}. 300 IN CNAME {EDGE}."),
        format!("{EDGE}. 60 IN A {CDN}"),
        format!("{EDGE}. 60 IN AAAA {CDN_V6}"),
        format!("{DUAL}. 300 IN A {OWN}"),
        format!("{DUAL}. 300 IN AAAA {OWN_V6}"),
        format!("{BRIEF}. 1 IN A {FAR}"),
        format!("{SERVICE}. 300 IN HTTPS 1 . alpn=h3,h2 ipv4hint={HINTED}"),
        format!("{SERVICE}. 300 IN A {HINTED}"),
        format!("{ROGUE}. 300 IN A {ROGUE_ADDRESS}"),
        format!("{ROGUE}. 300 IN AAAA {ROGUE_ADDRESS_V6}"),
    ];
    let mut names = vec![LONG.to_owned()];
    names.extend((1..=LONG_ALIASES).map(long_alias));
    for pair in names.windows(2) {
        lines.push(format!("{}. 300 IN CNAME {}.", pair[0], pair[1]));
    }
    lines.push(format!("{}. 300 IN A {FAR}", long_alias(LONG_ALIASES)));
    lines.join("\n")
}

/// An alias of more than 200 bytes, from 1.
pub fn long_alias(number: usize) -> String {
    let label = number.to_string().repeat(60);
    format!("{label}.{label}.{label}.{label}.example")
}
