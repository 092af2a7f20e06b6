//! Just enough of the IP headers to know protocol, addresses and ports.

use aya_ebpf::{bindings::__sk_buff, helpers::generated::bpf_skb_load_bytes};

pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;
const DCCP: u8 = 33;
const SCTP: u8 = 132;
const UDP_LITE: u8 = 136;

/// IPv6 extension headers followed before giving up (RFC 8200, section 4.1
/// names six; more than one of each is malformed).
const EXTENSION_HEADERS: usize = 8;

/// Which of the two hooks per packet is running.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Egress,
    Ingress,
}

/// What was read of a packet, as seen from this host. Aligned as a
/// [`weir_common::FlowKey`], so that the address is copied in whole words.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(crate) struct Packet {
    pub(crate) remote: [u8; 16],
    pub(crate) remote_port: u16,
    pub(crate) local_port: u16,
    pub(crate) protocol: u8,
}

impl Packet {
    /// A packet of which nothing is known.
    pub(crate) const UNKNOWN: Self = Self {
        remote: [0; 16],
        remote_port: 0,
        local_port: 0,
        protocol: 0,
    };
}

/// Reads a value at an offset from the start of the IP header.
#[inline(always)]
pub(crate) fn load<T: Copy>(skb: *mut __sk_buff, offset: u32) -> Result<T, ()> {
    let mut value = core::mem::MaybeUninit::<T>::uninit();
    // SAFETY: the helper checks the range against the packet and fills exactly
    // the size of `T` on success; `T` is an array of bytes at each call.
    unsafe {
        let done = bpf_skb_load_bytes(
            skb.cast(),
            offset,
            value.as_mut_ptr().cast(),
            size_of::<T>() as u32,
        );
        if done == 0 {
            Ok(value.assume_init())
        } else {
            Err(())
        }
    }
}

/// Bytes of an IP header that begins at an offset, read in place: a tenth of a
/// helper's cost. `None` when that many do not lie in the packet's linear part.
#[inline(always)]
fn head<const N: usize>(skb: *mut __sk_buff, offset: usize) -> Option<&'static [u8; N]> {
    // SAFETY: reads of the context, which the verifier rewrites and checks.
    let (data, end) = unsafe { ((*skb).data as usize, (*skb).data_end as usize) };
    let start = data + offset;
    if start + N > end {
        return None;
    }
    // SAFETY: just compared with the end, as the verifier demands; the packet
    // outlives the program's run.
    Some(unsafe { &*(start as *const [u8; N]) })
}

/// Eight bytes of a header as they lie in memory. Put together in a register:
/// written byte by byte and read back whole, they would stall the processor.
#[inline(always)]
fn word<const AT: usize>(h: &[u8; 48]) -> u64 {
    u64::from_ne_bytes([
        h[AT],
        h[AT + 1],
        h[AT + 2],
        h[AT + 3],
        h[AT + 4],
        h[AT + 5],
        h[AT + 6],
        h[AT + 7],
    ])
}

/// Reads the headers, from an offset on, of a TCP or UDP packet without IPv4
/// options, IPv6 extension headers or fragments, which is nearly every packet.
/// `None` for all others: [`parse`] and [`leaving`] know them.
#[inline(always)]
pub(crate) fn usual(skb: *mut __sk_buff, offset: usize, way: Way) -> Option<Packet> {
    let h = head::<28>(skb, offset)?;
    let (protocol, remote, [a, b, c, d]) = if h[0] == 0x45 {
        // More fragments, or an offset (RFC 791, section 3.1).
        if u16::from_be_bytes([h[6], h[7]]) & 0x3fff != 0 {
            return None;
        }
        let [a, b, c, d] = match way {
            Way::Egress => [h[16], h[17], h[18], h[19]],
            Way::Ingress => [h[12], h[13], h[14], h[15]],
        };
        let low = u64::from_ne_bytes([0, 0, 0xff, 0xff, a, b, c, d]);
        (h[9], [0, low], [h[20], h[21], h[22], h[23]])
    } else if h[0] >> 4 == 6 {
        let h = head::<48>(skb, offset)?;
        let remote = match way {
            Way::Egress => [word::<24>(h), word::<32>(h)],
            Way::Ingress => [word::<8>(h), word::<16>(h)],
        };
        (h[6], remote, [h[40], h[41], h[42], h[43]])
    } else {
        return None;
    };
    if protocol != TCP && protocol != UDP {
        return None;
    }
    let (source, destination) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    let (local_port, remote_port) = match way {
        Way::Egress => (source, destination),
        Way::Ingress => (destination, source),
    };
    Some(Packet {
        // SAFETY: integers without padding, of the same size.
        remote: unsafe { core::mem::transmute::<[u64; 2], [u8; 16]>(remote) },
        remote_port,
        local_port,
        protocol,
    })
}

