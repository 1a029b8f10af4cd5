//! IRC: the grammar of its messages.
//!
//! The sources are the Modern IRC Client Protocol ("Message Format") and IRCv3's message-tags; where they leave
//! something open, RFC 1459, section 2.3.1, decides.

mod answer;
mod capability;
pub(crate) mod event;
mod message;
pub(crate) mod numeric;
pub(crate) mod query;
pub(crate) mod refusal;
pub(crate) mod reply;
mod tags;

pub use capability::Capabilities;
pub use message::{MESSAGE_BYTES_MAX, PARAMS_MAX, ParseError, ParsedMessage};
pub(crate) use tags::tag_line;
pub use tags::{CLIENT_TAGS_BYTES_MAX, TAGS_BYTES_MAX, Tags};
