//! A minimal IRC client.

use crate::support::Client;
use std::net::SocketAddr;

/// The hash of `right`, at the lowest possible cost.
pub const HASH_OF_RIGHT: &str =
    "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$P3OLBQw3O3GiY9hpX8wpK8qO6gQccIdDXnlkdzKceqU";

/// An IRC client.
#[derive(Debug)]
pub struct Irc(pub Client);

impl Irc {
    /// Connects and registers, after these lines.
    pub fn begin(address: SocketAddr, name: &str, before: &str) -> Self {
        let mut client = Self(Client::connect(address));
        client.0.send(format!("{before}NICK {name}\r\nUSER {name} 0 * :{name}\r\n"));
        client
    }

    /// Connects a client, and waits until it is registered.
    pub fn enter(address: SocketAddr, name: &str, before: &str) -> Self {
        let mut client = Self::begin(address, name, before);
        client.wait_for(&format!(" 001 {name} "));
        client
    }

    pub fn send(&mut self, line: &str) {
        self.0.send(format!("{line}\r\n"));
    }

    /// Returns the next line that contains this text.
    pub fn wait_for(&mut self, part: &str) -> String {
        loop {
            let line = self.0.line();
            if line.contains(part) {
                return line;
            }
        }
    }
}
