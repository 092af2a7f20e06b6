//! What the kernel tells of interfaces, routes and traffic filters over
//! rtnetlink(7).

mod classifier;
mod links;
mod namespaces;
mod news;
mod routes;
mod veth;

use std::io;

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage,
    NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

pub(super) use classifier::{attach, attached, detach};
pub use links::{Interface, Kind, interfaces};
pub use namespaces::namespace_number;
pub use news::News;
pub use routes::{Route, routes};
pub use veth::{make_pair, set_up};

/// How often a listing is begun anew that changed while it was read.
const TRIES: usize = 5;

/// A socket for requests.
struct Netlink {
    socket: Socket,
}

/// How the answer to a request ended.
enum Answer {
    Whole(Vec<RouteNetlinkMessage>),
    /// Things changed while they were listed.
    Interrupted,
}

impl Netlink {
    fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        Ok(Self { socket })
    }

    /// Asks for a change, and waits until it is made.
    fn change(&self, message: RouteNetlinkMessage, flags: u16) -> io::Result<()> {
        self.call(message, NLM_F_REQUEST | NLM_F_ACK | flags)
            .map(drop)
    }

    /// Asks for a listing.
    fn list(&self, message: &RouteNetlinkMessage) -> io::Result<Vec<RouteNetlinkMessage>> {
        for _ in 0..TRIES {
            if let Answer::Whole(listed) = self.call(message.clone(), NLM_F_REQUEST | NLM_F_DUMP)? {
                return Ok(listed);
            }
        }
        Err(io::Error::other(
            "interfaces and routes change faster than they can be listed",
        ))
    }

    fn call(&self, message: RouteNetlinkMessage, flags: u16) -> io::Result<Answer> {
        let mut header = NetlinkHeader::default();
        header.flags = flags;
        let mut request = NetlinkMessage::new(header, NetlinkPayload::from(message));
        request.finalize();
        let mut bytes = vec![0; request.buffer_len()];
        request.serialize(&mut bytes);
        self.socket.send(&bytes, 0)?;
        let mut answers = Vec::new();
        let mut interrupted = false;
        loop {
            let (datagram, _) = self.socket.recv_from_full()?;
            for message in messages(&datagram) {
                let message = message?;
                interrupted |= message.header.flags & NLM_F_DUMP_INTR != 0;
                match message.payload {
                    NetlinkPayload::InnerMessage(answer) => answers.push(answer),
                    NetlinkPayload::Error(error) if error.code.is_some() => {
                        return Err(error.to_io());
                    }
                    NetlinkPayload::Done(done) if done.code != 0 => {
                        return Err(io::Error::from_raw_os_error(done.code.abs()));
                    }
                    NetlinkPayload::Error(_) | NetlinkPayload::Done(_) if interrupted => {
                        return Ok(Answer::Interrupted);
                    }
                    NetlinkPayload::Error(_) | NetlinkPayload::Done(_) => {
                        return Ok(Answer::Whole(answers));
                    }
                    NetlinkPayload::Overrun(_) => return Ok(Answer::Interrupted),
                    _ => {}
                }
            }
        }
    }
}

/// The messages of a datagram.
fn messages(
    mut bytes: &[u8],
) -> impl Iterator<Item = io::Result<NetlinkMessage<RouteNetlinkMessage>>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(bytes);
        let length = match &message {
            // Messages begin at multiples of four (netlink(7), NLMSG_ALIGN).
            Ok(message) => (message.header.length as usize).next_multiple_of(4).max(4),
            Err(_) => bytes.len(),
        };
        bytes = bytes.get(length..).unwrap_or_default();
        Some(message.map_err(|error| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the kernel's answer is not understood: {error}"),
            )
        }))
    })
}
