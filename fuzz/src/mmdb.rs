//! Databases of places.

use std::net::IpAddr;

use jiff::civil::date;
use weir::jurisdiction::{DatabaseFile, Databases, Image};

/// `data` is a file in MaxMind's format: opened, and asked where it opens.
pub fn mmdb(data: &[u8]) {
    // The path must be that of a file; its content is what is given.
    let file = DatabaseFile::new("fuzzed", "/proc/self/exe");
    let bytes = data.to_vec();
    let Ok(databases) = Databases::open_with(&[file], |_| Ok(Image::new(bytes.clone()))) else {
        return;
    };
    for address in [
        IpAddr::from([0, 0, 0, 0]),
        IpAddr::from([203, 0, 113, 9]),
        IpAddr::from([0x2001, 0x0db8, 0, 0, 0, 0, 0, 9]),
        IpAddr::from([0xffff; 8]),
    ] {
        let place = databases.place(address, date(2025, 6, 20));
        assert_eq!(
            place.hosted_in.value.is_none(),
            place.hosted_in.reason.is_some()
        );
        assert_eq!(
            place.registered_in.value.is_none(),
            place.registered_in.reason.is_some()
        );
        assert_eq!(
            place.operator.value.is_none(),
            place.operator.reason.is_some()
        );
    }
    assert_eq!(databases.describe().count(), 1);
}
