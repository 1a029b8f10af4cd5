//! Connections through a proxy or a gateway, over real sockets.

use crate::support::{Client, Server, parlor};
use std::net::SocketAddr;

fn server(proxies: &str, flags: &[&str]) -> Server {
    let mut command = parlor();
    command.args(["serve", "--listen", "auto://127.0.0.1:0?proxy", "--log-level", "debug"]);
    command.args(["--proxies", proxies]).args(flags);
    Server::start_command(command)
}

fn from(host: u8, server: &Server) -> Client {
    Client::connect_from(SocketAddr::from(([127, 0, 0, host], 0)), server.address)
}

#[test]
fn a_client_has_the_address_that_its_proxy_names() {
    let server = server("127.0.0.8/31", &["--connections-per-ip-max", "1", "--detect-ms", "50"]);
    let mut alice = from(8, &server);
    alice.send(
        "PROXY TCP4 192.0.2.7 127.0.0.1 5001 3000\r\nNICK alice\r\nUSER a 0 * :Alice\r\nWHOIS alice\r\n",
    );
    while !alice.line().contains(" 338 alice alice 192.0.2.7 :") {}
    server.log.wait_for("alice joined peer=192.0.2.7:5001");

    // Version 2, in two segments. Plain clients are named after the port that the proxy names.
    let mut bob = from(8, &server);
    bob.send(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02");
    bob.send(b"\x08\x7f\0\0\x01\x13\x8a\x0b\xb8");
    assert!(bob.line().starts_with("* your name is 5002 and "));

    // The limit on the connections of an address is that of the client's, not of the proxy's.
    let mut carol = from(9, &server);
    carol.send("PROXY TCP4 192.0.2.7 127.0.0.1 5003 3000\r\n");
    assert_eq!(carol.rest(), "* closed: too many connections from your address; try again later\n");
}

#[test]
fn only_proxies_are_believed() {
    let server = server("127.0.0.9", &["--proxy-ms", "50"]);
    let mut mallory = from(8, &server);
    assert_eq!(
        mallory.rest(),
        "* closed: this port is for the proxies of this server; use its public address\n"
    );
    server.log.wait_for("refused: not from a proxy peer=127.0.0.8:");

    let mut silent = from(9, &server);
    assert_eq!(silent.rest(), "* closed: the proxy of this server sent no PROXY header in time\n");
    server.log.wait_for("refused: no PROXY header or WEBIRC in time peer=127.0.0.9:");

    let mut broken = from(9, &server);
    broken.send("hello\n");
    assert_eq!(broken.rest(), "* closed: the proxy of this server sent no valid PROXY header\n");
    server.log.wait_for("refused: no valid PROXY header or WEBIRC peer=127.0.0.9:");
}

#[test]
fn a_listener_for_proxies_needs_to_know_them() {
    let mut command = parlor();
    let output = command.args(["serve", "--listen", "auto://127.0.0.1:0?proxy"]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(error.contains("is for proxies, and none is named: add --proxies"), "{error}");
}

/// The hash of `right`, at the lowest possible cost.
const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$P3OLBQw3O3GiY9hpX8wpK8qO6gQccIdDXnlkdzKceqU";

fn with_gateway(proxies: &str, flags: &[&str]) -> Server {
    let mut command = parlor();
    command.args(["serve", "--listen", "irc://127.0.0.1:0?webirc", "--log-level", "debug"]);
    command.args(["--proxies", proxies, "--webirc-password", HASH]).args(flags);
    Server::start_command(command)
}

#[test]
fn a_client_has_the_address_that_its_gateway_names() {
    let server = with_gateway("127.0.0.8", &["--connections-per-ip-max", "1"]);
    let register = "NICK alice\r\nUSER a 0 * :Alice\r\nWHOIS alice\r\n";
    let mut alice = from(8, &server);
    alice.send(format!("WEBIRC right kiwi host.example 192.0.2.7 :secure remote-port=5001\r\n{register}"));
    while !alice.line().contains(" 338 alice alice 192.0.2.7 :") {}
    server.log.wait_for("alice joined peer=192.0.2.7:5001");

    // The limit on the connections of an address is that of the client's, not of the gateway's.
    let mut second = from(8, &server);
    second.send("WEBIRC right kiwi 192.0.2.7 192.0.2.7\r\n");
    assert_eq!(second.rest(), "ERROR :Closing link: Too many connections from your address\r\n");

    // A gateway that is mistaken is told so, and the log has its address. The password is not in it.
    let mut wrong = from(8, &server);
    wrong.send("WEBIRC hunter2 kiwi 192.0.2.8 192.0.2.8\r\nNICK bob\r\nUSER b 0 * :Bob\r\n");
    assert!(wrong.rest().ends_with("ERROR :Closing link: Password incorrect\r\n"));
    server.log.wait_for("wrong password of a gateway peer=127.0.0.8:");
    let mut none = from(8, &server);
    none.send("NICK bob\r\nUSER b 0 * :Bob\r\n");
    assert_eq!(none.rest(), "ERROR :Closing link: Invalid PROXY header or WEBIRC\r\n");
    let mut other = from(9, &server);
    assert_eq!(other.rest(), "ERROR :Closing link: Not a proxy or gateway\r\n");
    assert_eq!(server.log.with("hunter2"), Vec::<String>::new());
}

#[test]
fn a_listener_for_gateways_needs_their_password() {
    let mut command = parlor();
    command.args(["serve", "--listen", "irc://127.0.0.1:0?webirc", "--proxies", "127.0.0.1"]);
    let output = command.output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(error.contains("is for gateways, and they have no password: add --webirc-password"), "{error}");
}
