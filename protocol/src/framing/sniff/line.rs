//! Openings that are text, recognised by their first line.

use super::{Class, Evidence, IAC, Kind, OPENING_BYTES_MAX, Protocol, TAGS_BYTES_MAX};
use crate::base::name::Name;
use alloc::vec::Vec;

/// The end of a first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The input ended without a line end: the line may be the beginning of a longer one.
    Input,
    /// No line end was received within the bytes that are examined.
    Later,
    /// A line end.
    Line,
}

/// Classifies the beginning of a line.
pub(super) fn classify(bytes: &[u8], evidence: Evidence, ended: bool) -> Class {
    let blanks = bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let bytes = &bytes[blanks.min(OPENING_BYTES_MAX)..];
    if bytes.starts_with(b"@RSYNCD:") {
        return Class::Is(Kind::Stranger(Protocol::Rsync));
    }
    let tags = match tags_length(bytes) {
        Some(length) => length,
        None if ended || bytes.len() > TAGS_BYTES_MAX => return Class::Is(Kind::Plain),
        None => return Class::More,
    };
    let rest = &bytes[tags..];
    let end = memchr::memchr3(b'\r', b'\n', IAC, rest).filter(|&end| end <= OPENING_BYTES_MAX);
    let (line, end) = match end {
        // A telnet command in the middle of a line comes from a person's terminal, and from none of these protocols.
        Some(end) if rest[end] == IAC => return Class::Is(Kind::Plain),
        Some(end) => (&rest[..end], End::Line),
        None if rest.len() > OPENING_BYTES_MAX => (&rest[..OPENING_BYTES_MAX], End::Later),
        None if ended => (rest, End::Input),
        None => return Class::More,
    };
    Class::Is(kind(line, evidence, end))
}

/// Returns whether a line is a request line of HTTP. `cut` is whether a limit dropped its end.
pub(crate) fn is_request(line: &[u8], cut: bool) -> bool {
    let end = if cut { End::Later } else { End::Line };
    let strict = Evidence::Greeted { may_be_irc: true };
    let words = words(line);
    // More than three words are a request, too: a connection that has not registered is not a person who talks about one.
    request(&words, Evidence::Irc, end) == Some(Kind::Http) && words.len() > 2
        || request(&words, strict, end) == Some(Kind::Http)
}

/// Returns the number of bytes of the tags before an IRC message (IRCv3, message-tags) and of the blanks after them; `None`
/// if their end was not received.
fn tags_length(bytes: &[u8]) -> Option<usize> {
    if bytes.first() != Some(&b'@') {
        return Some(0);
    }
    let end = memchr::memchr3(b' ', b'\r', b'\n', bytes)?;
    if end > TAGS_BYTES_MAX || bytes[end] != b' ' {
        return Some(0);
    }
    let blanks = bytes[end..].iter().take_while(|&&byte| byte == b' ').count();
    // Like tags, the blanks are limited, so that endless blanks are not held.
    Some(end + blanks.min(TAGS_BYTES_MAX))
}

fn words(line: &[u8]) -> Vec<&[u8]> {
    line.split(|&byte| byte == b' ' || byte == b'\t').filter(|word| !word.is_empty()).collect()
}

/// Returns the protocol of a first line.
fn kind(line: &[u8], evidence: Evidence, end: End) -> Kind {
    let words = words(line);
    let found = request(&words, evidence, end)
        .or_else(|| stranger(line, &words, evidence).map(Kind::Stranger))
        .or_else(|| registration(&words, evidence))
        .or_else(|| doubtful(&words, evidence).then_some(Kind::Doubt));
    match found {
        // Nobody types a line of that many bytes.
        Some(Kind::Doubt) if end == End::Later => Kind::Irc,
        found => found.unwrap_or(Kind::Plain),
    }
}

