//! Parsing the values of settings from text, and writing them as TOML.

use crate::locale::{Bilingual, both};
use crate::password::{Operator, PasswordHashError};
use parlor_protocol::{Name, Network, NetworkError, TrustedNetwork};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;

/// Bytes of a word in the server's identity: those of a host name in IRC.
const WORD_BYTES_MAX: usize = 63;

/// Bytes of a line in the server's identity: with the command before it, it fits into one IRC message.
const LINE_BYTES_MAX: usize = 390;

/// Reserved names: each is compared with every new name and with every recipient of a private message.
const RESERVED_NAMES_MAX: usize = 100;

/// Trusted networks: each is compared with the address of every new connection.
const NETWORKS_MAX: usize = 100;

/// The text shown in place of a secret.
const SECRET: &str = "(set)";

/// Returns the value of a setting that takes one.
pub(super) fn single(values: &[String]) -> Result<&str, Bilingual> {
    match values {
        [value] => Ok(value),
        values => {
            let count = values.len();
            Err(both!("takes one value, not {count}", "只能有一个值，而不是 {count} 个"))
        }
    }
}

/// Returns the value as a TOML string.
pub(super) fn quoted(value: impl fmt::Display) -> String {
    let escaped: String = value
        .to_string()
        .chars()
        .map(|it| match it {
            '"' | '\\' => format!("\\{it}"),
            it if it.is_control() => format!("\\u{:04X}", u32::from(it)),
            it => it.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

/// Returns the values as a TOML array of strings.
pub(super) fn list(values: impl IntoIterator<Item: fmt::Display>) -> String {
    let values: Vec<String> = values.into_iter().map(quoted).collect();
    format!("[{}]", values.join(", "))
}

/// Returns the TOML string shown for a secret.
pub(super) fn secret(is_set: bool) -> String {
    quoted(if is_set { SECRET } else { "" })
}

/// Checks that a text is one word that can be any parameter of an IRC message.
pub(super) fn word(text: &str) -> Result<&str, Bilingual> {
    let fits = (1..=WORD_BYTES_MAX).contains(&text.len()) && !text.starts_with(':');
    if !fits || text.contains(|it: char| it.is_whitespace() || it.is_control()) {
        return Err(both!(
            "must be one word of at most {WORD_BYTES_MAX} bytes that does not begin with a colon",
            "必须是一个不超过 {WORD_BYTES_MAX} 字节的词，不含空格，也不以冒号开头"
        ));
    }
    Ok(text)
}

/// Checks that a text can be the last parameter of an IRC message.
pub(super) fn line(text: &str) -> Result<&str, Bilingual> {
    if text.len() > LINE_BYTES_MAX || text.contains(['\n', '\r', '\0']) {
        return Err(both!(
            "must be a line of at most {LINE_BYTES_MAX} bytes without line ends",
            "必须是一行不超过 {LINE_BYTES_MAX} 字节的文本，不含换行"
        ));
    }
    Ok(text)
}

/// Checks each line, and that there are at most `lines_max`.
pub(super) fn lines(values: &[String], lines_max: usize) -> Result<Vec<String>, Bilingual> {
    if values.len() > lines_max {
        let count = values.len();
        return Err(both!(
            "takes at most {lines_max} lines, not {count}",
            "最多 {lines_max} 行，而不是 {count} 行"
        ));
    }
    values.iter().map(|text| line(text).map(str::to_owned)).collect()
}

/// Parses operators with distinct names. The error does not show the hash: it may be a password written there by mistake.
pub(super) fn operators(values: &[String]) -> Result<Vec<Operator>, Bilingual> {
    let mut operators: Vec<Operator> = Vec::new();
    for value in values {
        let (name, hash) =
            value.split_once(':').ok_or_else(|| both!("must be NAME:HASH", "格式必须是 NAME:HASH"))?;
        let name = word(name).map_err(|error| error.with_prefix(name))?;
        if operators.iter().any(|operator| operator.name == name) {
            return Err(both!("two operators are named {name}", "有两个管理员都叫 {name}"));
        }
        let hash = hash.parse().map_err(|error: PasswordHashError| error.text().with_prefix(name))?;
        operators.push(Operator { name: name.to_owned(), hash });
    }
    Ok(operators)
}

/// Parses trusted networks: at most [`NETWORKS_MAX`].
pub(super) fn trusted(values: &[String]) -> Result<Arc<[TrustedNetwork]>, Bilingual> {
    networks(values, |value| {
        both!(
            "{value} is not NETWORK or NETWORK=FACTOR, such as 192.0.2.0/24=10 or 2001:db8::/32",
            "{value} 不是 NETWORK 或 NETWORK=FACTOR，例如 192.0.2.0/24=10 或 2001:db8::/32"
        )
    })
}

/// Parses the networks of proxies: at most [`NETWORKS_MAX`].
pub(super) fn proxies(values: &[String]) -> Result<Arc<[Network]>, Bilingual> {
    networks(values, |value| {
        both!(
            "{value} is not a network or an address, such as 192.0.2.0/24 or ::1",
            "{value} 不是网络或地址，例如 192.0.2.0/24 或 ::1"
        )
    })
}

fn networks<N: FromStr<Err = NetworkError>>(
    values: &[String],
    error: impl Fn(&str) -> Bilingual,
) -> Result<Arc<[N]>, Bilingual> {
    if values.len() > NETWORKS_MAX {
        let count = values.len();
        return Err(both!(
            "takes at most {NETWORKS_MAX} networks, not {count}",
            "最多 {NETWORKS_MAX} 个网络，而不是 {count} 个"
        ));
    }
    values.iter().map(|value| value.parse().map_err(|_: NetworkError| error(value))).collect()
}

/// Parses reserved names, in lists separated by commas: at most [`RESERVED_NAMES_MAX`].
pub(super) fn names(values: &[String]) -> Result<Vec<Name>, Bilingual> {
    let words = values.iter().flat_map(|value| value.split(',')).map(str::trim);
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    if words.len() > RESERVED_NAMES_MAX {
        let count = words.len();
        return Err(both!(
            "takes at most {RESERVED_NAMES_MAX} names, not {count}",
            "最多 {RESERVED_NAMES_MAX} 个名字，而不是 {count} 个"
        ));
    }
    let not_a_name = |_| both!("not a valid name", "不是有效的名字");
    words.iter().map(|word| Name::parse(word).map_err(|error| not_a_name(error).with_prefix(word))).collect()
}

/// An integer type whose largest value is named in errors.
pub(super) trait Bounded: FromStr {
    const LARGEST: u64;
}

impl Bounded for u32 {
    const LARGEST: u64 = Self::MAX as u64;
}

impl Bounded for u64 {
    const LARGEST: u64 = Self::MAX;
}

impl Bounded for usize {
    const LARGEST: u64 = Self::MAX as u64;
}

pub(super) fn number<N: Bounded>(text: &str, to: &mut N) -> Result<(), Bilingual> {
    // As in Rust and TOML, digits may be separated by underscores.
    *to = text.replace('_', "").parse().map_err(|_| {
        let largest = N::LARGEST;
        both!("{text} is not a whole number from 0 to {largest}", "{text} 不是 0 到 {largest} 之间的整数")
    })?;
    Ok(())
}

pub(super) fn number_in<N: Bounded + Copy + PartialOrd + fmt::Display>(
    text: &str,
    to: &mut N,
    range: RangeInclusive<N>,
) -> Result<(), Bilingual> {
    number(text, to)?;
    let (least, most) = (range.start(), range.end());
    if range.contains(to) {
        Ok(())
    } else {
        Err(both!("must be from {least} to {most}", "必须在 {least} 到 {most} 之间"))
    }
}

pub(super) fn switch(text: &str, to: &mut bool) -> Result<(), Bilingual> {
    choice(text, &[("on", true), ("off", false), ("true", true), ("false", false)], to)
}

pub(super) fn choice<T: Copy>(text: &str, choices: &[(&str, T)], to: &mut T) -> Result<(), Bilingual> {
    let Some(&(_, value)) = choices.iter().find(|(word, _)| *word == text) else {
        let words: Vec<&str> = choices.iter().map(|&(word, _)| word).collect();
        let (last, first) = words.split_last().expect("there is something to choose from");
        let first_en = first.join(", ");
        let first_zh = first.join("、");
        return Err(both!("must be {first_en} or {last}", "必须是 {first_zh} 或 {last}"));
    };
    *to = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$P3OLBQw3O3GiY9hpX8wpK8qO6gQccIdDXnlkdzKceqU";

    #[test]
    fn a_word_can_be_any_parameter_of_a_message() {
        assert_eq!(word("chat.example.org"), Ok("chat.example.org"));
        assert_eq!(word("茶"), Ok("茶"));
        for none in ["", "two words", "a\u{3000}b", ":a", "a\nb", "a\0", &"x".repeat(64)] {
            assert!(word(none).is_err(), "{none:?}");
        }
    }

    #[test]
    fn a_line_contains_no_line_end() {
        assert_eq!(line(": two words "), Ok(": two words "));
        assert_eq!(line(""), Ok(""));
        for none in ["a\nb", "a\r", "\0", &"x".repeat(391)] {
            assert!(line(none).is_err(), "{none:?}");
        }
    }

    #[test]
    fn the_number_of_lines_is_limited() {
        let values = ["one".to_owned(), "two".to_owned()];
        assert_eq!(lines(&values, 2), Ok(values.to_vec()));
        assert_eq!(lines(&values, 1), Err(both!("takes at most 1 lines, not 2", "最多 1 行，而不是 2 行")));
    }

    #[test]
    fn a_wrong_choice_lists_the_valid_ones() {
        let error = switch("yes", &mut false).unwrap_err();
        assert_eq!(error, both!("must be on, off, true or false", "必须是 on、off、true 或 false"));
    }

    #[test]
    fn reserved_names_are_valid_names() {
        let parse = |values: &[&str]| {
            let values: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
            names(&values).map(|them| them.iter().map(Name::to_string).collect::<Vec<_>>())
        };
        assert_eq!(parse(&["NickServ,系统", "root"]).unwrap(), ["NickServ", "系统", "root"]);
        assert_eq!(parse(&[""]).unwrap(), Vec::<String>::new());
        assert_eq!(parse(&["a,, b"]).unwrap(), ["a", "b"]);
        for none in ["NickServ,a b", "12", &["x"; 101].join(",")] {
            assert!(parse(&[none]).is_err(), "{none}");
        }
    }

    #[test]
    fn operators_have_distinct_names_and_valid_hashes() {
        let parse = |values: &[&str]| {
            let values: Vec<String> = values.iter().map(|value| value.replace("HASH", HASH)).collect();
            operators(&values).map(|them| them.into_iter().map(|it| it.name).collect::<Vec<_>>())
        };
        assert_eq!(parse(&["alice:HASH", "Alice:HASH"]), Ok(vec!["alice".to_owned(), "Alice".to_owned()]));
        let twice = parse(&["alice:HASH", "alice:HASH"]).unwrap_err();
        assert_eq!(twice, both!("two operators are named alice", "有两个管理员都叫 alice"));
        for none in ["alice", "HASH", ":HASH", "a b:HASH", "alice:", "alice:secret"] {
            let error = format!("{:?}", parse(&[none]).unwrap_err());
            assert!(!error.contains("secret") && !error.contains("argon2id"), "{error}");
        }
    }
}
