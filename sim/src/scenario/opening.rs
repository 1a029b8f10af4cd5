//! The first bytes of clients that speak another protocol, and similar sentences of people.

use crate::source::Source;

/// Noise that may come before the first line of a client.
pub(crate) const NOISE: [&[u8]; 8] = [
    b"\r\n",
    b"\n",
    b"\xef\xbb\xbf",
    b"\xff\xfb\x1f",
    b"\xff\xfa\x1f\x00P\x00\x18\xff\xf0",
    b"\xff\xfd\x03",
    b"\r\0",
    b"\x02",
];

/// First bytes of protocols that every listener recognizes, even after it has greeted the client. Each has a secret in
/// it, which no member may read.
pub(crate) const OPENINGS: [&[u8]; 31] = [
    b"GET /s3cr3t HTTP/1.1\r\n",
    b"get /s3cr3t http/1.0\n",
    b"OPTIONS * HTTP/1.1\r\nX: s3cr3t\r\n",
    b"CONNECT s3cr3t.example:443 HTTP/1.1\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"SSH-2.0-s3cr3t\r\n",
    b"*2\r\n$4\r\nAUTH\r\n$6\r\ns3cr3t\r\n",
    b"REGISTER sip:s3cr3t SIP/2.0\r\n",
    b"OPTIONS rtsp://s3cr3t/ RTSP/1.0\r\n",
    b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\ns3cr3t\r\n",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0cs3cr3t\r\n",
    b"WEBIRC s3cr3t gateway host 192.0.2.1\r\n",
    b"EHLO s3cr3t.example\r\n",
    b"a1 LOGIN admin s3cr3t\r\n",
    b"a1 LOGIN \"admin\" \"s3cr3t s3cr3t\"\r\n",
    b"authinfo pass s3cr3t\r\n",
    b"CONNECT\naccept-version:1.2\nhost:x\nlogin:bob\npasscode:s3cr3t\n\n\0",
    b"Action: Login\r\nUsername: bob\r\nSecret: s3cr3t\r\n\r\n",
    b"BEGIN AUTH REQUEST\n/cvs\nbob\ns3cr3t\nEND AUTH REQUEST\n",
    b"AUTHENTICATE \"PLAIN\" \"s3cr3t\"\r\n",
    b"AUTHENTICATE \"s3cr3t\"\r\n",
    b"init password=s3cr3t\n",
    b"<stream:stream to='s3cr3t'>\n",
    b"{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":{\"pass\":\"s3cr3t\"}}\n",
    b"set s3cr3t 0 0 5\r\n",
    b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03\ns3cr3t\r\n",
    b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0Cookie: mstshash=s3cr3t\r\n",
    b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x06s3cr3t\n",
    b"\x30\x81\x9a\x02\x01\x01\x60\x81\x94\x02\x01\x03\x04\x06s3cr3t\n",
    b"\x10\x16\0\x04MQTT\x04\x02\0\x3c\0\x06s3cr3t\n",
    b"\0\0\0\x2fs3cr3t\n",
];

/// The beginning of a request line that is longer than any limit, so that it is recognized by its beginning alone.
pub(crate) const LONG: &[u8] = b"POST /s3cr3t";

/// IRC registrations with a secret in them. Even a greeted client that sends one is not taken for a person.
const REGISTRATIONS: [&str; 4] = [
    "nick {}\nuser u 0 * :s3cr3t\n",
    "PASS right\r\nnick {}\r\nUSER u . . :s3cr3t\r\n",
    "cap ls 302\r\nnick {}\r\nuser u 0 * :s3cr3t\r\ncap end\r\n",
    "@a=s3cr3t;+b NICK {}\r\nUSER u u u :s3cr3t\r\n",
];

/// First sentences of people.
const SENTENCES: [&str; 9] = [
    "PASS me the salt, please",
    "USER interfaces are hard :(",
    "NICK is late again",
    "CAP is on the table",
    "I learned about HTTP/1.1",
    "GET / is how you ask",
    "PROXY TCP is a thing",
    "helo everybody",
    "@bob get / well soon",
];

/// Lines that may be sentences of people and may be logins.
const DOUBTS: [&str; 11] = [
    "nick bob",
    "PASS s3cr3t",
    "USER root",
    "user root",
    "CAPA",
    "CONNECT",
    "host:s3cr3t",
    "password s3cr3t",
    "AUTH s3cr3t",
    "AUTH bob s3cr3t",
    "HELO world",
];

/// Appends the first bytes of a client that speaks another protocol, and the bytes that it sends next.
pub(super) fn stranger(source: &mut Source<'_>, to: &mut Vec<u8>) {
    noise(source, to);
    if source.chance(100) {
        to.extend_from_slice(LONG);
        to.resize(to.len() + 4_000 + source.index(1_000), b'a');
        to.extend_from_slice(source.pick(&[&b""[..], b" HTTP/1.1\r\n"]));
    } else {
        to.extend_from_slice(source.pick(&OPENINGS));
    }
    to.extend_from_slice(source.pick(&[
        &b"\r\n"[..],
        b"Host: s3cr3t\r\n\r\ns3cr3t\r\n/topic s3cr3t\r\n/nick s3cr3t\r\n",
        b"NICK s3cr3t\r\nUSER s3cr3t 0 * :s3cr3t\r\nJOIN #lobby\r\nPRIVMSG #lobby :s3cr3t\r\n",
    ]));
}

/// Appends an unusual registration.
pub(super) fn registration(source: &mut Source<'_>, name: &str, to: &mut Vec<u8>) {
    noise(source, to);
    to.extend_from_slice(source.pick(&REGISTRATIONS).replace("{}", name).as_bytes());
}

/// Appends the first line of a person. `said` makes it different from all others.
pub(super) fn sentence(source: &mut Source<'_>, said: &str, to: &mut Vec<u8>) {
    noise(source, to);
    if source.chance(300) {
        to.extend_from_slice(source.pick(&DOUBTS).as_bytes());
    } else {
        to.extend_from_slice(format!("{} {said}", source.pick(&SENTENCES)).as_bytes());
    }
    to.push(b'\n');
}

fn noise(source: &mut Source<'_>, to: &mut Vec<u8>) {
    for _ in 0..source.pick(&[0, 0, 1, 3]) {
        to.extend_from_slice(source.pick(&NOISE));
    }
}