/// The methods of HTTP that programs use: those of RFC 9110, of `WebDAV` and of `UPnP`, and the preface of HTTP/2.
const METHODS: [&[u8]; 36] = [
    b"ACL",
    b"BASELINE-CONTROL",
    b"BIND",
    b"CHECKIN",
    b"CHECKOUT",
    b"CONNECT",
    b"COPY",
    b"DEBUG",
    b"DELETE",
    b"GET",
    b"HEAD",
    b"LABEL",
    b"LINK",
    b"LOCK",
    b"M-SEARCH",
    b"MERGE",
    b"MKCALENDAR",
    b"MKCOL",
    b"MOVE",
    b"NOTIFY",
    b"OPTIONS",
    b"PATCH",
    b"POST",
    b"PRI",
    b"PROPFIND",
    b"PROPPATCH",
    b"PURGE",
    b"PUT",
    b"QUERY",
    b"REPORT",
    b"SEARCH",
    b"SOURCE",
    b"SUBSCRIBE",
    b"TRACE",
    b"UNLOCK",
    b"UNSUBSCRIBE",
];

/// Recognises a request line of HTTP or of a similar protocol: a method, a target and a version (RFC 9112, section 3).
fn request(words: &[&[u8]], evidence: Evidence, end: End) -> Option<Kind> {
    let [method, target, rest @ ..] = words else { return None };
    let is_method = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_');
    if method.len() > 24 || !method.iter().all(is_method) {
        return None;
    }
    let is_known = METHODS.iter().any(|known| known.eq_ignore_ascii_case(method));
    let is_path = is_target(target) || method.eq_ignore_ascii_case(b"CONNECT") && is_authority(target);
    let lenient = !evidence.is_strict();
    let is_capital = method.iter().all(|byte| !byte.is_ascii_lowercase());
    match rest {
        // The version is beyond the examined bytes: method and target decide.
        _ if end == End::Later && is_known && is_path => Some(Kind::Http),
        _ if end == End::Later => (is_sip(target)).then_some(Kind::Stranger(Protocol::Sip)),
        // HTTP/0.9, or an incomplete request.
        [] => (is_known && is_path && (lenient || end == End::Input)).then_some(Kind::Http),
        [begun] if end == End::Input && is_known && is_path && begins_version(begun) => Some(Kind::Http),
        [last] => match version(last)? {
            Kind::Http => (is_path || is_known && is_capital).then_some(Kind::Http),
            kind => (is_path || is_sip(target) || is_capital && target.contains(&b':')).then_some(kind),
        },
        // Blanks in a target are invalid (RFC 9112, section 3.2), but sent. Sentences of people have more than three
        // words, too.
        [.., last] => version(last).filter(|_| lenient && is_known && is_capital),
    }
}

/// Returns whether a word is a target (RFC 9112, section 3.2) in a form that no person writes after a method.
fn is_target(target: &[u8]) -> bool {
    target.starts_with(b"/") || target == b"*" || memchr::memmem::find(target, b"://").is_some()
}

fn is_authority(target: &[u8]) -> bool {
    let mut parts = target.rsplitn(2, |&byte| byte == b':');
    let port = parts.next().unwrap_or_default();
    parts.next().is_some_and(|host| !host.is_empty())
        && !port.is_empty()
        && port.iter().all(u8::is_ascii_digit)
}

fn is_sip(target: &[u8]) -> bool {
    let begins = |scheme: &[u8]| target.get(..scheme.len()).is_some_and(|it| it.eq_ignore_ascii_case(scheme));
    begins(b"sip:") || begins(b"sips:")
}

/// Returns the protocol that a version such as `HTTP/1.1` names, in any case. Digits may be missing.
fn version(word: &[u8]) -> Option<Kind> {
    let slash = memchr::memchr(b'/', word)?;
    let (name, number) = (&word[..slash], &word[slash + 1..]);
    if !number.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') {
        return None;
    }
    [
        (&b"HTTP"[..], Kind::Http),
        (b"ICAP", Kind::Http),
        (b"RTSP", Kind::Stranger(Protocol::Rtsp)),
        (b"SIP", Kind::Stranger(Protocol::Sip)),
    ]
    .into_iter()
    .find(|(known, _)| known.eq_ignore_ascii_case(name))
    .map(|(_, kind)| kind)
}

