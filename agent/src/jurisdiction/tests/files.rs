//! Files that come, go and change, and what is said beside them.

use std::os::unix::fs::symlink;

use super::*;

/// A directory of databases and what is asked for of it.
struct Directory {
    directory: tempfile::TempDir,
    wanted: IpData,
}

impl Directory {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let wanted = IpData {
            directory: Some(directory.path().to_owned()),
            must_exist: true,
            ..IpData::named(Vec::new())
        };
        Self { directory, wanted }
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        // By rename, so that the stamp differs whatever the clock says.
        let partial = self.directory.path().join(".partial");
        fs::write(&partial, bytes).unwrap();
        fs::rename(partial, self.directory.path().join(name)).unwrap();
    }

    fn hosted(&self, name: &str, country: &str) {
        let entries = [("198.51.100.0/24", nested(country))];
        self.write(name, &mmdb("Test-Country", IpVersion::V6, &entries));
    }

    fn load(&self) -> Result<Databases, String> {
        Databases::load(&self.wanted).map_err(|error| self.brief(&error))
    }

    /// Without the directory's name.
    fn brief(&self, error: &impl ToString) -> String {
        let name = format!("{}/", self.directory.path().display());
        error.to_string().replace(&name, "")
    }

    /// What came of a reload: names loaded, removed, refused with the error.
    fn news(&self, reloaded: &Reloaded) -> [Vec<String>; 3] {
        let names = |list: &[Description]| list.iter().map(|one| one.name.clone()).collect();
        let refused = reloaded.refused.iter();
        let refused = refused.map(|one| format!("{}: {}", one.name, self.brief(&one.error)));
        [
            names(&reloaded.loaded),
            names(&reloaded.removed),
            refused.collect(),
        ]
    }
}

