//! Flows at random.

use super::{
    super::names::{said, told},
    *,
};
use crate::{
    jurisdiction::{AsNumber, Operator},
    naming::{Ech, Name},
};

/// Providers of every set: id, AS number, home of the parent. The first has the name
/// `b.example`.
pub(super) const PROVIDERS: [(&str, u32, &str); 2] =
    [("provider-a", 64496, "NO"), ("provider-b", 64497, "US")];

fn drawn_place() -> impl Strategy<Value = Place> {
    let hosted = proptest::option::weighted(0.8, proptest::sample::select(vec!["DE", "NO", "US"]));
    let anycast = proptest::option::weighted(0.4, any::<bool>());
    (hosted, anycast, drawn_operator()).prop_map(|(hosted, anycast, operator)| {
        let known = |known| {
            if known {
                Agreement::Unanimous
            } else {
                Agreement::Unknown
            }
        };
        Place {
            hosted_in: Answers {
                value: hosted.map(|country| country.parse().unwrap()),
                agreement: known(hosted.is_some()),
                ..nowhere().hosted_in
            },
            anycast: Answers {
                value: anycast,
                agreement: known(anycast.is_some()),
                ..nowhere().anycast
            },
            operator,
            ..nowhere()
        }
    })
}

/// What the sources say of the autonomous system: one number, two, or none.
fn drawn_operator() -> impl Strategy<Value = Answers<Operator>> {
    let operator = |number| Operator {
        asn: AsNumber(number),
        organisation: None,
    };
    let numbers = proptest::collection::vec(64496_u32..64499, 0..3);
    (numbers, any::<bool>()).prop_map(move |(numbers, counts)| {
        let agreement = match &*numbers {
            [] => Agreement::Unknown,
            [one, other] if one != other => Agreement::Disputed,
            _ => Agreement::Unanimous,
        };
        let mut sources: Vec<_> = numbers.iter().map(|n| says("one", operator(*n))).collect();
        if agreement == Agreement::Disputed && !counts {
            sources[0].note = Some("too old".into());
        }
        Answers {
            value: (agreement == Agreement::Unanimous).then(|| operator(numbers[0])),
            agreement,
            sources,
            reason: None,
        }
    })
}

/// Whose the address is by the table of providers, whose review may be too old.
fn drawn_domicile() -> impl Strategy<Value = Domicile> {
    let provider = proptest::option::of(proptest::sample::select(PROVIDERS.to_vec()));
    (provider, proptest::bool::weighted(0.8)).prop_map(|(provider, reviewed)| {
        let unknown = Domicile::unknown("made up".into());
        match provider {
            None => unknown,
            Some((id, _, home)) => Domicile {
                provider: Some(id.into()),
                country: reviewed.then(|| home.parse().unwrap()),
                ..unknown
            },
        }
    })
}

fn drawn_names() -> impl Strategy<Value = Names> {
    let all = vec!["a.example", "b.example", "c.elsewhere"];
    let grade = prop_oneof![Just(Grade::Answered), Just(Grade::AnsweredUntrusted)];
    let answers = proptest::sample::subsequence(all.clone(), 0..=2)
        .prop_flat_map(move |names| {
            let grades = proptest::collection::vec(grade.clone(), names.len());
            (Just(names), grades)
        })
        .prop_map(|(names, grades)| {
            let pairs = names.into_iter().zip(grades);
            pairs.map(|(name, grade)| answer(name, grade)).collect()
        });
    let hello = (proptest::sample::select(all), any::<bool>());
    let missing = proptest::option::of(prop_oneof![Just(Missing::NoneSeen), Just(Missing::Lost)]);
    (answers, proptest::option::of(hello), missing).prop_map(|(answers, hello, missing)| {
        let mut names: Vec<Name> = answers;
        if let Some((name, hides)) = hello {
            names.push(said(name, if hides { Ech::Outer } else { Ech::Absent }));
        }
        let missing = missing.or(names.is_empty().then_some(Missing::NoneSeen));
        Names { names, missing }
    })
}

fn answer(name: &str, grade: Grade) -> Name {
    let mut answer = told(name, grade);
    if name == "a.example" {
        answer.aliases = vec!["edge.cdn.example".parse().unwrap()];
    }
    answer
}

/// A flow of the product, outbound to one of few addresses or inbound from it.
pub(super) fn drawn_flow() -> impl Strategy<Value = Located> {
    let address = prop_oneof![
        9 => (0_u8..4).prop_map(|host| format!("198.51.100.{host}")),
        1 => Just("10.0.0.1".to_owned()),
    ];
    (
        address,
        1_u16..3,
        any::<bool>(),
        proptest::bool::weighted(0.2),
        drawn_place(),
        drawn_domicile(),
        drawn_names(),
    )
        .prop_map(|(address, port, udp, inbound, place, domicile, names)| {
            let mut flow = with_record(flow("a.service", &address), |record| {
                record.port = port;
                record.protocol = if udp { Protocol::UDP } else { Protocol::TCP };
                if inbound {
                    record.direction = Direction::Inbound;
                }
            });
            flow.place = Arc::new(place);
            flow.operator_domicile = Arc::new(domicile);
            flow.flow.names = if inbound {
                Names::none(Missing::NotSought)
            } else {
                names
            };
            flow
        })
}
