//! IRC: the grammar of its messages, its commands and its answers.
//!
//! The sources are the Modern IRC Client Protocol ("Message Format") and IRCv3's message-tags; where they leave
//! something open, RFC 1459, section 2.3.1, decides.

mod answer;
mod capability;
pub(crate) mod client;
mod command;
mod event;
mod label;
mod message;
mod name;
mod numeric;
mod query;
mod refusal;
mod state;
mod tags;

use super::DialectSpec;
use super::action::{Action, Question};
use super::event::WireClass;
use alloc::boxed::Box;
pub use capability::Capabilities;
use client::Client;
pub(crate) use command::LINE_BYTES_MAX;
pub use message::{MESSAGE_BYTES_MAX, PARAMS_MAX, ParseError, ParsedMessage};
use query::{Hint, Query};
pub use tags::{CLIENT_TAGS_BYTES_MAX, TAGS_BYTES_MAX, Tags};

/// The dialect.
pub static SPEC: DialectSpec = DialectSpec {
    name: "irc",
    is_typed: false,
    line_bytes_max: |_| LINE_BYTES_MAX,
    begin: |_| Box::new(Client::default()),
    render: |event, form, to| event::render_event(event, Capabilities::from_bits(form), to),
    relevant: |event, form| Capabilities::from_bits(form).and(event::relevant_capabilities(event)).bits(),
};

/// Returns the class of clients that have these capabilities: those that change no event are left out.
#[must_use]
pub const fn wire_class(capabilities: Capabilities) -> WireClass {
    WireClass { dialect: &SPEC, form: capabilities.and(Capabilities::WIRE).bits() }
}

/// Returns what tells a client how a person goes on whose plain connection has become one of IRC: it cannot read what it
/// was told before, and may be no client.
pub(crate) fn after_switch() -> Action {
    Action::Ask(Question::new(Query::Hint(Hint::Switched)))
}
