//! The settings of the server's behaviour. Its limits are in [`limits`](crate::base::limits).

use crate::base::cloak::Cloaks;
use crate::base::id::{Life, NodeId};
use crate::base::identity::Identity;
use crate::base::language::Language;
use crate::base::network::{Network, TrustedNetwork};
use alloc::sync::Arc;

/// The settings of the server's behaviour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The hosts by which others know the addresses of clients. [`Cloaks::default`] has no key.
    pub cloaks: Cloaks,
    /// Whether plain clients are sent their own lines, too (`--echo`). IRC clients request it with `echo-message`.
    pub echo: bool,
    /// Whether new members are sent a note with their name, their room, and the command for help.
    pub greeting: bool,
    /// The server's description of itself.
    pub identity: Arc<Identity>,
    /// The language of members who have not chosen one.
    pub language: Language,
    /// The life of the node that begins with the hub: a random number, another one for each process.
    pub life: Life,
    /// The node.
    pub node: NodeId,
    /// The networks of the proxies whose headers name the clients of listeners that expect such headers.
    pub proxies: Arc<[Network]>,
    /// Whether plain clients are sent only the texts of messages: no names, no announcements (`--relay raw`).
    pub raw: bool,
    /// Whether the environment keeps the histories of rooms, and reads them. Otherwise the hub keeps recent messages in memory.
    pub remembers_outside: bool,
    /// The revision of the limits of the shared state. Nodes that share a log take the limits of the greatest revision. `None` for
    /// limits that replace those of the log when they differ, whatever their revision is.
    pub revision: Option<u64>,
    /// Networks whose addresses may do more than others, such as those of a bridge, a proxy or a campus. Of several around
    /// an address, the smallest counts.
    pub trusted: Arc<[TrustedNetwork]>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cloaks: Cloaks::default(),
            echo: false,
            greeting: true,
            identity: Arc::default(),
            language: Language::default(),
            life: Life::default(),
            node: NodeId::default(),
            proxies: Arc::new([]),
            raw: false,
            remembers_outside: false,
            revision: None,
            trusted: Arc::new([]),
        }
    }
}
