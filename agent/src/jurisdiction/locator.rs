//! Everything that is known of a destination's place and operator.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::civil::Date;

use super::{Databases, Domicile, EncryptedDns, Located, Providers, encrypted_dns};
use crate::{bounded::Bounded, naming::Named, record::Scope};

/// Addresses remembered. Each takes about 300 bytes.
const REMEMBERED: usize = 16_384;

/// Asks the databases and the table of providers.
pub struct Locator {
    databases: Arc<Databases>,
    providers: Arc<Providers>,
    known: Mutex<Known>,
}

/// What holds of addresses on one day.
struct Known {
    day: Option<Date>,
    domiciles: Bounded<IpAddr, Arc<Domicile>>,
}

impl Locator {
    /// Asks these.
    pub fn new(databases: Arc<Databases>, providers: Arc<Providers>) -> Self {
        Self {
            databases,
            providers,
            known: Mutex::new(Known {
                day: None,
                domiciles: Bounded::new(REMEMBERED),
            }),
        }
    }

    /// The databases in force.
    pub fn databases(&self) -> &Arc<Databases> {
        &self.databases
    }

    /// The flow with its place and its operator's legal home as of a day.
    pub fn locate(&self, flow: Named, day: Date) -> Located {
        let record = &flow.flow.record;
        let operator_domicile = match record.scope {
            Scope::Exact | Scope::Unseen => self.domicile(record.address, day),
            Scope::Folded | Scope::Sink => Arc::new(Domicile::unknown(
                "the record holds no destination".to_owned(),
            )),
        };
        let encrypted_dns: Option<EncryptedDns> =
            encrypted_dns::of(record, &flow.names, &operator_domicile, &self.providers);
        let place = self.databases.place_of(record, day);
        Located {
            flow,
            place,
            operator_domicile,
            encrypted_dns,
        }
    }

    /// Under whose law the operator of an address is on a day.
    pub fn domicile(&self, address: IpAddr, day: Date) -> Arc<Domicile> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.day.replace(day) != Some(day) {
            known.domiciles = Bounded::new(REMEMBERED);
        }
        if let Some(domicile) = known.domiciles.get_mut(&address) {
            return Arc::clone(domicile);
        }
        let place = self.databases.place(address, day);
        let asn = place.operator.value.as_ref().map(|operator| operator.asn.0);
        let domicile = Arc::new(self.providers.domicile(address, asn, day));
        known.domiciles.insert(address, Arc::clone(&domicile));
        domicile
    }
}
