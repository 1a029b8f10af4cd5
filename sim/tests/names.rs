//! Properties of names, masks and room names.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use parlor_protocol::{Cloaks, Folded, Mask, Name, NameError, Person, Profile, RoomName, Text};
use proptest::prelude::*;
use std::net::IpAddr;
use unicode_normalization::UnicodeNormalization as _;

/// Names of few different characters, so that many are similar.
fn name() -> impl Strategy<Value = Name> {
    prop_oneof![r"[aAbé\\`\[\]{}|^_-]{1,4}", r"[\\]{1,3}", r"\PC{1,30}"]
        .prop_filter_map("not every text is a name", |text| Name::parse(&text).ok())
}

fn person() -> impl Strategy<Value = Person> {
    let user = prop_oneof![r"[aA\\~`]{0,4}", r"\PC{0,20}"];
    let ip = prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u8; 16]>().prop_map(IpAddr::from)];
    (name(), user, ip).prop_map(|(name, user, ip)| Person {
        name,
        profile: Profile::new(&user, &Cloaks::default().host(ip), &Text::default()),
    })
}

fn whole(person: &Person) -> String {
    format!("{}!{}@{}", person.name, person.profile.user(), person.profile.host())
}

/// Returns the same text in another case, or decomposed.
fn another_spelling(text: &str, how: u8) -> String {
    match how % 4 {
        0 => text.to_uppercase(),
        1 => text.to_lowercase(),
        2 => text.nfd().collect(),
        _ => text.to_uppercase().nfd().collect(),
    }
}

proptest! {
    /// A mask that is a person's whole `name!user@host` matches that person and no other.
    #[test]
    fn a_whole_mask_matches_only_its_person(one in person(), other in person()) {
        let mask = Mask::parse(&whole(&one), &Cloaks::default());
        prop_assume!(whole(&one).len() <= Mask::BYTES_MAX);
        let mask = mask.unwrap();
        prop_assert!(mask.matches(&Folded::of(&one)), "{mask:?}");
        let is_one = one.name == other.name
            && Folded::new(&whole(&one)) == Folded::new(&whole(&other));
        prop_assert_eq!(mask.matches(&Folded::of(&other)), is_one, "{:?} {}", mask, whole(&other));
    }

    /// A mask that is a name matches a person with that name and no other.
    #[test]
    fn a_name_as_a_mask_matches_only_its_owner(one in person(), other in person()) {
        let mask = Mask::parse(&format!("{}!*@*", one.name), &Cloaks::default()).unwrap();
        prop_assert!(mask.matches(&Folded::of(&one)), "{mask:?}");
        prop_assert_eq!(mask.matches(&Folded::of(&other)), one.name == other.name);
    }

    #[test]
    fn a_mask_in_any_spelling_is_one_entry(text in r"[aBéΣ\\*?`]{1,8}", how in any::<u8>()) {
        let Ok(mask) = Mask::parse(&text, &Cloaks::default()) else { return Ok(()) };
        let other = another_spelling(&text, how);
        // Some letters have two capital letters, so that the text in upper case is another one.
        prop_assume!(Folded::new(&text) == Folded::new(&other));
        prop_assert_eq!(Mask::parse(&other, &Cloaks::default()), Ok(mask));
    }

    /// A room's name as either dialect shows it is parsed to the same room.
    #[test]
    fn a_shown_room_name_is_parsed_to_the_same_room(
        text in prop_oneof![r"[#a+/.: ,\\]{0,4}", r"\PC{0,20}", r"[❤😀👩💻1#*\u{200d}\u{fe0f}\u{20e3}]{0,6}"],
    ) {
        let irc = format!("#{text}");
        let Ok(room) = RoomName::parse(&irc) else { return Ok(()) };
        prop_assert_eq!(RoomName::parse(&room.to_string()), Ok(room.clone()));
        prop_assert_eq!(RoomName::parse(&format!("{room:#}")), Ok(room.clone()));
        prop_assert_eq!(format!("{room:#}"), format!("#{}", text.nfc()));
        let shown = format!("{room:#}");
        prop_assert!(!shown.contains([' ', ',', '\u{7}', '\u{202e}', '\u{200b}', '\u{a0}']), "{shown:?}");
    }

    /// Modern IRC forbids only a space, a comma and BEL. Other visible characters are allowed.
    #[test]
    fn visible_characters_are_allowed_in_room_names(text in r"[!-~&&[^,]]{1,50}") {
        let room = RoomName::parse(&format!("#{text}"));
        prop_assert!(room.is_ok());
    }

    #[test]
    fn a_refused_character_is_in_the_room_name(text in r"\PC{1,20}") {
        if let Err(NameError::Character(character)) = RoomName::parse(&text) {
            prop_assert!(text.nfc().any(|it| it == character));
        }
    }
}
