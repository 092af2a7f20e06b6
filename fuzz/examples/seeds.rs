//! Writes the corpus anew: `cargo run -p weir-fuzz --example seeds`. Inputs that
//! a fuzzer found are left as they are.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    str::FromStr as _,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use domain::{
    base::{
        MessageBuilder, Name, Rtype, StaticCompressor, Ttl,
        iana::{Class, Rcode},
        message_builder::AnswerBuilder,
        rdata::ComposeRecordData,
    },
    rdata::{
        A, Aaaa, Cname,
        svcb::{Https, SvcParams},
    },
};
use ed25519_dalek::SigningKey;
use mmdb_writer::{IpVersion, Ipv4Aliasing, RecordSize, Value, Writer};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use weir_evidence::{
    archive,
    digest::Digest,
    dsse::{self, Envelope},
    statement::{PAYLOAD_TYPE, Statement},
    sums::{self, Sums},
};
use weir_fuzz::seal;

type Seeds = BTreeMap<&'static str, Vec<u8>>;

fn main() -> Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (target, seeds) in [
        ("bundle", bundles()?),
        ("dns_answer", answers()?),
        ("dns_query", queries()?),
        ("client_hello", hellos()?),
        ("quic_initial", initials()?),
        ("stream", streams()?),
        ("mmdb", databases()?),
        ("policy", policies()?),
    ] {
        let directory = corpus.join(target);
        fs::create_dir_all(&directory)?;
        for (name, bytes) in seeds {
            fs::write(directory.join(name), bytes)?;
        }
    }
    Ok(())
}

/// A signed archive that has no rows, and the parts of one that are read by themselves.
fn bundles() -> Result<Seeds> {
    const NODE: &str = "weir-node/0011223344556677";
    let key = SigningKey::from_bytes(&[7; 32]);
    let id = dsse::key_id(&key.verifying_key());
    let root = "ab".repeat(32);
    let hidden = format!("{{\"first\":1,\"last\":3,\"nodes\":[[1,\"{root}\"],[0,\"{root}\"]]}}\n");
    let pem = dsse::to_pem(&key.verifying_key()).context("a key")?;
    let mut note = vec![1];
    note.extend(key.verifying_key().as_bytes());
    let number = Digest::of(&[NODE.as_bytes(), b"\n", &note].concat());
    let note = format!("{NODE}+{}+{}\n", &number.to_string()[..8], base64(&note));
    let mut files = BTreeMap::from([
        ("README.txt".to_owned(), b"made up\n".to_vec()),
        (format!("keys/{id}.pem"), pem.into_bytes()),
        ("keys/node.pub".to_owned(), note.into_bytes()),
        (
            "log/0011223344556677/hidden.jsonl".to_owned(),
            hidden.clone().into_bytes(),
        ),
    ]);
    let sum = |files: &BTreeMap<String, Vec<u8>>| -> Result<Sums> {
        let mut sums = Sums::default();
        for (name, bytes) in files {
            sums.add(name.parse()?, Digest::of(bytes));
        }
        Ok(sums)
    };
    let list = sum(&files)?.to_string();
    files.insert(sums::FILE.to_owned(), list.clone().into_bytes());
    let predicate = serde_json::json!({
        "schema": "weir-bundle/1", "version": "0", "node": NODE,
        "period": { "from": "2026-10-01T00:00:00Z", "to": "2026-11-01T00:00:00Z" },
        "entries": { "first": 1, "last": 3 }, "tree": { "size": 3, "root": root },
        "previous": null,
        "disclosure": { "mode": "full", "products": [], "pseudonymised": false },
        "closed": true,
    });
    let statement = Statement::about(&sum(&files)?, "https://weir.example/evidence/v1", predicate);
    let envelope = Envelope::sign(PAYLOAD_TYPE, &serde_json::to_vec(&statement)?, &key);
    let envelope = serde_json::to_vec(&envelope)?;
    files.insert("statement.dsse.json".to_owned(), envelope.clone());
    let mut archive = archive::Writer::new(Vec::new(), 1_793_491_200);
    for (name, bytes) in &files {
        archive.add(
            &name.parse()?,
            u64::try_from(bytes.len())?,
            bytes.as_slice(),
        )?;
    }
    Ok(Seeds::from([
        ("archive", archive.finish()?),
        ("hidden", hidden.into_bytes()),
        ("sums", list.into_bytes()),
        ("envelope", envelope),
    ]))
}

/// RFC 4648, section 4, with padding; of 33 bytes, which need none.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |six: u32| char::from(DIGITS[usize::try_from(six % 64).unwrap_or(0)]);
    bytes
        .chunks_exact(3)
        .map(|three| {
            three
                .iter()
                .fold(0, |sum, byte| sum << 8 | u32::from(*byte))
        })
        .flat_map(|three| [18, 12, 6, 0].map(|shift| digit(three >> shift)))
        .collect()
}

