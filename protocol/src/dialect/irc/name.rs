//! Names in the parameters of clients, and in the answers to them.

use crate::base::id::MemberId;
use crate::base::name::RoomName;
use crate::base::text::Text;
use crate::log::command::Command;
use alloc::string::String;

/// Parses the name of a room, which must begin with `#`.
pub(super) fn room_name(text: &str) -> Option<RoomName> {
    text.starts_with('#').then(|| RoomName::parse(text).ok())?
}

/// Returns a client's text as a parameter of an answer: its first word, at most as long as the longest name of a room, or
/// `*` if nothing is left.
pub(super) fn printable_word(text: &str) -> String {
    const SHOWN_CHARS: usize = "#".len() + RoomName::CHARS_MAX;
    let word = text.split(' ').next().unwrap_or_default().trim_start_matches(':');
    let word: String = word.chars().filter(|it| !it.is_control()).take(SHOWN_CHARS).collect();
    if word.is_empty() { "*".into() } else { word }
}

/// Returns the command by which a member leaves a room.
pub(super) const fn leave_room(member: MemberId, from: RoomName, message: Option<Text>) -> Command {
    Command::Move { member, from: Some(from), to: None, key: None, checks_key: false, message }
}
