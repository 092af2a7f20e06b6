//! A resolver that lies, in each way in which a client or an observer may be
//! deceived. The order of what it sends is its own, so that tests need no race.

use std::{
    io::{copy, sink},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use socket2::{Domain, Socket, Type};

use crate::dns;

/// What is false about an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Forgery {
    /// Only the address: a resolver that lies, and asks nobody.
    Address,
    /// As that, and the true answer follows.
    First,
    /// As that, after the true answer.
    Second,
    /// Number of another query; the true answer follows.
    Id,
    /// Answers a question that was not asked, with the number of one that was; the
    /// true answer follows.
    Question,
    /// Comes from somewhere else; the true answer follows.
    Source,
    /// The true question, no answer to it, and an address of another name; the
    /// true answer follows.
    Owner,
}

/// How to lie.
#[derive(Clone, Debug)]
pub(super) struct Forger {
    pub(super) upstream: Option<SocketAddr>,
    pub(super) answer: IpAddr,
    pub(super) by: Forgery,
    pub(super) source: Option<SocketAddr>,
    pub(super) about: String,
}

impl Forger {
    pub(super) fn serve(self, listen: SocketAddr) -> Result<()> {
        let socket = UdpSocket::bind(listen).with_context(|| format!("bind {listen}"))?;
        let elsewhere = self.source.map(spoofed).transpose()?;
        ensure!(
            self.by != Forgery::Source || elsewhere.is_some(),
            "--by source needs --source"
        );
        ensure!(
            self.by == Forgery::Address || self.upstream.is_some(),
            "the truth needs --upstream"
        );
        thread::spawn(move || {
            let mut buffer = [0; 65_535];
            loop {
                let Ok((length, client)) = socket.recv_from(&mut buffer) else {
                    continue;
                };
                let query = buffer.get(..length).unwrap_or_default();
                if let Err(error) = self.answer(&socket, elsewhere.as_ref(), query, client) {
                    eprintln!("weir-traffic: forge: {error:#}");
                }
            }
        });
        println!("ready");
        copy(&mut std::io::stdin(), &mut sink()).context("standard input")?;
        Ok(())
    }

    fn answer(
        &self,
        socket: &UdpSocket,
        elsewhere: Option<&UdpSocket>,
        query: &[u8],
        client: SocketAddr,
    ) -> Result<()> {
        let lie = self.lie(query).context("not a query")?;
        let from = match self.by {
            Forgery::Source => elsewhere.unwrap_or(socket),
            _ => socket,
        };
        if self.by != Forgery::Second {
            from.send_to(&lie, client).context("lie")?;
        }
        if let Some(upstream) = self.upstream {
            let truth = ask(upstream, query).with_context(|| format!("ask {upstream}"))?;
            socket.send_to(&truth, client).context("tell the truth")?;
        }
        if self.by == Forgery::Second {
            from.send_to(&lie, client).context("lie")?;
        }
        Ok(())
    }

    fn lie(&self, query: &[u8]) -> Option<Vec<u8>> {
        let addresses = [self.answer];
        match self.by {
            Forgery::Address | Forgery::First | Forgery::Second | Forgery::Source => {
                dns::response(query, None, &addresses)
            }
            Forgery::Id => {
                let mut lie = dns::response(query, None, &addresses)?;
                lie.iter_mut().take(2).for_each(|byte| *byte = !*byte);
                Some(lie)
            }
            Forgery::Question => {
                let other = dns::query(dns::id(query)?, &self.about, dns::kind_of(self.answer));
                dns::response(&other, None, &addresses)
            }
            Forgery::Owner => dns::response(query, Some(&self.about), &addresses),
        }
    }
}

/// Sends from an address that is not this host's (`IP_TRANSPARENT`, ip(7)).
fn spoofed(source: SocketAddr) -> Result<UdpSocket> {
    ensure!(source.is_ipv4(), "--source is an IPv4 address and port");
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
    socket.set_reuse_address(true)?;
    socket
        .set_ip_transparent_v4(true)
        .context("IP_TRANSPARENT needs root")?;
    socket
        .bind(&source.into())
        .with_context(|| format!("bind {source}"))?;
    Ok(socket.into())
}

fn ask(upstream: SocketAddr, query: &[u8]) -> Result<Vec<u8>> {
    let any: SocketAddr = match upstream {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(upstream)?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    socket.send(query)?;
    let mut answer = vec![0; 65_535];
    let length = socket.recv(&mut answer)?;
    answer.truncate(length);
    Ok(answer)
}
