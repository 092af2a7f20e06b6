//! Flows that are described on the command line.

use clap::Parser;

use super::*;
use crate::cli::explain::described::{
    At, DescribedArgs, DescriptionError, Endpoint, EndpointError,
};

#[derive(Debug, Parser)]
struct Line {
    #[arg(long)]
    allowlists: Option<String>,
    #[arg(long)]
    destination: Option<String>,
    #[arg(long)]
    workload: Vec<String>,
    #[command(flatten)]
    described: DescribedArgs,
}

fn line(arguments: &str) -> Line {
    let all = format!("explain --allowlists lists {arguments}");
    Line::try_parse_from(all.split(' ')).unwrap()
}

/// Two entries, of which one asks for a place and the other for a name.
fn set() -> Allowlists {
    allowlists(
        "id = \"by-place\"\ncidr = [\"198.51.100.0/24\"]\ncountries = [\"NO\"]\nports = [443]\n\
         protocol = \"tcp\"\nexpires = 2027-06-30\n\
         [[allow]]\npurpose = \"p\"\nowner = \"team-a\"\n\
         id = \"by-name\"\nname = [\"api.provider.example\"]\nports = [\"8000-8100\"]\n\
         protocol = [\"tcp\", \"udp\"]\napproved_by = \"dpo\"\napproved_on = 2026-11-01\n\
         data_categories = [\"prompts\"]\nlegal_basis = \"contract\"\nexpires = 2026-11-20",
    )
}

fn explained(line: &Line) -> String {
    let set = set();
    let description = line.described.description(&line.workload).unwrap().unwrap();
    let time = line.described.at.map_or(time("12:00:00"), |at| at.0);
    let judged = description.judged(&set.policy, time);
    let explanation = Explanation::of_described(&judged, time, &set);
    let mut out = anstream::StripStream::new(Vec::new());
    page::print(&explanation, &mut out).unwrap();
    let text = String::from_utf8(out.into_inner()).unwrap();
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    text
}

#[test]
fn every_entry_and_what_kept_it() {
    let line = line(
        "--workload unit=a.service --to 198.51.100.7:443/tcp --name www.provider.example \
         --hosted-in US --asn AS64496 --at 2026-11-25",
    );
    let text = explained(&line);
    let shown = "\
198.51.100.7:443/tcp outbound
workload       a.service (systemd unit)
cgroup         /system.slice/a.service
process        not said
executable     not known: the description does not say
product        a (external_declared)

NAMES
  answered            www.provider.example
                      as described
                      at 2026-11-25 12:00:00 UTC

PLACE
hosted in      US (unanimous, 1 of 1 sources)
  description  US
registered in  unknown: the description does not say
operator       AS64496 (unanimous, 1 of 1 sources)
  description  AS64496
anycast        unknown: the description does not say

OPERATOR'S HOME
provider       none: the allowlists list no providers

DECISION
verdict        out_of_jurisdiction
entry          by-place of a
  purpose      the provider
  owner        team-a
  expires      2027-06-30
because        entry by-place of a declares www.provider.example at
               198.51.100.7:443/tcp outbound only when hosted in NO (hosted in
               US)

ENTRIES, THE NEAREST FIRST
by-place of a
  - it is hosted in US, and not of NO
by-name of a
  - port 443 is not 8000-8100
  - www.provider.example is not api.provider.example
  - it expired on 2026-11-20
";
    assert_eq!(text, shown);
}

#[test]
fn an_entry_that_declares_is_the_nearest() {
    let line = line(
        "--workload unit=a.service --workload uid=7 --to 203.0.113.7:8080/udp \
         --presented api.provider.example --name api.provider.example --at 2026-11-10T08:00:00Z",
    );
    let text = explained(&line);
    assert!(text.contains("verdict        declared\n"), "{text}");
    let entries = text.split("FIRST\n").nth(1).unwrap();
    let first = "by-name of a\n  declares it, as far as it is asked\nby-place of a\n";
    assert!(entries.starts_with(first), "{entries}");
    assert!(
        entries.contains("  - 203.0.113.7 is not of 198.51.100.0/24\n"),
        "{entries}"
    );
    assert!(
        entries.contains("  - whether it is hosted in NO cannot be told\n"),
        "{entries}"
    );
    assert!(text.contains("said in a TLS ClientHello"), "{text}");
}

#[test]
fn a_workload_of_nobody_has_no_entries() {
    let line = line("--workload unit=b.service --to 198.51.100.7:443/tcp");
    let text = explained(&line);
    assert!(text.contains("verdict        unattributed\n"), "{text}");
    assert!(!text.contains("ENTRIES"), "{text}");
}

#[test]
fn endpoints() {
    let endpoint = |text: &str| text.parse::<Endpoint>();
    let found = endpoint("[2001:db8::7]:853/udp").unwrap();
    assert_eq!((found.port, found.protocol), (853, Protocol::UDP));
    assert_eq!(
        endpoint("2001:db8::7/icmp").unwrap().protocol,
        Protocol::ICMPV6
    );
    assert_eq!(
        endpoint("198.51.100.7/ip-47").unwrap().protocol,
        Protocol(47)
    );
    assert_eq!(endpoint("198.51.100.7/24"), Err(EndpointError::Network));
    assert_eq!(endpoint("198.51.100.7:0/tcp"), Err(EndpointError::PortZero));
    for refused in [
        "--flow a.toml --inbound",
        "--flow a.toml --hosted-in NO",
        "--flow a.toml --name a.example",
        "--flow a.toml --anycast true",
        "--to 198.51.100.7/icmp --name *.a.example",
        "--to 198.51.100.7/icmp --asn 0",
        "--to 198.51.100.7/icmp --at 9999-12-31",
    ] {
        let all = format!("explain --allowlists lists {refused}");
        assert!(Line::try_parse_from(all.split(' ')).is_err(), "{refused}");
    }
    assert_eq!(endpoint("198.51.100.7"), Err(EndpointError::Form));
    assert_eq!(endpoint("a.example:443/tcp"), Err(EndpointError::Form));
    assert_eq!(
        endpoint("198.51.100.7:443/tls"),
        Err(EndpointError::Protocol)
    );
    assert_eq!(
        endpoint("198.51.100.7/tcp"),
        Err(EndpointError::NoPort(Protocol::TCP))
    );
    assert_eq!(
        endpoint("198.51.100.7:1/icmp"),
        Err(EndpointError::Port(Protocol::ICMP))
    );
}

#[test]
fn times() {
    let at = |text: &str| text.parse::<At>().map(|at| at.0.to_string());
    assert_eq!(at("2026-11-25").unwrap(), "2026-11-25T12:00:00Z");
    assert_eq!(
        at("2026-11-25T08:00:00+02:00").unwrap(),
        "2026-11-25T06:00:00Z"
    );
    assert!(at("2026-11-25T08:00:00").is_err(), "of no place");
}

#[test]
fn what_is_no_description() {
    let fault = |arguments: &str| {
        let line = line(arguments);
        line.described.description(&line.workload).unwrap_err()
    };
    let to = "--to 198.51.100.7:443/tcp";
    assert_eq!(fault(to), DescriptionError::NoWorkload);
    assert_eq!(
        fault(&format!("{to} --workload a.service")),
        DescriptionError::NoValue("a.service".to_owned())
    );
    let unknown = fault(&format!("{to} --workload units=a"));
    assert!(
        unknown
            .to_string()
            .starts_with("`units` is no fact of a workload: the facts are unit,")
    );
}
