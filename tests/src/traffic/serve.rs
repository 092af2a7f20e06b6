//! The other side: TCP and UDP servers on given addresses.

use std::{
    io::{Read, Write, copy, repeat, sink},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};

use super::{tcp, udp};

/// Serves TCP and UDP on every address at every port, prints `ready`, and goes
/// on until its standard input ends.
///
/// # Errors
/// An address cannot be bound.
pub fn serve(addresses: &[IpAddr], ports: &[u16]) -> Result<()> {
    for &address in addresses {
        for &port in ports {
            let at = SocketAddr::new(address, port);
            let listener = TcpListener::bind(at).with_context(|| format!("listen on {at}"))?;
            let socket = UdpSocket::bind(at).with_context(|| format!("bind UDP {at}"))?;
            thread::spawn(move || accept(&listener));
            thread::spawn(move || echo(&socket));
        }
    }
    println!("ready");
    copy(&mut std::io::stdin(), &mut sink()).context("standard input")?;
    Ok(())
}

fn accept(listener: &TcpListener) {
    for stream in listener.incoming() {
        match stream {
            Ok(stream) => drop(thread::spawn(move || answer(stream))),
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
}

/// Reads what the client announced, answers, and closes first unless the client
/// announced nothing and closes itself.
fn answer(mut stream: TcpStream) -> Result<()> {
    let (expect, reply) = tcp::read_header(&mut stream)?;
    let rest = match expect {
        0 => u64::MAX,
        expect => expect.saturating_sub(tcp::HEADER),
    };
    copy(&mut (&mut stream).take(rest), &mut sink())?;
    copy(&mut repeat(b'r').take(reply), &mut stream)?;
    stream.flush()?;
    Ok(())
}

fn echo(socket: &UdpSocket) {
    let mut buffer = vec![0; 65_536];
    loop {
        match socket.recv_from(&mut buffer) {
            Ok((length, from)) if buffer.first() == Some(&udp::ECHO) => {
                let _ = socket.send_to(buffer.get(..length).unwrap_or_default(), from);
            }
            Ok(_) => {}
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
}