/// A product alone, a whole set of every kind of file, and a set that is refused.
fn policies() -> Result<Seeds> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| {
        let path = root.join(path);
        fs::read_to_string(&path).with_context(|| path.display().to_string())
    };
    let set = "tests/tested-allowlists/holding";
    let product = read(&format!("{set}/alpha.toml"))?;
    let mut whole = Vec::new();
    for (number, path) in [
        (0, format!("{set}/alpha.toml")),
        (1, format!("{set}/platform.toml")),
        (2, "tests/fixtures/allowlists/jurisdictions.toml".to_owned()),
        (3, format!("{set}/providers.toml")),
    ] {
        let text = read(&path)?;
        whole.push(number);
        whole.extend(u16::try_from(text.len())?.to_be_bytes());
        whole.extend(text.as_bytes());
    }
    let refused = read("tests/broken-allowlists/ports/alpha.toml")?;
    Ok(Seeds::from([
        ("product", product.into_bytes()),
        ("set", whole),
        ("refused", refused.into_bytes()),
    ]))
}

fn queries() -> Result<Seeds> {
    let mut seeds = Seeds::new();
    for (name, asked, qtype) in [
        ("a", "API.example", Rtype::A),
        ("https", "_8443._https.api.example", Rtype::HTTPS),
    ] {
        let mut builder = MessageBuilder::new_vec();
        builder.header_mut().set_rd(true);
        let mut builder = builder.question();
        builder.push((Name::<Vec<u8>>::from_str(asked)?, qtype))?;
        let mut builder = builder.additional();
        builder.opt(|opt| {
            opt.set_udp_payload_size(1232);
            Ok(())
        })?;
        seeds.insert(name, builder.finish());
    }
    Ok(seeds)
}

type Builder = AnswerBuilder<StaticCompressor<Vec<u8>>>;

fn response(qtype: Rtype) -> Result<Builder> {
    let mut builder = MessageBuilder::from_target(StaticCompressor::new(Vec::new()))?;
    builder.header_mut().set_qr(true);
    let mut builder = builder.question();
    builder.push((Name::<Vec<u8>>::from_str("www.shop.example")?, qtype))?;
    Ok(builder.answer())
}

fn add(builder: &mut Builder, owner: &str, data: impl ComposeRecordData) -> Result<()> {
    let owner = Name::<Vec<u8>>::from_str(owner)?;
    Ok(builder.push((owner, Class::IN, Ttl::from_secs(300), data))?)
}

fn answers() -> Result<Seeds> {
    let cname = |target| Ok::<_, anyhow::Error>(Cname::new(Name::<Vec<u8>>::from_str(target)?));
    let mut chain = response(Rtype::AAAA)?;
    add(&mut chain, "www.shop.example", cname("shop.example")?)?;
    add(&mut chain, "shop.example", cname("edge.cdn.example")?)?;
    add(
        &mut chain,
        "edge.cdn.example",
        A::new([198, 51, 100, 7].into()),
    )?;
    add(
        &mut chain,
        "edge.cdn.example",
        Aaaa::new("2001:db8::7".parse()?),
    )?;

    let mut ring = response(Rtype::A)?;
    add(&mut ring, "www.shop.example", cname("shop.example")?)?;
    add(&mut ring, "shop.example", cname("www.shop.example")?)?;

    let https = |priority, target, params: &[u8]| {
        let params = SvcParams::from_octets(params.to_vec()).ok();
        let target = Name::<Vec<u8>>::from_str(target)?;
        Ok::<_, anyhow::Error>(Https::new(priority, target, params.context("parameters")?)?)
    };
    let mut service = response(Rtype::HTTPS)?;
    add(
        &mut service,
        "www.shop.example",
        https(0, "pool.example", b"")?,
    )?;
    let params = b"\0\x01\0\x06\x02h3\x02h2\0\x03\0\x02\x20\xfb\
        \0\x04\0\x08\xc6\x33\x64\x01\xc6\x33\x64\x02\0\x05\0\x02ec\
        \0\x06\0\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01";
    add(&mut service, "pool.example", https(1, ".", params)?)?;

    let mut none = response(Rtype::A)?;
    none.header_mut().set_rcode(Rcode::NXDOMAIN);

    let chain = chain.finish().into_target();
    let service = service.finish().into_target();
    let mut framed = Vec::new();
    for message in [&chain, &service] {
        framed.extend(u16::try_from(message.len())?.to_be_bytes());
        framed.extend(message);
    }
    Ok(Seeds::from([
        ("chain", chain),
        ("loop", ring.finish().into_target()),
        ("service", service),
        ("no-such-name", none.finish().into_target()),
        ("framed", framed),
    ]))
}

/// The records with which a client of rustls begins.
fn rustls_hello() -> Result<Vec<u8>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut client = ClientConnection::new(Arc::new(config), "api.example".try_into()?)?;
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes)?;
    Ok(bytes)
}

