//! The place alone, beside one bare lookup in each database.

use std::{hint::black_box, net::IpAddr, rc::Rc, sync::Arc};

use maxminddb::{PathElement, Reader};

use super::{BATCH, Case, DAY, Work, databases::Made, flows, ring::Ring};

/// Addresses that are asked for again and again.
const WORKING: usize = 10_000;
/// Addresses that are drawn before any comes again.
const DRAWN: usize = 1 << 20;

pub(super) fn alone(made: &Made) -> impl Iterator<Item = Case> {
    [
        ("10,000 addresses", flows::addresses(WORKING, 19)),
        ("always another address", flows::addresses(DRAWN, 23)),
    ]
    .into_iter()
    .map(|(what, addresses)| Case {
        group: "Place alone, beside bare lookups",
        what: what.to_owned(),
        subject: placing(made, addresses.clone()),
        reference: Some(bare(&made.plain, addresses)),
        at_most: None,
    })
}

fn placing(made: &Made, addresses: Vec<IpAddr>) -> Work {
    let databases = Arc::clone(&made.weir);
    let mut addresses = Ring::new(addresses);
    Work::new(BATCH, move || {
        for _ in 0..BATCH {
            if let Some(address) = addresses.next() {
                black_box(databases.place(address, DAY));
            }
        }
    })
}

/// Looks in the two for a country and in the third for a number, and keeps nothing.
fn bare(readers: &Rc<[Reader<Vec<u8>>; 3]>, addresses: Vec<IpAddr>) -> Work {
    const NESTED: [PathElement<'static>; 2] =
        [PathElement::Key("country"), PathElement::Key("iso_code")];
    const FLAT: [PathElement<'static>; 1] = [PathElement::Key("country_code")];
    const NUMBER: [PathElement<'static>; 1] = [PathElement::Key("autonomous_system_number")];
    let readers = Rc::clone(readers);
    let mut addresses = Ring::new(addresses);
    Work::new(BATCH, move || {
        let [nested, flat, systems] = &*readers;
        for _ in 0..BATCH {
            let Some(address) = addresses.next() else {
                continue;
            };
            let text = |reader: &Reader<Vec<u8>>, path: &[PathElement<'_>]| {
                let found = reader.lookup(address).ok()?;
                black_box(found.decode_path::<&str>(path).ok().flatten());
                Some(())
            };
            black_box((text(nested, &NESTED), text(flat, &FLAT)));
            if let Ok(found) = systems.lookup(address) {
                black_box(found.decode_path::<u32>(&NUMBER).ok().flatten());
            }
        }
    })
}
