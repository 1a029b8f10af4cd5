use super::*;
use alloc::string::String;
use alloc::vec;

const GREETED: Evidence = Evidence::Greeted { may_be_irc: true };
const AT_PLAIN: Evidence = Evidence::Greeted { may_be_irc: false };

/// Returns the decision if all bytes arrive at once.
fn whole(bytes: &[u8], evidence: Evidence, ended: bool) -> Option<Kind> {
    let mut sniffer = Sniffer::default();
    sniffer.push(bytes);
    sniffer.look(evidence, ended).kind
}

/// Returns the decision and the noise if the bytes arrive one by one.
fn by_bytes(bytes: &[u8], evidence: Evidence, ended: bool) -> (Option<Kind>, Vec<u8>) {
    let (mut sniffer, mut noise) = (Sniffer::default(), Vec::new());
    for (index, byte) in bytes.iter().enumerate() {
        sniffer.push(&[*byte]);
        let sniffed = sniffer.look(evidence, ended && index + 1 == bytes.len());
        noise.extend(sniffed.noise);
        if sniffed.kind.is_some() {
            return (sniffed.kind, noise);
        }
    }
    (None, noise)
}

/// Returns the kind of a first line, and checks that it does not depend on the chunks.
fn kind(line: &str, evidence: Evidence) -> Kind {
    let bytes = [line.as_bytes(), b"\r\n"].concat();
    let kind = whole(&bytes, evidence, false);
    assert_eq!(by_bytes(&bytes, evidence, false).0, kind, "{line:?}");
    kind.unwrap_or_else(|| panic!("{line:?} is undecided at its end"))
}

#[test]
fn a_first_line_is_recognised_on_an_open_connection() {
    for (line, expected) in [
        ("CAP LS 302", Kind::Irc),
        ("PASS secret", Kind::Irc),
        ("PASS my own secret", Kind::Irc),
        ("NICK alice", Kind::Irc),
        ("nick alice", Kind::Irc),
        ("NICK  alice", Kind::Irc),
        ("NICK 9not a name", Kind::Irc),
        ("USER alice 0 * :Alice", Kind::Irc),
        ("user alice 0 * :Alice", Kind::Irc),
        ("  @a=b;+c :d", Kind::Plain),
        ("@a=b;+c  NICK alice", Kind::Irc),
        ("NICK", Kind::Plain),
        ("NICK ", Kind::Plain),
        ("nick is late", Kind::Plain),
        ("NICKY was here", Kind::Plain),
        ("JOIN #a", Kind::Plain),
        ("GET / HTTP/1.1", Kind::Http),
        ("get / http/1.0", Kind::Http),
        ("POST /x HTTP/1.0", Kind::Http),
        ("BREW /pot HTTP/1.1", Kind::Http),
        ("GET http://example.org/ HTTP/1.1", Kind::Http),
        ("GET index.html HTTP/1.0", Kind::Http),
        ("GET /a b HTTP/1.1", Kind::Http),
        ("CONNECT example.org:443 HTTP/1.1", Kind::Http),
        ("CONNECT [2001:db8::1]:443 HTTP/1.1", Kind::Http),
        ("OPTIONS * HTTP/1.1", Kind::Http),
        ("PRI * HTTP/2.0", Kind::Http),
        ("GET /", Kind::Http),
        ("GET / is how you ask", Kind::Plain),
        ("i like HTTP/1.1", Kind::Plain),
        ("HTTP/1.1", Kind::Plain),
        ("hello", Kind::Plain),
    ] {
        assert_eq!(kind(line, Evidence::Open), expected, "{line:?}");
    }
}

#[test]
fn after_a_greeting_only_a_complete_registration_is_irc() {
    for line in [
        "NICK alice",
        "NICK :alice",
        "PASS secret",
        "PASS :my own secret",
        "CAP LS",
        "CAP LS 302",
        "cap ls 302",
        "CAP REQ :batch server-time",
        "CAP REQ batch",
        "CAP END",
        "USER alice 0 * :Alice",
        "USER alice 8 * :",
        "USER eggu . . :Eier",
        "USER bot bot bot bot",
        "USER zid \"zid\" \"zid\" :z",
        "USER alice irc.example.org irc.example.net alice",
        "USER alice +iw * :",
        "USER guest tolmoon tolsun :Ronnie Reagan",
        "USER alice alice ::1 :Alice",
        "user alice 0 * alice",
        "@label=1 USER alice 0 * :Alice",
    ] {
        assert_eq!(kind(line, GREETED), Kind::Irc, "{line:?}");
    }
}

