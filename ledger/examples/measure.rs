//! Writes a made-up month and says how many bytes a row takes, how fast rows are
//! added and sealed, and how long a query takes. As `cargo run --release -p
//! weir-ledger --example measure -- ROWS [ROWS IN A SEGMENT] [INTERVALS OF A FLOW] [STORE]`.
#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measurement, printed"
)]

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use serde_json::{Value, json};
use weir_ledger::{Key, Log, Options, Query, query};

/// The first of October 2026.
const BEGIN_NS: i64 = 1_790_812_800_000_000_000;
const MONTH_NS: i64 = 31 * 86_400_000_000_000;

/// A generator of numbers that are the same in each run (Marsaglia's xorshift).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Small ones often.
    fn skewed(&mut self, limit: u64) -> u64 {
        let limit = self.below(limit) + 1;
        self.below(limit)
    }
}

/// A flow of one of 40 workloads to one of 3000 destinations.
struct Flow {
    n: u64,
    workload: u64,
    destination: u64,
    slot: u64,
    pid: u64,
    begun_ns: i64,
    told_ns: i64,
    sent: u64,
    received: u64,
}

impl Flow {
    /// One that began within the minute before.
    fn new(n: u64, time_ns: i64, numbers: &mut Numbers) -> Self {
        let workload = numbers.skewed(40);
        Self {
            n,
            workload,
            destination: numbers.skewed(3000),
            slot: numbers.below(100_000),
            pid: 2000 + workload * 10 + numbers.below(4),
            begun_ns: time_ns - i64::try_from(numbers.below(60_000_000_000)).unwrap_or_default(),
            told_ns: time_ns
                - i64::try_from(time_ns.unsigned_abs() % 300_000_000_000).unwrap_or_default(),
            sent: 0,
            received: 0,
        }
    }
}

/// Nanoseconds since boot.
fn up(time_ns: i64) -> u64 {
    u64::try_from(time_ns - BEGIN_NS).unwrap_or_default() + 5_000_000_000_000
}

/// What a flow carried in an interval.
fn interval(flow: &mut Flow, time_ns: i64, numbers: &mut Numbers) -> Value {
    let Flow {
        n,
        workload,
        destination,
        ..
    } = *flow;
    let product = workload % 9;
    let provider = destination % 60;
    let address = format!(
        "203.{}.{}.{}",
        provider,
        destination / 256,
        destination % 256
    );
    let name = format!("api{}.provider-{provider}.example", destination % 7);
    let sent = 400 + numbers.skewed(200_000);
    let received = 600 + numbers.skewed(2_000_000);
    flow.sent += sent;
    flow.received += received;
    let country = ["DE", "FR", "NL", "US", "IE", "FI"][(provider % 6) as usize];
    let count = |sent: u64, received: u64| {
        json!({
            "egress_bytes": sent, "egress_packets": sent / 700 + 4,
            "ingress_bytes": received, "ingress_packets": received / 1300 + 4,
        })
    };
    let source = |value: Value| {
        json!([
            {"source": "city", "value": value, "prefix": format!("203.{provider}.0.0/16"), "note": null},
            {"source": "other", "value": value, "prefix": format!("203.{provider}.0.0/18"), "note": null},
        ])
    };
    let answers = |value: Value| json!({"sources": source(value.clone()), "value": value, "agreement": "unanimous", "reason": null});
    json!({
        "type": "flow",
        "counters": count(sent, received),
        "slot": flow.slot,
        "recording": "00112233445566778899aabbccddeeff",
        "judged": {
            "flow": {
                "flow": {
                    "flow": {
                        "record": {
                            "id": n, "scope": "exact", "cgroup": 4000 + workload * 3, "netns": 4_026_531_840 + workload % 4,
                            "address": address, "port": 443, "protocol": 6, "direction": "outbound",
                            "process": {"pid": flow.pid, "uid": 1000 + workload, "comm": "worker", "start_ns": 1_000_000 + workload},
                            "first_ns": up(flow.begun_ns), "last_ns": up(time_ns) - numbers.below(1_000_000_000),
                            "attempts": 1,
                            "counters": count(flow.sent, flow.received),
                        },
                        "workload": {
                            "kind": "systemd_unit", "name": format!("service-{workload}.service"),
                            "cgroup_path": format!("/system.slice/service-{workload}.service"),
                            "unit": format!("service-{workload}.service"), "slice": "system.slice",
                            "user": null, "container": null, "pod": null, "machine": null, "unknown": null,
                        },
                        "executable": {"path": format!("/usr/bin/service-{workload}")},
                    },
                    "names": {"names": [{
                        "name": name, "grade": "answered",
                        "source": {"type": "dns", "resolver": "192.0.2.53", "transport": "udp"},
                        "time": format!("{}", flow.told_ns / 1_000_000_000),
                    }]},
                },
                "place": {
                    "hosted_in": answers(json!(country)), "registered_in": answers(json!(country)),
                    "operator": answers(json!({"asn": 64_500 + provider, "organisation": format!("Provider {provider}")})),
                    "anycast": answers(json!(false)),
                },
                "operator_domicile": {
                    "country": if provider.is_multiple_of(3) { "US" } else { country }, "provider": format!("provider-{provider}"),
                    "legal_entity": format!("Provider {provider} SE"), "parent": null,
                    "matched_by": {"as": 64_500 + provider}, "reviewed": "2026-09-01", "reason": null, "stated": null, "anycast": null,
                },
                "encrypted_dns": null,
            },
            "product": format!("product-{product}"),
            "verdict": if provider == 59 { "undeclared" } else { "declared" },
            "rule": if provider == 59 { Value::Null } else { json!(format!("provider-{provider}")) },
            "reason": format!("entry provider-{provider} of product-{product} declares {name} at {address}:443/tcp outbound (hosted in {country}, inside EEA)"),
        },
    })
}

