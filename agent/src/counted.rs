//! Numbers of things, as people write them.

/// `1 thing`, `2 things`.
pub(crate) fn count(number: impl TryInto<u64>, thing: &str) -> String {
    match number.try_into().unwrap_or(u64::MAX) {
        1 => format!("1 {thing}"),
        number => format!("{number} {thing}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_one() {
        let counted = [0_u64, 1, 2].map(|number| count(number, "gap"));
        assert_eq!(counted, ["0 gaps", "1 gap", "2 gaps"]);
    }
}