#[test]
fn after_a_greeting_a_line_that_a_person_may_have_written_is_plain() {
    for line in [
        "PASS me the salt, please",
        "PASS :( I wanted that",
        "USER interfaces are hard",
        "USER interfaces are hard :(",
        "USER manual, where is it?",
        "USER guide is 10 pages",
        "USER oh no! what! :(",
        "USER it says 10. 11 pages",
        "NICK is late again",
        "NICK 54321",
        "CAP is on the table",
        "CAP REQ is what I sent",
        "I learned about HTTP/1.1",
        "get about HTTP/1.1",
        "GET / is how you ask",
        "GET / HTTP/1.1 is what browsers say",
        "GET /",
        "DELETE everything",
        "SSH is fine",
        "SSH-2.0 is old enough",
        "PROXY TCP4 is a header",
        "PROXY UNKNOWN is one, too",
        "PROXY TCP is a thing",
        "WEBIRC needs a password I think",
        "helo everybody",
        "helo bob",
        "stats",
        "ping",
        "PING",
        "AUTH is broken again",
        "user of the day",
        "capa",
        "mode reader is a command",
        "a LOGIN page fails",
        "... LOGIN fails again",
        "APOP is old, use TLS",
        "CONNECT the dots",
        "connect",
        "host: example.org",
        "login: see the wiki",
        "Action: none",
        "BEGIN with this",
        "AUTHENTICATE is a verb",
        "init the module",
        "(sigh) init it again",
        "password reset does not work",
        "set the table for 4",
        "4 LOGIN attempts failed today",
        "{\"json\": 1}",
        "* waves",
        "*1 of them",
        "0\u{2}",
        "0",
        "",
    ] {
        for evidence in [GREETED, AT_PLAIN] {
            let bytes = [line.as_bytes(), b"\nx"].concat();
            let kind = whole(&bytes, evidence, true);
            assert_eq!(kind, Some(Kind::Plain), "{line:?}");
        }
    }
}

#[test]
fn after_a_greeting_a_line_that_may_be_a_log_in_is_in_doubt() {
    for line in [
        "nick bob",
        "pass secret",
        "USER root",
        "user root",
        "AUTH secret",
        "AUTH bob secret",
        "CAPA",
        "CONNECT",
        "STOMP",
        "host:example",
        "password hunter2",
        "HELO world",
    ] {
        assert_eq!(kind(line, GREETED), Kind::Doubt, "{line:?}");
        assert_eq!(kind(line, AT_PLAIN), Kind::Doubt, "{line:?}");
    }
    for line in ["NICK bob", "PASS secret"] {
        assert_eq!(kind(line, AT_PLAIN), Kind::Doubt, "{line:?}");
    }
}

#[test]
fn lines_in_doubt_are_limited_and_returned_before_a_registration() {
    let mut sniffer = Sniffer::default();
    sniffer.push(b"pass a\nnick b\r\nuser c 0 * :C\n");
    for _ in 0..2 {
        assert_eq!(sniffer.look(GREETED, false).kind, Some(Kind::Doubt));
    }
    assert_eq!(sniffer.look(GREETED, false).kind, Some(Kind::Irc));
    assert_eq!(sniffer.take(), b"pass a\r\nnick b\r\nuser c 0 * :C\n");
    let mut sniffer = Sniffer::default();
    sniffer.push(&b"pass a\n".repeat(5));
    let kinds: Vec<_> = (0..4).map(|_| sniffer.look(AT_PLAIN, false).kind).collect();
    assert_eq!(kinds, [Some(Kind::Doubt), Some(Kind::Doubt), Some(Kind::Doubt), Some(Kind::Irc)]);
}

