//! The commands and numerics that a client may be sent, with their sources and numbers of parameters (Modern IRC,
//! "Client Messages" and "Numerics"; for the others the specification that is named beside them).

use super::message::Message;

/// The kind of source that a message has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// A member as `nick!user@host`.
    Member,
    Nobody,
    Server,
    /// A member, or the server.
    Somebody,
}

/// Each command, with its kind of source and its minimum and maximum number of parameters.
const COMMANDS: [(&str, Source, usize, usize); 27] = [
    // labeled-response.
    ("ACK", Source::Server, 0, 0),
    // away-notify.
    ("AWAY", Source::Member, 0, 1),
    // batch.
    ("BATCH", Source::Server, 1, 15),
    // capability-negotiation: the client, a subcommand, `*` if more lines follow, and a list.
    ("CAP", Source::Server, 3, 4),
    // draft/chathistory: `TARGETS`, a room, and the time of its latest message.
    ("CHATHISTORY", Source::Server, 3, 3),
    // chghost.
    ("CHGHOST", Source::Member, 2, 2),
    ("ERROR", Source::Nobody, 1, 1),
    // standard-replies: a command, a code, optional context, and a description.
    ("FAIL", Source::Server, 3, 15),
    ("INVITE", Source::Member, 2, 2),
    // extended-join: also an account and a real name.
    ("JOIN", Source::Member, 1, 3),
    ("KICK", Source::Member, 2, 3),
    // draft/read-marker: a channel or nick, and the time, or `*`.
    ("MARKREAD", Source::Server, 2, 2),
    // A channel's modes, or the client's own.
    ("MODE", Source::Somebody, 2, 15),
    ("NICK", Source::Member, 1, 1),
    ("NOTE", Source::Server, 3, 15),
    ("NOTICE", Source::Somebody, 2, 2),
    ("PART", Source::Member, 1, 2),
    ("PING", Source::Nobody, 1, 1),
    ("PONG", Source::Server, 2, 2),
    ("PRIVMSG", Source::Member, 2, 2),
    ("QUIT", Source::Member, 0, 1),
    // draft/message-redaction: a channel, the id of the message, and the reason, if there is one.
    ("REDACT", Source::Member, 2, 3),
    // setname.
    ("SETNAME", Source::Member, 1, 1),
    // message-tags.
    ("TAGMSG", Source::Member, 1, 1),
    ("TOPIC", Source::Member, 2, 2),
    ("WALLOPS", Source::Member, 1, 1),
    ("WARN", Source::Server, 3, 15),
];

/// The numerics by their minimum and maximum number of parameters, including the client's name.
const NUMERICS: [(usize, usize, &str); 13] = [
    (
        2,
        2,
        "001 002 003 221 242 251 255 257 258 259 302 303 305 306 323 336 337 371 372 374 375 376 381 409 411 412 417 422 \
         431 451 462 464 465 481 501 502",
    ),
    // monitor.
    (2, 2, "730 731 732 733"),
    (2, 3, "256"),
    // WHOX.
    (2, 15, "354"),
    (
        3,
        3,
        "219 252 253 254 263 301 313 315 318 319 321 329 331 332 341 347 349 365 366 368 369 379 382 396 401 403 404 405 406 \
         407 421 432 433 437 442 461 471 472 473 474 475 476 482 524 704 705 706",
    ),
    // bot-mode, and capability-negotiation.
    (3, 3, "335 410"),
    (3, 5, "338 346 348 367 391"),
    (3, 15, "005 324"),
    (4, 4, "265 266 312 322 333 351 353 364 435 441 443 478 734"),
    (5, 5, "317 696"),
    (5, 6, "004"),
    (6, 6, "311 314"),
    (8, 8, "352"),
];

/// Checks that a message has a known command, and the source and number of parameters of that command.
pub(super) fn check(message: &Message<'_>, server: &str) -> Result<(), String> {
    let Message { source, command, params, .. } = message;
    let numeric = || NUMERICS.iter().find(|(.., codes)| codes.split(' ').any(|code| code == *command));
    let (from, least, most) = match COMMANDS.iter().find(|(known, ..)| known == command) {
        Some(&(_, from, least, most)) => (from, least, most),
        None => match numeric() {
            Some(&(least, most, _)) => (Source::Server, least, most),
            None => return Err(format!("{command} is no command that clients know")),
        },
    };
    if !(least..=most).contains(&params.len()) {
        return Err(format!("{command} has {} parameters, not {least} to {most}", params.len()));
    }
    let is_right = match from {
        Source::Member => source.is_some_and(is_member),
        Source::Nobody => source.is_none(),
        Source::Server => *source == Some(server),
        Source::Somebody => source.is_some(),
    };
    if is_right { Ok(()) } else { Err(format!("{command} is from {source:?}")) }
}

/// Whether a source has the form `nick!user@host`, without an empty part.
fn is_member(source: &str) -> bool {
    let parts = source.split_once('!').and_then(|(nick, rest)| Some((nick, rest.split_once('@')?)));
    parts.is_some_and(|(nick, (user, host))| ![nick, user, host].contains(&""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result_of(line: &str) -> Result<(), String> {
        check(&Message::parse(format!("{line}\r\n").as_bytes()).expect("it is a message"), "s.example")
    }

    #[test]
    fn a_message_has_the_source_and_the_parameters_of_its_command() {
        for line in [
            ":n!u@h PRIVMSG #a :x",
            ":n MODE n :+B",
            ":s.example NOTICE * :x",
            ":s.example 001 n :Welcome",
            ":s.example 005 n A B C :are supported",
            ":s.example BATCH +1 labeled-response",
            "PING :s.example",
            "ERROR :Closing link",
        ] {
            assert_eq!(result_of(line), Ok(()), "{line}");
        }
        for line in [
            "PRIVMSG #a :x",
            ":n PRIVMSG #a :x",
            ":n!u@ PRIVMSG #a :x",
            ":n!u@h PRIVMSG #a",
            ":n!u@h PRIVMSG #a b c",
            ":other.example 001 n :Welcome",
            ":s.example 001 n",
            ":s.example 999 n :x",
            ":s.example WHATEVER x",
            ":s.example PING x",
        ] {
            result_of(line).expect_err(line);
        }
    }
}
