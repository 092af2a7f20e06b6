//! Other resolvers are trusted than before.

use super::*;

/// What is known of two destinations: one that the workload asked for itself, one that the
/// stub resolver of its host asked for.
fn told() -> (Stage, [Names; 2]) {
    let mut stage = Stage::new();
    stage.ask("api.example", &[("api.example", "203.0.113.9")]);
    stage.exchange(
        2,
        "relayed.example",
        &[("relayed.example", "203.0.113.10")],
        |p| p.owner.cgroup = CgroupId(STUB_CGROUP),
    );
    let own = stage.names("203.0.113.9");
    let relayed = stage.names("203.0.113.10");
    assert_eq!(graded(&own), [("api.example", Grade::Answered)]);
    assert_eq!(graded(&relayed), [("relayed.example", Grade::Answered)]);
    (stage, [own, relayed])
}

fn resolvers(remote: Option<&str>, unit: Option<&str>) -> Arc<Resolvers> {
    let mut resolvers = Resolvers::new();
    if let Some(remote) = remote {
        resolvers.trust(address(remote));
    }
    if let Some(unit) = unit {
        resolvers.trust_unit(address(STUB), unit);
    }
    Arc::new(resolvers)
}

#[test]
fn trust_that_is_withdrawn_is_withdrawn_from_what_was_answered() {
    let (mut stage, [own, _]) = told();
    stage
        .namer
        .trust(resolvers(Some("10.0.0.54"), Some("stub.service")));
    let doubtful = [("api.example", Grade::AnsweredUntrusted)];
    let new = stage.names("203.0.113.9");
    assert_eq!(graded(&new), doubtful);
    // And of a flow that has its names since before.
    let open = stage.names_again("203.0.113.9", Some(&own));
    assert_eq!(graded(&open), doubtful);
    for names in [new, open] {
        assert_eq!(
            only(&names).doubt.as_deref(),
            Some("10.0.0.53 is not a trusted resolver")
        );
    }
}

#[test]
fn a_resolver_of_this_host_that_is_not_trusted_vouches_for_nobody() {
    let (mut stage, [_, relayed]) = told();
    stage.namer.trust(resolvers(Some(RESOLVER), None));
    assert_eq!(none(&stage.names("203.0.113.10")), Missing::NoneSeen);
    let open = stage.names_again("203.0.113.10", Some(&relayed));
    assert_eq!(
        only(&open).doubt.as_deref(),
        Some("stub.service is not a trusted resolver of this host")
    );
}

#[test]
fn trust_that_is_given_holds_for_what_is_answered_from_then_on() {
    let (mut stage, _) = told();
    stage
        .namer
        .trust(resolvers(Some("10.0.0.54"), Some("stub.service")));
    stage
        .namer
        .trust(resolvers(Some(RESOLVER), Some("stub.service")));
    let doubtful = [("api.example", Grade::AnsweredUntrusted)];
    assert_eq!(graded(&stage.names("203.0.113.9")), doubtful);
    stage.ask("other.example", &[("other.example", "203.0.113.12")]);
    let trusted = [("other.example", Grade::Answered)];
    assert_eq!(graded(&stage.names("203.0.113.12")), trusted);
}

#[test]
fn the_same_resolvers_change_nothing() {
    let (mut stage, [own, relayed]) = told();
    stage
        .namer
        .trust(resolvers(Some(RESOLVER), Some("stub.service")));
    assert_eq!(stage.names_again("203.0.113.9", Some(&own)), own);
    assert_eq!(stage.names_again("203.0.113.10", Some(&relayed)), relayed);
}
