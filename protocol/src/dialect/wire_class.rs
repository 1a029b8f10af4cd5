//! Wire classes: the forms in which events are rendered.

use super::DialectSpec;
use crate::world::Event;
use bytes::BytesMut;

/// A class of readers for whom events have the same bytes: a dialect, and choices within it. An event is rendered once
/// for each class of a room's members, and not for each member.
#[derive(Clone, Copy, Debug)]
pub struct WireClass {
    /// The dialect.
    pub dialect: &'static DialectSpec,
    /// The choices within the dialect, such as the language or the capabilities, encoded by the dialect.
    pub choices: u32,
}

impl WireClass {
    /// Appends an event as a reader of this class sees it: whole lines, or nothing.
    pub fn render(self, event: &Event, to: &mut BytesMut) {
        (self.dialect.render)(event, self.choices, to);
    }

    /// Returns the class without the choices that make no difference to an event. Readers of classes for which this
    /// returns the same class see the same bytes, so the event is rendered once for all of them.
    #[must_use]
    pub fn relevant_to(self, event: &Event) -> Self {
        Self { choices: (self.dialect.relevant)(event, self.choices), ..self }
    }
}

impl PartialEq for WireClass {
    fn eq(&self, other: &Self) -> bool {
        self.choices == other.choices && core::ptr::eq(self.dialect, other.dialect)
    }
}

impl Eq for WireClass {}
