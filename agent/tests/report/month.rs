//! Two made-up months of a platform that there is not: one that went well, and one in which
//! nearly everything happened that can happen to a report.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use weir::{
    ledger::{Entry, Ledger},
    policy::{Archive, Set},
};

/// Allowlists of the platform.
pub(crate) const ALLOWLISTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/report/allowlists");

/// Who is reached, and where: id and legal entity of the provider, ultimate parent and its
/// home, AS, address, name, country of hosting.
struct Peer {
    provider: Option<(&'static str, &'static str, &'static str, &'static str)>,
    asn: Option<u32>,
    address: &'static str,
    name: Option<&'static str>,
    country: Option<&'static str>,
    anycast: bool,
}

const fn known(
    provider: (&'static str, &'static str, &'static str, &'static str),
    asn: u32,
    (address, name, country): (&'static str, &'static str, &'static str),
) -> Peer {
    Peer {
        provider: Some(provider),
        asn: Some(asn),
        address,
        name: Some(name),
        country: Some(country),
        anycast: false,
    }
}

const PIXELWERK: (&str, &str, &str, &str) = ("pixelwerk", "Pixelwerk GmbH", "Pixelwerk GmbH", "DE");
const NORDLYS: (&str, &str, &str, &str) =
    ("nordlys", "Nordlys Render AS", "Nordlys Holding AS", "NO");
const FRAMEFORGE: (&str, &str, &str, &str) = (
    "frameforge",
    "FrameForge Europe GmbH",
    "FrameForge Inc.",
    "US",
);
const RIKKI: (&str, &str, &str, &str) = ("rikki", "Rikki DNS Oy", "Rikki Oy", "FI");
const ARCHIVE: (&str, &str, &str, &str) = (
    "pixelwerk-archive",
    "Pixelwerk Archiv GmbH",
    "Pixelwerk GmbH",
    "DE",
);

const MODEL: Peer = known(
    PIXELWERK,
    64_501,
    ("198.51.100.9", "render.pixelwerk.example", "DE"),
);
const MODEL_FR: Peer = known(
    PIXELWERK,
    64_501,
    ("198.51.100.41", "render-fr.pixelwerk.example", "FR"),
);
const UPSCALE: Peer = known(
    NORDLYS,
    64_502,
    ("198.51.100.130", "api.nordlys.example", "NO"),
);
const KEPT: Peer = known(
    ARCHIVE,
    64_507,
    ("198.51.100.77", "keep.pixelwerk.example", "DE"),
);
const FILMS: Peer = known(
    FRAMEFORGE,
    64_503,
    ("198.51.100.200", "eu.frameforge.example", "DE"),
);
const FILMS_IE: Peer = known(
    FRAMEFORGE,
    64_503,
    ("198.51.100.210", "eu-west.frameforge.example", "IE"),
);
const NAMES: Peer = known(RIKKI, 64_504, ("2001:db8:4::53", "ns2.rikki.example", "FI"));
const TIME: Peer = known(
    ("tidsverk", "Tidsverk AB", "Tidsverk AB", "SE"),
    64_505,
    ("198.51.100.123", "tid.tidsverk.example", "SE"),
);
const OVERSEAS: Peer = known(
    (
        "overseas",
        "Overseas Cloud Inc.",
        "Overseas Cloud Inc.",
        "US",
    ),
    64_506,
    ("203.0.113.9", "storage.overseas.example", "US"),
);
const EDGE: Peer = Peer {
    provider: Some(("edgespan", "EdgeSpan Ltd", "EdgeSpan Group plc", "GB")),
    asn: Some(64_508),
    address: "203.0.113.140",
    name: Some("assets.edgespan.example"),
    country: Some("NL"),
    anycast: true,
};
const NOBODY: Peer = Peer {
    provider: None,
    asn: None,
    address: "203.0.113.201",
    name: None,
    country: Some("SG"),
    anycast: false,
};

/// A month in the making.
struct Month {
    ledger: Ledger,
    slot: u32,
}

/// Writes September, which is whole, and October 2026, which is not.
pub(crate) fn write(store: &Path) -> anyhow::Result<()> {
    let set = Set::read(Path::new(ALLOWLISTS));
    Archive::of(store).keep(&set)?;
    let from = at("2026-09-01T00:00:00Z");
    let mut month = Month {
        ledger: Ledger::open(store, from)?,
        slot: 0,
    };
    month.started(from, &set.digest())?;
    let october = at("2026-10-01T00:00:00Z");
    let mut now = from;
    let end = at("2026-11-01T00:02:00Z");
    let away = at("2026-10-14T02:10:00Z")..at("2026-10-14T02:57:00Z");
    while now <= end {
        let minutes = now.duration_since(from).as_mins();
        if !away.contains(&now) {
            month.heartbeat(now)?;
        }
        if minutes % 360 == 90 && now < at("2026-11-01T00:00:00Z") {
            month.quarter(now, u64::try_from(minutes / 360)?, now >= october)?;
        }
        if now >= october {
            month.incident(now, &set.digest())?;
        }
        now = now.checked_add(SignedDuration::from_mins(1))?;
    }
    month.ledger.flush()?;
    Ok(())
}

fn at(time: &str) -> Timestamp {
    time.parse().expect("a time of the test")
}

/// A number between 500 and 1499 that differs from quarter to quarter, always alike.
fn wave(quarter: u64, salt: u64) -> u64 {
    let mixed = (quarter + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ salt.wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    500 + (mixed >> 33) % 1000
}

impl Month {
    fn add(&mut self, now: Timestamp, entry: Value) -> anyhow::Result<()> {
        Ok(self
            .ledger
            .append(now, serde_json::from_value::<Entry>(entry)?)?)
    }

    fn started(&mut self, now: Timestamp, digest: &str) -> anyhow::Result<()> {
        let databases = json!({
            "asn-free": "5f0c".repeat(16), "geo-a": "a1b2".repeat(16), "geo-b": "c3d4".repeat(16),
        });
        self.add(
            now,
            json!({
                "type": "started", "recording": "r1", "adopted": false, "version": "0.1.0",
                "boot_id": "made-up", "boot_ns": 1_000_000_000_000_u64,
                "allowlists": digest, "databases": databases,
            }),
        )?;
        self.add(
            now,
            json!({
                "type": "not_covered",
                "vsock": "the kernel has no hook there: what guests send by vsock is not counted",
            }),
        )
    }

    fn heartbeat(&mut self, now: Timestamp) -> anyhow::Result<()> {
        self.add(
            now,
            json!({
                "type": "heartbeat", "recording": "r1", "boot_id": "made-up", "boot_ns": 1,
                "open_flows": 40, "counters": counters(0, 0), "losses": {},
            }),
        )
    }

    /// What happens every six hours.
    fn quarter(&mut self, now: Timestamp, number: u64, october: bool) -> anyhow::Result<()> {
        const MIB: u64 = 1 << 20;
        let wave = |salt| wave(number, salt);
        let declared = |rule| ("declared", Some(rule), "");
        self.flow(
            now,
            ("image-worker.service", "image-generation"),
            &MODEL,
            declared("image-model"),
            wave(1) * 3 * MIB,
        )?;
        self.flow(
            now,
            ("image-worker.service", "image-generation"),
            &MODEL_FR,
            declared("image-model"),
            wave(2) * MIB / 2,
        )?;
        self.flow(
            now,
            ("image-upscaler.service", "image-generation"),
            &UPSCALE,
            declared("image-upscale"),
            wave(3) * MIB,
        )?;
        self.flow(
            now,
            ("video-worker.service", "video-generation"),
            &FILMS,
            declared("video-model"),
            wave(4) * 4 * MIB,
        )?;
        self.flow(
            now,
            ("dns-primary.service", "dns"),
            &NAMES,
            declared("dns-secondary"),
            wave(5) * MIB / 40,
        )?;
        for (unit, product) in [
            ("llm-server.service", "llm-inference"),
            ("identity-idp.service", "identity-access"),
        ] {
            self.flow(
                now,
                (unit, product),
                &TIME,
                declared("platform-time"),
                wave(6) * 90,
            )?;
        }
        self.flow(
            now,
            ("storage-node.service", "object-storage"),
            &NOBODY,
            ("internal", None, ""),
            wave(7) * MIB * 20,
        )?;
        if october {
            self.flow(
                now,
                ("video-worker.service", "video-generation"),
                &FILMS_IE,
                declared("video-model"),
                wave(8) * MIB,
            )?;
            if number.is_multiple_of(4) {
                self.flow(
                    now,
                    ("image-worker.service", "image-generation"),
                    &KEPT,
                    declared("image-archive"),
                    wave(9) * MIB / 3,
                )?;
                let why = "image-model may declare 203.0.113.140:443/tcp, whose place cannot be told: the address is announced from several places";
                self.flow(
                    now,
                    ("image-worker.service", "image-generation"),
                    &EDGE,
                    ("indeterminate", Some("image-model"), why),
                    wave(10) * MIB / 5,
                )?;
            }
            if number.is_multiple_of(9) {
                let why = "no product claims workload backup-agent.service; it reached 203.0.113.201:22/tcp (hosted in SG)";
                self.flow(
                    now,
                    ("backup-agent.service", ""),
                    &NOBODY,
                    ("unattributed", None, why),
                    wave(11) * 900,
                )?;
            }
        }
        self.add(now, json!({ "type": "balance", "uplink_bytes": (number + 1) * 9_000_000_000, "wrapped_bytes": (number + 1) * 120_000_000,
            "unseen_bytes": (number + 1) * 41_000, "missing_bytes": (number + 1) * 1_900 }))
    }

    /// What happens once.
    fn incident(&mut self, now: Timestamp, digest: &str) -> anyhow::Result<()> {
        let why = "no entry of video-generation declares storage.overseas.example at 203.0.113.9:443/tcp (hosted in US by 2 of 2 sources)";
        match now.to_string().as_str() {
            "2026-10-08T14:07:00Z" | "2026-10-08T14:31:00Z" => {
                self.flow(now, ("video-worker.service", "video-generation"), &OVERSEAS, ("undeclared", None, why), 512 << 20)?;
                let event = if now == at("2026-10-08T14:07:00Z") { "finding_opened" } else { "finding_updated" };
                let finding = finding(event, "page", ("undeclared", "video-generation", "video-worker.service", "overseas", "US"), now, why);
                let id = finding["id"].clone();
                self.add(now, finding)?;
                if event == "finding_opened" {
                    return Ok(());
                }
                self.add(now, json!({ "type": "acknowledged", "finding": id, "severity": "page", "until": "2026-10-15", "by": "on call", "uid": 0,
                    "reason": "INC-431: the new uploader was rolled back, and its objects are deleted" }))
            }
            "2026-10-09T15:00:00Z" => self.add(now, finding("finding_closed", "page",
                ("undeclared", "video-generation", "video-worker.service", "overseas", "US"), at("2026-10-08T14:31:00Z"), why)),
            "2026-10-14T02:57:00Z" => {
                self.started(now, digest)?;
                self.add(now, gap(("2026-10-14T02:09:30Z", "2026-10-14T02:57:00Z"), "not_recording",
                    "no programs were at work: the host was updated and started again", &json!({})))?;
                self.heartbeat(now)
            }
            "2026-10-17T09:00:00Z" => self.add(now, json!({ "type": "database_loaded", "name": "geo-a",
                "sha256": "e5f6".repeat(16), "built": "2026-10-15T00:00:00Z" })),
            "2026-10-03T07:30:00Z" => self.add(now, finding("finding_opened", "ticket",
                ("indeterminate", "image-generation", "image-worker.service", "edgespan", "anycast"), now,
                "assets.edgespan.example is announced from several places: its country cannot be told")),
            "2026-10-22T21:04:00Z" => {
                self.add(now, gap(("2026-10-22T21:03:10Z", "2026-10-22T21:03:40Z"), "loss",
                    "payload_reserve 212", &json!({ "payload_reserve": 212 })))?;
                self.add(now, finding("finding_opened", "ticket", ("evidence_gap", "", "", "", ""), now, "payload_reserve 212"))
            }
            "2026-10-23T21:04:00Z" => self.add(now, finding("finding_closed", "ticket", ("evidence_gap", "", "", "", ""),
                at("2026-10-22T21:04:00Z"), "payload_reserve 212")),
            "2026-10-20T01:30:00Z" => self.add(now, finding("finding_opened", "ticket",
                ("unattributed", "", "backup-agent.service", "", "SG"), now,
                "no product claims workload backup-agent.service; it reached 203.0.113.201:22/tcp")),
            "2026-10-05T04:00:00Z" => self.add(now, json!({ "type": "self_test", "ways": [
                { "way": "tcp over IPv4", "sent": 900, "sockets": 900, "uplink": 900, "outcome": "recorded" },
                { "way": "udp over IPv6", "sent": 900, "sockets": 900, "uplink": 900, "outcome": "recorded" },
                { "way": "raw over IPv4", "sent": 900, "sockets": 900, "uplink": 900, "outcome": "recorded" },
            ] })),
            _ => Ok(()),
        }
    }

    fn flow(
        &mut self,
        now: Timestamp,
        (unit, product): (&str, &str),
        peer: &Peer,
        (verdict, rule, reason): (&str, Option<&str>, &str),
        bytes: u64,
    ) -> anyhow::Result<()> {
        self.slot += 1;
        let boot = at("2026-09-01T00:00:00Z");
        let now_ns = 1_000_000_000_000 + u64::try_from(now.duration_since(boot).as_nanos())?;
        let address = if verdict == "internal" {
            "10.20.0.7"
        } else {
            peer.address
        };
        let names = match peer.name {
            Some(name) => json!({ "names": [{
                "name": name, "grade": "answered", "aliases": [], "time": now, "doubt": null,
                "source": { "type": "dns", "resolver": "10.20.0.53", "transport": "udp", "served_by": null, "asked_by": null },
            }], "missing": null }),
            None => json!({ "names": [], "missing": "none_seen" }),
        };
        let sum = counters(bytes, bytes / 7);
        let record = json!({
            "id": self.slot, "scope": "exact", "cgroup": 7, "netns": 1, "address": address, "port": 443,
            "protocol": 6, "direction": "outbound", "process": null,
            "first_ns": now_ns - 900_000_000_000, "last_ns": now_ns, "attempts": 1, "counters": sum,
        });
        let workload = json!({ "kind": "systemd_unit", "name": unit, "cgroup_path": format!("/system.slice/{unit}"),
            "unit": unit, "slice": "system.slice" });
        let flow = json!({
            "flow": {
                "flow": { "record": record, "workload": workload, "executable": { "path": "/usr/bin/worker" } },
                "names": names,
            },
            "place": place(peer), "operator_domicile": domicile(peer), "encrypted_dns": null,
        });
        self.add(
            now,
            json!({
                "type": "flow", "counters": sum, "slot": self.slot, "recording": "r1",
                "judged": { "flow": flow, "product": Some(product).filter(|name| !name.is_empty()),
                    "verdict": verdict, "rule": rule, "reason": reason },
            }),
        )
    }
}

fn counters(egress: u64, ingress: u64) -> Value {
    json!({ "egress_bytes": egress, "egress_packets": egress / 1200, "ingress_bytes": ingress, "ingress_packets": ingress / 1200 })
}

fn place(peer: &Peer) -> Value {
    let unknown = json!({ "value": null, "agreement": "unknown", "sources": [], "reason": "no database says" });
    let answers = |value: Option<Value>| match value {
        Some(value) => {
            json!({ "value": value, "agreement": "unanimous", "reason": null, "sources": [
            { "source": "geo-a", "value": value, "prefix": null, "note": null },
            { "source": "geo-b", "value": value, "prefix": null, "note": null },
        ] })
        }
        None => unknown.clone(),
    };
    let operator = peer
        .asn
        .map(|asn| json!({ "asn": asn, "organisation": null }));
    json!({
        "hosted_in": answers(peer.country.map(|code| json!(code))),
        "registered_in": unknown,
        "operator": answers(operator),
        "anycast": answers(Some(json!(peer.anycast))),
    })
}

fn domicile(peer: &Peer) -> Value {
    let Some((id, entity, parent, country)) = peer.provider else {
        return json!({ "country": null, "provider": null, "legal_entity": null, "parent": null, "matched_by": null,
            "reviewed": null, "reason": "no listed provider has the address", "stated": null, "anycast": null });
    };
    json!({ "country": country, "provider": id, "legal_entity": entity, "parent": parent,
        "matched_by": { "as": peer.asn }, "reviewed": "2026-09-01", "reason": null, "stated": null, "anycast": null })
}

fn gap((from, to): (&str, &str), reason: &str, detail: &str, losses: &Value) -> Value {
    json!({ "type": "gap", "from": from, "to": to, "reason": reason, "detail": detail, "repaired": true, "losses": losses })
}

/// A finding of kind, product, workload, provider and place, each empty where it has none.
fn finding(
    event: &str,
    severity: &str,
    (kind, product, workload, provider, place): (&str, &str, &str, &str, &str),
    seen: Timestamp,
    detail: &str,
) -> Value {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let id = kind.bytes().fold(7_u64, |id, byte| {
        id.wrapping_mul(1_099_511_628_211) ^ u64::from(byte)
    });
    json!({
        "type": event, "id": format!("{id:016x}"), "kind": kind, "product": some(product),
        "workload": some(workload).map(|name| json!({ "kind": "systemd_unit", "name": name })),
        "destination": some(provider).map(|id| json!({ "provider": id })),
        "jurisdiction": some(place), "rule": null, "severity": severity,
        "first_seen": if kind == "undeclared" { at("2026-10-08T13:52:00Z") } else { seen }, "last_seen": seen,
        "flows": if kind == "evidence_gap" { 0 } else { 2 }, "egress_bytes": match kind { "undeclared" => 1_u64 << 30, "evidence_gap" => 0, _ => 1 << 24 },
        "detail": detail, "detail_seen": seen,
    })
}
