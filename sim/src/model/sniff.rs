//! Detects the protocol of a connection from its first bytes (docs/IRC.md, "One port for everyone"). It is independent
//! of the core's sniffer, and does not work incrementally: each time it examines all bytes since the last noise.

use parlor_protocol::Name;
use std::net::IpAddr;

/// The protocol that a client has begun to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detected {
    /// It is not clear: a line of a greeted person with this many bytes may be a login. It must not be sent to the
    /// room.
    Doubt(usize),
    Http,
    Irc,
    Plain,
    /// Another protocol, by its name.
    Stranger(&'static str),
    Tls,
}

/// The result of examining the first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sniffed {
    /// The first bytes, this many, are noise.
    Noise(usize),
    NotYet,
    Detected(Detected),
}

/// The circumstances in which the bytes arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The client was greeted in the plain dialect, at a listener that is for IRC as well or not.
    Greeted { irc_too: bool },
    /// The listener is for IRC only.
    IrcPort,
    /// The listener is for any dialect, and the client was not greeted.
    Unknown,
}

impl Origin {
    const fn is_greeted(self) -> bool {
        matches!(self, Self::Greeted { .. })
    }
}

/// The facts besides the bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Evidence {
    pub(super) from: Origin,
    /// Whether there will be no more bytes.
    pub(super) ended: bool,
    /// Whether these are the first bytes of all.
    pub(super) is_first: bool,
    /// Whether the first bytes of all may have been the byte order mark of UTF-16.
    pub(super) utf16: bool,
}

const LINE_BYTES_MAX: usize = 4_096;
const IAC: u8 = 255;
const PROXY2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

pub(super) fn examine(bytes: &[u8], known: Evidence) -> Sniffed {
    let wait = |otherwise: Sniffed| if known.ended { otherwise } else { Sniffed::NotYet };
    let Some(&first) = bytes.first() else { return Sniffed::NotYet };
    if bytes.starts_with(PROXY2) {
        return Sniffed::Detected(Detected::Stranger("PROXY"));
    }
    if PROXY2.starts_with(bytes) && !known.ended {
        return Sniffed::NotYet;
    }
    let mark = "\u{feff}".as_bytes();
    if bytes.starts_with(mark) {
        return Sniffed::Noise(mark.len());
    }
    if mark.starts_with(bytes) && !known.ended {
        return Sniffed::NotYet;
    }
    if bytes.starts_with(b"\r\0") {
        return Sniffed::Noise(2);
    }
    if b"\r\n".contains(&first) {
        return Sniffed::Noise(1);
    }
    if first == IAC {
        return telnet(bytes, known.ended);
    }
    if known.is_first && bytes.starts_with(&[0xfe, 0xff]) {
        return Sniffed::Detected(Detected::Plain);
    }
    if known.is_first && bytes == [0xfe] && !known.ended {
        return Sniffed::NotYet;
    }
    for (pattern, detected) in SIGNATURES {
        let fits = bytes.iter().zip(*pattern).all(|(byte, one_of)| fits(*byte, one_of));
        if fits && bytes.len() >= pattern.len() {
            return Sniffed::Detected(*detected);
        }
        if fits && !known.ended {
            return Sniffed::NotYet;
        }
    }
    let line_end = bytes.iter().position(|it| b"\r\n\xff".contains(it));
    let head: Vec<u8> = bytes.iter().copied().take(line_end.unwrap_or(bytes.len()).min(8)).collect();
    let all_seen = known.ended || line_end.is_some() || head.len() == 8;
    if !all_seen && (head.len() < 4 || head[0].is_ascii_control()) {
        return Sniffed::NotYet;
    }
    if !known.utf16 {
        let unseen = line_end.is_some_and(|end| end < 8) && head.iter().all(u8::is_ascii_control);
        let letter = |at: usize| head.get(at).is_some_and(|it| (b' '..=b'~').contains(it));
        let nul = |at: usize| head.get(at) == Some(&0);
        let wide = letter(0) && nul(1) && letter(2) && nul(3) || nul(0) && letter(1) && nul(2) && letter(3);
        if head.contains(&0) && !wide && !unseen {
            return Sniffed::Detected(Detected::Stranger("binary"));
        }
    }
    if first != b'\t' && (first < b' ' || first == 0x7f) {
        return Sniffed::Noise(1);
    }
    text(bytes, known, wait)
}

