//! The server's description of itself.

use crate::base::name::Name;
use alloc::string::String;
use alloc::vec::Vec;

/// The names that no member may take by default.
///
/// Clients send passwords to services such as `NickServ` when they connect: a member with that name would receive
/// them. The others would be taken for the server itself.
const RESERVED_NAMES: [&str; 17] = [
    "AuthServ",
    "BotServ",
    "ChanServ",
    "Global",
    "HelpServ",
    "HistServ",
    "HostServ",
    "MemoServ",
    "NickServ",
    "OperServ",
    "Parlor",
    "SaslServ",
    "StatServ",
    "server",
    "system",
    "服务器",
    "系统",
];

/// The server's description of itself, which clients can query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The server's name, in the form of a host name: the source of its messages in IRC. Without spaces.
    pub name: String,
    /// A description of the server in a few words.
    pub description: String,
    /// The name of the network, for clients to show. Without spaces.
    pub network: String,
    /// The lines of the message of the day.
    pub motd: Vec<String>,
    /// The name of the configuration file, for the server's operators; `-` for none. Without spaces.
    pub configuration: String,
    /// The location of the server, its administrators and their address: at most three lines.
    pub admin: Vec<String>,
    /// Whether the server requires a password.
    pub has_password: bool,
    /// Names that nobody may take. A member that already has one when it is added keeps it, and receives no direct
    /// messages.
    pub reserved_names: Vec<Name>,
}

impl Identity {
    /// Returns whether `name` is one of the reserved names.
    #[must_use]
    pub fn reserves(&self, name: &Name) -> bool {
        self.reserved_names.contains(name)
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            name: "parlor.localhost".into(),
            description: "A Parlor chat room server".into(),
            network: "Parlor".into(),
            configuration: "-".into(),
            motd: Vec::new(),
            admin: Vec::new(),
            has_password: false,
            reserved_names: RESERVED_NAMES.iter().filter_map(|name| Name::parse(name).ok()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_services_are_reserved_in_upper_and_lower_case() {
        let identity = Identity::default();
        assert_eq!(identity.reserved_names.len(), RESERVED_NAMES.len(), "each of them is valid");
        for (name, is_reserved) in
            [("NickServ", true), ("nickSERV", true), ("系统", true), ("NickServ2", false), ("alice", false)]
        {
            assert_eq!(identity.reserves(&Name::parse(name).unwrap()), is_reserved, "{name}");
        }
        let none = Identity { reserved_names: Vec::new(), ..identity };
        assert!(!none.reserves(&Name::parse("NickServ").unwrap()));
    }
}
