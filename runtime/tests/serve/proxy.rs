//! Connections through a proxy, over real sockets.

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
    server.log.wait_for("refused: no PROXY header in time peer=127.0.0.9:");

    let mut broken = from(9, &server);
    broken.send("hello\n");
    assert_eq!(broken.rest(), "* closed: the proxy of this server sent no valid PROXY header\n");
    server.log.wait_for("refused: no valid PROXY header peer=127.0.0.9:");
}

#[test]
fn a_listener_for_proxies_needs_to_know_them() {
    let mut command = parlor();
    let output = command.args(["serve", "--listen", "auto://127.0.0.1:0?proxy"]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(error.contains("is for proxies, and none is named: add --proxies"), "{error}");
}