/// The bytes that are allowed at one place of a signature. If there are none, any byte but CR, LF and IAC is.
type OneOf = &'static [u8];

const SIGNATURES: &[(&[OneOf], Detected)] = &[
    (&[&[0x16], &[3]], Detected::Tls),
    (&[&[0x80], &[], &[1], &[0, 3]], Detected::Tls),
    (&[&[3], &[0], &[0]], Detected::Stranger("RDP")),
    (&[&[0x30], &[], &[2], &[1]], Detected::Stranger("LDAP")),
    (&[&[0x30], &[0x81], &[], &[2], &[1]], Detected::Stranger("LDAP")),
    (&[&[0x30], &[0x82], &[], &[], &[2], &[1]], Detected::Stranger("LDAP")),
    (&[&[0x10], &[], &[0], &[4, 6]], Detected::Stranger("MQTT")),
    (&[&[4], &[1, 2]], Detected::Stranger("SOCKS")),
    (&[&[5], &[1, 2, 3, 4], &[0, 1, 2]], Detected::Stranger("SOCKS")),
    (&[&[0xfe], &[1]], Detected::Stranger("binary")),
    (&[&[0xf9], &[0xbe], &[0xb4], &[0xd9]], Detected::Stranger("binary")),
    (
        &[&[0x13], b"B", b"i", b"t", b"T", b"o", b"r", b"r", b"e", b"n", b"t"],
        Detected::Stranger("BitTorrent"),
    ),
    (&[&[1], b"d", b"e", b"f", b"a", b"u", b"l", b"t", b"\n"], Detected::Stranger("binary")),
];

fn fits(byte: u8, one_of: OneOf) -> bool {
    if one_of.is_empty() { !b"\r\n\xff".contains(&byte) } else { one_of.contains(&byte) }
}

fn telnet(bytes: &[u8], ended: bool) -> Sniffed {
    let ours = bytes.iter().take_while(|&&it| it == IAC).count();
    match (ours, bytes.get(1)) {
        (4.., _) => Sniffed::Detected(Detected::Stranger("binary")),
        (1..=3, _) if ours == bytes.len() && !ended => Sniffed::NotYet,
        (1, None) | (2.., _) => Sniffed::Detected(Detected::Plain),
        (_, Some(251..=254)) if bytes.len() > 2 => Sniffed::Noise(3),
        (_, Some(251..=254)) if !ended => Sniffed::NotYet,
        (_, Some(250)) => {
            let option: Vec<u8> = bytes[2..].iter().copied().take(512).collect();
            let mut at = 0;
            while at < option.len() {
                match option[at..] {
                    [IAC, 240, ..] => return Sniffed::Noise(2 + at + 2),
                    [IAC, _, ..] => at += 2,
                    _ => at += 1,
                }
            }
            if ended || option.len() == 512 { Sniffed::Detected(Detected::Plain) } else { Sniffed::NotYet }
        }
        _ => Sniffed::Noise(2),
    }
}

/// Examines a line of text after the noise.
fn text(all: &[u8], known: Evidence, wait: impl Fn(Sniffed) -> Sniffed) -> Sniffed {
    let blanks = all.iter().take_while(|it| b" \t".contains(it)).count();
    let bytes = &all[blanks.min(LINE_BYTES_MAX)..];
    if bytes.starts_with(b"@RSYNCD:") {
        return Sniffed::Detected(Detected::Stranger("rsync"));
    }
    let mut line = bytes;
    if bytes.first() == Some(&b'@') {
        let tags_end = bytes.iter().position(|it| b" \r\n".contains(it));
        match tags_end {
            None if bytes.len() > LINE_BYTES_MAX => return Sniffed::Detected(Detected::Plain),
            None => return wait(Sniffed::Detected(Detected::Plain)),
            Some(end) if end <= LINE_BYTES_MAX && bytes[end] == b' ' => {
                let blanks = bytes[end..].iter().take_while(|&&it| it == b' ').count();
                line = &bytes[end + blanks.min(LINE_BYTES_MAX)..];
            }
            Some(_) => {}
        }
    }
    let before = all.len() - line.len();
    let end = line.iter().take(LINE_BYTES_MAX + 1).position(|it| b"\r\n\xff".contains(it));
    let (line, ends) = match end {
        Some(end) if line[end] == IAC => return Sniffed::Detected(Detected::Plain),
        Some(end) => (&line[..end], LineEnd::Present),
        None if line.len() > LINE_BYTES_MAX => (&line[..LINE_BYTES_MAX], LineEnd::Missing),
        None if known.ended => (line, LineEnd::EndOfInput),
        None => return Sniffed::NotYet,
    };
    let detected = first_line(line, known.from, ends);
    let counted = |detected| match detected {
        Detected::Doubt(_) if ends == LineEnd::Missing => Detected::Irc,
        Detected::Doubt(_) => Detected::Doubt(before + line.len()),
        detected => detected,
    };
    Sniffed::Detected(counted(detected))
}

