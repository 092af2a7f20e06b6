//! A TLS client.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use rustls::ClientConnection;

use super::Hello;
use crate::traffic::Report;

/// What is asked for. The server closes the connection after its answer.
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: peer\r\nConnection: close\r\n\r\n";

pub(super) struct Client {
    pub(super) hello: Hello,
    pub(super) split: Option<usize>,
    pub(super) record: Option<usize>,
    pub(super) ech_grease: bool,
}

impl Client {
    pub(super) fn send(self, to: SocketAddr) -> Result<Report> {
        let mut config = self.hello.config(self.ech_grease)?;
        config.max_fragment_size = self.record;
        let mut tls = ClientConnection::new(Arc::new(config), self.hello.server_name()?)?;
        let stream = TcpStream::connect(to).with_context(|| format!("connect to {to}"))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut stream = Counted {
            stream,
            most: self.split.unwrap_or(usize::MAX).max(1),
            sent: 0,
            received: 0,
        };
        stream.stream.set_nodelay(self.split.is_some())?;
        while tls.wants_write() {
            tls.write_tls(&mut stream).context("send the hello")?;
        }
        stream.most = usize::MAX;
        let body = request(&mut tls, &mut stream).context("request")?;
        let report = Report {
            local: Some(stream.stream.local_addr()?),
            sent: stream.sent,
            received: stream.received,
            units: 1,
            answers: vec![body],
            ..Report::default()
        };
        stream.stream.shutdown(Shutdown::Both).ok();
        Ok(report)
    }
}

fn request(tls: &mut ClientConnection, stream: &mut Counted) -> Result<String> {
    let mut session = rustls::Stream::new(tls, stream);
    session.write_all(REQUEST)?;
    let mut answer = String::new();
    session.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP answer")?;
    anyhow::ensure!(head.starts_with("HTTP/1.1 200 "), "the answer is {head}");
    Ok(body.trim_end().to_owned())
}

/// A connection that counts, and writes at most so many bytes at once.
struct Counted {
    stream: TcpStream,
    most: usize,
    sent: u64,
    received: u64,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.stream.read(buffer)?;
        self.received += length as u64;
        Ok(length)
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part = bytes.get(..self.most).unwrap_or(bytes);
        let length = self.stream.write(part)?;
        self.sent += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
