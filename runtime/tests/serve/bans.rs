//! Bans from the server, over real sockets.

use crate::embedded::Embedded;
use crate::irc::{HASH_OF_RIGHT as HASH, Irc};
use crate::passwords::HeldVerifier;
use crate::support::{Client, Server, address_in, parlor};
use parlor_protocol::Now;
use parlor_runtime::clock::{Clock, SystemClock};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A server whose operator alice has the password `right`, with a listener for everybody and one for the proxy 127.0.0.9.
struct Guarded {
    server: Server,
    proxied: SocketAddr,
}

impl Guarded {
    fn start() -> Self {
        let mut command = parlor();
        command.args(["serve", "--listen", "auto://127.0.0.1:0", "--listen", "auto://127.0.0.1:0?proxy"]);
        command.args(["--proxies", "127.0.0.9", "--operators", &format!("alice:{HASH}")]);
        let server = Server::start_command(command);
        let proxied = address_in(&server.log.wait_for_all("127.0.0.1:", 2)[1]);
        Self { server, proxied }
    }

    fn from(&self, host: u8) -> Client {
        from(host, self.server.address)
    }

    /// Connects a client that registers with this name.
    fn register(&self, host: u8, name: &str) -> Irc {
        register(self.from(host), name)
    }

    /// Connects a client whose address the proxy names so: its family and the address.
    fn through_proxy(&self, address: &str) -> Client {
        let mut client = from(9, self.proxied);
        let own = if address.starts_with("TCP4 ") { "127.0.0.1" } else { "::1" };
        client.send(format!("PROXY {address} {own} 5001 3000\r\n"));
        client
    }

    /// Connects an operator of the server.
    fn operator(&self) -> Irc {
        let mut alice = self.register(2, "alice");
        alice.wait_for(" 001 alice ");
        alice.send("OPER alice right");
        alice.wait_for(" 381 alice :");
        alice
    }
}

fn from(host: u8, address: SocketAddr) -> Client {
    Client::connect_from(SocketAddr::from(([127, 0, 0, host], 0)), address)
}

fn register(client: Client, name: &str) -> Irc {
    let mut client = Irc(client);
    client.send(&format!("NICK {name}\r\nUSER {name} 0 * :{name}"));
    client
}

#[test]
fn a_banned_address_is_closed_and_kept_out_until_the_ban_is_lifted() {
    let guarded = Guarded::start();
    let mut alice = guarded.operator();
    let mut bob = guarded.register(3, "bob");
    bob.wait_for(" 001 bob ");
    let mut through_proxy = register(guarded.through_proxy("TCP4 127.0.0.3"), "carol");
    through_proxy.wait_for(" 001 carol ");
    let mut dave = guarded.register(4, "dave");
    dave.wait_for(" 001 dave ");
    // Its protocol is not known yet, and it has sent nothing.
    let mut silent = guarded.from(3);

    alice.send("BAN 1h 127.0.0.3 :too much spam");
    let line = alice.wait_for(" :127.0.0.3 is banned until ");
    let answer = line.trim_end();
    assert!(answer.ends_with("; 3 connections closed"), "{answer}");
    let end = answer.split_once(" until ").unwrap().1.split_once(';').unwrap().0;
    let reason = format!("too much spam (until {end})");
    for (client, name) in [(&mut bob, "bob"), (&mut through_proxy, "carol")] {
        let rest = client.0.rest();
        let farewell = format!(
            ":parlor.localhost 465 {name} :You are banned from this server: {reason}\r\n\
             ERROR :Closing link: Banned: {reason}\r\n"
        );
        assert!(rest.ends_with(&farewell), "{rest:?}");
    }
    let refusal = format!("* closed: you are banned from this server: {reason}\n");
    assert_eq!(silent.rest(), refusal);
    assert_eq!(guarded.from(3).rest(), refusal);
    assert_eq!(guarded.through_proxy("TCP4 127.0.0.3").rest(), refusal);
    assert_eq!(guarded.through_proxy("TCP6 ::ffff:127.0.0.3").rest(), refusal);

    // Other addresses stay and come, through the same proxy, too.
    dave.send("PING :there");
    dave.wait_for(" :there");
    register(guarded.through_proxy("TCP4 127.0.0.4"), "erin").wait_for(" 001 erin ");

    alice.send("UNBAN 127.0.0.3");
    alice.wait_for(" :127.0.0.3 is no longer banned");
    guarded.register(3, "bob").wait_for(" 001 bob ");
    register(guarded.through_proxy("TCP4 127.0.0.3"), "carol").wait_for(" 001 carol ");
    guarded.server.log.wait_for("alice lifted the server ban of 127.0.0.3");
}

#[test]
fn a_plain_operator_bans_a_network() {
    let guarded = Guarded::start();
    let mut alice = guarded.operator();
    let mut bob = guarded.from(20);
    bob.send("hello\n");
    let greeting = bob.line();
    assert!(greeting.starts_with(&format!("* your name is {} ", bob.name)), "{greeting}");
    let mut boss = guarded.from(3);
    boss.send("/oper alice right\n");
    boss.take(|unread| String::from_utf8_lossy(unread).find("operator").map(|_| unread.len()));
    boss.send("/serverban 127.0.0.16/28 30m noise\n");
    let answer = boss.take(|unread| {
        let text = String::from_utf8_lossy(unread).into_owned();
        text.find("127.0.0.16/28 is banned").filter(|_| text.ends_with('\n')).map(|_| text.len())
    });
    assert!(answer.contains("1 connection closed"), "{answer}");
    let rest = bob.rest();
    assert!(rest.contains("* closed: you are banned from this server: noise (until "), "{rest}");
    assert!(guarded.from(31).rest().starts_with("* closed: you are banned from this server: noise (until "));
    alice.send("UNBAN 127.0.0.16/28");
    alice.wait_for(" :127.0.0.16/28 is no longer banned");
    let mut bob = guarded.from(31);
    bob.send("hello\n");
    assert!(bob.line().starts_with("* your name is "));
}

/// A clock whose date the test puts forward.
struct ForwardClock {
    system: SystemClock,
    ahead_ms: Arc<AtomicU64>,
}

impl Clock for ForwardClock {
    fn now(&self) -> Now {
        let now = self.system.now();
        Now { unix_ms: now.unix_ms + self.ahead_ms.load(Ordering::Relaxed), ..now }
    }
}

#[test]
fn a_ban_ends_by_itself() {
    let ahead_ms = Arc::<AtomicU64>::default();
    let clock = ForwardClock { system: SystemClock::start(), ahead_ms: Arc::clone(&ahead_ms) };
    let (verifier, tell) = HeldVerifier::new();
    let embedded = Embedded::start(clock, verifier);
    let mut alice = Irc::enter(embedded.address, "alice", "");
    tell.blocking_send(()).unwrap();
    alice.send("OPER alice right\r\nBAN 1h 127.0.0.3");
    alice.wait_for(" :127.0.0.3 is banned until ");
    for minutes in [0, 59] {
        ahead_ms.store(minutes * 60_000, Ordering::Relaxed);
        assert!(register(from(3, embedded.address), "bob").0.rest().contains(" 465 "), "{minutes} min");
    }
    ahead_ms.store(60 * 60_000, Ordering::Relaxed);
    let mut bob = register(from(3, embedded.address), "bob");
    bob.wait_for(" 001 bob ");
    alice.send("BANS");
    alice.wait_for(" :End of bans: 0 of at most ");
    embedded.stop([alice, bob]);
}