/// Rows a minute: 10 million a month.
const OPEN: u64 = 230;

fn write(store: &Path, shape: &Shape) -> Result<(), Box<dyn Error>> {
    let (mut log, _) = Log::open(store, Options::default(), |_, _| {})?;
    let mut numbers = Numbers(88_172_645_463_325_252);
    let begun = Instant::now();
    let mut open: Vec<Flow> = Vec::new();
    for n in 0..shape.rows {
        let minute = i64::try_from(n / OPEN)?;
        let time = BEGIN_NS + 60_000_000_000 * (minute + 1);
        let place = usize::try_from(n % OPEN)?;
        if open.len() <= place {
            open.push(Flow::new(n, time, &mut numbers));
        } else if numbers.below(shape.intervals) == 0 {
            open[place] = Flow::new(n, time, &mut numbers);
        }
        log.append(time, interval(&mut open[place], time, &mut numbers))?;
        if n % 1000 == 0 {
            log.flush()?;
        }
        if n % shape.sealed == 0 && n > 0 {
            log.seal()?;
            log.wait_for_segments()?;
        }
    }
    log.flush()?;
    log.seal()?;
    log.wait_for_segments()?;
    let seconds = begun.elapsed().as_secs_f64();
    let rows = shape.rows;
    println!(
        "{rows} rows in {seconds:.1} s, {:.0} rows/s",
        rows as f64 / seconds
    );
    Ok(())
}

/// What is written.
struct Shape {
    rows: u64,
    /// Rows in a segment: those of an hour are about 14,000.
    sealed: u64,
    /// In how many intervals a flow is seen, on average.
    intervals: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |or| arguments.next().map_or(Ok(or), |text| text.parse::<u64>());
    let shape = Shape {
        rows: number(1_000_000)?,
        sealed: number(14_000)?,
        intervals: number(10)?,
    };
    let rows = shape.rows;
    let store = arguments
        .next()
        .map_or_else(|| std::env::temp_dir().join("weir-measure"), PathBuf::from);
    if !store.exists() {
        write(&store, &shape)?;
    }
    let mut bytes = 0;
    for entry in fs::read_dir(&store)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with("segment-") {
            bytes += entry.metadata()?.len();
        }
    }
    println!(
        "{:.1} bytes a row, sidecars included",
        bytes as f64 / rows as f64
    );
    let all = [
        "product",
        "workload",
        "verdict",
        "rule",
        "direction",
        "address",
        "port",
        "protocol",
        "name",
        "provider",
        "organisation",
        "hosted_in",
        "domicile",
    ];
    let sums = [
        "egress_bytes",
        "egress_packets",
        "ingress_bytes",
        "ingress_packets",
    ];
    let is = |text: &'static str| -> weir_ledger::Predicate<'static> {
        Box::new(move |value| value == Some(text.as_bytes()))
    };
    let week = (BEGIN_NS, BEGIN_NS + MONTH_NS / 4);
    let month = (BEGIN_NS, BEGIN_NS + MONTH_NS);
    for (what, times, wanted) in [
        ("month, everything", month, vec![]),
        (
            "month, undeclared",
            month,
            vec![vec![("verdict", is("undeclared"))]],
        ),
        (
            "month, one product",
            month,
            vec![vec![("product", is("product-3"))]],
        ),
        (
            "month, one destination",
            month,
            vec![vec![("address", is("203.7.0.7"))]],
        ),
        ("week, everything", week, vec![]),
    ] {
        let begun = Instant::now();
        let query_ = Query {
            times,
            tag: "flow",
            by: &all,
            sums: &sums,
            wanted,
        };
        let answer = query(&store, &query_)?;
        let rows: u64 = answer.groups.iter().map(|group| group.rows).sum();
        let known = answer
            .groups
            .first()
            .map(|group| matches!(group.keys[0], Key::Text(_)));
        println!(
            "{what}: {} groups of {rows} rows in {:.2} s{}",
            answer.groups.len(),
            begun.elapsed().as_secs_f64(),
            if known == Some(false) {
                " (odd keys)"
            } else {
                ""
            }
        );
    }
    Ok(())
}
