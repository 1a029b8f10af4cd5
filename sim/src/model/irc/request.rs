//! A line with its author, and the parts of a line that several commands use.

use super::Author;
use super::line::Line;
use crate::model::fold::folded;
use crate::model::todo::{Change, Query, Todo};
use parlor_protocol::{MemberId, RoomName, Text};

/// A line of a member, or of a client that is not registered yet.
pub(super) struct Request<'a> {
    pub(super) line: &'a Line<'a>,
    pub(super) author: Author<'a>,
}

/// Returns the step of a line that is answered and changes nothing.
pub(super) fn answered() -> Vec<Todo> {
    changing(Change::Nothing)
}

pub(super) fn changing(change: Change) -> Vec<Todo> {
    vec![Todo::Query(Query { change, question: None })]
}

impl<'a> Request<'a> {
    pub(super) fn param(&self, index: usize) -> &'a str {
        self.line.params.get(index).copied().unwrap_or_default()
    }

    /// Returns the parameters from `index` on as one clean text; `None` if it is empty.
    pub(super) fn text(&self, index: usize) -> Option<Text> {
        let words = self.line.params.get(index..).unwrap_or_default().join(" ");
        Some(Text::clean(words.as_bytes(), false)).filter(|text| !text.as_str().is_empty())
    }

    pub(super) fn member(&self) -> MemberId {
        self.author.member.expect("only a member's lines get here")
    }

    /// Returns the items of a list, each once; `None` if there are too many.
    pub(super) fn items(&self, list: &'a str) -> Option<Vec<&'a str>> {
        let items: Vec<&str> = list.split(',').filter(|item| !item.is_empty()).collect();
        let is_first = |nth: usize| !items[..nth].iter().any(|other| folded(other) == folded(items[nth]));
        let each_once = || (0..items.len()).filter(|nth| is_first(*nth)).map(|nth| items[nth]).collect();
        (items.len() <= self.author.limits.targets_max).then(each_once)
    }

    /// Returns the text that starts at the parameter `index`, if it fits into the message that others read. `before`
    /// is the part of that message between the source and the text. The error is the answer to a text that is too
    /// long.
    pub(super) fn relayed_text(&self, index: usize, before: &str) -> Result<Option<Text>, Vec<Todo>> {
        let Some(text) = self.text(index) else { return Ok(None) };
        let length = text.as_str().len();
        if length > 390 || self.source_bytes() + format!("{before} :").len() + length > 510 {
            return Err(answered());
        }
        Ok(Some(text))
    }

    /// Returns the number of bytes of the source with which others read the line.
    pub(super) fn source_bytes(&self) -> usize {
        self.author.person.map_or(0, |person| {
            format!(":{}!{}@{} ", person.name, person.profile.user(), person.profile.host()).len()
        })
    }

    /// Returns the steps for each item of a list.
    pub(super) fn for_each(&self, list: &'a str, act: impl Fn(&'a str) -> Vec<Todo>) -> Vec<Todo> {
        match self.items(list) {
            Some(items) if !items.is_empty() => items.into_iter().flat_map(act).collect(),
            _ => answered(),
        }
    }
}

pub(super) fn room_name(text: &str) -> Option<RoomName> {
    if text.starts_with('#') { RoomName::parse(text).ok() } else { None }
}
