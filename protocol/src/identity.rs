//! What the server says of itself.

use alloc::string::String;
use alloc::vec::Vec;

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
        }
    }
}
