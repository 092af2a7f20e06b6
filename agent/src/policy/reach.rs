//! What a policy says of an address alone.

use std::net::IpAddr;

use super::{Holding, InternalNetwork, Policy, Product};

/// The networks of a policy that hold an address, looked up once.
#[derive(Clone, Copy, Debug)]
pub struct Reach<'a> {
    /// The platform's own network, the narrowest.
    pub internal: Option<&'a InternalNetwork>,
    /// Entries of the product whose flow it is.
    pub own: Holding<'a>,
    /// Entries of the platform.
    pub shared: Holding<'a>,
}

/// A [`Reach`] that can be remembered: it holds for the policy and the product that it was
/// made with, and no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Networks {
    internal: bool,
    product: Option<u32>,
    own: Option<u32>,
    shared: Option<u32>,
}

impl Networks {
    /// The number of the product that it was made with.
    pub fn product(&self) -> Option<u32> {
        self.product
    }
}

impl Policy {
    /// The number of a product: its place by name.
    pub fn number_of(&self, product: &Product) -> Option<u32> {
        let by_name = |other: &Product| other.name().cmp(product.name());
        let at = self.products.binary_search_by(by_name).ok()?;
        u32::try_from(at).ok()
    }

    /// The product of a number.
    pub fn product_of_number(&self, number: u32) -> Option<&Product> {
        self.products.get(usize::try_from(number).ok()?)
    }

    /// The networks that hold an address, among those of a product by its number.
    pub fn networks(&self, address: IpAddr, product: Option<u32>) -> Networks {
        let own = product.and_then(|number| self.product_of_number(number));
        Networks {
            internal: self.internal_network(address).is_some(),
            product,
            own: own.and_then(|own| own.entries().narrowest(address)),
            shared: self.shared.narrowest(address),
        }
    }

    /// What [`Policy::networks`] found for the address.
    pub fn reach_by(&self, networks: &Networks, address: IpAddr) -> Reach<'_> {
        let own = networks
            .product
            .and_then(|number| self.product_of_number(number));
        Reach {
            internal: (networks.internal)
                .then(|| self.internal_network(address))
                .flatten(),
            own: own.map_or_else(Holding::default, |own| own.entries().holding(networks.own)),
            shared: self.shared.holding(networks.shared),
        }
    }

    /// The networks that hold an address, looked up.
    pub fn reach<'a>(&'a self, address: IpAddr, product: Option<&'a Product>) -> Reach<'a> {
        Reach {
            internal: self.internal_network(address),
            own: product.map_or_else(Holding::default, |own| own.entries().in_networks(address)),
            shared: self.shared.in_networks(address),
        }
    }
}
