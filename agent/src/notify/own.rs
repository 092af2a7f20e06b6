//! The agent's own traffic: it is recorded and judged as any workload's, so that a way out
//! that no allowlist declares would become a finding about itself.

use std::{
    net::{IpAddr, SocketAddr, ToSocketAddrs as _},
    sync::Arc,
};

use jiff::{Timestamp, tz::Offset};

use super::{
    settings::Settings,
    values::{Address, Endpoint},
};
use crate::{
    described::{Description, WorkloadFacts},
    jurisdiction::{Databases, Located},
    naming::Grade,
    policy::Policy,
    record::{Direction, Protocol},
    verdict::{Judged, Moment, Spent, Verdict, judge},
};

/// Where a way out sends to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Name of the way out.
    pub sink: String,
    /// Host and port.
    pub endpoint: Endpoint,
    /// TCP or UDP.
    pub protocol: Protocol,
}

/// Who sends, and what judges it.
#[derive(Clone)]
pub struct OwnTraffic {
    /// The allowlists in force.
    pub policy: Arc<Policy>,
    /// The IP databases in force; what nobody says of a place is unknown without them.
    pub databases: Option<Arc<Databases>>,
    /// The agent's own cgroup, below the root: `/system.slice/weir.service`.
    pub cgroup: String,
    /// As of when.
    pub time: Timestamp,
}

/// Where all ways out send to that leave the host. A command's traffic is its own matter: it
/// is in the agent's cgroup, and recorded there.
pub fn destinations(settings: &Settings) -> Vec<Destination> {
    let all = endpoints(settings).into_iter();
    all.filter(|one| !one.endpoint.is_loopback()).collect()
}

/// Where all ways out send to over IP, on this host too.
pub fn endpoints(settings: &Settings) -> Vec<Destination> {
    let of_url = |sink: &str, endpoint: &Endpoint| Destination {
        sink: sink.to_owned(),
        endpoint: endpoint.clone(),
        protocol: Protocol::TCP,
    };
    let alertmanager = settings.alertmanager.iter();
    let alertmanager = alertmanager.map(|one| of_url(one.name(), &one.url.endpoint));
    let webhook = settings.webhook.iter();
    let webhook = webhook.map(|one| of_url(one.name.as_str(), &one.url.endpoint));
    let syslog = settings.syslog.iter().filter_map(|one| {
        let (endpoint, protocol) = match &one.address {
            Address::Udp(endpoint) => (endpoint, Protocol::UDP),
            Address::Tcp(endpoint) | Address::Tls(endpoint) => (endpoint, Protocol::TCP),
            Address::Unix(_) | Address::Journal(_) => return None,
        };
        Some(Destination {
            protocol,
            ..of_url(one.name.as_str(), endpoint)
        })
    });
    alertmanager.chain(webhook).chain(syslog).collect()
}

/// Cause and remedy for each way out that sends where no allowlist declares it. Looks names
/// up, as sending does.
pub fn undeclared(settings: &Settings, own: &OwnTraffic) -> Vec<String> {
    let mut found = Vec::new();
    for to in destinations(settings) {
        let endpoint = &to.endpoint;
        let addresses = (endpoint.host.as_str(), endpoint.port).to_socket_addrs();
        let addresses: Vec<SocketAddr> = match addresses {
            Ok(addresses) => addresses.collect(),
            Err(error) => {
                found.push(format!(
                    "`{}` sends to {endpoint}, whose name is not found ({error}): mend the name \
                     or the resolver",
                    to.sink
                ));
                continue;
            }
        };
        let judged = addresses.iter().filter_map(|one| own.judged(&to, one.ip()));
        let bad = |one: &Judged| !matches!(one.verdict, Verdict::Internal | Verdict::Declared);
        if let Some(judged) = judged.into_iter().find(bad) {
            found.push(format!(
                "`{}` sends to {endpoint}, which is {} for the agent itself ({}): declare it for \
                 the product that {} belongs to, as allowlists/weir.toml shows",
                to.sink, judged.verdict, judged.reason, own.cgroup
            ));
        }
    }
    found
}

