//! The place and the operator of a recorded flow, asked for again.

use std::{net::IpAddr, sync::Arc};

use foldhash::fast::RandomState;
use jiff::civil::Date;

use super::{Databases, Domicile, Located, Locator, Providers, encrypted_dns};
use crate::{bounded::Bounded, record::Scope};

/// Operators remembered. Each takes about 400 bytes.
const REMEMBERED: usize = 16_384;

/// Asks again, by another table of providers and, where they are given, by other databases.
pub struct Relocator(By);

enum By {
    Databases(Locator),
    /// Places stay as they were recorded; only operators are asked for.
    Record(Operators),
}

struct Operators {
    providers: Arc<Providers>,
    day: Option<Date>,
    known: Bounded<(IpAddr, Option<u32>), Arc<Domicile>, RandomState>,
}

impl Relocator {
    /// Asks these; without databases, the place of a flow is the recorded one.
    pub fn new(databases: Option<Arc<Databases>>, providers: Arc<Providers>) -> Self {
        Self(match databases {
            Some(databases) => By::Databases(Locator::new(databases, providers)),
            None => By::Record(Operators {
                providers,
                day: None,
                known: Bounded::new(REMEMBERED),
            }),
        })
    }

    /// A recorded flow with its place and operator as of a day.
    pub fn locate(&mut self, flow: &Located, day: Date) -> Located {
        match &mut self.0 {
            By::Databases(locator) => locator.locate(flow.flow.clone(), day),
            By::Record(operators) => operators.locate(flow, day),
        }
    }
}

impl Operators {
    fn locate(&mut self, flow: &Located, day: Date) -> Located {
        let record = &flow.flow.flow.record;
        if !matches!(record.scope, Scope::Exact | Scope::Unseen) {
            return flow.clone();
        }
        let operator = flow.place.operator.value.as_ref();
        let domicile = self.domicile(record.address, operator.map(|one| one.asn.0), day);
        let encrypted_dns = encrypted_dns::of(record, &flow.flow.names, &domicile, &self.providers);
        Located {
            flow: flow.flow.clone(),
            place: Arc::clone(&flow.place),
            operator_domicile: domicile,
            encrypted_dns,
        }
    }

    fn domicile(&mut self, address: IpAddr, asn: Option<u32>, day: Date) -> Arc<Domicile> {
        // On another day a review may no longer count.
        if self.day.replace(day) != Some(day) {
            self.known = Bounded::new(REMEMBERED);
        }
        if let Some(domicile) = self.known.get_clone(&(address, asn)) {
            return domicile;
        }
        let domicile = Arc::new(self.providers.domicile(address, asn, day));
        self.known.insert((address, asn), Arc::clone(&domicile));
        domicile
    }
}
