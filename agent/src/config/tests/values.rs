//! Values that are written as texts.

use std::time::Duration;

use super::*;
use crate::daemon::Pinning;

#[test]
fn reads_times() {
    let time = |text: &str| text.parse::<Time>().map(|time| time.0);
    assert_eq!(time("250ms"), Ok(Duration::from_millis(250)));
    assert_eq!(time("5m"), Ok(Duration::from_secs(300)));
    assert_eq!(time("1h 30m"), Ok(Duration::from_secs(5400)));
    for wrong in ["0s", "-1s", "soon", "15", ""] {
        assert!(time(wrong).is_err(), "{wrong}");
    }
    assert_eq!("off".parse::<Period>(), Ok(Period(None)));
    assert!("never".parse::<Period>().unwrap_err().ends_with(", or off"));
}

#[test]
fn reads_listeners() {
    assert_eq!("off".parse(), Ok(Listener(None)));
    assert_eq!(
        "[::1]:9184".parse(),
        Ok(Listener(Some("[::1]:9184".parse().unwrap())))
    );
    for wrong in ["9184", "localhost:9184", "127.0.0.1:99999", ""] {
        assert!(wrong.parse::<Listener>().is_err(), "{wrong}");
    }
}

#[test]
fn reads_sizes() {
    let size = |text: &str| text.parse::<Size>().map(|size| size.0);
    assert_eq!(size("20 GiB"), Ok(20 << 30));
    assert_eq!(size("512MiB"), Ok(512 << 20));
    // As `--keep-size` has always had it.
    assert_eq!(size("512"), Ok(512 << 20));
    for wrong in [
        "0 GiB",
        "20 GB",
        "20 gib",
        "GiB",
        "-1",
        "1.5 GiB",
        "99999999999 PiB",
        "",
    ] {
        assert!(size(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn reads_pins() {
    assert_eq!("auto".parse(), Ok(Pin(Pinning::Auto)));
    assert_eq!("off".parse(), Ok(Pin(Pinning::Off)));
    assert_eq!("/x".parse(), Ok(Pin(Pinning::At("/x".into()))));
    assert!("".parse::<Pin>().is_err());
}

#[test]
fn names_databases() {
    let database = |name: &str, file: &str| {
        Ok(Database {
            name: name.to_owned(),
            file: file.into(),
        })
    };
    assert_eq!("a=b.mmdb".parse(), database("a", "b.mmdb"));
    assert_eq!(
        "/x/country.mmdb".parse(),
        database("country", "/x/country.mmdb")
    );
    assert!("=".parse::<Database>().is_err());
}
