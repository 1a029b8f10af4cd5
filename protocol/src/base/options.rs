//! How the server behaves, where it can behave in more than one way. What bounds it is in [`limits`](crate::base::limits).

use crate::base::identity::Identity;
use crate::base::language::Language;
use alloc::sync::Arc;

/// The settings that decide how the server behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether speakers of the plain dialect are sent their own lines, too (`--echo`). IRC clients ask for that themselves.
    pub echo: bool,
    /// Whether newcomers are greeted with a note: their name, their room, and how to get help.
    pub greeting: bool,
    /// The server's description of itself.
    pub identity: Arc<Identity>,
    /// The language of those who have not chosen one.
    pub language: Language,
    /// Whether speakers of the plain dialect are sent what is said alone: no names, no announcements (`--relay raw`).
    pub raw: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            echo: false,
            greeting: true,
            identity: Arc::default(),
            language: Language::default(),
            raw: false,
        }
    }
}
