//! Numbers that this network namespace has for others.

use std::{fs::File, io, os::fd::AsRawFd as _};

use netlink_packet_core::{NLM_F_ACK, NLM_F_REQUEST};
use netlink_packet_route::{
    RouteNetlinkMessage,
    nsid::{NsidAttribute, NsidMessage},
};

use super::{Answer, Netlink};

/// Number that this network namespace has for another one (`RTM_GETNSID`); `None`
/// if it has none, as where no interface leads from one to the other.
///
/// # Errors
/// The kernel's; or the file is no network namespace.
pub fn namespace_number(namespace: &File) -> io::Result<Option<i32>> {
    let mut request = NsidMessage::default();
    let fd = namespace.as_raw_fd().unsigned_abs();
    request.attributes = vec![NsidAttribute::Fd(fd)];
    let netlink = Netlink::open()?;
    let request = RouteNetlinkMessage::GetNsId(request);
    // The acknowledgement is the end of the answer.
    let Answer::Whole(answers) = netlink.call(request, NLM_F_REQUEST | NLM_F_ACK)? else {
        return Ok(None);
    };
    Ok(answers.into_iter().find_map(|answer| match answer {
        RouteNetlinkMessage::NewNsId(found) => {
            found.attributes.into_iter().find_map(|one| match one {
                NsidAttribute::Id(number) if number >= 0 => Some(number),
                _ => None,
            })
        }
        _ => None,
    }))
}