/// The end of the first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineEnd {
    Present,
    Missing,
    EndOfInput,
}

/// Whether a line of a client that registers is an HTTP request. `cut` is whether its end is missing.
pub(super) fn is_request(line: &[u8], cut: bool) -> bool {
    let ends = if cut { LineEnd::Missing } else { LineEnd::Present };
    let words = split(line);
    let is = |from| http(&words, from, ends) == Some(Detected::Http);
    words.len() > 2 && is(Origin::IrcPort) || is(Origin::Greeted { irc_too: true })
}

fn split(line: &[u8]) -> Vec<&[u8]> {
    line.split(|it| b" \t".contains(it)).filter(|it| !it.is_empty()).collect()
}

fn first_line(line: &[u8], from: Origin, ends: LineEnd) -> Detected {
    let words = split(line);
    if let Some(detected) = http(&words, from, ends) {
        return detected;
    }
    if let Some(name) = elsewhere(line, &words, from) {
        return Detected::Stranger(name);
    }
    irc(&words, from).unwrap_or(Detected::Plain)
}

const METHODS: &str = "ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT CONNECT COPY DEBUG DELETE GET HEAD LABEL LINK LOCK \
                       M-SEARCH MERGE MKCALENDAR MKCOL MOVE NOTIFY OPTIONS PATCH POST PRI PROPFIND PROPPATCH PURGE \
                       PUT QUERY REPORT SEARCH SOURCE SUBSCRIBE TRACE UNLOCK UNSUBSCRIBE";

/// Whether the words are a request line of HTTP or a similar protocol: a method, a target and a version.
fn http(words: &[&[u8]], from: Origin, ends: LineEnd) -> Option<Detected> {
    let texts: Vec<String> = words.iter().map(|it| String::from_utf8_lossy(it).into_owned()).collect();
    let method = texts.first()?.as_str();
    let target = texts.get(1)?.as_str();
    if method.len() > 24 || !method.chars().all(|it| it.is_ascii_alphabetic() || "-_".contains(it)) {
        return None;
    }
    let known = METHODS.split_whitespace().any(|it| it == method.to_ascii_uppercase());
    let capital = method == method.to_ascii_uppercase();
    let lower = target.to_ascii_lowercase();
    let sip = lower.starts_with("sip:") || lower.starts_with("sips:");
    let port = |port: &str| !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit());
    let to_port = target.rsplit_once(':').is_some_and(|(host, it)| !host.is_empty() && port(it));
    let path = target.starts_with('/')
        || target == "*"
        || target.contains("://")
        || method.eq_ignore_ascii_case("connect") && to_port;
    let when = |it: bool, detected| it.then_some(detected);
    if ends == LineEnd::Missing {
        return when(known && path, Detected::Http)
            .or(when(sip && !(known && path), Detected::Stranger("SIP")));
    }
    match texts.len() {
        2 => when(known && path && (!from.is_greeted() || ends == LineEnd::EndOfInput), Detected::Http),
        3 => {
            let third = texts[2].to_ascii_uppercase();
            if ends == LineEnd::EndOfInput && known && path && "HTTP/".starts_with(&third) {
                return Some(Detected::Http);
            }
            match version(&third)? {
                Detected::Http => when(path || known && capital, Detected::Http),
                detected => when(path || sip || capital && target.contains(':'), detected),
            }
        }
        _ => version(&texts[texts.len() - 1].to_ascii_uppercase())
            .filter(|_| !from.is_greeted() && known && capital),
    }
}

fn version(word: &str) -> Option<Detected> {
    let (name, number) = word.split_once('/')?;
    if number.chars().any(|it| !it.is_ascii_digit() && it != '.') {
        return None;
    }
    match name {
        "HTTP" | "ICAP" => Some(Detected::Http),
        "RTSP" => Some(Detected::Stranger("RTSP")),
        "SIP" => Some(Detected::Stranger("SIP")),
        _ => None,
    }
}

