//! A client of IRC, as simple as they come.

use crate::support::Client;
use std::net::SocketAddr;

/// The hash of `right`, at the lowest cost there is.
pub const HASH_OF_RIGHT: &str =
    "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$P3OLBQw3O3GiY9hpX8wpK8qO6gQccIdDXnlkdzKceqU";

/// A client of IRC.
#[derive(Debug)]
pub struct Irc(pub Client);

impl Irc {
    /// Says who it is, after these lines.
    pub fn begin(address: SocketAddr, name: &str, before: &str) -> Self {
        let mut client = Self(Client::connect(address));
        client.0.send(format!("{before}NICK {name}\r\nUSER {name} 0 * :{name}\r\n"));
        client
    }

    /// A client that is welcome.
    pub fn enter(address: SocketAddr, name: &str, before: &str) -> Self {
        let mut client = Self::begin(address, name, before);
        client.wait_for(&format!(" 001 {name} "));
        client
    }

    pub fn send(&mut self, line: &str) {
        self.0.send(format!("{line}\r\n"));
    }

    /// The next line with this in it.
    pub fn wait_for(&mut self, part: &str) -> String {
        loop {
            let line = self.0.line();
            if line.contains(part) {
                return line;
            }
        }
    }
}
