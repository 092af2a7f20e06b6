//! TCP senders. The first 16 bytes of the payload tell the server how much it
//! will get (0: until the end) and how much to answer.

use std::{
    io::{Read, Write, copy, sink},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use super::Report;

/// Bytes that tell the server what to expect.
pub(super) const HEADER: u64 = 16;

/// One connection, as `weir-traffic tcp` describes it.
pub(super) struct Exchange {
    pub(super) bytes: u64,
    pub(super) reply: u64,
    pub(super) close_first: bool,
    pub(super) pause: u64,
}

impl Exchange {
    /// Makes `count` of them, one after the other.
    pub(super) fn with(&self, to: SocketAddr, count: u64) -> Result<Report> {
        ensure!(
            self.bytes >= HEADER,
            "a connection carries at least {HEADER} bytes"
        );
        let mut report = Report::default();
        for _ in 0..count {
            report.local = Some(self.once(to)?);
            report.sent += self.bytes;
            report.received += self.reply;
            report.units += 1;
        }
        Ok(report)
    }

    fn once(&self, to: SocketAddr) -> Result<SocketAddr> {
        let mut stream = TcpStream::connect(to).with_context(|| format!("connect to {to}"))?;
        let expect = if self.close_first { 0 } else { self.bytes };
        stream.write_all(&header(expect, self.reply))?;
        copy(
            &mut std::io::repeat(b'w').take(self.bytes - HEADER),
            &mut stream,
        )?;
        if self.close_first {
            stream.shutdown(Shutdown::Write)?;
        }
        let received = copy(&mut stream, &mut sink()).context("read the answer")?;
        ensure!(
            received == self.reply,
            "the server answered {received} bytes, not {}",
            self.reply
        );
        thread::sleep(Duration::from_millis(self.pause));
        stream.local_addr().context("own address")
    }
}

pub(super) fn fail(to: SocketAddr, wait: u64) -> Result<Report> {
    match TcpStream::connect_timeout(&to, Duration::from_millis(wait)) {
        Ok(_) => bail!("the connection to {to} was accepted"),
        Err(error) => Ok(Report {
            error: Some(error.kind().to_string()),
            ..Report::default()
        }),
    }
}

pub(super) fn stream(to: SocketAddr, bytes: usize) -> Result<Report> {
    let mut stream = TcpStream::connect(to).with_context(|| format!("connect to {to}"))?;
    stream.set_nodelay(true)?;
    stream.write_all(&header(0, 0))?;
    let mut report = Report {
        local: Some(stream.local_addr()?),
        sent: HEADER,
        units: 1,
        ..Report::default()
    };
    let (told, end) = mpsc::channel();
    thread::spawn(move || {
        let _ = copy(&mut std::io::stdin(), &mut sink());
        let _ = told.send(());
    });
    println!("ready");
    let payload = vec![b'w'; bytes];
    while let Err(RecvTimeoutError::Timeout) = end.recv_timeout(Duration::from_millis(10)) {
        stream.write_all(&payload)?;
        report.sent += bytes as u64;
    }
    stream.shutdown(Shutdown::Write)?;
    copy(&mut stream, &mut sink())?;
    Ok(report)
}

pub(super) fn header(expect: u64, reply: u64) -> [u8; 16] {
    (u128::from(expect) << 64 | u128::from(reply)).to_be_bytes()
}

/// Reads what a client said in its first 16 bytes: what to expect and to answer.
pub(super) fn read_header(stream: &mut TcpStream) -> Result<(u64, u64)> {
    let mut header = [0; 16];
    stream.read_exact(&mut header)?;
    let both = u128::from_be_bytes(header);
    Ok((
        u64::try_from(both >> 64)?,
        u64::try_from(both & u128::from(u64::MAX))?,
    ))
}