fn number(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(u8::is_ascii_digit)
}

fn address(word: &[u8]) -> bool {
    std::str::from_utf8(word).is_ok_and(|it| it.parse::<IpAddr>().is_ok())
}

fn elsewhere(line: &[u8], words: &[&[u8]], from: Origin) -> Option<&'static str> {
    let is_unknown = from == Origin::Unknown;
    let contains = |part: &[u8]| line.windows(part.len()).any(|it| it == part);
    for (start, name) in [
        (&b"<?xml"[..], "XML"),
        (b"<stream:stream", "XML"),
        (b"<policy-file-request/>", "XML"),
        (b"RFB 003.", "VNC"),
    ] {
        if line.starts_with(start) {
            return Some(name);
        }
    }
    if line.starts_with(b"{") && (contains(b"\"jsonrpc\"") || contains(b"\"method\"")) {
        return Some("JSON-RPC");
    }
    if line.len() >= 8 && line[..4].iter().all(u8::is_ascii_hexdigit) && &line[4..8] == b"git-" {
        return Some("Git");
    }
    let (first, rest) = words.split_first()?;
    if ssh(first) {
        return Some("SSH");
    }
    if let [b'*', count @ ..] = *first
        && rest.is_empty()
        && number(count)
        && count.len() <= 4
    {
        return Some("Redis");
    }
    let host =
        |word: &[u8]| word.contains(&b'.') || word[0] == b'[' || word.eq_ignore_ascii_case(b"localhost");
    match (first.to_ascii_uppercase().as_slice(), rest) {
        (b"EHLO" | b"LHLO", [_]) => return Some("SMTP"),
        (b"HELO", [word]) if host(word) || is_unknown && *first == b"HELO" => return Some("SMTP"),
        (b"WEBIRC", [_, _, _, ip, ..]) if address(ip.strip_prefix(b":").unwrap_or(ip)) => {
            return Some("WEBIRC");
        }
        (b"AUTHINFO", [what, _]) if [b"USER", b"PASS"].iter().any(|it| what.eq_ignore_ascii_case(*it)) => {
            return Some("NNTP");
        }
        (b"ACTION:", [what]) if what.eq_ignore_ascii_case(b"login") => return Some("Asterisk"),
        (b"MODE", [what]) if what.eq_ignore_ascii_case(b"READER") => return Some("NNTP"),
        _ => {}
    }
    Some(match (*first, rest) {
        (b"PROXY", [b"TCP4" | b"TCP6" | b"UNKNOWN", ..]) if !from.is_greeted() => "PROXY",
        (b"PROXY", [b"TCP4" | b"TCP6" | b"UNKNOWN"]) => "PROXY",
        (b"PROXY", [b"TCP4" | b"TCP6" | b"UNKNOWN", ip, ..]) if address(ip) => "PROXY",
        (b"WEBIRC", [_, ..]) if !from.is_greeted() => "WEBIRC",
        (b"AUTH", [_] | [_, _]) if is_unknown => "Redis",
        (b"HELLO", [b"2" | b"3", b"AUTH", ..]) => "Redis",
        (b"APOP", [_, _]) => "FTP/POP3",
        (b"CONNECT" | b"STOMP", []) if !from.is_greeted() => "STOMP",
        (header, []) if stomp(header) => "STOMP",
        (b"BEGIN", [b"AUTH" | b"GSSAPI" | b"VERIFICATION", b"REQUEST"]) => "CVS",
        (b"AUTHENTICATE", [one, two, ..]) if one[0] == b'"' && b"\"{".contains(&two[0]) => "ManageSieve",
        (b"AUTHENTICATE", [one, ..]) if one[0] == b'"' => "Tor",
        (b"PROTOCOLINFO", [] | [_]) => "Tor",
        _ if relay(words) => "WeeChat relay",
        (b"CONNECT", [object, ..]) if object[0] == b'{' => "NATS",
        (b"CAPA", []) if is_unknown => "FTP/POP3",
        (b"stats", []) if is_unknown => "memcached",
        (b"set", [_, one, two, three]) if number(one) && number(two) && number(three) => "memcached",
        (tag, rest) if imap(tag, rest) => "IMAP",
        _ => return None,
    })
}

