//! Databases of countries.

use std::{net::IpAddr, path::PathBuf};

use weir::jurisdiction::{Databases, Image};

/// `data` is a file in MaxMind's format: opened, and asked where it opens.
pub fn mmdb(data: &[u8]) {
    // The path must be that of a file; its content is what is given.
    let source = ("fuzzed".to_owned(), PathBuf::from("/proc/self/exe"));
    let bytes = data.to_vec();
    let Ok(databases) = Databases::open_with(&[source], |_| Ok(Image::new(bytes.clone()))) else {
        return;
    };
    for address in [
        IpAddr::from([0, 0, 0, 0]),
        IpAddr::from([203, 0, 113, 9]),
        IpAddr::from([0x2001, 0x0db8, 0, 0, 0, 0, 0, 9]),
        IpAddr::from([0xffff; 8]),
    ] {
        let hosted = databases.hosted_in(address);
        assert_eq!(hosted.sources.len(), 1);
        assert_eq!(hosted.country.is_none(), hosted.reason.is_some());
    }
    assert_eq!(databases.describe().len(), 1);
}
