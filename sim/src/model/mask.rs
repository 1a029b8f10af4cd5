//! Masks: their syntax, their equality, and matching. They are independent of the core's.

use super::cloak;
use super::fold::folded;
use parlor_protocol::{Cloaks, Mask, MaskList, Name, Person};
use std::net::IpAddr;
use unicode_normalization::UnicodeNormalization as _;

/// An element of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Anything,
    One,
    This(char),
}

/// A reason for which a text is not a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It names a network that no part of a cloak stands for.
    Network,
    Otherwise,
}

/// Parses a mask for a list.
pub(super) fn read(list: MaskList, text: &str) -> Result<Mask, Unfit> {
    let text: String = text.nfc().collect();
    let (mutes, pattern) = match text.strip_prefix("m:") {
        Some(pattern) => ("m:", pattern),
        None => ("", &*text),
    };
    if pattern.is_empty() || pattern.chars().any(|it| it.is_whitespace() || it.is_control()) {
        return Err(Unfit::Otherwise);
    }
    if is_foreign(pattern) {
        return Err(Unfit::Otherwise);
    }
    let bang = pattern.find('!');
    let at = pattern[bang.unwrap_or(0)..].find('@').map(|at| at + bang.unwrap_or(0));
    let (name, user, host) = match (bang, at) {
        (Some(bang), Some(at)) => (&pattern[..bang], &pattern[bang + 1..at], &pattern[at + 1..]),
        (Some(bang), None) => (&pattern[..bang], &pattern[bang + 1..], ""),
        (None, Some(at)) => ("", &pattern[..at], &pattern[at + 1..]),
        (None, None) if pattern.contains('.') || pattern.contains(':') || pattern.contains('/') => {
            ("", "", pattern)
        }
        (None, None) => (pattern, "", ""),
    };
    let host = match cloak::pattern(host) {
        Some(pattern) => pattern.ok_or(Unfit::Network)?,
        None => host.to_owned(),
    };
    let star = |part: &str| if part.is_empty() { "*".to_owned() } else { part.to_owned() };
    let whole = format!("{mutes}{}!{}@{}", star(name), star(user), star(&host));
    if whole.len() > 170 {
        return Err(Unfit::Otherwise);
    }
    let named = |it: char| Name::parse(&format!("a{it}")).is_ok();
    let used = |it: char| it.is_alphanumeric() || "-_.~+[]{}|^\\`'".contains(it);
    let hosted = |it: char| it.is_ascii_alphanumeric() || "./:-_".contains(it);
    let has_other = |part: &str, may: &dyn Fn(char) -> bool| {
        places(part).into_iter().any(|place| matches!(place, Place::This(it) if !may(it)))
    };
    let is_none = has_other(name, &named)
        || has_other(user, &used)
        || has_other(&host, &hosted)
        || host.starts_with(':');
    if is_none || list == MaskList::InviteExceptions && !mutes.is_empty() {
        return Err(Unfit::Otherwise);
    }
    let mask = Mask::parse(&whole, &Cloaks::default()).expect("a whole mask is one");
    assert_eq!(mask.as_str(), whole, "a whole mask is as it is written");
    Ok(mask)
}

/// Whether two masks are one entry of a list.
pub(super) fn are_one(one: &Mask, other: &Mask) -> bool {
    one.as_str() == other.as_str()
        || one.mutes() == other.mutes() && places(pattern_of(one)) == places(pattern_of(other))
}

/// Whether a mask matches a person.
pub(super) fn is_about(mask: &Mask, person: &Person) -> bool {
    let Person { name, profile } = person;
    is_like(pattern_of(mask), &format!("{name}!{}@{}", profile.user(), profile.host()))
}

/// Whether a pattern matches all of a text.
pub(super) fn is_like(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = folded(text).chars().collect();
    // For each prefix of the text, whether the elements so far match it.
    let mut ends = vec![false; text.len() + 1];
    ends[0] = true;
    for place in places(pattern) {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match place {
                Place::Anything => ends[..=at].contains(&true),
                Place::One => at > 0 && ends[at - 1],
                Place::This(it) => at > 0 && ends[at - 1] && text[at - 1] == it,
            };
        }
        ends = next;
    }
    ends[text.len()]
}

fn pattern_of(mask: &Mask) -> &str {
    let text = mask.as_str();
    if mask.mutes() { &text["m:".len()..] } else { text }
}

/// Returns the elements of a pattern, with characters folded. In each run of wildcards, those for one character come
/// first, followed by at most one for any text, so that equal patterns have equal elements.
fn places(pattern: &str) -> Vec<Place> {
    let pattern = folded(pattern);
    let mut rest = pattern.as_str();
    let mut places = Vec::new();
    while let Some(first) = rest.chars().next() {
        let behind = rest.trim_start_matches('\\');
        let backslashes = rest.len() - behind.len();
        let wild = behind.chars().next().filter(|it| matches!(it, '*' | '?'));
        // Before a wildcard, two backslashes are a literal one, and a single one makes the wildcard a literal
        // character.
        let said = if wild.is_some() { backslashes / 2 } else { backslashes };
        places.extend(std::iter::repeat_n(Place::This('\\'), said));
        rest = behind;
        match wild {
            Some(it) => {
                rest = &rest[1..];
                places.push(match it {
                    _ if backslashes % 2 == 1 => Place::This(it),
                    '*' => Place::Anything,
                    _ => Place::One,
                });
            }
            None if backslashes == 0 => {
                places.push(Place::This(first));
                rest = &rest[first.len_utf8()..];
            }
            None => {}
        }
    }
    let is_wild = |place: &Place| !matches!(place, Place::This(_));
    let mut sorted = Vec::new();
    for run in places.chunk_by(|one, next| is_wild(one) && is_wild(next)) {
        if is_wild(&run[0]) {
            sorted.extend(run.iter().copied().filter(|place| *place == Place::One));
            sorted.extend(run.iter().copied().find(|place| *place == Place::Anything));
        } else {
            sorted.extend_from_slice(run);
        }
    }
    sorted
}

/// Whether a mask has the syntax of an extended ban of other servers.
fn is_foreign(pattern: &str) -> bool {
    let before_colon = pattern.find(':').map(|at| &pattern[..at]);
    if pattern.starts_with('$') {
        return true;
    }
    if let Some(rest) = pattern.strip_prefix('~') {
        let word = rest.split(':').next().unwrap_or_default();
        let is_word = word.chars().all(|it| it.is_ascii_alphanumeric() || it == '!');
        return rest.contains(':') && is_word || !rest.contains('!') && !rest.contains('@');
    }
    before_colon.is_some_and(|kind| kind.len() == 1 && kind.chars().all(|it| it.is_ascii_alphabetic()))
        && pattern.parse::<IpAddr>().is_err()
}