/// A packet's headers and where its transport header begins. `None` of a later
/// fragment, and where they cannot be read.
#[inline(always)]
pub(crate) fn transport(skb: *mut __sk_buff, way: Way) -> Option<(Packet, u32)> {
    if let Some(packet) = usual(skb, 0, way) {
        let v4 = packet.remote[10] == 0xff && head::<1>(skb, 0)?[0] == 0x45;
        return Some((packet, if v4 { 20 } else { 40 }));
    }
    let mut packet = Packet::UNKNOWN;
    let at = unusual(skb, way, &mut packet);
    (at != 0).then_some((packet, at))
}

/// As [`transport`] for a packet that is not [`usual`]; 0 if there is nothing to
/// read. A function of its own in the kernel too, for the sake of the stack.
#[inline(never)]
fn unusual(skb: *mut __sk_buff, way: Way, packet: &mut Packet) -> u32 {
    let Ok(h) = load::<[u8; 20]>(skb, 0) else {
        return 0;
    };
    if !parse(skb, way, packet) {
        return 0;
    }
    if h[0] >> 4 == 4 {
        let fragment = u16::from_be_bytes([h[6], h[7]]) & 0x1fff;
        return if fragment == 0 {
            u32::from(h[0] & 0x0f) * 4
        } else {
            0
        };
    }
    extended(skb).unwrap_or(0)
}

/// Where the transport header begins behind the extension headers of IPv6.
#[inline(always)]
fn extended(skb: *mut __sk_buff) -> Result<u32, ()> {
    let [mut next] = load::<[u8; 1]>(skb, 6)?;
    let mut offset = 40;
    for _ in 0..EXTENSION_HEADERS {
        let fragment = next == 44;
        if !(fragment || matches!(next, 0 | 43 | 60)) {
            return Ok(offset);
        }
        let h = load::<[u8; 4]>(skb, offset)?;
        if fragment && u16::from_be_bytes([h[2], h[3]]) & 0xfff8 != 0 {
            return Err(());
        }
        next = h[0];
        offset += if fragment {
            8
        } else {
            (u32::from(h[1]) + 1) * 8
        };
    }
    Err(())
}

/// IPv4-mapped IPv6 (RFC 4291, section 2.5.5.2).
#[inline(always)]
pub(crate) fn mapped(a: u8, b: u8, c: u8, d: u8) -> [u8; 16] {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
}

/// Reads the headers of an IP packet that is not [`usual`]; false when they
/// cannot be read. A function of its own in the kernel too, for the sake of the
/// stack.
#[inline(never)]
pub(crate) fn parse(skb: *mut __sk_buff, way: Way, packet: &mut Packet) -> bool {
    let Ok([first]) = load::<[u8; 1]>(skb, 0) else {
        return false;
    };
    match first >> 4 {
        4 => parse_v4(skb, way, packet).is_ok(),
        6 => parse_v6(skb, way, packet).is_ok(),
        _ => false,
    }
}

#[inline(always)]
fn parse_v4(skb: *mut __sk_buff, way: Way, packet: &mut Packet) -> Result<(), ()> {
    let h = load::<[u8; 20]>(skb, 0)?;
    let fragment = u16::from_be_bytes([h[6], h[7]]) & 0x1fff;
    packet.protocol = h[9];
    packet.remote = match way {
        Way::Egress => mapped(h[16], h[17], h[18], h[19]),
        Way::Ingress => mapped(h[12], h[13], h[14], h[15]),
    };
    // Only the first fragment carries ports (RFC 791, section 3.2).
    if fragment == 0 {
        ports(skb, u32::from(h[0] & 0x0f) * 4, way, packet);
    }
    Ok(())
}

#[inline(always)]
fn parse_v6(skb: *mut __sk_buff, way: Way, packet: &mut Packet) -> Result<(), ()> {
    packet.remote = load(skb, if way == Way::Egress { 24 } else { 8 })?;
    transport_v6(skb, 0, way, packet).map(drop)
}

