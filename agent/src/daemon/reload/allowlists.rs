//! Allowlists that are read anew: understood, checked and kept before they come into
//! force, all away from the thread that judges.

use std::path::{Path, PathBuf};

use super::Files;
use crate::{
    look::Look,
    policy::{Archive, Diagnostic, Policy, Set},
};

/// The files of a set, and where sets in force are kept.
pub(in crate::daemon) struct AllowlistFiles {
    directory: PathBuf,
    archive: Archive,
}

/// What came of reading a set anew.
pub(in crate::daemon) struct AllowlistsNews {
    /// Where it was read.
    pub(in crate::daemon) directory: PathBuf,
    /// SHA-256 of what was read.
    pub(in crate::daemon) digest: String,
    pub(in crate::daemon) outcome: Outcome,
}

/// Whether the set that was read may come into force.
pub(in crate::daemon) enum Outcome {
    /// It is the set in force.
    Same,
    /// It is valid, and kept in the store.
    Valid(Box<Policy>),
    /// It is refused whole, for these errors.
    Refused(Vec<Diagnostic>),
}

impl AllowlistFiles {
    /// The set of a directory, kept in a store.
    pub(in crate::daemon) fn new(directory: &Path, store: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            archive: Archive::of(store),
        }
    }

    fn outcome(&self, set: &Set, in_force: &Policy) -> Outcome {
        if set.is_whole() && set.digest() == in_force.digest() {
            return Outcome::Same;
        }
        let policy = match set.compile() {
            Ok(policy) => policy,
            Err(rejected) => return Outcome::Refused(rejected.into_diagnostics()),
        };
        // A verdict whose grounds nobody can read later proves nothing.
        match self.archive.keep(set) {
            Ok(()) => Outcome::Valid(Box::new(policy)),
            Err(error) => Outcome::Refused(vec![Diagnostic::whole(
                &self.directory,
                format!("the set is valid, but it cannot be kept: {error}"),
                "mend the store, then send SIGHUP to the agent",
            )]),
        }
    }
}

impl Files for AllowlistFiles {
    type InForce = Policy;
    type News = AllowlistsNews;

    const WHAT: &'static str = "allowlists";

    fn look(&self) -> Look {
        Set::look(&self.directory)
    }

    fn read(&self, in_force: &Policy, _everything: bool) -> Option<AllowlistsNews> {
        let set = Set::read_at_rest(&self.directory)?;
        Some(AllowlistsNews {
            directory: self.directory.clone(),
            digest: set.digest(),
            outcome: self.outcome(&set, in_force),
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use std::fs;

    use super::*;

    fn product(name: &str) -> String {
        format!(
            "product = \"{name}\"\ntitle = \"Synthetic\"\nowner = \"team-test\"\n\
             posture = \"internal_only\"\n\n[[workload]]\nunit = \"{name}.service\"\n"
        )
    }

    /// A directory with a product, a store, and the set in force.
    struct Stage {
        root: tempfile::TempDir,
        files: AllowlistFiles,
        in_force: Policy,
    }

    impl Stage {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            let (directory, store) = (root.path().join("lists"), root.path().join("store"));
            fs::create_dir(&directory).unwrap();
            fs::create_dir(&store).unwrap();
            fs::write(directory.join("one.toml"), product("one")).unwrap();
            let in_force = Policy::load(&directory).unwrap();
            Self {
                files: AllowlistFiles::new(&directory, &store),
                root,
                in_force,
            }
        }

        fn write(&self, name: &str, text: impl AsRef<[u8]>) {
            fs::write(self.root.path().join("lists").join(name), text).unwrap();
        }

        fn read(&self) -> AllowlistsNews {
            self.files.read(&self.in_force, false).unwrap()
        }

        fn kept(&self) -> Vec<String> {
            self.files.archive.digests().unwrap()
        }
    }

    #[track_caller]
    fn refused(news: &AllowlistsNews) -> Vec<&str> {
        let Outcome::Refused(errors) = &news.outcome else {
            panic!("it is not refused");
        };
        errors.iter().map(|error| error.message.as_str()).collect()
    }

    #[test]
    fn a_valid_set_is_kept_before_it_comes_into_force() {
        let stage = Stage::new();
        stage.write("two.toml", product("two"));
        let news = stage.read();
        let Outcome::Valid(policy) = &news.outcome else {
            panic!("it is not valid");
        };
        assert_eq!(policy.digest(), news.digest);
        assert_eq!(stage.kept(), [news.digest]);
    }

    #[test]
    fn the_set_in_force_is_no_news() {
        let stage = Stage::new();
        // Another file of the same text.
        stage.write("one.toml", product("one"));
        let news = stage.read();
        assert!(matches!(news.outcome, Outcome::Same));
        assert_eq!(news.digest, stage.in_force.digest());
    }

    #[test]
    fn a_set_with_any_error_is_refused_whole_and_not_kept() {
        let stage = Stage::new();
        stage.write("two.toml", "product = 1\n");
        assert_eq!(refused(&stage.read()).len(), 5);
        assert_eq!(stage.kept(), [] as [String; 0]);
        // What cannot be read at all has no part in the digest, and is an error all the same.
        stage.write("two.toml", b"product = \"\xff\"\n");
        let news = stage.read();
        assert_eq!(refused(&news), ["the file is not UTF-8"]);
        assert_eq!(news.digest, stage.in_force.digest());
    }

    #[test]
    fn a_set_that_cannot_be_kept_is_refused() {
        let stage = Stage::new();
        fs::remove_dir(stage.root.path().join("store")).unwrap();
        fs::write(stage.root.path().join("store"), "").unwrap();
        stage.write("two.toml", product("two"));
        let news = stage.read();
        let path = stage.files.archive.path_of(&news.digest);
        assert_eq!(
            refused(&news),
            [format!(
                "the set is valid, but it cannot be kept: the store {} cannot be written (Not a \
                 directory (os error 20)): check that it is a writable directory with free space",
                path.display()
            )]
        );
    }
}