#[test]
fn other_protocols_are_recognised_with_and_without_a_greeting() {
    for (opening, protocol) in [
        (&b"SSH-2.0-OpenSSH_9.6\r\n"[..], Protocol::Ssh),
        (b"*1\r\n$4\r\nPING\r\n", Protocol::Redis),
        (b"OPTIONS sip:nm SIP/2.0\r\n", Protocol::Sip),
        (b"REGISTER sip:example.org SIP/2.0\r\n", Protocol::Sip),
        (b"OPTIONS / RTSP/1.0\r\n", Protocol::Rtsp),
        (b"DESCRIBE rtsp://example.org/a RTSP/1.0\r\n", Protocol::Rtsp),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", Protocol::Proxy),
        (b"PROXY UNKNOWN\r\n", Protocol::Proxy),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", Protocol::Proxy),
        (b"WEBIRC s3cret gateway host 192.0.2.1\r\n", Protocol::Webirc),
        (b"WEBIRC s3cret gateway host 2001:db8::1 :secure\r\n", Protocol::Webirc),
        (b"EHLO scanner.example\r\n", Protocol::Smtp),
        (b"HELO scanner.example\r\n", Protocol::Smtp),
        (b"a001 LOGIN bob secret\r\n", Protocol::Imap),
        (b"a001 LOGIN \"bob\" \"my own secret\"\r\n", Protocol::Imap),
        (b"a001 LOGIN {3}\r\nbob {6}\r\nsecret\r\n", Protocol::Imap),
        (b"a001 AUTHENTICATE PLAIN AGJvYgBzZWNyZXQ=\r\n", Protocol::Imap),
        (b". LOGIN bob secret\r\n", Protocol::Imap),
        (b"a1 capability\r\n", Protocol::Imap),
        (b"AUTHINFO PASS secret\r\n", Protocol::Nntp),
        (b"authinfo user bob\r\n", Protocol::Nntp),
        (b"mode reader\r\n", Protocol::Nntp),
        (b"APOP bob c4c9334bac560ecc979e58001b3e22fb\r\n", Protocol::Login),
        (b"HELLO 3 AUTH default secret\r\n", Protocol::Redis),
        (b"accept-version:1.2\n", Protocol::Stomp),
        (b"passcode:secret\n", Protocol::Stomp),
        (b"Action: Login\r\nSecret: secret\r\n", Protocol::Asterisk),
        (b"BEGIN AUTH REQUEST\n/cvs\nbob\n", Protocol::Cvs),
        (b"AUTHENTICATE \"PLAIN\" \"AGJvYgBzZWNyZXQ=\"\r\n", Protocol::Sieve),
        (b"AUTHENTICATE \"PLAIN\" {16+}\r\n", Protocol::Sieve),
        (b"AUTHENTICATE \"secret\"\r\n", Protocol::Tor),
        (b"PROTOCOLINFO 1\r\n", Protocol::Tor),
        (b"init password=secret,compression=off\n", Protocol::Weechat),
        (b"(1) handshake password_hash_algo=plain\n", Protocol::Weechat),
        (b"webirc s3cret gateway host 192.0.2.1\r\n", Protocol::Webirc),
        (b"MODE READER\r\n", Protocol::Nntp),
        (b"CONNECT {\"verbose\":false,\"pass\":\"s3cret\"}\r\n", Protocol::Nats),
        (b"set key 0 60 5\r\n", Protocol::Memcached),
        (b"<?xml version='1.0'?><stream:stream to='x'>\n", Protocol::Xml),
        (b"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n", Protocol::JsonRpc),
        (b"RFB 003.008\n", Protocol::Vnc),
        (b"0032git-upload-pack /project.git\0host=x\0\n", Protocol::Git),
        (b"@RSYNCD: 31.0\n", Protocol::Rsync),
        (b"\x03\0\0\x13\x0e\xe0\0\0", Protocol::Rdp),
        (b"\x30\x0c\x02\x01\x01\x60", Protocol::Ldap),
        (b"\x30\x81\x9a\x02\x01\x01\x60\x81", Protocol::Ldap),
        (b"\x30\x82\x01\x20\x02\x01\x01\x60", Protocol::Ldap),
        (b"\x30\x84\0\0\0\x2d", Protocol::Binary),
        (b"\x10\x1e\0\x04MQTT", Protocol::Mqtt),
        (b"\x05\x01\0", Protocol::Socks),
        (b"\x04\x01\x1f\x90", Protocol::Socks),
        (b"\x13BitTorrent protocol", Protocol::BitTorrent),
        (b"\0\0\0\xa4\xffSMB", Protocol::Binary),
        (b"\0\0\0\x08\x04\xd2\x16\x2f", Protocol::Binary),
        (b"l\0\x0b\0\0\0\0\0", Protocol::Binary),
        (b"AMQP\0\0\x09\x01", Protocol::Binary),
        (b"\x80\0\0\x28\x72\xfe\x1d\x13", Protocol::Binary),
        (&[0xff; 16], Protocol::Binary),
    ] {
        for evidence in [Evidence::Open, Evidence::Irc, GREETED, AT_PLAIN] {
            for noise in [&b""[..], b"\r\n", b"\xef\xbb\xbf", b"\xff\xfb\x1f", b"\x02\n"] {
                let bytes = [noise, opening].concat();
                let expected = Some(Kind::Stranger(protocol));
                assert_eq!(whole(&bytes, evidence, false), expected, "{bytes:?}, {evidence:?}");
                let (kind, before) = by_bytes(&bytes, evidence, false);
                assert_eq!(kind, expected, "{bytes:?}, {evidence:?}");
                assert!(noise == before || before.is_empty(), "{bytes:?}: {before:?} is no noise");
            }
        }
    }
}

