//! DNS messages.

use weir::naming::wire::dns::{
    Answer, MAX_ADDRESSES, MAX_CHAIN, MAX_RECORDS, answer, framed, query,
};

/// `data` is a query.
pub fn dns_query(data: &[u8]) {
    if let Ok(question) = query(data) {
        assert_eq!(question.name.as_str().parse(), Ok(question.name.clone()));
        assert!(answer(data).is_err(), "a query is no answer");
    }
}

/// `data` is an answer, and a stream of answers.
pub fn dns_answer(data: &[u8]) {
    if let Ok(whole) = answer(data) {
        bounded(&whole);
        // What was cut off takes away, it does not add or change.
        if let Ok(cut) = answer(data.get(..data.len() / 2).unwrap_or_default()) {
            bounded(&cut);
            assert_eq!(cut.question, whole.question);
        }
    }
    let mut messages = framed(data);
    let mut taken = 0;
    for message in messages.by_ref() {
        taken += 2 + message.len();
        if let Ok(answer) = answer(message) {
            bounded(&answer);
        }
    }
    assert_eq!(messages.consumed(), taken);
    assert!(
        messages
            .begun()
            .is_none_or(|begun| begun.len() + taken + 2 == data.len())
    );
}

fn bounded(answer: &Answer) {
    assert!(answer.chain.len() <= MAX_CHAIN);
    assert!(answer.addresses.len() <= MAX_ADDRESSES);
    assert!(answer.addresses.len() + answer.service.len() <= MAX_RECORDS);
    let hints: usize = answer.service.iter().map(|hint| hint.addresses.len()).sum();
    assert!(hints <= MAX_ADDRESSES);
    assert!(
        !answer.chain.contains(&answer.question.name),
        "a loop was followed"
    );
}