fn begins_version(word: &[u8]) -> bool {
    const NAME: &[u8] = b"HTTP/";
    word.len() <= NAME.len() && word.eq_ignore_ascii_case(&NAME[..word.len()])
}

/// Recognises the registration of an IRC client (RFC 2812, section 3.1; IRCv3, capability-negotiation).
fn registration(words: &[&[u8]], evidence: Evidence) -> Option<Kind> {
    let [command, params @ ..] = words else { return None };
    if params.is_empty() {
        return None;
    }
    if !evidence.is_strict() && matches!(*command, b"CAP" | b"NICK" | b"PASS" | b"USER") {
        return Some(Kind::Irc);
    }
    let last = params.iter().position(|param| param.starts_with(b":"));
    let count = last.map_or(params.len(), |last| last + 1);
    let is_capital = command.iter().all(u8::is_ascii_uppercase);
    let is_sure = match command.to_ascii_uppercase().as_slice() {
        b"CAP" => return is_negotiation(params, count).then_some(Kind::Irc),
        b"USER" => return is_user(params, count, last).then_some(Kind::Irc),
        b"NICK" if is_name(params) => is_capital,
        b"PASS" if is_password(params, count) => is_capital,
        _ => return None,
    };
    // A command in lower case is from a client, or from a person who forgot the `/`. On a port without IRC, a person is
    // more likely, too.
    Some(match evidence {
        Evidence::Greeted { may_be_irc } if !(is_sure && may_be_irc) => Kind::Doubt,
        _ => Kind::Irc,
    })
}

/// Returns whether these are the parameters of `NICK`: one valid name.
fn is_name(params: &[&[u8]]) -> bool {
    let [param] = params else { return false };
    let name = core::str::from_utf8(param.strip_prefix(b":").unwrap_or(param));
    name.is_ok_and(|name| Name::parse(name).is_ok())
}

/// Returns whether these are the parameters of `PASS`: one word, or several after a colon that does not begin a smiley.
fn is_password(params: &[&[u8]], count: usize) -> bool {
    let begins = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
    params.len() == 1 || count == 1 && params[0].get(1).is_some_and(begins)
}

/// Returns whether these are the parameters of a `CAP` with which a client begins.
fn is_negotiation(params: &[&[u8]], count: usize) -> bool {
    let number = |word: &[u8]| word.iter().all(u8::is_ascii_digit);
    match params[0].to_ascii_uppercase().as_slice() {
        b"LS" => {
            params.len() == 1
                || params.len() == 2 && number(params[1].strip_prefix(b":").unwrap_or(params[1]))
        }
        b"END" | b"LIST" => params.len() == 1,
        b"REQ" => count == 2,
        _ => false,
    }
}

/// Returns whether these are the four parameters of `USER`: the two in the middle are a mode and a placeholder, or hosts, or
/// the last one begins with a colon. Sentences of four words do not have this form.
fn is_user(params: &[&[u8]], count: usize, last: Option<usize>) -> bool {
    let [user, mode, unused, ..] = params else { return false };
    // Over IPv6, HexChat sends an address that begins with a colon.
    if params.len() > 3 && unused.starts_with(b":") && is_address(unused) {
        return true;
    }
    let is_machine_made = mode == unused || user == mode || is_programmatic(mode) && is_programmatic(unused);
    let real_name = params.get(3).copied().unwrap_or_default();
    let has_real_name = real_name
        .get(1..3)
        .is_some_and(|begin| begin.iter().all(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii()));
    count == 4 && (is_machine_made || last == Some(3) && has_real_name)
}

/// Returns whether a word is a mode, a placeholder (`*`, `.`), a quoted name or a host, unlike the words of a sentence.
fn is_programmatic(word: &[u8]) -> bool {
    match word {
        [b'*' | b'.' | b'-'] | [b'+', ..] | [b'"', .., b'"'] => true,
        [.., b'.'] => false,
        _ if word.iter().all(u8::is_ascii_digit) => true,
        _ => {
            let in_host =
                |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
            word.contains(&b'.') && word.iter().all(in_host)
        }
    }
}