impl OwnTraffic {
    /// What a flow of the agent's to there would be.
    fn judged(&self, to: &Destination, address: IpAddr) -> Option<Judged> {
        let mut workload = WorkloadFacts::default();
        workload.set("cgroup", &self.cgroup).ok()?;
        let name = match to.endpoint.address() {
            Some(_) => None,
            None => to.endpoint.host.parse().ok(),
        };
        let description = Description {
            workload,
            address: address.to_canonical(),
            port: to.endpoint.port,
            protocol: to.protocol,
            direction: Direction::Outbound,
            names: name
                .map(|name| (name, Grade::Answered))
                .into_iter()
                .collect(),
            hosted_in: None,
            asn: None,
            anycast: None,
        };
        let day = Offset::UTC.to_datetime(self.time).date();
        let providers = self.policy.providers();
        let described = description.located(providers, self.time, day);
        let located = match &self.databases {
            Some(databases) => {
                let place = databases.place(address, day);
                Located::at(described.flow, place, providers, day)
            }
            None => described,
        };
        let spent = Spent::default();
        Some(judge(located, &self.policy, Moment::new(self.time, &spent)))
    }
}

/// The agent's cgroup below the root, as the kernel has it; `/` where it does not say.
pub(crate) fn own_cgroup() -> String {
    let text = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let path = text.lines().find_map(|line| line.strip_prefix("0::"));
    path.unwrap_or("/").to_owned()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::policy::Source;

    fn own(text: &str) -> OwnTraffic {
        let product = "product = \"weir\"\ntitle = \"W\"\nowner = \"t\"\n\
                       posture = \"external_declared\"\n[[workload]]\nunit = \"weir.service\"\n";
        let source = Source::from_text("weir.toml", &format!("{product}{text}"));
        OwnTraffic {
            policy: Arc::new(Policy::from_sources(vec![source]).unwrap()),
            databases: None,
            cgroup: "/system.slice/weir.service".to_owned(),
            time: "2026-11-25T08:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn what_nobody_declared_is_said_with_its_remedy() {
        let text = "[[alertmanager]]\nurl = \"http://127.0.0.1:9093\"\n\
                    [[webhook]]\nname = \"far\"\nurl = \"https://198.51.100.7/\"\nsecret_file = \"/s\"\n\
                    [[syslog]]\nname = \"log\"\naddress = \"udp:[2001:db8::7]:514\"\n\
                    [[syslog]]\nname = \"here\"\naddress = \"journald\"\n";
        let settings: Settings = toml::from_str(text).unwrap();
        let places: Vec<String> = destinations(&settings)
            .iter()
            .map(|one| format!("{} {}/{}", one.sink, one.endpoint, one.protocol))
            .collect();
        assert_eq!(
            places,
            ["far 198.51.100.7:443/tcp", "log [2001:db8::7]:514/udp"]
        );
        let said = undeclared(&settings, &own(""));
        assert_eq!(said.len(), 2);
        assert!(
            said[0].starts_with(
                "`far` sends to 198.51.100.7:443, which is undeclared for the agent itself ("
            ) && said[0].ends_with(
                "): declare it for the product that /system.slice/weir.service belongs to, \
                     as allowlists/weir.toml shows"
            ),
            "{said:?}"
        );
        let declared = "[[allow]]\nid = \"log\"\npurpose = \"p\"\nowner = \"t\"\n\
                        address = [\"198.51.100.7\"]\nports = [443]\nprotocol = \"tcp\"\n\
                        data_categories = [\"operational\"]\nlegal_basis = \"b\"\n\
                        approved_by = \"a\"\napproved_on = 2026-10-01\nexpires = 2027-09-30\n";
        let said = undeclared(&settings, &own(declared));
        assert_eq!(said.len(), 1);
        assert!(
            said[0].starts_with("`log` sends to [2001:db8::7]:514"),
            "{said:?}"
        );
    }
}
