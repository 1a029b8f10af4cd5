//! Telnet clients, beyond their lines.

use crate::support::{Client, Server};
use socket2::SockRef;
use std::io::Read;

/// Reads the next bytes from the server, which are not text.
fn expect_bytes(client: &mut Client, expected: &[u8]) {
    let mut bytes = vec![0; expected.len()];
    client.stream.read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, expected, "{} is answered", client.name);
}

#[test]
fn an_interrupt_discards_the_line_and_its_timing_mark_is_answered() {
    let server = Server::start(&[]);
    let mut bob = server.enter();
    let mut alice = server.enter();
    bob.expect(format!("{} joined", alice.name));
    alice.send("hello\r\n");
    bob.expect(format!("{}: hello", alice.name));
    // The bytes of GNU telnet for Ctrl-C; with `toggle autosynch`, a Synch as well, whose data mark is urgent.
    for round in 0..10 {
        alice.send(b"/quit\xFF\xF4\xFF");
        SockRef::from(&alice.stream).send_out_of_band(b"\xF2").unwrap();
        alice.send(b"\xFF\xFD\x06");
        if round == 0 {
            // The first command shows that the client speaks telnet, so it is asked to transmit binary.
            expect_bytes(&mut alice, b"\xFF\xFD\x00");
        }
        expect_bytes(&mut alice, b"\xFF\xFB\x06");
        alice.send(format!("{round}\r\n"));
        bob.expect(format!("{}: {round}", alice.name));
    }
}

#[test]
fn keys_that_erase_have_erased() {
    let server = Server::start(&[]);
    let mut bob = server.enter();
    let mut alice = server.enter();
    bob.expect(format!("{} joined", alice.name));
    for byte in "helo\x08lo\x7fo wrong word\x17\x17world\r\n".bytes() {
        alice.send([byte]);
    }
    bob.expect(format!("{}: hello world", alice.name));
}
