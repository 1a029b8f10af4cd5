//! Detecting the protocol of a connection from its first bytes. No opening of a known protocol is sent to a room, and
//! every sentence of a person is, whatever noise is before it and whatever chunks it is cut into.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use parlor_protocol::sniff::{Evidence, Kind, OPENING_BYTES_MAX, Sniffer};
use parlor_protocol::{Dialect, Input, Limits, MemoryServer, Options, RoomName};
use proptest::prelude::*;

/// A secret in an opening, which no member may read.
const SECRET: &str = "s3cr3t";

/// The first bytes of a connection, its listener, and whether it is silent before them.
#[derive(Clone, Debug)]
struct Opening {
    dialect: Dialect,
    noise: Vec<u8>,
    /// Whether the client is silent for so long that it is greeted as plain.
    is_late: bool,
    bytes: Vec<u8>,
    /// The place at which the bytes are cut, counted from their end.
    cuts: Vec<usize>,
    ends: bool,
}

fn noise() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"\r\n".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r\0".to_vec()),
        Just(b"\xef\xbb\xbf".to_vec()),
        Just(b"\x02".to_vec()),
        // As the first bytes, DONT could also be the byte order mark of UTF-16.
        (251_u8..=253, 0_u8..50).prop_map(|(verb, option)| vec![255, verb, option]),
        prop::collection::vec(0x20_u8..=239, 0..20).prop_map(|option| [
            &[255, 250],
            option.as_slice(),
            &[255, 240]
        ]
        .concat()),
        (241_u8..=249).prop_map(|command| vec![255, command]),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

/// Message tags, blanks, or nothing.
fn before_a_line() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just(String::new()),
        1 => "[ \t]{1,4}",
        1 => "@[a-z+/=;A-Z0-9]{1,40} {1,2}",
    ]
}

/// Letters in any case.
fn any_case(text: String) -> impl Strategy<Value = String> {
    let small = text.to_ascii_lowercase();
    prop_oneof![3 => Just(text), 1 => Just(small)]
}

/// The opening of a known stranger, with a secret in it.
fn stranger() -> impl Strategy<Value = Vec<u8>> {
    let method = prop::sample::select(vec![
        "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PROPFIND",
    ]);
    let target = prop_oneof![
        "/[a-zA-Z0-9._~%/?=&-]{0,200}",
        "https?://[a-z.]{1,20}/[a-z]{0,20}",
        Just("*".to_owned()),
    ];
    let http = (method, target, "[12]\\.[01]")
        .prop_map(|(method, target, version)| format!("{method} {target} HTTP/{version}"));
    let long = prop::sample::select(vec!["GET", "POST"])
        .prop_map(|method| format!("{method} /{}", SECRET.repeat(OPENING_BYTES_MAX / SECRET.len() + 10)));
    let text = prop_oneof![
        6 => http.prop_flat_map(any_case),
        1 => long.prop_flat_map(any_case),
        1 => "[a-zA-Z0-9.]{1,20}".prop_map(|version| format!("SSH-2.0-{version}")),
        1 => (1_u32..100).prop_map(|count| format!("*{count}")),
        1 => prop::sample::select(vec!["OPTIONS", "REGISTER", "INVITE"]).prop_map(|method| format!("{method} sip:{SECRET} SIP/2.0")),
        1 => prop::sample::select(vec!["OPTIONS", "DESCRIBE"]).prop_map(|method| format!("{method} rtsp://{SECRET}/ RTSP/1.0")),
        1 => Just("PROXY TCP4 192.0.2.1 192.0.2.2 1 2".to_owned()),
        1 => "[a-z0-9]{1,20}".prop_map(|password| format!("WEBIRC {SECRET}{password} gateway host 192.0.2.7")),
        1 => "[a-z.]{1,20}".prop_map(|host| format!("EHLO {host}")),
        1 => Just(format!("a1 LOGIN bob {SECRET}")),
        1 => Just(format!("a1 LOGIN \"bob\" \"{SECRET} {SECRET}\"")),
        1 => Just(format!("authinfo pass {SECRET}")),
        1 => Just(format!("passcode:{SECRET}")),
        1 => Just(format!("init password={SECRET}")),
        1 => Just(format!("AUTHENTICATE \"{SECRET}\"")),
        1 => Just(format!("{{\"id\":1,\"method\":\"login\",\"params\":{{\"pass\":\"{SECRET}\"}}}}")),
        1 => Just(format!("<stream:stream to='{SECRET}'>")),
        1 => Just(format!("CONNECT {{\"user\":\"u\",\"pass\":\"{SECRET}\"}}")),
    ];
    let text = (before_a_line(), text).prop_map(|(before, text)| (before + &text).into_bytes());
    let binary = prop::sample::select(vec![
        &b"\x16\x03\x01\x02\0"[..],
        b"\x03\0\0\x13\x0e",
        b"\0\0\0\xa4\xffSMB",
        b"\x30\x0c\x02\x01\x01",
        b"\x30\x81\x9a\x02\x01\x01",
        b"\x10\x10\0\x04MQTT",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11",
        b"AMQP\0\0\x09\x01",
    ]);
    prop_oneof![4 => text, 1 => binary.prop_map(<[u8]>::to_vec)]
}

