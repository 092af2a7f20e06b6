//! Every layout, and what a database says of itself.

use super::*;

/// One record as a whole database: what it says, and in which fields.
fn of(value: Value) -> (Arc<Place>, String) {
    let files = Files::new().entries("x", &[("203.0.113.0/25", value)]);
    let databases = files.open();
    let fields = databases.describe().next().unwrap().fields.join(", ");
    (at(&databases, "203.0.113.9"), fields)
}

fn operator(place: &Place) -> Option<String> {
    place.operator.value.as_ref().map(ToString::to_string)
}

#[test]
fn each_layout_of_countries_is_read() {
    let in_union = Value::map([(
        "country",
        Value::map([
            ("iso_code", text("FR")),
            ("is_in_european_union", Value::from(true)),
        ]),
    )]);
    let lite = [
        ("country", text("France")),
        ("country_code", text("FR")),
        ("asn", text("AS64500")),
        ("as_name", text("Example (synthetic)")),
        ("as_domain", text("example.net")),
    ];
    for (value, fields) in [
        (
            nested("FR"),
            "country.iso_code, registered_country.iso_code",
        ),
        (in_union, "country.iso_code"),
        (Value::map([("country_code", text("FR"))]), "country_code"),
        (Value::map([("country_code", text("fr"))]), "country_code"),
        (
            Value::map([
                ("country", text("FR")),
                ("country_name", text("France")),
                ("continent", text("EU")),
            ]),
            "country",
        ),
        (Value::map(lite), "country_code, asn"),
    ] {
        let (place, found) = of(value);
        assert_eq!(found, fields);
        assert_eq!(place.hosted_in.value, code("FR"), "{fields}");
        assert_eq!(place.hosted_in.agreement, Agreement::Unanimous);
        assert_eq!(place.hosted_in.reason, None);
        let prefix = place.hosted_in.sources[0].prefix.as_deref();
        assert_eq!(prefix, Some("203.0.113.0/25"));
        assert_eq!(place.country(), code("FR"));
    }
}

#[test]
fn each_layout_of_systems_is_read() {
    let traits = Value::map([(
        "traits",
        Value::map([
            ("autonomous_system_number", Value::from(64_500_u32)),
            (
                "autonomous_system_organization",
                text("Example (synthetic)"),
            ),
        ]),
    )]);
    let flat = |name: &str| {
        Value::map([
            ("asn", text("AS64500")),
            (name, text("Example (synthetic)")),
            ("domain", text("example.net")),
        ])
    };
    for (value, fields) in [
        (
            system(64_500, "Example (synthetic)"),
            "autonomous_system_number",
        ),
        (traits, "traits.autonomous_system_number"),
        (flat("as_name"), "asn"),
        (flat("name"), "asn"),
    ] {
        let (place, found) = of(value);
        assert_eq!(found, fields);
        assert_eq!(
            operator(&place).as_deref(),
            Some("AS64500 Example (synthetic)"),
            "{fields}"
        );
        assert_eq!(
            place.hosted_in.reason.as_deref(),
            Some("no database tells the country of hosting")
        );
        assert_eq!(place.hosted_in.sources, []);
    }
    let (nameless, _) = of(Value::map([("asn", text("AS64500"))]));
    assert_eq!(operator(&nameless).as_deref(), Some("AS64500"));
    // Not announced: that is no system.
    let unannounced = Files::new()
        .entries(
            "x",
            &[
                ("203.0.113.0/25", system(0, "Not routed")),
                ("203.0.113.128/25", system(64_500, "Example (synthetic)")),
            ],
        )
        .open();
    assert_eq!(
        at(&unannounced, "203.0.113.9").operator.reason.as_deref(),
        Some(
            "203.0.113.9 is in 203.0.113.0/24 (documentation, TEST-NET-3, RFC 5737), which no autonomous system announces"
        )
    );
    let long = "é".repeat(300);
    let (place, _) = of(system(64_500, &long));
    let kept = place.operator.value.as_ref().unwrap();
    let kept = kept.organisation.as_ref().unwrap();
    assert_eq!(kept.chars().count(), 201);
}

/// IPinfo's ASN database has the country of the system by WHOIS.
#[test]
fn where_a_system_is_registered_is_not_where_a_machine_stands() {
    let record = [
        ("asn", text("AS64500")),
        ("domain", text("example.net")),
        ("name", text("EXAMPLE-AS")),
        ("type", text("hosting")),
        ("country", text("US")),
    ];
    let (place, fields) = of(Value::map(record));
    assert_eq!(fields, "country, asn");
    assert_eq!(place.registered_in.value, code("US"));
    assert_eq!(place.hosted_in.value, None);
    let (place, _) = of(nested("FR"));
    assert_eq!(place.registered_in.value, code("CH"));
}

#[test]
fn anycast_is_told_by_flag_text_or_number() {
    let with =
        |name: &'static str, flag: Value| Value::map([("country_code", text("FR")), (name, flag)]);
    let in_traits = |flag: Value| with("traits", Value::map([("is_anycast", flag)]));
    for (value, said) in [
        (in_traits(Value::from(true)), Some(true)),
        (with("is_anycast", Value::from(true)), Some(true)),
        (with("is_anycast", text("true")), Some(true)),
        (with("is_anycast", text("false")), Some(false)),
        (with("is_anycast", text("")), None),
        (with("is_anycast", Value::from(0_u32)), Some(false)),
        (with("is_anycast", nested("FR")), None),
    ] {
        let (place, _) = of(value);
        assert_eq!(place.anycast.value, said);
        let country = if said == Some(true) { None } else { code("FR") };
        assert_eq!(place.country(), country, "{said:?}");
        assert_eq!(place.hosted_in.value, code("FR"));
    }
}

#[test]
fn a_database_describes_itself() {
    let bytes = mmdb(
        "Test-Country",
        IpVersion::V6,
        &[("2001:db8::/32", nested("DE"))],
    );
    let files = Files::new().with("main", &bytes);
    let description = files.open().describe().next().unwrap().clone();
    assert_eq!(description.name, "main");
    assert_eq!(description.path, files.sources[0].path);
    assert_eq!(description.kind, "Test-Country");
    assert_eq!(description.built.to_string(), "2023-11-14T22:13:20Z");
    assert_eq!(description.licence.as_deref(), Some("synthetic"));
    assert_eq!(description.max_age_days, 45);
    assert_eq!(description.bytes, bytes.len() as u64);
    assert_eq!(description.ip_version, 6);
    assert_eq!(description.record_size, 24);
    assert_eq!(description.nodes, 32);
    assert_eq!(description.sha256.len(), 64);
    let other = Files::new()
        .entries("main", &[("2001:db8::/32", nested("AT"))])
        .open();
    assert_ne!(other.describe().next().unwrap().sha256, description.sha256);
    let empty = image::digest(b"");
    assert_eq!(
        empty,
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}