/// Follows the extension headers of an IPv6 packet that begins at `start`; gives
/// the bytes that fragmentation added.
#[inline(always)]
fn transport_v6(skb: *mut __sk_buff, start: u32, way: Way, packet: &mut Packet) -> Result<u32, ()> {
    let [next] = load::<[u8; 1]>(skb, start + 6)?;
    packet.protocol = next;
    let mut offset = start + 40;
    let mut first_fragment = true;
    let mut added = 0;
    for _ in 0..EXTENSION_HEADERS {
        // Hop-by-hop, routing, destination options: length in 8 octets, not
        // counting the first. Fragment: always 8 octets. (RFC 8200, 4.3 to 4.6)
        let fragment = packet.protocol == 44;
        if !(fragment || matches!(packet.protocol, 0 | 43 | 60)) {
            break;
        }
        let h = load::<[u8; 4]>(skb, offset)?;
        if fragment {
            first_fragment = u16::from_be_bytes([h[2], h[3]]) & 0xfff8 == 0;
            // The fragment header, and all before it in every later fragment.
            added = if first_fragment {
                8
            } else {
                offset - start + 8
            };
        }
        packet.protocol = h[0];
        offset += if fragment {
            8
        } else {
            (u32::from(h[1]) + 1) * 8
        };
    }
    if first_fragment {
        ports(skb, offset, way, packet);
    }
    Ok(added)
}

#[inline(always)]
fn ports(skb: *mut __sk_buff, offset: u32, way: Way, packet: &mut Packet) {
    if matches!(packet.protocol, TCP | UDP | DCCP | SCTP | UDP_LITE)
        && let Ok([a, b, c, d]) = load::<[u8; 4]>(skb, offset)
    {
        let (source, destination) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        (packet.local_port, packet.remote_port) = match way {
            Way::Egress => (source, destination),
            Way::Ingress => (destination, source),
        };
    }
}

/// Bytes of IP and transport headers that every segment of a segmented packet
/// repeats; 0 when they cannot be read.
#[inline(always)]
pub(crate) fn repeated_header(skb: *mut __sk_buff) -> u32 {
    if let Some(h) = head::<40>(skb, 0)
        && h[0] == 0x45
        && h[9] == TCP
    {
        return 20 + u32::from(h[32] >> 4) * 4;
    }
    if let Some(h) = head::<60>(skb, 0)
        && h[0] >> 4 == 6
        && h[6] == TCP
    {
        return 40 + u32::from(h[52] >> 4) * 4;
    }
    try_repeated_header(skb).unwrap_or(0)
}

#[inline(always)]
fn try_repeated_header(skb: *mut __sk_buff) -> Result<u32, ()> {
    let h = load::<[u8; 10]>(skb, 0)?;
    // Segmented packets carry no extension headers worth following: the
    // kernel's own senders put none there.
    let (network, protocol) = if h[0] >> 4 == 4 {
        (u32::from(h[0] & 0x0f) * 4, h[9])
    } else {
        (40, h[6])
    };
    match protocol {
        TCP => {
            let [offset] = load::<[u8; 1]>(skb, network + 12)?;
            Ok(network + u32::from(offset >> 4) * 4)
        }
        UDP => Ok(network + 8),
        _ => Ok(network),
    }
}

/// `EtherType` (IEEE 802.3) of either version of IP.
pub(crate) const IPV4: u16 = 0x0800;
pub(crate) const IPV6: u16 = 0x86dd;

/// Reads the headers of a packet that leaves the host behind a link-layer
/// header of `link` bytes. What is not IP, or cannot be read, stays unknown.
/// Gives the bytes that fragmentation added: where sockets are counted, packets
/// are still whole.
#[inline(never)]
pub(crate) fn leaving(skb: *mut __sk_buff, link: u32, ethertype: u16, packet: &mut Packet) -> u32 {
    let added = match ethertype {
        IPV4 => leaving_v4(skb, link, packet),
        IPV6 => leaving_v6(skb, link, packet),
        _ => Ok(0),
    };
    added.unwrap_or(0)
}

#[inline(always)]
fn leaving_v4(skb: *mut __sk_buff, link: u32, packet: &mut Packet) -> Result<u32, ()> {
    let h = load::<[u8; 20]>(skb, link)?;
    packet.protocol = h[9];
    packet.remote = mapped(h[16], h[17], h[18], h[19]);
    let length = u32::from(h[0] & 0x0f) * 4;
    if u16::from_be_bytes([h[6], h[7]]) & 0x1fff != 0 {
        return Ok(length);
    }
    ports(skb, link + length, Way::Egress, packet);
    Ok(0)
}

#[inline(always)]
fn leaving_v6(skb: *mut __sk_buff, link: u32, packet: &mut Packet) -> Result<u32, ()> {
    packet.remote = load(skb, link + 24)?;
    transport_v6(skb, link, Way::Egress, packet)
}
