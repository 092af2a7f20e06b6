//! The set that the table judges by.

use super::policy;
use crate::policy::Policy;

const JURISDICTIONS: &str = r#"
[[set]]
name = "EEA"
from = 2020-02-01
countries = ["EU", "NO"]
source = "synthetic"
reviewed = 2026-11-01

[[set]]
name = "EU"
from = 2020-02-01
countries = ["DE", "SE"]
source = "synthetic"
reviewed = 2026-11-01
"#;

const PLATFORM: &str = r#"
home = "EEA"

[[internal]]
cidr = "10.0.0.0/8"
purpose = "hosts"
owner = "net"

[[internal]]
cidr = "10.9.0.0/16"
purpose = "storage"
owner = "net"

[[allow]]
id = "shared-time"
purpose = "time"
owner = "net"
address = ["192.0.2.123"]
ports = [123]
protocol = "udp"
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30
"#;

const IMAGE: &str = r#"
product = "image"
title = "Image"
owner = "team"
posture = "external_declared"

[[workload]]
unit = "image*.service"

[[workload]]
container = "image-*"
image = "registry.internal/**"

[[workload]]
pod_namespace = "image"
pod = "worker-?"

[[workload]]
executable = "/opt/image/**"
uid = 990

[[workload]]
machine = "render-*"

[[workload]]
cgroup = "/image.slice/**"

[[allow]]
id = "provider"
purpose = "p"
owner = "o"
cidr = ["198.51.100.0/24", "2001:db8:a::/48"]
countries = ["EEA"]
ports = [443, "8000-8100"]
protocol = "tcp"
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30

[[allow]]
id = "anywhere-in-sweden"
purpose = "p"
owner = "o"
countries = ["SE"]
ports = [9443]
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30

[[allow]]
id = "old"
purpose = "p"
owner = "o"
address = ["203.0.113.7"]
expires = 2026-10-31
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01

[[allow]]
id = "last-day"
purpose = "p"
owner = "o"
address = ["203.0.113.8"]
expires = 2026-11-01
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01

[[allow]]
id = "old-in-norway"
purpose = "p"
owner = "o"
address = ["203.0.113.7"]
countries = ["NO"]
ports = [8443]
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30

[[allow]]
id = "clients"
purpose = "p"
owner = "o"
direction = "inbound"
cidr = ["203.0.113.0/24"]
ports = [443]
protocol = "tcp"
approved_by = "dpo"
approved_on = 2026-03-01

[[allow]]
id = "ping"
purpose = "p"
owner = "o"
cidr = ["198.51.100.0/24", "2001:db8:a::/48"]
protocol = "icmp"
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30
"#;

const VIDEO: &str = r#"
product = "video"
title = "Video"
owner = "team"
posture = "internal_only"

[[workload]]
slice = "video.slice"
"#;

/// Two products, the platform and its sets.
pub(super) fn sample() -> Policy {
    policy(&[
        ("image.toml", IMAGE),
        ("video.toml", VIDEO),
        ("platform.toml", PLATFORM),
        ("jurisdictions.toml", JURISDICTIONS),
    ])
}
