//! The IRC dialect: parsing of messages, commands, answers, and rendering of events.
//!
//! The grammar is that of the Modern IRC Client Protocol ("Message Format") and of IRCv3's message-tags. Where they are
//! unclear, RFC 1459, section 2.3.1, applies.

mod answer;
mod capability;
pub(crate) mod client;
mod command;
mod event;
mod history;
mod label;
mod marker;
mod message;
mod name;
mod numeric;
mod password;
mod query;
mod refusal;
mod state;
mod tags;

use super::DialectSpec;
use super::action::{Action, Question};
use super::state::DialectState;
use super::wire_class::WireClass;
use alloc::boxed::Box;
pub use capability::Capabilities;
use client::Client;
pub(crate) use command::LINE_BYTES_MAX;
pub use message::{MESSAGE_BYTES_MAX, PARAMS_MAX, ParseError, ParsedMessage};
pub use password::password_parameters;
use query::{Hint, Query};
pub use tags::{CLIENT_TAGS_BYTES_MAX, TAGS_BYTES_MAX, Tags};

/// The functions of the dialect.
pub static SPEC: DialectSpec = DialectSpec {
    name: "irc",
    is_typed: false,
    line_bytes_max: |_| LINE_BYTES_MAX,
    begin: |_| Box::new(Client::default()),
    render: |event, choices, to| event::render_event(event, Capabilities::from_bits(choices), to),
    relevant: |event, choices| {
        Capabilities::from_bits(choices).and(event::relevant_capabilities(event)).bits()
    },
};

/// Returns the wire class of clients with these capabilities. Capabilities that change no event are left out, so that they
/// do not multiply the classes.
#[must_use]
pub const fn wire_class(capabilities: Capabilities) -> WireClass {
    WireClass { dialect: &SPEC, choices: capabilities.and(Capabilities::WIRE).bits() }
}

/// Returns the state of a connection that might as well have spoken the plain dialect.
#[must_use]
pub fn begin_beside_plain() -> Box<dyn DialectState> {
    Box::new(Client::possibly_plain())
}

/// Returns the hint for a plain connection that has become IRC. Its user may be a person whose line looked like IRC.
#[must_use]
pub fn after_switch() -> Action {
    Action::Ask(Question::new(Query::Hint(Hint::Switched)))
}