/// Whether the word is an SSH identification string.
fn ssh(word: &[u8]) -> bool {
    let mut parts = word.splitn(3, |it| *it == b'-');
    parts.next() == Some(b"SSH")
        && matches!(parts.next(), Some([b'1' | b'2', b'.', minor @ ..]) if number(minor))
        && parts.next().is_some()
}

/// Whether the line is a header of STOMP that no person would write.
fn stomp(line: &[u8]) -> bool {
    ["accept-version:", "heart-beat:", "login:", "passcode:"]
        .iter()
        .any(|name| line.len() > name.len() && line.starts_with(name.as_bytes()))
}

/// Whether the words are the first command of a client of the `WeeChat` relay. It may have an id in parentheses before
/// it.
fn relay(words: &[&[u8]]) -> bool {
    let named = words[0][0] == b'(';
    let Some([command, options]) = words.get(usize::from(named)..).and_then(|it| it.first_chunk()) else {
        return false;
    };
    [(&b"init"[..], &b"password"[..]), (b"handshake", b"password_hash_algo=")]
        .iter()
        .any(|(name, option)| command == name && options.starts_with(option))
}

/// Whether the words are the first command of an IMAP client.
fn imap(tag: &[u8], rest: &[&[u8]]) -> bool {
    let numbered = tag.iter().all(u8::is_ascii_alphanumeric) && tag.iter().any(u8::is_ascii_digit);
    let Some(command) = rest.first().filter(|_| numbered || tag == b".") else { return false };
    // A quoted string, or a literal that follows on a line of its own.
    let string = |it: &[u8]| b"\"{".contains(&it[0]);
    match (*command, rest.len()) {
        (b"LOGIN", 3) | (b"AUTHENTICATE", 2 | 3) => true,
        (b"LOGIN", 2..) => string(rest[1]) || rest.get(2).is_some_and(|it| string(it)),
        (_, 1) => ["CAPABILITY", "STARTTLS"].iter().any(|it| command.eq_ignore_ascii_case(it.as_bytes())),
        _ => false,
    }
}

/// Examines a line that may be the first one of an IRC client.
fn irc(words: &[&[u8]], from: Origin) -> Option<Detected> {
    let (first, params) = words.split_first()?;
    if params.is_empty() {
        // These may be followed by a login, or by the headers of a STOMP frame.
        let begins = [&b"CAPA"[..], b"CONNECT", b"STOMP"].contains(first)
            || first.strip_prefix(b"host:").is_some_and(|host| !host.is_empty());
        return (begins && from.is_greeted()).then_some(Detected::Doubt(0));
    }
    if !from.is_greeted() && [&b"CAP"[..], b"NICK", b"PASS", b"USER"].contains(first) {
        return Some(Detected::Irc);
    }
    let upper = first.to_ascii_uppercase();
    let shouted = upper == *first;
    // The words after a colon are one parameter.
    let count = params.iter().position(|it| it[0] == b':').map_or(params.len(), |at| at + 1);
    let bare = |word: &[u8]| word.strip_prefix(b":").unwrap_or(word).to_vec();
    let surely = match upper.as_slice() {
        b"CAP" => {
            return match (params[0].to_ascii_uppercase().as_slice(), &params[1..]) {
                (b"LS" | b"END" | b"LIST", []) => Some(Detected::Irc),
                (b"LS", [version]) if bare(version).iter().all(u8::is_ascii_digit) => Some(Detected::Irc),
                (b"REQ", _) if count == 2 => Some(Detected::Irc),
                _ => None,
            };
        }
        b"USER" if user(params, count) => return Some(Detected::Irc),
        b"NICK"
            if params.len() == 1
                && String::from_utf8(bare(params[0])).is_ok_and(|it| Name::parse(&it).is_ok()) =>
        {
            shouted
        }
        b"PASS" if params.len() == 1 => shouted,
        // The password after the colon may have several words, but a smiley is followed by a sentence.
        b"PASS"
            if count == 1 && params[0].get(1).is_some_and(|it| it.is_ascii_alphanumeric() || *it > 127) =>
        {
            shouted
        }
        b"AUTH" | b"HELO" if shouted && params.len() == 1 && from.is_greeted() => {
            return Some(Detected::Doubt(0));
        }
        b"AUTH" if shouted && params.len() == 2 && from.is_greeted() => return Some(Detected::Doubt(0)),
        b"PASSWORD" | b"USER" if params.len() == 1 && from.is_greeted() => return Some(Detected::Doubt(0)),
        _ => return None,
    };
    match from {
        Origin::Greeted { irc_too: true } if surely => Some(Detected::Irc),
        Origin::Greeted { .. } => Some(Detected::Doubt(0)),
        Origin::IrcPort | Origin::Unknown => Some(Detected::Irc),
    }
}