/// Recognises protocols that Parlor does not speak.
fn stranger(line: &[u8], words: &[&[u8]], evidence: Evidence) -> Option<Protocol> {
    let first = words.first().copied().unwrap_or_default();
    let rest = words.get(1..).unwrap_or_default();
    let starts = |start: &[u8]| line.starts_with(start);
    let is = |word: &str| first.eq_ignore_ascii_case(word.as_bytes());
    let has = |part: &str| memchr::memmem::find(line, part.as_bytes()).is_some();
    let lenient = !evidence.is_strict();
    let is_open = evidence == Evidence::Open;
    let digits = first.strip_prefix(b"*").unwrap_or_default();
    let number = |word: &[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_digit);
    Some(match first {
        _ if is_ssh(first) => Protocol::Ssh,
        // RESP: the length of an array.
        _ if rest.is_empty() && number(digits) && digits.len() < 5 => Protocol::Redis,
        b"PROXY"
            if matches!(rest, [b"TCP4" | b"TCP6" | b"UNKNOWN", ..])
                && (lenient || rest.get(1).is_none_or(|it| is_address(it))) =>
        {
            Protocol::Proxy
        }
        _ if is("WEBIRC")
            && (lenient && first == b"WEBIRC" && !rest.is_empty()
                || rest.len() > 3 && is_address(rest[3].strip_prefix(b":").unwrap_or(rest[3]))) =>
        {
            Protocol::Webirc
        }
        _ if is("EHLO") || is("LHLO") => (rest.len() == 1).then_some(Protocol::Smtp)?,
        _ if is("HELO") && matches!(rest, [host] if is_host(host) || is_open && first == b"HELO") => {
            Protocol::Smtp
        }
        b"AUTH" if is_open && matches!(rest.len(), 1 | 2) => Protocol::Redis,
        b"HELLO" if matches!(rest, [b"2" | b"3", b"AUTH", ..]) => Protocol::Redis,
        b"APOP" if rest.len() == 2 => Protocol::Login,
        // Clients also write these in lower case, and people do not write them.
        _ if is("AUTHINFO") && matches!(rest, [what, _] if one_of(what, &["USER", "PASS"])) => Protocol::Nntp,
        _ if is("MODE") && matches!(rest, [what] if one_of(what, &["READER"])) => Protocol::Nntp,
        b"CONNECT" | b"STOMP" if lenient && rest.is_empty() => Protocol::Stomp,
        // A header after `CONNECT`, which is in doubt after a greeting.
        _ if rest.is_empty() && is_stomp_header(first) => Protocol::Stomp,
        _ if is("ACTION:") && matches!(rest, [action] if one_of(action, &["LOGIN"])) => Protocol::Asterisk,
        b"BEGIN" if matches!(rest, [b"AUTH" | b"VERIFICATION" | b"GSSAPI", b"REQUEST"]) => Protocol::Cvs,
        b"AUTHENTICATE" if matches!(rest, [[b'"', ..], [b'"' | b'{', ..], ..]) => Protocol::Sieve,
        b"AUTHENTICATE" if matches!(rest, [[b'"', ..], ..]) => Protocol::Tor,
        b"PROTOCOLINFO" if rest.len() < 2 => Protocol::Tor,
        _ if is_weechat(words) => Protocol::Weechat,
        b"CONNECT" if rest.first().is_some_and(|first| first.starts_with(b"{")) => Protocol::Nats,
        b"CAPA" if is_open && rest.is_empty() => Protocol::Login,
        b"stats" if is_open && rest.is_empty() => Protocol::Memcached,
        b"set" if matches!(rest, [_, flags, ends, bytes] if [flags, ends, bytes].iter().all(|it| number(it))) => {
            Protocol::Memcached
        }
        _ if starts(b"<?xml") || starts(b"<stream:stream") || starts(b"<policy-file-request/>") => {
            Protocol::Xml
        }
        _ if starts(b"{") && (has("\"jsonrpc\"") || has("\"method\"")) => Protocol::JsonRpc,
        _ if starts(b"RFB 003.") => Protocol::Vnc,
        _ if line.get(4..8) == Some(b"git-") && line[..4].iter().all(u8::is_ascii_hexdigit) => Protocol::Git,
        tag if is_tag(tag) && is_imap(rest) => Protocol::Imap,
        _ => return None,
    })
}