#[test]
fn tls_is_recognised_by_two_bytes() {
    assert_eq!(whole(b"\x16\x03", Evidence::Open, false), Some(Kind::Tls));
    assert_eq!(whole(b"\r\n\x16\x03\x01", GREETED, false), Some(Kind::Tls));
    assert_eq!(whole(b"\x80\x9e\x01\x03\x01", AT_PLAIN, false), Some(Kind::Tls));
    assert_eq!(whole(b"\x16", Evidence::Open, false), None);
    assert_eq!(whole(b"\x16hello\n", Evidence::Open, false), Some(Kind::Plain));
}

#[test]
fn a_line_without_an_end_is_classified_by_its_beginning() {
    let long = |start: &str, filler: &str| {
        let mut line = String::from(start);
        while line.len() <= OPENING_BYTES_MAX {
            line += filler;
        }
        line
    };
    for (line, expected) in [
        (long("POST /", "a"), Kind::Http),
        (long("post /", "a"), Kind::Http),
        (long("POST / ", "is how you ask "), Kind::Http),
        (long("PASS ", "x"), Kind::Irc),
        (long("REGISTER sip:", "x"), Kind::Stranger(Protocol::Sip)),
        (long("hello ", "you "), Kind::Plain),
    ] {
        for evidence in [GREETED, AT_PLAIN, Evidence::Open] {
            assert_eq!(whole(line.as_bytes(), evidence, false), Some(expected), "{:?}", &line[..20]);
            assert_eq!(by_bytes(line.as_bytes(), evidence, false).0, Some(expected), "{:?}", &line[..20]);
        }
    }
    assert_eq!(whole(&long("POST /", "a").as_bytes()[..OPENING_BYTES_MAX], GREETED, false), None);
}

#[test]
fn an_incomplete_request_is_recognised() {
    for line in ["GET /index.html", "GET / H", "get / http/1.", "POST /x HTTP/1.1"] {
        assert_eq!(whole(line.as_bytes(), AT_PLAIN, true), Some(Kind::Http), "{line:?}");
    }
    for line in ["GET / is how", "GET me that", "hello"] {
        assert_eq!(whole(line.as_bytes(), AT_PLAIN, true), Some(Kind::Plain), "{line:?}");
    }
}

#[test]
fn after_a_silence_the_held_bytes_decide() {
    for (bytes, expected) in [
        (&b"GET /chat"[..], Kind::Http),
        (b"NICK ali", Kind::Irc),
        (b"<stream:stream to='x'>", Kind::Stranger(Protocol::Xml)),
        (b"NI", Kind::Plain),
        (b"\x16", Kind::Plain),
        (b"hel", Kind::Plain),
        (b"", Kind::Plain),
    ] {
        let mut sniffer = Sniffer::default();
        sniffer.push(bytes);
        assert_eq!(sniffer.look(Evidence::Open, false).kind, None, "{bytes:?}");
        assert_eq!(sniffer.guess(), expected, "{bytes:?}");
    }
}

