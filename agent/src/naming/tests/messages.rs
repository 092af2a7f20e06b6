//! DNS messages, put together as resolvers do.

use domain::base::{
    Message, MessageBuilder, Name, Rtype, Ttl,
    iana::Rcode,
    message_builder::{AnswerBuilder, QuestionBuilder},
};
use domain::rdata::{A, Aaaa, Cname};

fn dns_name(text: &str) -> Name<Vec<u8>> {
    text.parse().unwrap()
}

/// A question for the addresses of a name.
pub(super) fn query(id: u16, name: &str) -> Vec<u8> {
    let mut builder: QuestionBuilder<Vec<u8>> = MessageBuilder::new_vec().question();
    builder.header_mut().set_id(id);
    builder.push((dns_name(name), Rtype::A)).unwrap();
    builder.finish()
}

/// An answer to it: records are owner and address, or owner and `=` canonical name.
/// Each holds for 60 seconds.
pub(super) fn answer(id: u16, name: &str, records: &[(&str, &str)]) -> Vec<u8> {
    let question = query(id, name);
    let question = Message::from_octets(question).unwrap();
    let builder = MessageBuilder::new_vec();
    let mut builder: AnswerBuilder<Vec<u8>> =
        builder.start_answer(&question, Rcode::NOERROR).unwrap();
    let ttl = Ttl::from_secs(60);
    for (owner, data) in records {
        let owner = dns_name(owner);
        if let Some(canonical) = data.strip_prefix('=') {
            let data = Cname::new(dns_name(canonical));
            builder.push((owner, ttl, data)).unwrap();
        } else if let Ok(v4) = data.parse() {
            builder.push((owner, ttl, A::new(v4))).unwrap();
        } else {
            let data = Aaaa::new(data.parse().unwrap());
            builder.push((owner, ttl, data)).unwrap();
        }
    }
    builder.finish()
}
