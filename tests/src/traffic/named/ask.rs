//! A DNS client that believes everyone: it shows all that reached its socket.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    process,
    time::Duration,
};

use anyhow::{Context, Result};

use crate::{dns, traffic::Report};

pub(super) fn send(server: SocketAddr, name: &str, v6: bool, answers: usize) -> Result<Report> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).context("bind")?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    let [.., high, low] = process::id().to_be_bytes();
    let kind = if v6 { dns::AAAA } else { dns::A };
    let query = dns::query(u16::from_be_bytes([high, low]), name, kind);
    socket
        .send_to(&query, server)
        .with_context(|| format!("ask {server}"))?;
    let mut report = Report {
        local: Some(socket.local_addr()?),
        sent: query.len() as u64,
        units: 1,
        ..Report::default()
    };
    let mut buffer = [0; 65_535];
    for number in 0..answers {
        let (length, from) = socket
            .recv_from(&mut buffer)
            .with_context(|| format!("answer {} of {answers} from {server}", number + 1))?;
        report.received += length as u64;
        let message = buffer.get(..length).unwrap_or_default();
        report.answers.push(describe(&query, message, from));
    }
    Ok(report)
}

/// Source, what does not match the query, and addresses.
fn describe(query: &[u8], message: &[u8], from: SocketAddr) -> String {
    let mut text = from.to_string();
    if dns::id(message) != dns::id(query) {
        text += " other-id";
    }
    if dns::question(message) != dns::question(query) {
        text += " other-question";
    }
    for address in dns::addresses(message).unwrap_or_default() {
        text += &format!(" {address}");
    }
    text
}
