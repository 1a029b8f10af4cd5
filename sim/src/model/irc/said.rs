//! A line together with its writer.

use super::Who;
use super::line::Line;
use crate::model::fold::folded;
use crate::model::todo::{Change, Query, Todo};
use parlor_protocol::{MemberId, RoomName, Text};

/// A line of a member's, or of one who is to be a member.
pub(super) struct Said<'a> {
    pub(super) line: &'a Line<'a>,
    pub(super) who: Who<'a>,
}

/// Returns the step of a line that is answered and changes nothing.
pub(super) fn answered() -> Vec<Todo> {
    changing(Change::Nothing)
}

pub(super) fn changing(change: Change) -> Vec<Todo> {
    vec![Todo::Query(Query { change, question: None })]
}

impl<'a> Said<'a> {
    pub(super) fn param(&self, index: usize) -> &'a str {
        self.line.params.get(index).copied().unwrap_or_default()
    }

    /// The parameters from there on, as people wrote them, cleaned.
    pub(super) fn text(&self, index: usize) -> Option<Text> {
        let words = self.line.params.get(index..).unwrap_or_default().join(" ");
        Some(Text::clean(words.as_bytes(), false)).filter(|text| !text.as_str().is_empty())
    }

    pub(super) fn member(&self) -> MemberId {
        self.who.member.expect("only a member's lines get here")
    }

    /// Returns the items of a list, each once; `None` if there are too many.
    pub(super) fn items(&self, list: &'a str) -> Option<Vec<&'a str>> {
        let items: Vec<&str> = list.split(',').filter(|item| !item.is_empty()).collect();
        let is_first = |nth: usize| !items[..nth].iter().any(|other| folded(other) == folded(items[nth]));
        let each_once = || (0..items.len()).filter(|nth| is_first(*nth)).map(|nth| items[nth]).collect();
        (items.len() <= self.who.limits.targets_max).then(each_once)
    }

    /// A text that others read behind a command and its other parameters, if they can read all of it.
    pub(super) fn told(&self, index: usize, before: &str) -> Result<Option<Text>, Vec<Todo>> {
        let Some(text) = self.text(index) else { return Ok(None) };
        let length = text.as_str().len();
        if length > 390 || self.source_bytes() + format!("{before} :").len() + length > 510 {
            return Err(answered());
        }
        Ok(Some(text))
    }

    /// Bytes before what others read of it.
    pub(super) fn source_bytes(&self) -> usize {
        self.who.person.map_or(0, |person| {
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