fn user(params: &[&[u8]], count: usize) -> bool {
    let [name, mode, unused, real_name, ..] = params else { return false };
    if unused[0] == b':' && address(unused) {
        return true;
    }
    let program = |it: &[u8]| {
        let host = it.contains(&b'.') && !it.ends_with(b".");
        let host = host && it.iter().all(|it| it.is_ascii_alphanumeric() || b".-_:".contains(it));
        let quoted = it.len() > 1 && it.starts_with(b"\"") && it.ends_with(b"\"");
        [&b"*"[..], b".", b"-"].contains(&it) || it[0] == b'+' || number(it) || quoted || host
    };
    let by_program = mode == unused || name == mode || program(mode) && program(unused);
    let letters = |it: &[u8]| it.len() == 2 && it.iter().all(|it| it.is_ascii_alphanumeric() || *it > 127);
    let named = real_name[0] == b':' && real_name.get(1..3).is_some_and(letters);
    count == 4 && (by_program || named)
}

/// Returns the answer to a client whose protocol is not served, before it is closed.
pub(super) fn answer(detected: Detected, server: &str, ways: Ways, chinese: bool) -> String {
    match detected {
        Detected::Http => http_answer(server, ways, chinese),
        Detected::Irc => format!("ERROR :Closing link: IRC is not spoken at this port of {server}\r\n"),
        Detected::Stranger("Redis") => format!("-ERR {server} is a chat room\r\n"),
        Detected::Stranger("SMTP") => format!("554 {server} is a chat room\r\n"),
        Detected::Stranger("NNTP") => format!("400 {server} is a chat room\r\n"),
        Detected::Stranger("IMAP") => format!("* BYE {server} is a chat room\r\n"),
        Detected::Stranger("WEBIRC") => {
            format!("ERROR :Closing link: WEBIRC is not accepted at this port of {server}\r\n")
        }
        Detected::Stranger("binary" | "BitTorrent" | "Git" | "LDAP" | "MQTT" | "PROXY" | "RDP" | "SOCKS") => {
            String::new()
        }
        Detected::Stranger(name) if chinese => {
            format!("* 此服务器不支持 {name}，您的内容没有发送；如要聊天，请重新连接，并先发送其他内容\n")
        }
        Detected::Stranger(name) => format!(
            "* this server does not speak {name}, and your line was not sent; to chat, connect again and start with a \
             different line\n"
        ),
        Detected::Doubt(_) | Detected::Plain | Detected::Tls => String::new(),
    }
}

/// The ways to join, which the answer to an HTTP request lists.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ways {
    pub(super) plain: bool,
    pub(super) irc: bool,
    pub(super) password: bool,
}

fn http_answer(server: &str, ways: Ways, chinese: bool) -> String {
    let said = |english: &'static str, in_chinese: &'static str| if chinese { in_chinese } else { english };
    let mut body = match chinese {
        true => format!("这里是聊天服务器 {server}，不是网站。\n\n"),
        false => format!("This is {server}, a chat server, not a web site.\n\n"),
    };
    body += said(
        "To join, connect to this address and port with:\n\n",
        "要进入聊天室，请用以下方式连接此地址和端口：\n\n",
    );
    if ways.plain && !ways.password {
        body += "- parlor chat HOST:PORT\n- nc HOST PORT\n";
    }
    match (ways.irc, ways.password) {
        (true, false) => body += said("- any IRC client, without TLS\n", "- 任意 IRC 客户端，不使用 TLS\n"),
        (true, true) => {
            body += said(
                "- any IRC client, without TLS, with the server's password\n",
                "- 任意 IRC 客户端，不使用 TLS，并提供服务器密码\n",
            );
        }
        (false, true) => {
            body += said(
                "- nothing: a password is required, and cannot be sent at this port\n",
                "- 无：服务器设有密码，而此端口无法发送密码\n",
            );
        }
        (false, false) => {}
    }
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
}