/// Returns whether a line is a header of the first frame of a STOMP client (STOMP 1.2, "Connecting"). `host:` is not among
/// them, since a person may write it.
fn is_stomp_header(line: &[u8]) -> bool {
    let mut parts = line.splitn(2, |&byte| byte == b':');
    let name = parts.next().unwrap_or_default();
    matches!(name, b"accept-version" | b"heart-beat" | b"login" | b"passcode")
        && parts.next().is_some_and(|value| !value.is_empty())
}

/// Returns whether a client of the `WeeChat` relay begins with these words, with or without an identifier of the command.
fn is_weechat(words: &[&[u8]]) -> bool {
    let words =
        words.split_first().filter(|(first, _)| first.starts_with(b"(")).map_or(words, |(_, rest)| rest);
    match words {
        [b"init", options, ..] => options.starts_with(b"password"),
        [b"handshake", options, ..] => options.starts_with(b"password_hash_algo="),
        _ => false,
    }
}

/// Returns whether a word is an identification string of SSH (RFC 4253, section 4.2): `SSH-2.0-OpenSSH_9.6`.
fn is_ssh(word: &[u8]) -> bool {
    let Some(versions) = word.strip_prefix(b"SSH-1.").or_else(|| word.strip_prefix(b"SSH-2.")) else {
        return false;
    };
    let digits = versions.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && versions.get(digits) == Some(&b'-')
}

fn one_of(word: &[u8], words: &[&str]) -> bool {
    words.iter().any(|it| word.eq_ignore_ascii_case(it.as_bytes()))
}

/// Returns whether a word may be the tag of an IMAP command. Programs number their commands; `.` is often typed by hand.
fn is_tag(word: &[u8]) -> bool {
    word == b"." || word.iter().any(u8::is_ascii_digit) && word.iter().all(u8::is_ascii_alphanumeric)
}

/// Returns whether these words are an IMAP command with which a client begins. The parameters of `LOGIN` may be quoted,
/// with blanks in them, or follow on other lines (RFC 9051, section 4.3).
fn is_imap(words: &[&[u8]]) -> bool {
    let is_string = |word: &&[u8]| word.starts_with(b"\"") || word.starts_with(b"{");
    match words {
        [b"LOGIN", _, _] | [b"AUTHENTICATE", _] | [b"AUTHENTICATE", _, _] => true,
        [b"LOGIN", rest @ ..] => rest.iter().take(2).any(is_string),
        [only] => one_of(only, &["CAPABILITY", "STARTTLS"]),
        _ => false,
    }
}

fn is_address(word: &[u8]) -> bool {
    core::str::from_utf8(word).is_ok_and(|word| word.parse::<core::net::IpAddr>().is_ok())
}

/// Returns whether a word is a host, and not a name of a person.
fn is_host(word: &[u8]) -> bool {
    word.contains(&b'.') || word.starts_with(b"[") || word.eq_ignore_ascii_case(b"localhost")
}

/// Returns whether a line after a greeting may be a log-in, possibly with a password, or two words of a person.
fn doubtful(words: &[&[u8]], evidence: Evidence) -> bool {
    evidence.is_strict()
        && match words {
            [b"CAPA" | b"CONNECT" | b"STOMP"] | [b"AUTH" | b"HELO", _] | [b"AUTH", _, _] => true,
            [header] => header.len() > 5 && header.starts_with(b"host:"),
            [command, _] => one_of(command, &["USER", "PASSWORD"]),
            _ => false,
        }
}
