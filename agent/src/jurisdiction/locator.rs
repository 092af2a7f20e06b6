//! Everything that is known of a destination's place and operator.

use std::{
    hash::{Hash, Hasher},
    net::IpAddr,
    sync::Arc,
};

use foldhash::fast::RandomState;
use jiff::civil::Date;

use super::{Databases, Domicile, EncryptedDns, Located, Place, Providers, encrypted_dns};
use crate::{bounded::Bounded, naming::Named, record::Scope};

/// Addresses remembered. Each takes about a kilobyte with three databases.
const REMEMBERED: usize = 32_768;

/// AS numbers of which the operator is remembered. Each takes about 300 bytes.
const SYSTEMS: usize = 8192;

/// Asks the databases and the table of providers. Beside what they say of an address, it
/// remembers what its caller knows of it.
pub struct Locator<T = ()> {
    databases: Arc<Databases>,
    providers: Arc<Providers>,
    known: Known<T>,
    /// What holds of a record without a destination.
    nobody: Arc<Domicile>,
}

/// What is known of addresses on one day. On the next, a database or a review may be
/// too old.
struct Known<T> {
    day: Option<Date>,
    destinations: Bounded<Address, (Destination, T), RandomState>,
    /// Operators by AS number: one for all of its addresses.
    systems: Bounded<Option<u32>, Arc<Domicile>, RandomState>,
}

impl<T> Known<T> {
    fn of_system(&mut self, asn: Option<u32>, find: impl FnOnce() -> Domicile) -> Arc<Domicile> {
        if let Some(domicile) = self.systems.get_clone(&asn) {
            return domicile;
        }
        let domicile = Arc::new(find());
        self.systems.insert(asn, Arc::clone(&domicile));
        domicile
    }
}

/// An address, hashed as one number.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Address(IpAddr);

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.0 {
            IpAddr::V4(address) => state.write_u32(address.to_bits()),
            IpAddr::V6(address) => state.write_u128(address.to_bits()),
        }
    }
}

/// What is known of an address.
#[derive(Clone)]
struct Destination {
    place: Arc<Place>,
    domicile: Arc<Domicile>,
}

/// What is known of the destination of one flow: small beside the flow itself, which is
/// not moved for it.
pub(crate) struct Facts {
    destination: Destination,
    encrypted_dns: Option<EncryptedDns>,
}

impl Facts {
    /// The flow with them.
    #[inline]
    pub(crate) fn of(self, flow: Named) -> Located {
        Located {
            flow,
            place: self.destination.place,
            operator_domicile: self.destination.domicile,
            encrypted_dns: self.encrypted_dns,
        }
    }
}

impl Located {
    /// A flow at a place that is known already, with what the table of providers says of
    /// it on a day.
    pub fn at(flow: Named, place: Arc<Place>, providers: &Providers, day: Date) -> Self {
        let record = &flow.flow.record;
        let asn = place.operator.value.as_ref().map(|operator| operator.asn.0);
        let domicile = Arc::new(providers.domicile(record.address, asn, day));
        let encrypted_dns = encrypted_dns::of(record, &flow.names, &domicile, providers);
        Self {
            flow,
            place,
            operator_domicile: domicile,
            encrypted_dns,
        }
    }
}

impl<T: Clone> Locator<T> {
    /// Asks these.
    pub fn new(databases: Arc<Databases>, providers: Arc<Providers>) -> Self {
        let no_destination = "the record holds no destination".to_owned();
        Self {
            nobody: Arc::new(Domicile::unknown(no_destination)),
            databases,
            providers,
            known: Known {
                day: None,
                destinations: Bounded::new(REMEMBERED),
                systems: Bounded::new(SYSTEMS),
            },
        }
    }

    /// The databases in force.
    pub fn databases(&self) -> &Arc<Databases> {
        &self.databases
    }

    /// What is known of a flow's destination as of a day, and what the caller knows of its
    /// address, which `beside` tells where it is not remembered.
    pub(crate) fn facts_beside(
        &mut self,
        flow: &Named,
        day: Date,
        beside: impl FnOnce(IpAddr) -> T,
    ) -> (Facts, T) {
        let record = &flow.flow.record;
        let (destination, known) = match record.scope {
            Scope::Exact | Scope::Unseen => self.destination(record.address, day, beside),
            Scope::Folded | Scope::Sink => (
                Destination {
                    place: self.databases.place_of(record, day),
                    domicile: Arc::clone(&self.nobody),
                },
                beside(record.address),
            ),
        };
        let encrypted_dns =
            encrypted_dns::of(record, &flow.names, &destination.domicile, &self.providers);
        let facts = Facts {
            destination,
            encrypted_dns,
        };
        (facts, known)
    }

    fn destination(
        &mut self,
        address: IpAddr,
        day: Date,
        beside: impl FnOnce(IpAddr) -> T,
    ) -> (Destination, T) {
        let known = &mut self.known;
        if known.day.replace(day) != Some(day) {
            known.destinations = Bounded::new(REMEMBERED);
            known.systems = Bounded::new(SYSTEMS);
        }
        if let Some(destination) = known.destinations.get_clone(&Address(address)) {
            return destination;
        }
        let place = self.databases.place(address, day);
        let asn = place.operator.value.as_ref().map(|operator| operator.asn.0);
        let domicile = if self.providers.is_in_range(address) {
            Arc::new(self.providers.domicile(address, asn, day))
        } else {
            known.of_system(asn, || self.providers.domicile(address, asn, day))
        };
        let destination = (Destination { place, domicile }, beside(address));
        known
            .destinations
            .insert(Address(address), destination.clone());
        destination
    }
}

impl Locator {
    /// The flow with its place and its operator's legal home as of a day.
    pub fn locate(&mut self, flow: Named, day: Date) -> Located {
        let (facts, ()) = self.facts_beside(&flow, day, |_| ());
        facts.of(flow)
    }
}
