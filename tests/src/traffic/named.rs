//! Traffic that has names in it: DNS, TLS and QUIC.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use anyhow::Result;
use clap::{Args, Subcommand};

use super::Report;

mod ask;
mod forge;
mod hello;
mod identity;
mod quic;
mod tls;
mod tls_serve;

pub use forge::Forgery;

/// Ways to send that name what they send to.
#[derive(Clone, Debug, Subcommand)]
pub enum Named {
    /// Asks a resolver from an unconnected socket, which takes datagrams from
    /// everyone, and reports each that came.
    Ask {
        /// Resolver.
        #[arg(long)]
        server: SocketAddr,
        /// Name.
        #[arg(long)]
        name: String,
        /// Asks for IPv6 addresses.
        #[arg(long)]
        v6: bool,
        /// Datagrams to wait for.
        #[arg(long, default_value_t = 1)]
        answers: usize,
    },
    /// Makes a TLS connection, requests `/` and reports the answer's body.
    Tls {
        /// Where to.
        #[arg(long)]
        to: SocketAddr,
        /// What the hello says.
        #[command(flatten)]
        hello: Hello,
        /// Writes the hello in parts of this many bytes, each sent at once.
        #[arg(long)]
        split: Option<usize>,
        /// Largest TLS record, so that the hello spans several (RFC 8446, section
        /// 5.1).
        #[arg(long)]
        record: Option<usize>,
        /// Offers an encrypted hello that nobody can decrypt (GREASE ECH).
        #[arg(long)]
        ech_grease: bool,
    },
    /// Makes a QUIC connection and reports the server's answer.
    Quic {
        /// Where to.
        #[arg(long)]
        to: SocketAddr,
        /// What the hello says.
        #[command(flatten)]
        hello: Hello,
    },
}

/// What a client says in its hello.
#[derive(Clone, Debug, Args)]
pub struct Hello {
    /// Name of the server; an address is not sent (RFC 6066, section 3).
    #[arg(long)]
    pub sni: String,
    /// Protocols, most wanted first.
    #[arg(long, value_delimiter = ',')]
    pub alpn: Vec<String>,
    /// Offers X25519MLKEM768 first, so that the hello is larger than a packet.
    #[arg(long)]
    pub post_quantum: bool,
}

/// Servers. Each prints `ready` and goes on until its standard input ends.
#[derive(Clone, Debug, Subcommand)]
pub enum Server {
    /// Serves HTTP over TLS under every name.
    TlsServe(Listen),
    /// Serves QUIC under every name.
    QuicServe(Listen),
    /// Answers DNS queries falsely.
    Forge {
        /// Address and port.
        #[arg(long)]
        listen: SocketAddr,
        /// Who knows the truth.
        #[arg(long)]
        upstream: Option<SocketAddr>,
        /// The false address.
        #[arg(long)]
        answer: IpAddr,
        /// What is false about the answer.
        #[arg(long, value_enum)]
        by: Forgery,
        /// Source of answers from elsewhere; IPv4.
        #[arg(long)]
        source: Option<SocketAddr>,
        /// The name that a false answer is about, where it is not the one asked for.
        #[arg(long, default_value = "api.provider.example")]
        about: String,
    },
}

/// Where to serve and as whom.
#[derive(Clone, Debug, Args)]
pub struct Listen {
    /// Addresses.
    #[arg(long, required = true, value_delimiter = ',')]
    pub listen: Vec<IpAddr>,
    /// Ports.
    #[arg(long, required = true, value_delimiter = ',')]
    pub ports: Vec<u16>,
    /// Certificate, PEM.
    #[arg(long)]
    pub certificate: PathBuf,
    /// Its private key, PEM.
    #[arg(long)]
    pub key: PathBuf,
}

impl Listen {
    fn places(&self) -> impl Iterator<Item = SocketAddr> {
        let pairs = |address: &IpAddr| {
            let address = *address;
            let at = move |port: &u16| SocketAddr::new(address, *port);
            self.ports.iter().map(at).collect::<Vec<_>>()
        };
        self.listen.iter().flat_map(pairs)
    }
}

impl Named {
    /// Sends by this way.
    pub(super) fn send(self) -> Result<Report> {
        match self {
            Self::Ask {
                server,
                name,
                v6,
                answers,
            } => ask::send(server, &name, v6, answers),
            Self::Tls {
                to,
                hello,
                split,
                record,
                ech_grease,
            } => tls::Client {
                hello,
                split,
                record,
                ech_grease,
            }
            .send(to),
            Self::Quic { to, hello } => quic::send(to, &hello),
        }
    }
}

impl Server {
    /// Serves.
    ///
    /// # Errors
    /// An address cannot be bound, or the certificate cannot be read.
    pub fn serve(self) -> Result<()> {
        match self {
            Self::TlsServe(listen) => tls_serve::serve(&listen),
            Self::QuicServe(listen) => quic::serve(&listen),
            Self::Forge {
                listen,
                upstream,
                answer,
                by,
                source,
                about,
            } => forge::Forger {
                upstream,
                answer,
                by,
                source,
                about,
            }
            .serve(listen),
        }
    }
}

/// A server's answer: what it heard in the hello.
fn heard<'a>(sni: Option<&str>, alpn: impl IntoIterator<Item = &'a [u8]>) -> String {
    let alpn: Vec<_> = alpn.into_iter().map(String::from_utf8_lossy).collect();
    serde_json::json!({ "sni": sni, "alpn": alpn }).to_string()
}