#[test]
fn an_opening_is_passed_on_from_its_first_byte() {
    let mut sniffer = Sniffer::default();
    sniffer.push(b"\r\n\xff\xfb\x1fGET / HT");
    let sniffed = sniffer.look(Evidence::Open, false);
    assert_eq!((sniffed.noise, sniffed.kind), (b"\r\n\xff\xfb\x1f".to_vec(), None));
    assert!(!sniffer.has_unread());
    sniffer.push(b"TP/1.1\r\nHost: x\r\n\r\n");
    assert!(sniffer.has_unread());
    let sniffed = sniffer.look(Evidence::Open, false);
    assert_eq!((sniffed.noise, sniffed.kind), (vec![], Some(Kind::Http)));
    assert_eq!(sniffer.take(), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(sniffer.held_bytes(), 0);
}

#[test]
fn a_short_line_of_nul_is_noise_and_a_long_one_is_binary() {
    assert_eq!(kind("\0\0\0\0\0\0\0hello", Evidence::Open), Kind::Stranger(Protocol::Binary));
    assert_eq!(whole(b"\0\0\0\n", GREETED, false), None);
    for count in 8..20 {
        let bytes = [&b"\0".repeat(count)[..], b"\nhello\n"].concat();
        let expected = Some(Kind::Stranger(Protocol::Binary));
        assert_eq!(whole(&bytes, GREETED, false), expected);
        assert_eq!(by_bytes(&bytes, GREETED, false).0, expected);
    }
}

#[test]
fn a_connection_with_too_much_noise_is_plain() {
    let mut sniffer = Sniffer::default();
    sniffer.push(&b"\n".repeat(NOISE_BYTES_MAX));
    assert_eq!(sniffer.look(GREETED, false).kind, None);
    sniffer.push(b"\n\n");
    assert_eq!(sniffer.look(GREETED, false).kind, Some(Kind::Plain));
}

#[test]
fn utf_16_is_plain() {
    for text in
        [&b"h\0e\0l\0l\0o\0\n\0"[..], b"\0h\0e\0l\0l\0o\0\n", b"\xff\xfeh\0i\0\n\0", b"\xfe\xff\0h\0i\0\n"]
    {
        assert_eq!(whole(text, Evidence::Open, false), Some(Kind::Plain), "{text:?}");
        assert_eq!(by_bytes(text, Evidence::Open, false).0, Some(Kind::Plain), "{text:?}");
    }
}

#[test]
fn only_the_first_bytes_may_be_a_byte_order_mark_of_utf_16() {
    for noise in [&b"\r\n\xff\xfe\x01"[..], b"\xff\xfb\x1f\xff\xfe\x01", b"\x02\xff\xfe\x03\n"] {
        let bytes = [noise, b"\0\0\0\x08\x04\xd2\x16\x2f"].concat();
        let expected = Some(Kind::Stranger(Protocol::Binary));
        assert_eq!(whole(&bytes, Evidence::Open, false), expected, "{noise:?}");
        assert_eq!(by_bytes(&bytes, Evidence::Open, false).0, expected, "{noise:?}");
    }
    let marked = b"\xff\xfe\x01\0h\0i\0\n\0";
    assert_eq!(whole(marked, Evidence::Open, true), Some(Kind::Plain));
}

#[test]
fn held_bytes_are_limited() {
    for filler in [&b"a"[..], b" ", b"\x02", b"@", b"@a ", b"\xff\xfa", b"\0", b"\r\n\r\n\0\r\n", b"PASS"] {
        let mut sniffer = Sniffer::default();
        for _ in 0..20_000 {
            sniffer.push(filler);
            if sniffer.look(GREETED, false).kind.is_some() {
                break;
            }
            assert!(sniffer.held_bytes() <= 3 * OPENING_BYTES_MAX + 16, "{filler:?}");
        }
    }
}