fn names(databases: &Databases) -> Vec<&str> {
    databases.describe().map(|one| one.name.as_str()).collect()
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn every_database_of_a_directory_is_taken() {
    let files = Directory::new();
    for name in ["b.mmdb", "a.mmdb", ".hidden.mmdb", "c.mmdb.old", "README"] {
        files.hosted(name, "DE");
    }
    symlink("a.mmdb", files.directory.path().join("link.mmdb")).unwrap();
    assert_eq!(names(&files.load().unwrap()), ["a", "b", "link"]);
    let named = IpData {
        named: vec![("first".into(), files.directory.path().join("README"))],
        ..files.wanted.clone()
    };
    let databases = Databases::load(&named).unwrap();
    assert_eq!(names(&databases), ["first", "a", "b", "link"]);
}

#[test]
fn a_directory_that_must_be_there_is_missed() {
    let mut files = Directory::new();
    files.wanted.directory = Some(files.directory.path().join("none"));
    assert_eq!(
        files.load().err().unwrap(),
        "the IP databases in none cannot be read (No such file or directory (os error 2)): make \
         the directory readable, or name another with --ip-data"
    );
    files.wanted.must_exist = false;
    assert_eq!(
        files.load().err().unwrap(),
        "no IP database is given: pass --ip-db FILE, or install some with `weir geo update FILE…`"
    );
}

#[test]
fn what_is_said_beside_a_database_holds() {
    let files = Directory::new();
    files.hosted("a.mmdb", "DE");
    files.hosted("b.mmdb", "DE");
    files.write(
        "a.toml",
        b"licence = \"CC BY-SA 4.0\"\nmax_age_days = 7\nsource = \"a mirror\"\n",
    );
    let databases = files.load().unwrap();
    let of = |name: &str| databases.describe().find(|one| one.name == name).cloned();
    let a = of("a").unwrap();
    assert_eq!(a.licence.as_deref(), Some("CC BY-SA 4.0"));
    assert_eq!(a.origin.as_deref(), Some("a mirror"));
    assert_eq!(a.max_age_days, 7);
    let b = of("b").unwrap();
    assert_eq!(b.licence.as_deref(), Some("synthetic"));
    assert_eq!(b.origin, None);
    assert_eq!(b.max_age_days, 45);
}

#[test]
fn what_is_said_wrongly_has_its_place() {
    const SO: &str = ": write licence = \"…\", max_age_days = 45, source = \"…\", each of which \
                      may be missing";
    let files = Directory::new();
    files.hosted("a.mmdb", "DE");
    for (text, error) in [
        (
            "licence = \"x\"\nmax-age = 7\n",
            "a.toml:2:1: unknown field `max-age`, expected one of `licence`, `max_age_days`, \
             `source`",
        ),
        (
            "max_age_days = 0\n",
            "a.toml:1:16: invalid value: integer `0`, expected a nonzero u32",
        ),
        (
            "max_age_days = \"7\"\n",
            "a.toml:1:16: invalid type: string \"7\", expected a nonzero u32",
        ),
        (
            "licence = x\n",
            "a.toml:1:11: string values must be quoted, expected literal string",
        ),
    ] {
        files.write("a.toml", text.as_bytes());
        assert_eq!(files.load().err().unwrap(), format!("{error}{SO}"));
    }
    files.write("a.toml", &vec![b'#'; 70_000]);
    assert_eq!(
        files.load().err().unwrap(),
        "a.toml is longer than 64 KiB: it holds no more than licence, max_age_days and source"
    );
}

#[test]
fn a_newer_file_is_a_newer_database() {
    let files = Directory::new();
    files.hosted("a.mmdb", "DE");
    files.hosted("b.mmdb", "DE");
    let before = files.load().unwrap();
    let unchanged = before.reload(&files.wanted, false);
    assert!(unchanged.databases.is_none());
    assert_eq!(files.news(&unchanged), [none(), none(), none()]);

    let look = files.wanted.look();
    files.hosted("a.mmdb", "NO");
    assert_ne!(files.wanted.look(), look);
    let reloaded = before.reload(&files.wanted, false);
    assert_eq!(files.news(&reloaded), [vec!["a".into()], none(), none()]);
    let after = reloaded.databases.unwrap();
    let place = at(&after, "198.51.100.1");
    assert_eq!(place.hosted_in.agreement, Agreement::Disputed);
    assert!(Arc::ptr_eq(
        before.get("b").unwrap(),
        after.get("b").unwrap()
    ));
    assert_eq!(at(&before, "198.51.100.1").country(), code("DE"));

    // The same bytes again are no news, also where everything is opened.
    files.hosted("a.mmdb", "NO");
    let again = after.reload(&files.wanted, true);
    assert_eq!(files.news(&again), [none(), none(), none()]);
    assert!(again.databases.is_none());
    // Other conditions are.
    files.write("a.toml", b"max_age_days = 3\n");
    let limited = after.reload(&files.wanted, false);
    assert_eq!(files.news(&limited), [vec!["a".into()], none(), none()]);
}

#[test]
fn what_cannot_be_used_leaves_what_was_in_force() {
    let files = Directory::new();
    files.hosted("a.mmdb", "DE");
    files.hosted("b.mmdb", "DE");
    let before = files.load().unwrap();
    files.write("a.mmdb", b"garbage");
    files.hosted("b.mmdb", "NO");
    files.write("c.mmdb", b"");
    let reloaded = before.reload(&files.wanted, false);
    let refused = vec![
        "a: IP database a.mmdb is a text file: name a database in MaxMind format (.mmdb)"
            .to_owned(),
        "c: IP database c.mmdb is empty: fetch it again, or name another".to_owned(),
    ];
    assert_eq!(files.news(&reloaded), [vec!["b".into()], none(), refused]);
    let after = reloaded.databases.unwrap();
    assert_eq!(names(&after), ["a", "b"]);
    assert_eq!(
        at(&after, "198.51.100.1").hosted_in.reason.as_deref(),
        Some("the sources disagree: `a` says DE, `b` says NO")
    );
}

#[test]
fn a_file_taken_away_is_gone_unless_it_is_the_last() {
    let files = Directory::new();
    files.hosted("a.mmdb", "DE");
    files.hosted("b.mmdb", "NO");
    let both = files.load().unwrap();
    fs::remove_file(files.directory.path().join("a.mmdb")).unwrap();
    let reloaded = both.reload(&files.wanted, false);
    assert_eq!(files.news(&reloaded), [none(), vec!["a".into()], none()]);
    let one = reloaded.databases.unwrap();
    assert_eq!(names(&one), ["b"]);
    fs::remove_file(files.directory.path().join("b.mmdb")).unwrap();
    let reloaded = one.reload(&files.wanted, false);
    let refused = "b: no IP database is given: pass --ip-db FILE, or install some with `weir geo \
                   update FILE…`";
    assert_eq!(
        files.news(&reloaded),
        [none(), none(), vec![refused.into()]]
    );
    assert!(reloaded.databases.is_none());
}

#[test]
fn a_file_that_is_named_must_stay() {
    let files = Directory::new();
    files.hosted("a.mmdb", "DE");
    let wanted = IpData::named(vec![("x".into(), files.directory.path().join("a.mmdb"))]);
    let before = Databases::load(&wanted).unwrap();
    fs::remove_file(files.directory.path().join("a.mmdb")).unwrap();
    let reloaded = before.reload(&wanted, false);
    assert!(reloaded.databases.is_none());
    let refused = "x: IP database a.mmdb does not exist: name one that does";
    assert_eq!(
        files.news(&reloaded),
        [none(), none(), vec![refused.into()]]
    );
}

#[test]
fn a_directory_out_of_reach_leaves_everything() {
    let files = Directory::new();
    files.hosted("a.mmdb", "DE");
    let before = files.load().unwrap();
    let gone = files.directory.path().with_extension("gone");
    fs::rename(files.directory.path(), &gone).unwrap();
    let reloaded = before.reload(&files.wanted, false);
    fs::rename(gone, files.directory.path()).unwrap();
    assert!(reloaded.databases.is_none());
    assert_eq!(reloaded.refused.len(), 2, "directory and file");
}
