//! The ways in which a connection tells who its client is.

/// The way in which a connection tells who its client is: what its listener expects before the client's own bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Via {
    /// The client connects itself.
    #[default]
    Direct,
    /// An IRC gateway connects for the client, and names it by `WEBIRC`, with a password.
    Gateway,
    /// A proxy connects for the client, and names it by a header of the PROXY protocol.
    Proxy,
}
