//! IRC: the grammar of its messages.
//!
//! The sources are the Modern IRC Client Protocol ("Message Format") and IRCv3's message-tags; where they leave
//! something open, RFC 1459, section 2.3.1, decides.

mod capability;
pub(crate) mod event;
mod message;
mod tags;

pub use capability::Capabilities;
pub use message::{MESSAGE_BYTES_MAX, Message, PARAMS_MAX, ParseError};
pub use tags::{CLIENT_TAGS_BYTES_MAX, TAGS_BYTES_MAX, Tags};
