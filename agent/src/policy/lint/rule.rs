//! The lints by name.

use std::fmt;

/// One kind of thing to look at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lint {
    /// Another entry declares all that this one does.
    Shadowed,
    /// What it names is the platform's own, and `internal` whatever is declared, or is
    /// denied.
    Unreachable,
    /// Its last day has passed.
    Expired,
    /// Its last day is near.
    ExpiresSoon,
    /// It names a network that is broader than one organisation's.
    BroadNetwork,
    /// It declares every port.
    PortLess,
    /// It declares every protocol.
    ProtocolLess,
    /// The operator of a name is under a law that the entry does not admit.
    ContradictoryDomicile,
    /// It asks for the operator's domicile, which nobody has reviewed of late.
    UnreviewedDomicile,
    /// It asks for a place of hosting, and the operator is at home outside it.
    ForeignOperator,
    /// It leads outside the platform and names no page where customers read of it.
    Undisclosed,
    /// It declares all customers of a content delivery network.
    SharedAddress,
    /// An exception that no lint needs.
    UnusedException,
}

impl Lint {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Shadowed,
        Self::Unreachable,
        Self::Expired,
        Self::ExpiresSoon,
        Self::BroadNetwork,
        Self::PortLess,
        Self::ProtocolLess,
        Self::ContradictoryDomicile,
        Self::UnreviewedDomicile,
        Self::ForeignOperator,
        Self::Undisclosed,
        Self::SharedAddress,
        Self::UnusedException,
    ];

    /// Its id, which does not change from version to version.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Shadowed => "weir/shadowed",
            Self::Unreachable => "weir/unreachable",
            Self::Expired => "weir/expired",
            Self::ExpiresSoon => "weir/expires-soon",
            Self::BroadNetwork => "weir/broad-network",
            Self::PortLess => "weir/port-less",
            Self::ProtocolLess => "weir/protocol-less",
            Self::ContradictoryDomicile => "weir/contradictory-domicile",
            Self::UnreviewedDomicile => "weir/unreviewed-domicile",
            Self::ForeignOperator => "weir/foreign-operator",
            Self::Undisclosed => "weir/undisclosed",
            Self::SharedAddress => "weir/shared-address",
            Self::UnusedException => "weir/unused-exception",
        }
    }

    /// What it is about, in a sentence.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Shadowed => {
                "Another entry declares every flow that this one does, on the same or weaker terms."
            }
            Self::Unreachable => {
                "The entry decides nothing: all that it names is the platform's own, or denied."
            }
            Self::Expired => "The entry's last day has passed: it declares nothing.",
            Self::ExpiresSoon => "The entry's last day is within 30 days.",
            Self::BroadNetwork => {
                "A network broader than /16 (IPv4) or /32 (IPv6) is more than one organisation \
                 has for one purpose."
            }
            Self::PortLess => "The entry declares every port.",
            Self::ProtocolLess => "The entry declares every IP protocol.",
            Self::ContradictoryDomicile => {
                "The operator of a name is under a law that the entry does not admit."
            }
            Self::UnreviewedDomicile => {
                "The entry asks for the operator's domicile, and what is listed does not count."
            }
            Self::ForeignOperator => {
                "The entry asks where the destination stands, and not under whose law its \
                 operator is, which is another."
            }
            Self::Undisclosed => {
                "The entry leads outside the platform, and names no page where customers read of it."
            }
            Self::SharedAddress => {
                "Addresses of a content delivery network are those of all its customers."
            }
            Self::UnusedException => "An exception that no lint needs.",
        }
    }
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}
