//! Every claim of the demo's world, upheld, contradicted and unproven, on real traffic.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;

use weir_tests::{
    agent::Settings,
    cgroup::Unit,
    claims::Claims,
    container::{Container, Image, Storage},
    demo,
    stage::{Stage, ended_well},
    world::Host,
};

/// What each phase says of every claim, in the order of the demo's `claims.toml`.
type Expected<'a> = [(&'a str, &'a str, &'a [&'a str]); 8];

/// The demo's world, with a server of identity, one of no product, and a caller from
/// outside.
struct World {
    video: Container,
    /// Their servers run as long as they are there.
    _served: [Unit; 2],
    _image: Image,
    caller: Host,
    /// Dropped last.
    stage: Stage,
}

impl World {
    fn new() -> Self {
        let stage = Stage::new().unwrap();
        let image = Image::import(&stage.run, &stage.slice, Storage::Host).unwrap();
        let host = |name, address: &str| {
            let address = address.parse().unwrap();
            stage.world.host(name, &[address]).unwrap()
        };
        let caller = host("caller", "203.0.113.77");
        let pod = host("pod", "10.77.0.11");
        let video = image.start(&stage.slice, &pod, "video-render-1").unwrap();
        let serve = |name, port| {
            let unit = stage.unit(name).unwrap();
            stage.serve_in(&unit, &stage.app, &[port]).unwrap();
            unit
        };
        let served = [
            serve("identity.service", 8080),
            serve("stray.service", 9090),
        ];
        Self {
            video,
            _served: served,
            _image: image,
            caller,
            stage,
        }
    }

    /// Settings with the demo's allowlists and a store of its own.
    fn settings(&self, store: &str) -> Settings {
        let store = self.stage.run.directory().join(store);
        fs::create_dir_all(&store).unwrap();
        Settings {
            allowlists: demo::allowlists(&self.stage).unwrap(),
            store,
            ..self.stage.settings().unwrap()
        }
    }

    /// Records what is done meanwhile.
    fn record(&mut self, settings: &Settings, act: impl FnOnce(&mut Self)) {
        let agent = self.stage.agent_with(settings).unwrap();
        act(self);
        ended_well(&agent.stop().unwrap()).unwrap();
    }

    /// A unit sends from the app's host, and is gone then, with all that runs in it.
    fn send(&self, unit: &str, line: &str) {
        let unit = self.stage.unit(unit).unwrap();
        unit.traffic(&self.stage.app, line).unwrap();
    }

    /// Somebody calls the app's host.
    fn call(&self, from: &Host, port: u16) {
        let unit = self.stage.unit("caller.service").unwrap();
        let line = format!("tcp --to 10.77.0.10:{port} --bytes 3000 --reply 900");
        unit.traffic(from, &line).unwrap();
    }

    /// Nothing but what the report says.
    fn behave(&mut self) {
        self.call(&self.stage.peer, 8080);
        self.send(
            "llm-inference.service",
            "tcp --to 10.77.0.20:8080 --bytes 8000",
        );
        self.send(
            "llm-inference.service",
            "udp --to 198.51.100.9:443 --bytes 48 --echo",
        );
        self.send(
            "image-worker.service",
            "tcp --to 198.51.100.9:443 --bytes 50000",
        );
        self.film();
    }

    fn film(&mut self) {
        let line = "tcp --to 198.51.100.129:443 --bytes 60000 --reply 900";
        self.video.traffic(line).unwrap();
    }
}

#[track_caller]
fn assert_claims(settings: &Settings, code: i32, expected: &Expected<'_>) {
    let claims = Claims::of(settings, &["--format", "json"]).unwrap();
    let stand = claims.stand().unwrap();
    let stand: Vec<_> = stand
        .iter()
        .map(|(id, outcome, why)| (id.as_str(), outcome.as_str(), why.join("; ")))
        .collect();
    let expected = expected.map(|(id, outcome, why)| (id, outcome, why.join("; ")));
    assert_eq!(stand, expected, "{}", claims.text);
    assert_eq!(claims.code, Some(code));
    let page = Claims::of(settings, &[]).unwrap();
    assert_eq!(page.code, Some(code));
    for line in page.text.lines() {
        assert!(
            line.chars().count() <= 80 && !line.contains('\u{1b}'),
            "{line}"
        );
    }
}

#[test]
fn every_claim_is_upheld_and_contradicted_and_unproven() {
    let mut world = World::new();
    upheld(&mut world);
    contradicted(&mut world);
    unproven_by_doubts(&mut world);
    unproven_by_a_gap(&mut world);
    unproven_by_a_place(&mut world);
}

fn upheld(world: &mut World) {
    let settings = world.settings("upheld");
    world.record(&settings, World::behave);
    let expected: Expected<'_> = [
        (
            "identity-inside",
            "upheld",
            &["1 flow record, none against it"],
        ),
        (
            "identity-unreached",
            "upheld",
            &["1 flow record, none against it"],
        ),
        ("llm-inside", "upheld", &["2 flow records, none against it"]),
        (
            "processing-confined",
            "upheld",
            &["5 flow records, none against it"],
        ),
        (
            "providers-disclosed",
            "upheld",
            &["2 flow records, none against it"],
        ),
        (
            "providers-in-europe",
            "upheld",
            &["2 flow records, none against it"],
        ),
        (
            "pages-are-true",
            "upheld",
            &["2 flow records, none against it"],
        ),
        (
            "no-single-provider",
            "upheld",
            &["2 flow records, none against it"],
        ),
    ];
    assert_claims(&settings, 0, &expected);
}