fn opening(bytes: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Opening> {
    let dialect = prop::sample::select(vec![Dialect::Auto, Dialect::Auto, Dialect::Plain, Dialect::Irc]);
    let cuts = prop::collection::vec(1_usize..40, 0..12);
    (dialect, noise(), any::<bool>(), bytes, cuts, any::<bool>()).prop_map(
        |(dialect, noise, is_late, bytes, cuts, ends)| Opening { dialect, noise, is_late, bytes, cuts, ends },
    )
}

/// Returns the text that a member in the lobby reads while a client connects with this opening.
fn begin(opening: &Opening) -> String {
    let limits = Limits::default();
    let mut server = MemoryServer::new(limits, Options::default());
    let [watcher, client] = [(5_001, Dialect::Plain), (5_002, opening.dialect)].map(|(port, dialect)| {
        let peer = ([127, 0, 0, 1], port).into();
        server.connect(dialect, peer, Some(&RoomName::lobby())).unwrap()
    });
    if opening.is_late {
        server.pass(limits.detect_ms);
    }
    let bytes = [opening.noise.as_slice(), &opening.bytes].concat();
    let mut rest = bytes.as_slice();
    for &cut in &opening.cuts {
        let (piece, behind) = rest.split_at(cut.min(rest.len()));
        server.send(client, piece);
        rest = behind;
    }
    server.send(client, rest);
    if opening.ends {
        server.input(Input::ReadClosed { conn: client });
    }
    server.server().check_invariants();
    String::from_utf8(server.read(watcher)).unwrap()
}

/// Whether a plain member has read a message.
fn has_message(read: &str) -> bool {
    read.lines().any(|line| !line.starts_with("* ") && !line.ends_with(" joined") && !line.ends_with(" left"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_opening_of_a_known_protocol_is_a_message(opening in opening(stranger_and_more())) {
        let read = begin(&opening);
        prop_assert!(!has_message(&read), "{read:?}");
        prop_assert!(!read.contains(SECRET), "{read:?}");
    }

    #[test]
    fn a_sentence_after_the_greeting_is_sent_unchanged((sentence, opening) in person()) {
        let read = begin(&opening);
        prop_assert!(read.lines().any(|line| line.starts_with("5002: ") && line.ends_with(&sentence)), "{read:?}");
    }

    #[test]
    fn an_irc_registration_is_not_a_message(opening in opening(registration())) {
        let opening = Opening { dialect: if opening.dialect == Dialect::Irc { Dialect::Auto } else { opening.dialect }, ..opening };
        let read = begin(&opening);
        prop_assert!(!has_message(&read), "{read:?}");
    }

    #[test]
    fn the_decision_does_not_depend_on_chunks(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            opening(stranger_and_more()).prop_map(|it| [it.noise, it.bytes].concat()),
            prop::collection::vec(prop::sample::select(b"\r\n\0\xff\xfa\xf0\xfe\xfb \t@\x16\x03\xef\xbb\xbfNICK a:/*1".to_vec()), 0..40),
        ],
        cuts in prop::collection::vec(1_usize..10, 0..40),
        evidence in prop::sample::select(vec![
            Evidence::Open,
            Evidence::Irc,
            Evidence::Greeted { may_be_irc: true },
            Evidence::Greeted { may_be_irc: false },
        ]),
        ended in any::<bool>(),
    ) {
        let whole = decide(&[&bytes], evidence, ended);
        let mut pieces = Vec::new();
        let mut rest = bytes.as_slice();
        for cut in cuts {
            let (piece, behind) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = behind;
        }
        pieces.push(rest);
        prop_assert_eq!(decide(&pieces, evidence, ended), whole);
    }
}

/// Returns the decision of the sniffer, and the noise before the opening.
fn decide(pieces: &[&[u8]], evidence: Evidence, ended: bool) -> (Option<Kind>, Vec<u8>) {
    let (mut sniffer, mut noise) = (Sniffer::default(), Vec::new());
    for (index, piece) in pieces.iter().enumerate() {
        sniffer.push(piece);
        let sniffed = sniffer.look(evidence, ended && index + 1 == pieces.len());
        noise.extend(sniffed.noise);
        if sniffed.kind.is_some() {
            return (sniffed.kind, noise);
        }
    }
    (None, noise)
}

/// The opening of a known protocol, followed by more bytes of it.
fn stranger_and_more() -> impl Strategy<Value = Vec<u8>> {
    let behind = prop::sample::select(vec![
        String::new(),
        format!("Host: x\r\nCookie: {SECRET}\r\n\r\nhello from a page\r\n/topic {SECRET}\r\n"),
        format!("NICK page\r\nUSER u 0 * :x\r\nJOIN #lobby\r\nPRIVMSG #lobby :{SECRET}\r\n"),
        format!("{SECRET}\n"),
    ]);
    (stranger(), prop::sample::select(vec!["\r\n", "\n"]), behind)
        .prop_map(|(opening, end, behind)| [opening.as_slice(), end.as_bytes(), behind.as_bytes()].concat())
}

/// A registration as IRC clients send it.
fn registration() -> impl Strategy<Value = Vec<u8>> {
    let lines = (
        prop::sample::select(vec!["", "CAP LS\r\n", "CAP LS 302\r\n"]),
        prop::sample::select(vec![
            String::new(),
            format!("PASS {SECRET}\r\n"),
            format!("PASS :{SECRET} {SECRET}\r\n"),
        ]),
        before_tags(),
        "[a-z]{1,9}",
        prop::sample::select(vec![
            "0 * :Real Name",
            "8 * :",
            ". . :Eier",
            "u u :x",
            "u ::1 :Real Name",
            "tolmoon tolsun :Ronnie Reagan",
        ]),
    );
    let registration = lines.prop_map(|(cap, pass, tags, name, rest)| {
        format!("{cap}{pass}{tags}NICK {name}\r\nUSER u {rest}\r\n")
    });
    registration.prop_flat_map(any_case).prop_map(String::into_bytes)
}

fn before_tags() -> impl Strategy<Value = String> {
    prop_oneof![3 => Just(String::new()), 1 => "@[a-z+/=;]{1,40} {1,2}"]
}

/// A sentence of a person that was greeted, which may begin like a protocol, and the opening with it.
fn person() -> impl Strategy<Value = (String, Opening)> {
    let first = prop_oneof![
        3 => prop::sample::select(vec![
            "PASS", "NICK", "USER", "CAP", "GET", "POST", "OPTIONS", "I", "SSH", "PROXY", "WEBIRC", "AUTH", "CONNECT", "helo",
            "pass", "nick", "user", "get", "stats", "set", "hello",
        ]).prop_map(str::to_owned),
        1 => "[A-Za-z]{1,8}",
    ];
    let word = prop_oneof![
        6 => "[a-z]{1,9}[,.!?]?",
        1 => Just("HTTP/1.1".to_owned()),
        1 => Just("/".to_owned()),
        1 => Just(":(".to_owned()),
    ];
    let sentence = (first, prop::collection::btree_set(word, 3..7), "[a-z]{2,9}[.!?]?").prop_map(
        |(first, words, last)| {
            let words: Vec<String> =
                words.into_iter().filter(|word| *word != "req" && *word != last).collect();
            format!("{first} {} {last}", words.join(" "))
        },
    );
    let ends = || prop::sample::select(vec!["\n", "\r\n", "\r\0"]);
    // Lines in doubt are not sent, and have no effect on later lines.
    let doubt = prop::sample::select(vec!["nick bob", "user root", "password hunter2", "CAPA", "AUTH bob"]);
    let doubts = prop::collection::vec((doubt, ends()), 0..=3);
    (doubts, sentence, ends(), opening(Just(Vec::new()))).prop_map(|(doubts, sentence, end, opening)| {
        let dialect = if opening.dialect == Dialect::Irc { Dialect::Plain } else { opening.dialect };
        let doubts: String = doubts.into_iter().flat_map(|(doubt, end)| [doubt, end]).collect();
        let bytes = format!("{doubts}{sentence}{end}").into_bytes();
        (sentence, Opening { dialect, is_late: true, bytes, ..opening })
    })
}
