//! irc-framework (of npm) as an IRC gateway: it names the client for which it connects with `WEBIRC`.
//!
//! Its script also reads `whois NAME`, and prints `whois NAME HOST ADDRESS`, with `none` for an address that it is not told,
//! and `error REASON`.

use crate::libraries::command;
use crate::namespace::is_inside;
use crate::program::Program;
use crate::support::{Server, parlor};

/// The hash of `right`, at the lowest possible cost.
const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$P3OLBQw3O3GiY9hpX8wpK8qO6gQccIdDXnlkdzKceqU";

fn server() -> Server {
    let mut command = parlor();
    command.args(["serve", "--listen", "irc://127.0.0.1:3000?webirc", "--proxies", "127.0.0.1"]);
    command.args(["--webirc-password", HASH]);
    Server::start_command(command)
}

/// Connects a client at this address through a gateway that gives this password.
fn client(name: &str, password: &str, address: &str) -> Program {
    Program::start(command(name, "#tea").args([password, address]))
}

#[test]
#[ignore = "needs irc-framework and a network namespace"]
fn a_client_has_the_address_that_its_gateway_names() {
    if !is_inside("gateway::a_client_has_the_address_that_its_gateway_names") {
        return;
    }
    let server = server();
    let mut fred = client("fred", "right", "192.0.2.7");
    fred.printed.wait_for("joined #tea fred");
    server.log.wait_for("fred joined peer=192.0.2.7:5001");
    // The gateway and the server put a zero before an address that begins with a colon.
    let mut dora = client("dora", "right", "::1");
    dora.printed.wait_for("joined #tea dora");
    server.log.wait_for("dora joined peer=[::1]:5001");

    // A member is told its own address, and the cloak of the other one.
    fred.enter("whois fred");
    let told = fred.printed.wait_for("whois fred ");
    assert!(told.ends_with(".cloak 192.0.2.7"), "{told}");
    let host = told.split(' ').nth(2).unwrap();
    dora.enter("whois fred");
    assert_eq!(dora.printed.wait_for("whois fred "), format!("whois fred {host} none"));
    dora.enter("whois dora");
    let told = dora.printed.wait_for("whois dora ");
    assert!(told.ends_with(".cloak 0::1") && !told.contains(host), "{told}");
}

#[test]
#[ignore = "needs irc-framework and a network namespace"]
fn a_gateway_with_a_wrong_password_is_refused() {
    if !is_inside("gateway::a_gateway_with_a_wrong_password_is_refused") {
        return;
    }
    let server = server();
    let fred = client("fred", "wrong", "192.0.2.7");
    fred.printed.wait_for("error Closing link: Password incorrect");
    fred.printed.wait_for("lost");
    server.log.wait_for("wrong password of a gateway peer=127.0.0.1:");
    assert_eq!(server.log.with("192.0.2.7"), Vec::<String>::new());
    assert_eq!(fred.printed.with("joined"), Vec::<String>::new());
}