/// A small hello with a name, a protocol and a GREASE ECH extension.
fn small_hello() -> Vec<u8> {
    let extensions = b"\0\0\0\x0e\0\x0c\0\0\x09a.example\0\x10\0\x05\0\x03\x02h3\
        \xfe\x0d\0\x04\0\x01\x02\x03";
    [
        &b"\x01\0\0\x4e\x03\x03"[..],
        &[7; 32],
        b"\0\0\x02\x13\x01\x01\0\0\x23",
        extensions,
    ]
    .concat()
}

fn hellos() -> Result<Seeds> {
    let whole = rustls_hello()?;
    let message = whole.get(5..).context("a record")?;
    let mut split = Vec::new();
    for part in message.chunks(90) {
        split.extend(b"\x16\x03\x01");
        split.extend(u16::try_from(part.len())?.to_be_bytes());
        split.extend(part);
    }
    let cut = split.get(..200).context("200 bytes")?.to_vec();
    Ok(Seeds::from([
        ("handshake", message.to_vec()),
        ("rustls", whole),
        ("split", split),
        ("cut", cut),
        ("small", small_hello()),
    ]))
}

/// One piece as the targets cut them.
fn piece(kind: u8, bytes: &[u8]) -> Result<Vec<u8>> {
    Ok([
        &[kind][..],
        &u16::try_from(bytes.len())?.to_be_bytes(),
        bytes,
    ]
    .concat())
}

fn initials() -> Result<Seeds> {
    let hello = small_hello();
    let crypto = |start: u8, end: u8| {
        let part = hello.get(usize::from(start)..usize::from(end));
        // Numbers of two bytes.
        [
            &[6, 0x40, start, 0x40, end - start][..],
            part.unwrap_or_default(),
        ]
        .concat()
    };
    let length = u8::try_from(hello.len())?;
    let whole = crypto(0, length);
    let shuffled = [crypto(40, length), b"\x01\0\0".to_vec(), crypto(0, 20)].concat();
    let ack = [
        &b"\x02\x05\0\x01\0\0\0\x03\x05\0\0\0\x01\x02\x03"[..],
        &crypto(20, 40),
    ]
    .concat();
    let coalesced = [
        seal(false, false, &shuffled),
        seal(false, false, &ack),
        vec![0; 40],
    ]
    .concat();
    Ok(Seeds::from([
        ("datagram", piece(0, &seal(false, false, &whole))?),
        ("second-version", piece(0, &seal(true, false, &whole))?),
        ("frames", piece(1, &whole)?),
        (
            "split",
            [piece(1, &shuffled)?, piece(3, b"\x01")?, piece(1, &ack)?].concat(),
        ),
        ("retry", [piece(1, &shuffled)?, piece(5, &whole)?].concat()),
        ("coalesced", piece(0, &coalesced)?),
    ]))
}

fn streams() -> Result<Seeds> {
    Ok(Seeds::from([
        (
            "order",
            [piece(0, b"\0\0abcdef")?, piece(255, b"\0\x06ghi")?].concat(),
        ),
        (
            "gaps",
            [
                piece(0, b"\0\x78late")?,
                piece(0, b"\0\x02cdef")?,
                piece(0, b"\0\0abXd")?,
                piece(0, &[b"\0\x04".as_slice(), &[b'x'; 130]].concat())?,
            ]
            .concat(),
        ),
        (
            "limit",
            piece(0, &[b"\x01\x20".as_slice(), &[b'y'; 50]].concat())?,
        ),
    ]))
}

fn databases() -> Result<Seeds> {
    let nested = |code: &'static str| {
        let country = Value::map([("iso_code", Value::from(code))]);
        Value::map([
            ("country", country),
            (
                "registered_country",
                Value::map([("iso_code", Value::from("CH"))]),
            ),
        ])
    };
    let flat = Value::map([
        ("country_code", Value::from("NO")),
        ("asn", Value::from("AS64500")),
        ("as_name", Value::from("Example AS")),
    ]);
    let write = |version, size, entries: &[(&str, Value)]| {
        let mut writer = Writer::builder("Test-Country")
            .ip_version(version)
            .record_size(size)
            .build_epoch(UNIX_EPOCH + Duration::from_secs(1_750_000_000))
            .ipv4_aliasing(Ipv4Aliasing::Disabled)
            .build();
        for (network, value) in entries {
            writer.insert_value(network.parse::<ipnet::IpNet>()?, value.clone())?;
        }
        Ok::<_, anyhow::Error>(writer.to_bytes()?)
    };
    Ok(Seeds::from([
        (
            "nested",
            write(
                IpVersion::V6,
                RecordSize::Bits24,
                &[
                    ("203.0.113.0/25", nested("FR")),
                    ("2001:db8::/32", nested("DE")),
                ],
            )?,
        ),
        (
            "flat",
            write(
                IpVersion::V4,
                RecordSize::Bits28,
                &[("203.0.113.0/24", flat.clone())],
            )?,
        ),
        (
            "wide",
            write(IpVersion::V6, RecordSize::Bits32, &[("::/1", flat)])?,
        ),
    ]))
}