/// A flow against each claim; what is used in place of `image-provider` leaves that
/// unused.
fn contradicted(world: &mut World) {
    let settings = world.settings("contradicted");
    world.record(&settings, |world| {
        world.call(&world.caller, 8080);
        world.send(
            "identity-agent.service",
            "tcp --to 203.0.113.9:443 --bytes 700",
        );
        world.send(
            "llm-inference.service",
            "tcp --to 203.0.113.9:443 --bytes 5000",
        );
        world.send(
            "image-worker.service",
            "tcp --to 203.0.113.9:443 --bytes 350000",
        );
        world.film();
    });
    // How many segments carry the bytes is the kernel's affair.
    let shares = Claims::of(
        &settings,
        &["--claim", "no-single-provider", "--format", "json"],
    );
    let objects = shares.unwrap().objects().unwrap();
    let largest = &objects[1]["shares"][0];
    let (bytes, of) = (&largest["bytes"], &largest["of"]);
    let (bytes, of) = (bytes.as_u64().unwrap(), of.as_u64().unwrap());
    assert!((350_000..380_000).contains(&bytes), "{bytes}");
    assert!((410_000..450_000).contains(&of), "{of}");
    let tenths = bytes * 1000 / of;
    let share = format!(
        "overseas-inc took {}.{} % of {of} bytes, more than 75 %",
        tenths / 10,
        tenths % 10
    );
    let expected: Expected<'_> = [
        (
            "identity-inside",
            "contradicted",
            &["1 flow record to outside the platform"],
        ),
        (
            "identity-unreached",
            "contradicted",
            &["1 flow record from outside the platform"],
        ),
        (
            "llm-inside",
            "contradicted",
            &["1 flow record to outside the platform"],
        ),
        (
            "processing-confined",
            "contradicted",
            &["2 flow records to outside the platform, of another product"],
        ),
        (
            "providers-disclosed",
            "contradicted",
            &["1 flow record declared by no entry"],
        ),
        (
            "providers-in-europe",
            "contradicted",
            &["1 flow record hosted outside the claimed countries"],
        ),
        (
            "pages-are-true",
            "contradicted",
            &["disclosed and not used: image-provider"],
        ),
        ("no-single-provider", "contradicted", &[&share]),
    ];
    assert_claims(&settings, 10, &expected);
}

/// Nothing against any claim, and a workload of no product that goes out and is called:
/// it may be of any.
fn unproven_by_doubts(world: &mut World) {
    let settings = world.settings("doubts");
    world.record(&settings, |world| {
        world.call(&world.stage.peer, 8080);
        world.call(&world.caller, 9090);
        world.send(
            "llm-inference.service",
            "tcp --to 10.77.0.20:8080 --bytes 8000",
        );
        world.send(
            "image-worker.service",
            "tcp --to 10.77.0.20:8080 --bytes 8000",
        );
        world.send(
            "stray-agent.service",
            "tcp --to 203.0.113.9:443 --bytes 500000",
        );
        world.film();
    });
    let stray = "1 flow record of no product";
    let expected: Expected<'_> = [
        ("identity-inside", "unproven", &[stray]),
        ("identity-unreached", "unproven", &[stray]),
        ("llm-inside", "unproven", &[stray]),
        ("processing-confined", "unproven", &[stray]),
        ("providers-disclosed", "unproven", &[stray]),
        ("providers-in-europe", "unproven", &[stray]),
        (
            "pages-are-true",
            "unproven",
            &[stray, "disclosed and not used: image-provider"],
        ),
        ("no-single-provider", "unproven", &[stray]),
    ];
    assert_claims(&settings, 11, &expected);
}

/// As in [`upheld`], but between two agents nobody recorded.
fn unproven_by_a_gap(world: &mut World) {
    let settings = world.settings("gap");
    world.record(&settings, World::behave);
    world.record(&settings, |_| ());
    let gap: &[&str] = &["1 gap: not_recording"];
    let expected: Expected<'_> = [
        ("identity-inside", "unproven", gap),
        ("identity-unreached", "unproven", gap),
        ("llm-inside", "unproven", gap),
        ("processing-confined", "unproven", gap),
        ("providers-disclosed", "unproven", gap),
        ("providers-in-europe", "unproven", gap),
        ("pages-are-true", "unproven", gap),
        ("no-single-provider", "unproven", gap),
    ];
    assert_claims(&settings, 11, &expected);
}

/// No database knows where it is, and no table whose it is.
fn unproven_by_a_place(world: &mut World) {
    let settings = world.settings("place");
    world.record(&settings, |world| {
        world.send(
            "image-worker.service",
            "tcp --to 203.0.113.200:443 --bytes 9000",
        );
        world.film();
    });
    let arguments = ["--format", "json", "--claim", "providers-in-europe"];
    let claims = Claims::of(&settings, &arguments).unwrap();
    let [(_, outcome, why)] = &claims.stand().unwrap()[..] else {
        unreachable!("one claim was asked for: {}", claims.text);
    };
    assert_eq!(outcome, "unproven");
    assert_eq!(why[..], ["1 flow record to an uncertain country"]);
    assert_eq!(claims.code, Some(11));
}
