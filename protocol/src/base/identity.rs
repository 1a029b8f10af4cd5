//! What the server says of itself.

use crate::base::name::Name;
use alloc::string::String;
use alloc::vec::Vec;

/// Names that are nobody's where nothing else is set: those of services, for clients send passwords to them when they
/// connect, and those of the server itself, in the languages that it speaks.
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

/// What the server says of itself to those who ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its name, in the form of a host's: the source of what it says in IRC. Without spaces.
    pub name: String,
    /// What it is, in a few words.
    pub description: String,
    /// The name of the network that clients show. Without spaces.
    pub network: String,
    /// What a newcomer is greeted with, a line each.
    pub motd: Vec<String>,
    /// The name of the file that it is configured by, for its operators; `-` for none. Without spaces.
    pub configuration: String,
    /// Where it is, who runs it, and how to write to them: at most three lines.
    pub admin: Vec<String>,
    /// Whoever enters has to know a password.
    pub has_password: bool,
    /// Names that nobody may take. Those who have one when it is added keep it, and are told nothing by others.
    pub reserved_names: Vec<Name>,
}

impl Identity {
    /// Whether nobody may take that name.
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
    fn names_of_services_are_reserved_in_any_spelling() {
        let identity = Identity::default();
        assert_eq!(identity.reserved_names.len(), RESERVED_NAMES.len(), "each of them is a name");
        for (name, is_reserved) in
            [("NickServ", true), ("nickSERV", true), ("系统", true), ("NickServ2", false), ("alice", false)]
        {
            assert_eq!(identity.reserves(&Name::parse(name).unwrap()), is_reserved, "{name}");
        }
        let none = Identity { reserved_names: Vec::new(), ..identity };
        assert!(!none.reserves(&Name::parse("NickServ").unwrap()));
    }
}
