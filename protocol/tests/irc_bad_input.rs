//! Malformed, overlong, excessive and malicious messages, and the answers to them.
//!
//! Each subject has a table. A row has a description, the lines that Alice sends in the notation of the transcripts, and
//! everything that is seen: answers of the server to Alice without their beginning, and complete lines for others. If a row
//! has no line for Bob, an IRC client in her room, or for Dave, a plain client there, they are sent nothing.
//!
//! Each row is played twice: as it is, and with every byte in a separate read. In both, the invariants hold after each
//! step, the log replays to the same world, each line to an IRC client is a complete message within its limits, and
//! Alice's next `PING` is answered, unless the row closes her connection.

#[allow(dead_code, reason = "a table says less than a transcript does")]
#[path = "transcripts/script.rs"]
mod script;
#[path = "transcripts/stage.rs"]
mod stage;

use parlor_protocol::Cloaks;
use parlor_protocol::irc::{Capabilities, ParsedMessage};
use script::{Script, meaning};
use stage::{Chunking, Stage};
use std::panic;

/// The description, the lines that Alice sends, and everything that is seen.
type Row<'a> = (&'a str, &'a str, &'a [&'a str]);

/// The state of Alice's connection when she sends the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sender {
    /// Alice created the room and is its operator.
    Founder,
    /// Alice is in the room.
    Member,
    /// Alice has not registered.
    Stranger,
    /// Alice is in the room, and has negotiated tags, labels, batches and `echo-message`.
    Tagged,
}

/// The beginning of every answer to Alice.
const ANSWER: &str = "alice < :parlor.localhost ";

/// The beginnings of complete lines in a table. Every other line is an answer to Alice.
const SEERS: [&str; 4] = ["alice ", "bob ", "console:", "dave "];

/// The beginnings of console lines about Alice's acts, which the tables omit.
const ACTS: [&str; 3] = ["console: alice is now ", "console: alice set ", "console: alice cleared "];

impl Sender {
    /// Returns the actions before those of a row.
    fn prologue(self) -> Vec<&'static str> {
        let alice = match self {
            Self::Founder | Self::Member => {
                vec!["alice connects to irc from 10.0.0.1:5001", "alice registers", "alice > JOIN #tea"]
            }
            Self::Stranger => vec!["alice connects to irc from 10.0.0.1:5001"],
            Self::Tagged => vec![
                "alice connects to irc from 10.0.0.1:5001",
                "alice > CAP REQ :message-tags labeled-response batch echo-message standard-replies",
                "alice registers",
                "alice > JOIN #tea",
            ],
        };
        let others = vec![
            "bob connects to irc from 10.0.0.2:5002",
            "bob registers",
            "bob > JOIN #tea",
            "dave connects from 10.0.0.4:5004 to room tea",
        ];
        match self {
            Self::Founder => [alice, others].concat(),
            Self::Member | Self::Stranger | Self::Tagged => [others, alice].concat(),
        }
    }
}

/// Plays each row on a new stage.
fn check(sender: Sender, rows: &[Row<'_>]) {
    let mut failures = String::new();
    for &(about, sends, sees) in rows {
        for chunking in [Chunking::Whole, Chunking::Bytewise] {
            let played = panic::catch_unwind(|| play(sender, chunking, sends, sees));
            let failure = match played {
                Ok(None) => continue,
                Ok(Some(seen)) => seen,
                Err(_) => "the panic is above".to_owned(),
            };
            failures += &format!("\n{about}, {sender:?}, {chunking:?}: {sends}\n{failure}");
            break;
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// Plays a row. Returns what is seen, if it is not what the row says.
fn play(sender: Sender, chunking: Chunking, sends: &str, sees: &[&str]) -> Option<String> {
    let mut stage = stage_of(sender, chunking);
    let mut seen = act(&mut stage, &format!("alice sends {sends}\\r\\n"));
    // Everybody is sent these acts, too. The transcripts test that the console reports them.
    seen.retain(|line| !ACTS.iter().any(|act| line.starts_with(act)));
    let expected: Vec<String> = sees.iter().map(|line| whole(line)).collect();
    let mut difference = (by_seer(&seen) != by_seer(&expected)).then(|| seen.join("\n"));
    if !seen.iter().any(|line| line == "alice is closed") {
        let pong = act(&mut stage, "alice > PING :are you there");
        if pong != [whole("PONG parlor.localhost :are you there")] {
            difference = Some(format!("{}\nPING is answered: {pong:?}", seen.join("\n")));
        }
    }
    stage.check_replay();
    difference
}

/// Creates a stage on which everybody is connected.
fn stage_of(sender: Sender, chunking: Chunking) -> Stage {
    let mut script = Script::default();
    // Long lines are answered whole, without waiting for another turn.
    script.settings.push(["limit", "turn_lines_max", "1000"].map(String::from).to_vec());
    let mut stage = Stage::new(&script, chunking);
    for line in sender.prologue() {
        act(&mut stage, line);
    }
    stage
}

/// Executes one line of a transcript. Returns what is seen.
fn act(stage: &mut Stage, line: &str) -> Vec<String> {
    let script = Script::parse(line).expect("the line is an action");
    let seen: Vec<String> = script.steps.iter().flat_map(|step| stage.act(&step.action)).collect();
    for line in seen.iter().filter(|line| !line.starts_with("dave ")) {
        let (_, read) = meaning(line);
        let message = read.strip_prefix(b"< ").map(ParsedMessage::from_server);
        assert!(message.is_none_or(|it| it.is_ok()), "a whole message: {line}");
    }
    seen.into_iter().map(with_short_cloaks).collect()
}

/// Shortens the cloaks of a line to those of the tables.
fn with_short_cloaks(line: String) -> String {
    let cloaks = [("alice", "10.0.0.1"), ("bob", "10.0.0.2"), ("dave", "10.0.0.4"), ("loopback", "::1")];
    cloaks.iter().fold(line, |line, (short, ip)| {
        let cloak = Cloaks::default().host(ip.parse().expect("it is an address"));
        line.replace(cloak.as_str(), &format!("{short}.cloak"))
    })
}

/// Returns the complete line of a line in a table. `CAPABILITIES` stands for the names of all of them.
fn whole(line: &str) -> String {
    let names: Vec<&str> = Capabilities::ALL.iter().map(|&(_, name)| name).collect();
    let line = &line.replace("CAPABILITIES", &names.join(" "));
    let stands = SEERS.iter().any(|seer| line.starts_with(seer));
    if stands { line.to_owned() } else { format!("{ANSWER}{line}") }
}

/// Sorts what is seen by its seer.
fn by_seer(seen: &[String]) -> Vec<(String, Vec<u8>)> {
    let mut seen: Vec<_> = seen.iter().map(|line| meaning(line)).collect();
    seen.sort_by(|(one, _), (other, _)| one.cmp(other));
    seen
}

#[test]
fn a_line_that_is_too_long_is_refused() {
    check(
        Sender::Member,
        &[
            ("510 bytes are a message", r"PING :\{504*x}", &[r"PONG parlor.localhost :\{469*x}"]),
            (
                "of a name that nobody has, as much is shown as is needed",
                r"\{510*X}",
                &[r"421 alice \{51*X} :Unknown command"],
            ),
            ("511 bytes are none", r"PING :\{505*x}", &["417 alice :Input line was too long"]),
            ("512 bytes with a text", r"PRIVMSG #tea :\{498*x}", &["417 alice :Input line was too long"]),
            ("5,000 bytes", r"PRIVMSG #tea :\{4986*x}", &["417 alice :Input line was too long"]),
            ("5,000 bytes of spaces", r"\{5000* }", &["417 alice :Input line was too long"]),
            ("5,000 bytes of colons", r"\{5000*:}", &["417 alice :Input line was too long"]),
            (
                "what would be too long behind a source",
                r"PRIVMSG #tea :\{480*x}",
                &["417 alice :Input line was too long"],
            ),
            ("the same as a notice is not answered", r"NOTICE #tea :\{480*x}", &[]),
            (
                "the longest text that goes through",
                r"PRIVMSG #tea :\{450*x}",
                &[r"bob < :alice!alice@alice.cloak PRIVMSG #tea :\{450*x}", r"dave < alice: \{450*x}"],
            ),
            (
                "511 bytes in characters of three",
                r"PRIVMSG #tea :\{165*茶}xx",
                &["417 alice :Input line was too long"],
            ),
        ],
    );
}

#[test]
fn the_fifteenth_parameter_contains_all_others() {
    check(
        Sender::Member,
        &[
            (
                "sixteen to an unknown command",
                "FOO 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
                &["421 alice FOO :Unknown command"],
            ),
            (
                "sixteen words without a colon",
                "PRIVMSG #tea 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
                &[
                    "bob < :alice!alice@alice.cloak PRIVMSG #tea :1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
                    "dave < alice: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
                    "NOTICE alice :PRIVMSG: A text that contains spaces needs a colon before it; yours was accepted without one",
                ],
            ),
            (
                "twenty where one is enough",
                "VERSION 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20",
                &["351 alice parlor-0.1.0 parlor.localhost :A Parlor chat room server"],
            ),
            ("twenty names", "ISON a b c d e f g h i j k l m n o p q bob s alice", &["303 alice :bob alice"]),
            ("more names than are looked at", "USERHOST a b c d e bob", &["302 alice :"]),
            ("twenty to join", "JOIN #tea 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20", &[]),
            (
                "twenty to kick",
                "KICK #tea bob 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20",
                &[
                    "482 alice #tea :You're not channel operator",
                    "NOTICE alice :KICK: A text that contains spaces needs a colon before it; yours was accepted without one",
                ],
            ),
            (
                "twenty to register again",
                "USER 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20",
                &["462 alice :You may not reregister"],
            ),
        ],
    );
}

#[test]
fn the_answer_to_a_malformed_message_names_no_command() {
    check(
        Sender::Member,
        &[
            ("a lone CR in a text", r"PRIVMSG #tea :a\rQUIT", &["421 alice * :Unknown command"]),
            ("a lone CR in a command", r"PRIV\rMSG #tea :a", &["421 alice * :Unknown command"]),
            ("a CR before the line's end", r"PRIVMSG #tea :a\r", &["421 alice * :Unknown command"]),
            ("a NUL in a text", r"PRIVMSG #tea :a\x00b", &["421 alice * :Unknown command"]),
            ("a NUL alone", r"\x00", &["421 alice * :Unknown command"]),
            ("a NUL in a tag", r"@+a=\x00 PRIVMSG #tea :a", &["421 alice * :Unknown command"]),
            ("a NUL at the end", r"JOIN #tea\x00", &["421 alice * :Unknown command"]),
            ("nothing", "", &[]),
            ("spaces alone", r"\{20* }", &[]),
            ("a colon alone", ":", &["421 alice * :Unknown command"]),
            ("colons alone", ":::::", &["421 alice * :Unknown command"]),
            ("colons and spaces", ": : : :", &["421 alice * :Unknown command"]),
            ("a source alone", ":alice", &["421 alice * :Unknown command"]),
            ("a source and spaces", r":alice  \x20", &["421 alice * :Unknown command"]),
            ("an at sign alone", "@", &["421 alice * :Unknown command"]),
            ("an at sign and a space", r"@\x20", &["421 alice * :Unknown command"]),
            ("tags alone", "@a=b", &["421 alice * :Unknown command"]),
            ("tags and a space", r"@a=b\x20", &["421 alice * :Unknown command"]),
            ("tags and a source", "@a=b :alice", &["421 alice * :Unknown command"]),
            ("three ends of lines", r"\n\r\n\n", &[]),
        ],
    );
}

#[test]
fn a_parting_message_is_sent_once() {
    check(
        Sender::Member,
        &[
            (
                "none",
                "QUIT",
                &[
                    "console: alice left (quit)",
                    "bob < :alice!alice@alice.cloak QUIT :Quit",
                    "dave < alice left",
                    "alice < ERROR :Closing link: Quit",
                    "alice is closed",
                ],
            ),
            (
                "empty ones",
                "QUIT :",
                &[
                    "console: alice left (quit)",
                    "bob < :alice!alice@alice.cloak QUIT :Quit",
                    "dave < alice left",
                    "alice < ERROR :Closing link: Quit",
                    "alice is closed",
                ],
            ),
            (
                "of controls alone",
                r"QUIT :\x07",
                &[
                    "console: alice left (quit)",
                    "bob < :alice!alice@alice.cloak QUIT :Quit",
                    "dave < alice left",
                    "alice < ERROR :Closing link: Quit",
                    "alice is closed",
                ],
            ),
            (
                "in words without a colon",
                "QUIT 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
                &[
                    "console: alice left (quit)",
                    "bob < :alice!alice@alice.cloak QUIT :Quit: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
                    "dave < alice left: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
                    "alice < ERROR :Closing link: Quit: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
                    "alice is closed",
                ],
            ),
            (
                "of 400 bytes",
                r"QUIT :\{400*x}",
                &[
                    "console: alice left (quit)",
                    r"bob < :alice!alice@alice.cloak QUIT :Quit: \{400*x}",
                    r"dave < alice left: \{400*x}",
                    r"alice < ERROR :Closing link: Quit: \{400*x}",
                    "alice is closed",
                ],
            ),
            (
                "of as many as a message has",
                r"QUIT :\{504*x}",
                &[
                    "console: alice left (quit)",
                    r"bob < :alice!alice@alice.cloak QUIT :Quit: \{452*x}",
                    r"dave < alice left: \{504*x}",
                    r"alice < ERROR :Closing link: Quit: \{483*x}",
                    "alice is closed",
                ],
            ),
            (
                "and more behind them",
                r"QUIT :x\r\nPRIVMSG #tea :y\r\nQUIT :z",
                &[
                    "console: alice left (quit)",
                    "bob < :alice!alice@alice.cloak QUIT :Quit: x",
                    "dave < alice left: x",
                    "alice < ERROR :Closing link: Quit: x",
                    "alice is closed",
                ],
            ),
            (
                "of an operator",
                "QUIT :Killed by bob",
                &[
                    "console: alice left (quit)",
                    "bob < :alice!alice@alice.cloak QUIT :Quit: Killed by bob",
                    "dave < alice left: Killed by bob",
                    "alice < ERROR :Closing link: Quit: Killed by bob",
                    "alice is closed",
                ],
            ),
        ],
    );
}

#[test]
fn a_line_that_is_not_utf_8_is_refused() {
    check(
        Sender::Member,
        &[
            ("in the command", r"\xffPRIVMSG #tea :x", &["FAIL * INVALID_UTF8 :Message rejected: not UTF-8"]),
            (
                "inside of the command",
                r"PRIV\xffMSG #tea :x",
                &["FAIL * INVALID_UTF8 :Message rejected: not UTF-8"],
            ),
            ("as the command", r"\xff", &["FAIL * INVALID_UTF8 :Message rejected: not UTF-8"]),
            (
                "as the target",
                r"PRIVMSG \xff :x",
                &["FAIL PRIVMSG INVALID_UTF8 :Message rejected: not UTF-8"],
            ),
            (
                "in the target",
                r"PRIVMSG #te\xe8 :x",
                &["FAIL PRIVMSG INVALID_UTF8 :Message rejected: not UTF-8"],
            ),
            (
                "in the text",
                r"PRIVMSG #tea :caf\xe9",
                &["FAIL PRIVMSG INVALID_UTF8 :Message rejected: not UTF-8"],
            ),
            (
                "in a text that was cut in a character",
                r"PRIVMSG #tea :\xe8\x8c",
                &["FAIL PRIVMSG INVALID_UTF8 :Message rejected: not UTF-8"],
            ),
            (
                "in a text, overlong",
                r"PRIVMSG #tea :\xc0\xaf",
                &["FAIL PRIVMSG INVALID_UTF8 :Message rejected: not UTF-8"],
            ),
            (
                "in a text, a surrogate",
                r"PRIVMSG #tea :\xed\xa0\x80",
                &["FAIL PRIVMSG INVALID_UTF8 :Message rejected: not UTF-8"],
            ),
            (
                "in a text, beyond Unicode",
                r"PRIVMSG #tea :\xf4\x90\x80\x80",
                &["FAIL PRIVMSG INVALID_UTF8 :Message rejected: not UTF-8"],
            ),
            (
                "in a tag's value",
                r"@+a=\xff PRIVMSG #tea :x",
                &["FAIL PRIVMSG INVALID_UTF8 :Message rejected: not UTF-8"],
            ),
            (
                "in a tag's key",
                r"@+\xff=a PRIVMSG #tea :x",
                &["FAIL PRIVMSG INVALID_UTF8 :Message rejected: not UTF-8"],
            ),
            (
                "in a source",
                r":\xff PRIVMSG #tea :x",
                &["FAIL PRIVMSG INVALID_UTF8 :Message rejected: not UTF-8"],
            ),
            ("in a real name", r"SETNAME :\xff", &["FAIL SETNAME INVALID_UTF8 :Message rejected: not UTF-8"]),
            ("in a name", r"NICK \xff", &["FAIL NICK INVALID_UTF8 :Message rejected: not UTF-8"]),
            ("in a topic", r"TOPIC #tea :\xff", &["FAIL TOPIC INVALID_UTF8 :Message rejected: not UTF-8"]),
            ("in a key", r"JOIN #cake \xff", &["FAIL JOIN INVALID_UTF8 :Message rejected: not UTF-8"]),
            ("in last words", r"QUIT :\xff", &["FAIL QUIT INVALID_UTF8 :Message rejected: not UTF-8"]),
            (
                "in lower case",
                r"privmsg #tea :\xff",
                &["FAIL PRIVMSG INVALID_UTF8 :Message rejected: not UTF-8"],
            ),
            (
                "with telnet's commands",
                r"\xff\xfb\x01PRIVMSG #tea :x",
                &["FAIL * INVALID_UTF8 :Message rejected: not UTF-8"],
            ),
            ("and too long", r"PRIVMSG #tea :\{600*\xff}", &["417 alice :Input line was too long"]),
        ],
    );
}

#[test]
fn malformed_tags_are_ignored() {
    check(
        Sender::Tagged,
        &[
            (
                "a tag without a value",
                "@+a TAGMSG #tea",
                &["alice < @msgid=1a20df421e8-8;+a :alice!alice@alice.cloak TAGMSG #tea"],
            ),
            (
                "a tag with an empty value",
                "@+a= TAGMSG #tea",
                &["alice < @msgid=1a20df421e8-8;+a= :alice!alice@alice.cloak TAGMSG #tea"],
            ),
            ("an empty key", "@=v TAGMSG #tea", &[]),
            ("an empty key of a client", "@+=v TAGMSG #tea", &[]),
            ("semicolons alone", "@;;; TAGMSG #tea", &[]),
            ("no tag", "@ TAGMSG #tea", &[]),
            ("plus signs", "@++ TAGMSG #tea", &[]),
            (
                "a key of characters that no key has",
                "@+a!b=1;+a,b=2;+a:b=3;+é=4;+ok=5 TAGMSG #tea",
                &["alice < @msgid=1a20df421e8-8;+ok=5 :alice!alice@alice.cloak TAGMSG #tea"],
            ),
            (
                "a key with a vendor",
                "@+example.com/a-b_c=1 TAGMSG #tea",
                &["alice < @msgid=1a20df421e8-8;+example.com/a-b_c=1 :alice!alice@alice.cloak TAGMSG #tea"],
            ),
            (
                "a tag that is the server's",
                "@time=1970-01-01T00:00:00.000Z;msgid=x;bot;batch=y TAGMSG #tea",
                &[],
            ),
            (
                "one key twice",
                "@+a=1;+b=2;+a=3 TAGMSG #tea",
                &["alice < @msgid=1a20df421e8-8;+a=3;+b=2 :alice!alice@alice.cloak TAGMSG #tea"],
            ),
            (
                "what should be escaped",
                "@+a=1=2 TAGMSG #tea",
                &["alice < @msgid=1a20df421e8-8;+a=1=2 :alice!alice@alice.cloak TAGMSG #tea"],
            ),
            (
                "an escape of nothing, and one that is not ended",
                r"@+a=\\q;+b=\\ TAGMSG #tea",
                &[r"alice < @msgid=1a20df421e8-8;+a=\\q;+b=\\ :alice!alice@alice.cloak TAGMSG #tea"],
            ),
            (
                "escaped ends of lines",
                r"@+a=\\r\\nQUIT TAGMSG #tea",
                &[r"alice < @msgid=1a20df421e8-8;+a=\\r\\nQUIT :alice!alice@alice.cloak TAGMSG #tea"],
            ),
            (
                "controls in a value",
                r"@+a=\x01\x02\x1b[31m TAGMSG #tea",
                &[r"alice < @msgid=1a20df421e8-8;+a=\x01\x02\x1b[31m :alice!alice@alice.cloak TAGMSG #tea"],
            ),
            (
                "another at sign",
                "@+a=@+b TAGMSG #tea",
                &["alice < @msgid=1a20df421e8-8;+a=@+b :alice!alice@alice.cloak TAGMSG #tea"],
            ),
            ("a second set of tags", "@+a @+b TAGMSG #tea", &["421 alice * :Unknown command"]),
            (
                "hundreds of keys",
                r"@\{600*+a;} TAGMSG #tea",
                &["alice < @msgid=1a20df421e8-8;+a :alice!alice@alice.cloak TAGMSG #tea"],
            ),
            (
                "4,096 bytes of tags",
                r"@+a=\{4091*x} TAGMSG #tea",
                &[r"alice < @msgid=1a20df421e8-8;+a=\{4091*x} :alice!alice@alice.cloak TAGMSG #tea"],
            ),
            ("4,097 bytes of tags", r"@+a=\{4092*x} TAGMSG #tea", &["417 alice :Input line was too long"]),
            ("tags that never end", r"@\{5000*x}", &["417 alice :Input line was too long"]),
            (
                "4,096 bytes of tags, and a message of 511",
                r"@+a=\{4091*x} PING :\{505*x}",
                &["417 alice :Input line was too long"],
            ),
            (
                "4,096 bytes of tags, and one of 510",
                r"@+a=\{4091*x} \{510*x}",
                &[r"421 alice \{51*x} :Unknown command"],
            ),
            ("tags without a target", "@+a TAGMSG", &["461 alice TAGMSG :Not enough parameters"]),
            ("tags to nobody", "@+a TAGMSG :", &["461 alice TAGMSG :Not enough parameters"]),
            ("tags to commas", "@+a TAGMSG ,", &["461 alice TAGMSG :Not enough parameters"]),
            ("tags before what carries none", "@+a=1 PING x", &["PONG parlor.localhost :x"]),
        ],
    );
}

#[test]
fn tags_of_a_client_without_message_tags_are_dropped() {
    check(
        Sender::Member,
        &[
            (
                "tags and a text",
                "@+a=1 PRIVMSG #tea :x",
                &["bob < :alice!alice@alice.cloak PRIVMSG #tea :x", "dave < alice: x"],
            ),
            ("tags alone", "@+a=1 TAGMSG #tea", &[]),
            ("tags to nobody", "@+a=1 TAGMSG", &["461 alice TAGMSG :Not enough parameters"]),
            ("a label", "@label=1 PING x", &["PONG parlor.localhost :x"]),
            ("4,097 bytes of tags", r"@+a=\{4092*x} PING x", &["417 alice :Input line was too long"]),
        ],
    );
}

#[test]
fn a_label_has_at_most_64_bytes() {
    check(
        Sender::Tagged,
        &[
            ("a label", "@label=a PING x", &["alice < @label=a :parlor.localhost PONG parlor.localhost :x"]),
            (
                "64 bytes",
                r"@label=\{64*a} PING x",
                &[r"alice < @label=\{64*a} :parlor.localhost PONG parlor.localhost :x"],
            ),
            ("65 bytes", r"@label=\{65*a} PING x", &["PONG parlor.localhost :x"]),
            ("4,000 bytes", r"@label=\{4000*a} PING x", &["PONG parlor.localhost :x"]),
            ("an empty one", "@label= PING x", &["PONG parlor.localhost :x"]),
            ("one without a value", "@label PING x", &["PONG parlor.localhost :x"]),
            (
                "two of them",
                "@label=a;label=b PING x",
                &["alice < @label=b :parlor.localhost PONG parlor.localhost :x"],
            ),
            (
                "escaped characters",
                r"@label=\\s\\:\\\\\\r\\n PING x",
                &[r"alice < @label=\\s\\:\\\\\\r\\n :parlor.localhost PONG parlor.localhost :x"],
            ),
            (
                "characters of three bytes, 21 of them",
                r"@label=\{21*茶} PING x",
                &[r"alice < @label=\{21*茶} :parlor.localhost PONG parlor.localhost :x"],
            ),
            (
                "characters of three bytes, 22 of them",
                r"@label=\{22*茶} PING x",
                &["PONG parlor.localhost :x"],
            ),
            (
                "on a command that is not",
                "@label=a FOO",
                &["alice < @label=a :parlor.localhost 421 alice FOO :Unknown command"],
            ),
            ("on nothing", "@label=a", &["alice < @label=a :parlor.localhost 421 alice * :Unknown command"]),
            (
                "on what is too long",
                r"@label=a PING :\{505*x}",
                &["alice < @label=a :parlor.localhost 417 alice :Input line was too long"],
            ),
            (
                "on what is much too long",
                r"@label=a PING :\{9000*x}",
                &["alice < @label=a :parlor.localhost 417 alice :Input line was too long"],
            ),
            (
                "on what is not UTF-8",
                r"@label=a PING \xff",
                &["alice < @label=a :parlor.localhost FAIL PING INVALID_UTF8 :Message rejected: not UTF-8"],
            ),
            (
                "on what has a NUL in it",
                r"@label=a PING \x00",
                &["alice < @label=a :parlor.localhost 421 alice * :Unknown command"],
            ),
            ("with a NUL in it", r"@label=a\x00b PING x", &["421 alice * :Unknown command"]),
            (
                "that is not UTF-8",
                r"@label=\xff PING x",
                &["FAIL PING INVALID_UTF8 :Message rejected: not UTF-8"],
            ),
            ("on what is not answered", "@label=a PONG x", &["alice < @label=a :parlor.localhost ACK"]),
            (
                "on a text of one's own",
                "@label=a PRIVMSG #tea :x",
                &[
                    "bob < :alice!alice@alice.cloak PRIVMSG #tea :x",
                    "dave < alice: x",
                    "alice < @label=a;msgid=1a20df421e8-8 :alice!alice@alice.cloak PRIVMSG #tea :x",
                ],
            ),
            (
                "on several answers",
                "@label=a PRIVMSG x,y :z",
                &[
                    "alice < @label=a :parlor.localhost BATCH +label labeled-response",
                    "alice < @batch=label :parlor.localhost 401 alice x :No such nick/channel",
                    "alice < @batch=label :parlor.localhost 401 alice y :No such nick/channel",
                    "BATCH -label",
                ],
            ),
            (
                "on the end",
                "@label=a QUIT :x",
                &[
                    "console: alice left (quit)",
                    "bob < :alice!alice@alice.cloak QUIT :Quit: x",
                    "dave < alice left: x",
                    "alice < ERROR :Closing link: Quit: x",
                    "alice is closed",
                ],
            ),
        ],
    );
}

#[test]
fn a_sender_cannot_choose_its_source() {
    check(
        Sender::Member,
        &[
            (
                "another source",
                ":bob!bob@bob.cloak PRIVMSG #tea :forged",
                &["bob < :alice!alice@alice.cloak PRIVMSG #tea :forged", "dave < alice: forged"],
            ),
            (
                "the server's",
                ":parlor.localhost PRIVMSG #tea :forged",
                &["bob < :alice!alice@alice.cloak PRIVMSG #tea :forged", "dave < alice: forged"],
            ),
            (
                "an empty one",
                ": PRIVMSG #tea :forged",
                &["bob < :alice!alice@alice.cloak PRIVMSG #tea :forged", "dave < alice: forged"],
            ),
            (
                "one of 400 bytes",
                r":\{400*x} PRIVMSG #tea :forged",
                &["bob < :alice!alice@alice.cloak PRIVMSG #tea :forged", "dave < alice: forged"],
            ),
            ("a numeric", "001 alice :Welcome", &["421 alice 001 :Unknown command"]),
            (
                "a numeric from a server",
                ":parlor.localhost 433 * bob :Nickname is already in use",
                &["421 alice 433 :Unknown command"],
            ),
            (
                "a server's command",
                ":parlor.localhost KILL bob :x",
                &["481 alice :Permission Denied- You're not an IRC operator"],
            ),
            ("commands between servers", "SERVER evil.example 1 :x", &["421 alice SERVER :Unknown command"]),
            ("a batch of its own", "BATCH +1 multiline #tea", &["421 alice BATCH :Unknown command"]),
            ("an error of its own", "ERROR :x", &["421 alice ERROR :Unknown command"]),
            ("a wish to acknowledge", "ACK", &["421 alice ACK :Unknown command"]),
            ("HTTP", "GET / HTTP/1.1", &["421 alice GET :Unknown command"]),
            ("TLS", r"\x16\x03\x01\x02\x00\x01", &["421 alice * :Unknown command"]),
        ],
    );
}

#[test]
fn an_unknown_command_is_repeated_as_one_short_word() {
    check(
        Sender::Member,
        &[
            ("a word", "FOO", &["421 alice FOO :Unknown command"]),
            ("in lower case", "foo bar", &["421 alice foo :Unknown command"]),
            ("not a word", r##"!"#$%&/()=?"##, &[r##"421 alice !"#$%&/()=? :Unknown command"##]),
            ("with a control character", r"F\x02O\x1b[0m", &["421 alice FO[0m :Unknown command"]),
            (
                "of characters beyond ASCII",
                "ＰＲＩＶＭＳＧ #tea :x",
                &["421 alice ＰＲＩＶＭＳＧ :Unknown command"],
            ),
            ("an old client's habit", "/join #tea", &["421 alice /join :Unknown command"]),
            ("with a colon inside", "PRIVMSG:x #tea :y", &["421 alice PRIVMSG:x :Unknown command"]),
            ("with a TAB for a space", r"PRIVMSG\t#tea\t:x", &["421 alice PRIVMSG#tea:x :Unknown command"]),
            ("with bidi", r"\u{202e}GSMVIRP #tea :x", &[r"421 alice \u{202e}GSMVIRP :Unknown command"]),
        ],
    );
}

#[test]
fn empty_parameters_are_missing_parameters() {
    check(
        Sender::Member,
        &[
            (
                "ADMIN",
                "ADMIN :",
                &[
                    "256 alice parlor.localhost :Administrative info",
                    "257 alice :-",
                    "258 alice :-",
                    "259 alice :-",
                ],
            ),
            ("AWAY", "AWAY :", &["305 alice :You are no longer marked as being away"]),
            ("CAP", "CAP :", &["410 alice * :Invalid CAP command"]),
            ("CHGHOST", "CHGHOST : ", &["461 alice CHGHOST :Not enough parameters"]),
            ("CHGHOST with two", "CHGHOST bob :", &["NOTICE alice :CHGHOST: Invalid host"]),
            ("HELP", "HELP :z z", &["524 alice z :No help available on this topic"]),
            ("INVITE", "INVITE :", &["461 alice INVITE :Not enough parameters"]),
            ("INVITE with two", "INVITE bob :", &["403 alice * :No such channel"]),
            ("ISON", "ISON :", &["303 alice :"]),
            ("ISON of spaces", r"ISON :\{30* }", &["303 alice :"]),
            ("JOIN", "JOIN :", &["461 alice JOIN :Not enough parameters"]),
            ("JOIN of commas", "JOIN ,,,,", &["461 alice JOIN :Not enough parameters"]),
            (
                "JOIN of a number sign",
                "JOIN #",
                &[
                    "alice < :alice!alice@alice.cloak JOIN #",
                    "353 alice = # :@alice",
                    "366 alice # :End of /NAMES list",
                ],
            ),
            ("KICK", "KICK : ", &["461 alice KICK :Not enough parameters"]),
            ("KICK of nobody", "KICK #tea :", &["461 alice KICK :Not enough parameters"]),
            ("KICK of commas", "KICK #tea ,,,", &["461 alice KICK :Not enough parameters"]),
            ("KICK out of commas", "KICK ,,, bob", &["461 alice KICK :Not enough parameters"]),
            ("KILL", "KILL :", &["401 alice * :No such nick/channel"]),
            (
                "LIST",
                "LIST ,,,",
                &["321 alice Channel :Users Name", "322 alice #tea 3 :", "323 alice :End of /LIST"],
            ),
            ("MODE", "MODE :", &["401 alice * :No such nick/channel"]),
            ("MODE of nothing", "MODE #tea :", &[]),
            ("MODE of a sign", "MODE #tea +", &[]),
            ("MODE of one's own", "MODE alice :", &[]),
            ("MONITOR", "MONITOR :", &["461 alice MONITOR :Not enough parameters"]),
            ("MONITOR of nobody", "MONITOR + :", &[]),
            ("MONITOR without a list", "MONITOR +", &[]),
            ("NAMES", "NAMES :", &["366 alice * :End of /NAMES list"]),
            ("NAMES of commas", "NAMES ,,,", &["366 alice * :End of /NAMES list"]),
            ("NICK", "NICK :", &["431 alice :No nickname given"]),
            ("NICK without one", "NICK", &["431 alice :No nickname given"]),
            ("NOTICE", "NOTICE :", &[]),
            ("NOTICE without a text", "NOTICE #tea :", &[]),
            ("OPER", "OPER :", &["461 alice OPER :Not enough parameters"]),
            (
                "OPER with two",
                "OPER alice :",
                &["console: alice gave a wrong password", "464 alice :Password incorrect"],
            ),
            ("PART", "PART :", &["461 alice PART :Not enough parameters"]),
            ("PART of commas", "PART ,,", &["461 alice PART :Not enough parameters"]),
            ("PASS", "PASS :", &["462 alice :You may not reregister"]),
            ("PING", "PING :", &["409 alice :No origin specified"]),
            ("PONG", "PONG :", &[]),
            ("PRIVMSG", "PRIVMSG :", &["411 alice :No recipient given"]),
            ("PRIVMSG without a target", "PRIVMSG", &["411 alice :No recipient given"]),
            ("PRIVMSG to commas", "PRIVMSG ,,, :x", &["411 alice :No recipient given"]),
            ("PRIVMSG without a text", "PRIVMSG #tea", &["412 alice :No text to send"]),
            ("PRIVMSG with an empty text", "PRIVMSG #tea :", &["412 alice :No text to send"]),
            ("PRIVMSG of controls alone", r"PRIVMSG #tea :\x07\x1b", &["412 alice :No text to send"]),
            ("PRIVMSG to a status", "PRIVMSG @ :x", &["401 alice @ :No such nick/channel"]),
            ("PRIVMSG to a status of nowhere", "PRIVMSG @# :x", &["403 alice # :No such channel"]),
            ("SETNAME", "SETNAME :", &["FAIL SETNAME INVALID_REALNAME :Invalid realname"]),
            (
                "SETNAME of controls alone",
                r"SETNAME :\x07",
                &["FAIL SETNAME INVALID_REALNAME :Invalid realname"],
            ),
            ("STATS", "STATS :", &["219 alice * :End of /STATS report"]),
            ("TAGMSG", "TAGMSG :", &["461 alice TAGMSG :Not enough parameters"]),
            ("TOPIC", "TOPIC :", &["403 alice * :No such channel"]),
            ("TOPIC of a number sign", "TOPIC #", &["403 alice # :No such channel"]),
            ("USER", "USER a b c :", &["462 alice :You may not reregister"]),
            ("USERHOST", "USERHOST :", &["302 alice :"]),
            ("WALLOPS", "WALLOPS :", &["461 alice WALLOPS :Not enough parameters"]),
            ("WHO", "WHO :z", &["315 alice z :End of /WHO list"]),
            ("WHOIS", "WHOIS :", &["431 alice :No nickname given"]),
            ("WHOIS with two", "WHOIS parlor.localhost :", &["431 alice :No nickname given"]),
            ("WHOWAS", "WHOWAS :", &["431 alice :No nickname given"]),
        ],
    );
}

#[test]
fn a_parameter_of_an_answer_is_one_word() {
    check(
        Sender::Member,
        &[
            ("a room with a space", "JOIN :a b", &["476 alice a :Channel names begin with #"]),
            ("a room that begins with a colon", "JOIN ::a", &["476 alice a :Channel names begin with #"]),
            (
                "too many rooms, with spaces and a colon",
                r"JOIN ::a b,\{21*#c,}",
                &["407 alice a :Too many targets"],
            ),
            (
                "too many names, with spaces and a colon",
                "PRIVMSG ::a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u x",
                &["412 alice :No text to send"],
            ),
            ("too many rooms to part", r"PART :#a b,\{30*#c,}", &["407 alice #a :Too many targets"]),
            (
                "too many rooms to see the names of",
                r"NAMES :#a b,\{30*#c,}",
                &["407 alice #a :Too many targets"],
            ),
            (
                "a name with a space",
                "NICK :a b",
                &["432 alice a :Erroneous nickname: a name cannot contain ' '"],
            ),
            (
                "a name that is a space",
                r"NICK :\x20",
                &["432 alice * :Erroneous nickname: a name cannot contain ' '"],
            ),
            (
                "a name that begins with a colon",
                "NICK ::a",
                &["432 alice a :Erroneous nickname: a name cannot contain ':'"],
            ),
            ("a token with a space", "PING :a b", &["PONG parlor.localhost :a b"]),
            ("a token that begins with a colon", "PING ::a", &["PONG parlor.localhost ::a"]),
            ("a letter that is a space", r"STATS :\x20", &["219 alice * :End of /STATS report"]),
            ("a letter that is a colon", "STATS ::", &["219 alice * :End of /STATS report"]),
            ("a letter that is a control character", r"STATS \x02", &["219 alice * :End of /STATS report"]),
            ("a letter beyond ASCII", "STATS 茶", &["219 alice * :End of /STATS report"]),
            ("help with a space", "HELP :no such", &["524 alice no :No help available on this topic"]),
            ("help with a colon", "HELP ::x", &["524 alice x :No help available on this topic"]),
            ("a mask with a space", "WHO :a b", &["315 alice a :End of /WHO list"]),
            ("a mask that begins with a colon", "WHO ::a", &["315 alice * :End of /WHO list"]),
            (
                "a token of WHOX with a colon",
                "WHO bob %tn,:x",
                &["354 alice x :bob", "315 alice bob :End of /WHO list"],
            ),
            (
                "nobody with a space",
                "WHOIS :a b",
                &["401 alice a :No such nick/channel", "318 alice a :End of /WHOIS list"],
            ),
            (
                "nobody with a colon",
                "WHOIS ::a",
                &["401 alice * :No such nick/channel", "318 alice * :End of /WHOIS list"],
            ),
            (
                "nobody any more, with a colon",
                "WHOWAS ::a",
                &["406 alice * :There was no such nickname", "369 alice * :End of WHOWAS"],
            ),
            ("a subcommand with a colon", "CAP ::x", &["410 alice x :Invalid CAP command"]),
            ("a subcommand with a space", "CAP :x y", &["410 alice x :Invalid CAP command"]),
            (
                "a letter of a mode that is a space",
                "MODE #tea :+x y",
                &[
                    "472 alice x :is unknown mode char to me",
                    "472 alice * :is unknown mode char to me",
                    "472 alice y :is unknown mode char to me",
                ],
            ),
            (
                "a letter of a mode that is a colon",
                "MODE #tea +:",
                &["472 alice * :is unknown mode char to me"],
            ),
            ("an invitation with a space", "INVITE :bob #tea", &["461 alice INVITE :Not enough parameters"]),
            ("an invitation to a room with a colon", "INVITE bob ::a", &["403 alice a :No such channel"]),
        ],
    );
}

#[test]
fn lists_have_a_maximum_length() {
    check(
        Sender::Member,
        &[
            ("hundreds of targets", r"PRIVMSG \{240*a,}a :x", &[r"407 alice \{25*a,}a :Too many targets"]),
            (
                "hundreds of targets that are empty",
                r"PRIVMSG \{400*,} :x",
                &["411 alice :No recipient given"],
            ),
            ("twenty-one targets", r"PRIVMSG \{20*a,}a :x", &[r"407 alice \{20*a,}a :Too many targets"]),
            ("a hundred rooms", r"JOIN \{100*#a,}#a", &[r"407 alice \{17*#a,} :Too many targets"]),
            (
                "a hundred rooms with keys",
                r"JOIN \{100*#a,}#a \{40*k,}",
                &[r"407 alice \{17*#a,} :Too many targets"],
            ),
            ("a hundred rooms to leave", r"PART \{100*#a,}#a", &[r"407 alice \{17*#a,} :Too many targets"]),
            ("a hundred names to kick", r"KICK #tea \{100*a,}a", &[r"407 alice \{25*a,}a :Too many targets"]),
            (
                "as many rooms as names, and too many",
                r"KICK \{40*#a,} \{40*a,}",
                &[r"407 alice \{17*#a,} :Too many targets"],
            ),
            ("more names than rooms", "KICK #tea,#cake a,b,c", &["461 alice KICK :Not enough parameters"]),
            ("a room over and over", "JOIN #tea,#tea,#TEA,#tea", &[]),
            (
                "oneself out of one room twice",
                "PART #tea,#TEA",
                &[
                    "bob < :alice!alice@alice.cloak PART #tea",
                    "dave < alice left",
                    "alice < :alice!alice@alice.cloak PART #tea",
                ],
            ),
            (
                "a name of a room that is too long",
                r"JOIN #\{51*x}",
                &[r"476 alice #\{50*x} :The name has more than 50 characters"],
            ),
            (
                "a name of a room of 400 bytes",
                r"JOIN #\{400*x}",
                &[r"476 alice #\{50*x} :The name has more than 50 characters"],
            ),
            ("a name of a room with a comma", "TOPIC #a,b :x", &["403 alice #a,b :No such channel"]),
            (
                "a name of a room with a BEL",
                r"JOIN #a\x07b",
                &[r"476 alice #ab :A name cannot contain '\\u{7}'"],
            ),
            (
                "a name of a room with bidi",
                r"JOIN #\u{202e}a",
                &[r"476 alice #\u{202e}a :A name cannot contain '\\u{202e}'"],
            ),
            (
                "a name of a room of nothing that is seen",
                r"JOIN #\u{200b}",
                &[r"476 alice #\u{200b} :A name cannot contain '\\u{200b}'"],
            ),
            (
                "all rooms, and one more",
                "JOIN 0,#cake",
                &[
                    "476 alice 0 :Channel names begin with #",
                    "alice < :alice!alice@alice.cloak JOIN #cake",
                    "353 alice = #cake :@alice",
                    "366 alice #cake :End of /NAMES list",
                ],
            ),
            (
                "all rooms, with a key",
                "JOIN 0 key",
                &[
                    "bob < :alice!alice@alice.cloak PART #tea",
                    "dave < alice left",
                    "alice < :alice!alice@alice.cloak PART #tea",
                ],
            ),
        ],
    );
}

#[test]
fn only_operators_of_a_room_change_its_modes() {
    check(
        Sender::Member,
        &[
            ("hundreds of flags", r"MODE #tea +\{480*n}", &["482 alice #tea :You're not channel operator"]),
            (
                "hundreds of letters that are none",
                r"MODE #tea +\{480*x}",
                &["472 alice x :is unknown mode char to me"],
            ),
            ("hundreds of signs", r"MODE #tea \{240*+-}", &[]),
            ("signs and a letter", "MODE #tea +-+-+-x", &["472 alice x :is unknown mode char to me"]),
            ("hundreds of lists", r"MODE #tea +\{480*b}", &["368 alice #tea :End of channel ban list"]),
            (
                "hundreds of keys that are not there",
                r"MODE #tea +\{480*k}",
                &["696 alice #tea k * :A key is required"],
            ),
            (
                "hundreds of limits that are not there",
                r"MODE #tea +\{480*l}",
                &["696 alice #tea l * :A limit is required"],
            ),
            (
                "hundreds of names that are not there",
                r"MODE #tea +\{480*o}",
                &["696 alice #tea o * :A nickname is required"],
            ),
            ("a room that is not", r"MODE #cake +\{400*n}", &["403 alice #cake :No such channel"]),
            ("a status for oneself", "MODE #tea +o alice", &["482 alice #tea :You're not channel operator"]),
            ("an operator's letter for oneself", "MODE alice +o", &[]),
            ("hundreds of letters of one's own", r"MODE alice +\{480*x}", &["501 alice :Unknown MODE flag"]),
            (
                "hundreds of letters of somebody else",
                r"MODE bob +\{480*i}",
                &["502 alice :Cant change mode for other users"],
            ),
            ("one's own modes, on and off", r"MODE alice \{100*+w-w}", &[]),
        ],
    );
}

#[test]
fn valid_modes_of_a_room_are_set_and_invalid_ones_answered() {
    check(
        Sender::Founder,
        &[
            ("flags that are on already", r"MODE #tea +\{480*n}", &[]),
            (
                "a flag on and off",
                r"MODE #tea \{100*+m-m}",
                &[
                    r"alice < :alice!alice@alice.cloak MODE #tea \{100*+m-m}",
                    r"bob < :alice!alice@alice.cloak MODE #tea \{100*+m-m}",
                    "dave < * alice turned off moderated mode",
                ],
            ),
            ("a key with a comma", "MODE #tea +k a,b", &["696 alice #tea k * :Invalid key"]),
            ("a key that is empty", "MODE #tea +k :", &["696 alice #tea k * :Invalid key"]),
            ("a key that begins with a colon", "MODE #tea +k ::a", &["696 alice #tea k * :Invalid key"]),
            ("a key with a space", "MODE #tea +k :a b", &["696 alice #tea k * :Invalid key"]),
            ("a key of 24 bytes", r"MODE #tea +k \{24*x}", &["696 alice #tea k * :Invalid key"]),
            ("a limit that is no number", "MODE #tea +l x", &["696 alice #tea l x :Invalid limit"]),
            ("a limit below zero", "MODE #tea +l -1", &["696 alice #tea l -1 :Invalid limit"]),
            ("a limit of zero", "MODE #tea +l 0", &["696 alice #tea l 0 :Invalid limit"]),
            (
                "a limit beyond numbers",
                "MODE #tea +l 99999999999999999999",
                &["696 alice #tea l 99999999999999999999 :Invalid limit"],
            ),
            (
                "a ban of nothing",
                "MODE #tea +b :",
                &["696 alice #tea b * :A mask has the form nick!user@host"],
            ),
            (
                "a ban with a space",
                "MODE #tea +b :a b",
                &["696 alice #tea b a :A mask has the form nick!user@host"],
            ),
            (
                "a ban that begins with a colon",
                "MODE #tea +b ::x",
                &["696 alice #tea b x :A host cannot contain ':' there"],
            ),
            (
                "a ban of an address that begins with a colon",
                "MODE #tea +b ::1",
                &[
                    "alice < :alice!alice@alice.cloak MODE #tea +b *!*@loopback.cloak",
                    "bob < :alice!alice@alice.cloak MODE #tea +b *!*@loopback.cloak",
                    "dave < * alice banned *!*@loopback.cloak",
                ],
            ),
            (
                "a ban of a network",
                "MODE #tea +b *!*@10.0.0.0/8",
                &[
                    "696 alice #tea b *!*@10.0.0.0/8 :A mask takes an address or its network of 24 or 16 bits (IPv6: 64 or 48), as in *!*@192.0.2.0/24",
                ],
            ),
            (
                "a ban of an account",
                "MODE #tea +b $a:bob",
                &["696 alice #tea b $a:bob :Unknown kind of mask"],
            ),
            (
                "an exception of another server's kind",
                "MODE #tea +e ~q:bob",
                &["696 alice #tea e ~q:bob :Unknown kind of mask"],
            ),
            (
                "an invitation that mutes",
                "MODE #tea +I m:bob",
                &["696 alice #tea I m:bob :Unknown kind of mask"],
            ),
            (
                "a ban of a name that nobody can have",
                "MODE #tea +b bo+b",
                &["696 alice #tea b bo+b :A nick cannot contain '+'"],
            ),
            (
                "modes with parameters behind them that none takes",
                "MODE #tea +n-n a b -l 5",
                &[
                    "alice < :alice!alice@alice.cloak MODE #tea -n",
                    "bob < :alice!alice@alice.cloak MODE #tea -n",
                    "dave < * alice turned off no-outside mode",
                    "696 alice #tea n a :No mode before this parameter takes one",
                    "696 alice #tea n b :No mode before this parameter takes one",
                    "696 alice #tea l 5 :No mode before this parameter takes one",
                ],
            ),
            (
                "nothing but signs, and a parameter",
                "MODE #tea + - x",
                &["696 alice #tea * x :No mode before this parameter takes one"],
            ),
            (
                "a ban of signs alone",
                "MODE #tea +b !@",
                &[
                    "alice < :alice!alice@alice.cloak MODE #tea +b *!*@*",
                    "bob < :alice!alice@alice.cloak MODE #tea +b *!*@*",
                    "dave < * alice banned *",
                ],
            ),
            (
                "a ban of 171 bytes",
                r"MODE #tea +b \{167*x}",
                &[r"696 alice #tea b \{51*x} :The mask is too long"],
            ),
            (
                "a ban of many stars",
                r"MODE #tea +b \{80**a}",
                &[
                    r"alice < :alice!alice@alice.cloak MODE #tea +b \{80**a}!*@*",
                    r"bob < :alice!alice@alice.cloak MODE #tea +b \{80**a}!*@*",
                    r"dave < * alice banned \{80**a}",
                ],
            ),
            (
                "a ban of more stars",
                r"MODE #tea +b \{240**a}",
                &[r"696 alice #tea b \{25**a}* :The mask is too long"],
            ),
            (
                "a ban of controls",
                r"MODE #tea +b a\x02b",
                &["696 alice #tea b ab :A mask has the form nick!user@host"],
            ),
            (
                "a mute of nothing",
                "MODE #tea +b m:",
                &["696 alice #tea b m: :A mask has the form nick!user@host"],
            ),
            ("a status for nobody", "MODE #tea +o nobody", &["401 alice nobody :No such nick/channel"]),
            ("a status for what is no name", "MODE #tea +o :a b", &["401 alice a :No such nick/channel"]),
            (
                "statuses for more than there are names",
                "MODE #tea +ooo bob",
                &[
                    "alice < :alice!alice@alice.cloak MODE #tea +o bob",
                    "696 alice #tea o * :A nickname is required",
                    "bob < :alice!alice@alice.cloak MODE #tea +o bob",
                    "dave < * alice made bob an operator",
                ],
            ),
            (
                "fourteen statuses",
                "MODE #tea +vvvvvvvvvvvvvv 1a 2a 3a 4a 5a 6a 7a 8a 9a 10a 11a 12a 13a 14a",
                &[
                    "401 alice 1a :No such nick/channel",
                    "401 alice 2a :No such nick/channel",
                    "401 alice 3a :No such nick/channel",
                    "401 alice 4a :No such nick/channel",
                    "401 alice 5a :No such nick/channel",
                    "401 alice 6a :No such nick/channel",
                    "401 alice 7a :No such nick/channel",
                    "401 alice 8a :No such nick/channel",
                    "401 alice 9a :No such nick/channel",
                    "401 alice 10a :No such nick/channel",
                    "401 alice 11a :No such nick/channel",
                    "401 alice 12a :No such nick/channel",
                    "401 alice 13a :No such nick/channel",
                    "696 alice #tea v * :A nickname is required",
                ],
            ),
            (
                "bans that are longer when they are whole",
                r"MODE #tea +bbbbbbbbbbbb a\{33*x} b\{33*x} c\{33*x} d\{33*x} e\{33*x} f\{33*x} g\{33*x} h\{33*x} i\{33*x} j\{33*x} k\{33*x} l\{33*x}",
                &[
                    r"alice < :alice!alice@alice.cloak MODE #tea +bbbbbbbbbbb a\{33*x}!*@* b\{33*x}!*@* c\{33*x}!*@* d\{33*x}!*@* e\{33*x}!*@* f\{33*x}!*@* g\{33*x}!*@* h\{33*x}!*@* i\{33*x}!*@* j\{33*x}!*@* k\{33*x}!*@*",
                    r"alice < :alice!alice@alice.cloak MODE #tea +b l\{33*x}!*@*",
                    r"bob < :alice!alice@alice.cloak MODE #tea +bbbbbbbbbbb a\{33*x}!*@* b\{33*x}!*@* c\{33*x}!*@* d\{33*x}!*@* e\{33*x}!*@* f\{33*x}!*@* g\{33*x}!*@* h\{33*x}!*@* i\{33*x}!*@* j\{33*x}!*@* k\{33*x}!*@*",
                    r"bob < :alice!alice@alice.cloak MODE #tea +b l\{33*x}!*@*",
                    r"dave < * alice banned a\{33*x}, banned b\{33*x}, banned c\{33*x}, banned d\{33*x}, banned e\{33*x}, banned f\{33*x}, banned g\{33*x}, banned h\{33*x}, banned i\{33*x}, banned j\{33*x}, banned k\{33*x}, banned l\{33*x}",
                ],
            ),
            (
                "more parameters than a message has",
                "MODE #tea +k-k+bbbbbbbbbbbb k k 1 2 3 4 5 6 7 8 9 10 11",
                &[
                    "alice < :alice!alice@alice.cloak MODE #tea +k-k+bbbbbbbbbbb k * 1!*@* 2!*@* 3!*@* 4!*@* 5!*@* 6!*@* 7!*@* 8!*@* 9!*@* 10!*@* 11!*@*",
                    "367 alice #tea 1!*@* alice 1795530433",
                    "367 alice #tea 2!*@* alice 1795530433",
                    "367 alice #tea 3!*@* alice 1795530433",
                    "367 alice #tea 4!*@* alice 1795530433",
                    "367 alice #tea 5!*@* alice 1795530433",
                    "367 alice #tea 6!*@* alice 1795530433",
                    "367 alice #tea 7!*@* alice 1795530433",
                    "367 alice #tea 8!*@* alice 1795530433",
                    "367 alice #tea 9!*@* alice 1795530433",
                    "367 alice #tea 10!*@* alice 1795530433",
                    "367 alice #tea 11!*@* alice 1795530433",
                    "368 alice #tea :End of channel ban list",
                    "bob < :alice!alice@alice.cloak MODE #tea +k-k+bbbbbbbbbbb k * 1!*@* 2!*@* 3!*@* 4!*@* 5!*@* 6!*@* 7!*@* 8!*@* 9!*@* 10!*@* 11!*@*",
                    "dave < * alice removed the key, banned 1, banned 2, banned 3, banned 4, banned 5, banned 6, banned 7, banned 8, banned 9, banned 10, banned 11",
                ],
            ),
            (
                "a key that is taken away without it",
                "MODE #tea +kbbbbbbbbbbbb-k k 1 2 3 4 5 6 7 8 9 10 11 12",
                &[
                    r"alice < :alice!alice@alice.cloak MODE #tea +k\{12*b} k 1!*@* 2!*@* 3!*@* 4!*@* 5!*@* 6!*@* 7!*@* 8!*@* 9!*@* 10!*@* 11!*@* 12!*@*",
                    "alice < :alice!alice@alice.cloak MODE #tea -k *",
                    r"bob < :alice!alice@alice.cloak MODE #tea +k\{12*b} k 1!*@* 2!*@* 3!*@* 4!*@* 5!*@* 6!*@* 7!*@* 8!*@* 9!*@* 10!*@* 11!*@* 12!*@*",
                    "bob < :alice!alice@alice.cloak MODE #tea -k *",
                    r"dave < * alice banned 1, banned 2, banned 3, banned 4, banned 5, banned 6, banned 7, banned 8, banned 9, banned 10, banned 11, banned 12, removed the key",
                ],
            ),
            ("a topic of 391 bytes", r"TOPIC #tea :\{391*x}", &["417 alice :Input line was too long"]),
            (
                "a topic of controls alone",
                r"TOPIC #tea :\x07",
                &[
                    "alice < :alice!alice@alice.cloak TOPIC #tea :",
                    "bob < :alice!alice@alice.cloak TOPIC #tea :",
                    "dave < * alice cleared the topic",
                ],
            ),
            ("a reason of 400 bytes", r"KICK #tea nobody :\{400*x}", &["417 alice :Input line was too long"]),
        ],
    );
}

#[test]
fn patterns_with_many_stars_take_little_time() {
    check(
        Sender::Member,
        &[
            ("WHO", r"WHO \{240**a}", &[r"315 alice \{30**a} :End of /WHO list"]),
            ("WHO with a hundred stars", r"WHO \{100**a}b", &[r"315 alice \{30**a} :End of /WHO list"]),
            (
                "WHO of nothing but stars",
                r"WHO \{500**}",
                &[
                    "352 alice #tea bob bob.cloak parlor.localhost bob H@ :0 bob",
                    "352 alice #tea plain dave.cloak parlor.localhost 5004 H :0 plain text",
                    "352 alice #tea alice alice.cloak parlor.localhost alice H :0 alice",
                    r"315 alice \{60**} :End of /WHO list",
                ],
            ),
            ("WHO of question marks", r"WHO \{400*?}", &[r"315 alice \{60*?} :End of /WHO list"]),
            ("LIST", r"LIST \{240**a}", &["321 alice Channel :Users Name", "323 alice :End of /LIST"]),
            (
                "LIST of nothing but stars",
                r"LIST \{500**}",
                &["321 alice Channel :Users Name", "322 alice #tea 3 :", "323 alice :End of /LIST"],
            ),
            (
                "LIST of twenty patterns",
                r"LIST \{20**a*b*c*d,}",
                &["321 alice Channel :Users Name", "323 alice :End of /LIST"],
            ),
            (
                "LIST without many",
                r"LIST \{20*!**a*b*,}",
                &["321 alice Channel :Users Name", "322 alice #tea 3 :", "323 alice :End of /LIST"],
            ),
            (
                "LIST of conditions that are none",
                "LIST >,<,C>,T<x,>99999999999999999999",
                &["321 alice Channel :Users Name", "322 alice #tea 3 :", "323 alice :End of /LIST"],
            ),
            (
                "WHOIS of a pattern",
                "WHOIS *",
                &["401 alice * :No such nick/channel", "318 alice * :End of /WHOIS list"],
            ),
            ("WHOX of unknown fields", r"WHO bob %xyz\{400*z}", &["315 alice bob :End of /WHO list"]),
            (
                "WHOX of every field",
                r"WHO bob %tcuihsnfdlaor,\{60*9}",
                &[
                    r"354 alice \{51*9} #tea bob 255.255.255.255 bob.cloak parlor.localhost bob H@ 0 0 0 n/a :bob",
                    "315 alice bob :End of /WHO list",
                ],
            ),
        ],
    );
}

#[test]
fn a_name_consists_of_letters_and_digits() {
    check(
        Sender::Member,
        &[
            (
                "a control character",
                r"NICK a\x01b",
                &[r"432 alice ab :Erroneous nickname: a name cannot contain '\\u{1}'"],
            ),
            (
                "a formatting code",
                r"NICK \x02alice",
                &[r"432 alice alice :Erroneous nickname: a name cannot contain '\\u{2}'"],
            ),
            (
                "an ESC",
                r"NICK \x1b[31m",
                &[r"432 alice [31m :Erroneous nickname: a name cannot contain '\\u{1b}'"],
            ),
            (
                "bidi",
                r"NICK \u{202e}ecila",
                &[r"432 alice \u{202e}ecila :Erroneous nickname: a name cannot contain '\\u{202e}'"],
            ),
            (
                "bidi inside",
                r"NICK al\u{2066}ice",
                &[r"432 alice al\u{2066}ice :Erroneous nickname: a name cannot contain '\\u{2066}'"],
            ),
            (
                "a space of no width",
                r"NICK al\u{200b}ice",
                &[r"432 alice al\u{200b}ice :Erroneous nickname: a name cannot contain '\\u{200b}'"],
            ),
            (
                "a joiner",
                r"NICK al\u{200d}ice",
                &[r"432 alice al\u{200d}ice :Erroneous nickname: a name cannot contain '\\u{200d}'"],
            ),
            (
                "a byte order mark",
                r"NICK \u{feff}alice",
                &[r"432 alice \u{feff}alice :Erroneous nickname: a name cannot contain '\\u{feff}'"],
            ),
            (
                "a filler of Hangul",
                r"NICK \u{3164}",
                &["432 alice ㅤ :Erroneous nickname: a name cannot contain 'ㅤ'"],
            ),
            (
                "a selector of variants",
                r"NICK a\u{fe0f}",
                &[r"432 alice a\u{fe0f} :Erroneous nickname: a name cannot contain '\\u{fe0f}'"],
            ),
            (
                "a space of another kind",
                r"NICK al\u{a0}ice",
                &[r"432 alice al\u{a0}ice :Erroneous nickname: a name cannot contain '\\u{a0}'"],
            ),
            (
                "a space",
                "NICK al ice",
                &[
                    "bob < :alice!alice@alice.cloak NICK al",
                    "dave < * alice is now al",
                    "alice < :alice!alice@alice.cloak NICK al",
                ],
            ),
            ("a comma", "NICK al,ice", &["432 alice al,ice :Erroneous nickname: a name cannot contain ','"]),
            ("a star", "NICK *", &["432 alice * :Erroneous nickname: a name cannot contain '*'"]),
            (
                "a question mark",
                "NICK al?ice",
                &["432 alice al?ice :Erroneous nickname: a name cannot contain '?'"],
            ),
            (
                "a number sign",
                "NICK #tea",
                &["432 alice #tea :Erroneous nickname: a name cannot contain '#'"],
            ),
            (
                "an at sign",
                "NICK @alice",
                &["432 alice @alice :Erroneous nickname: a name cannot contain '@'"],
            ),
            (
                "a whole mask",
                "NICK a!b@c",
                &["432 alice a!b@c :Erroneous nickname: a name cannot contain '!'"],
            ),
            (
                "a full stop",
                "NICK parlor.localhost",
                &["432 alice parlor.localhost :Erroneous nickname: a name cannot contain '.'"],
            ),
            (
                "thirty-one characters",
                r"NICK \{31*a}",
                &[r"432 alice \{31*a} :Erroneous nickname: the name is too long"],
            ),
            (
                "thirty-one characters of three bytes",
                r"NICK \{31*茶}",
                &[r"432 alice \{31*茶} :Erroneous nickname: the name is too long"],
            ),
            (
                "500 characters",
                r"NICK \{500*a}",
                &[r"432 alice \{51*a} :Erroneous nickname: the name is too long"],
            ),
            (
                "a mark without a letter",
                r"NICK \u{301}",
                &[r"432 alice \u{301} :Erroneous nickname: a name cannot contain '\\u{301}'"],
            ),
            (
                "digits alone",
                "NICK 5004",
                &["432 alice 5004 :Erroneous nickname: a name cannot be all digits"],
            ),
            (
                "digits of another script",
                "NICK ٥٠٠٤",
                &["432 alice ٥٠٠٤ :Erroneous nickname: a name cannot be all digits"],
            ),
            (
                "a name with a number, as the server gives it",
                "NICK 5001-2",
                &["432 alice 5001-2 :Erroneous nickname: a name cannot be all digits"],
            ),
            ("an emoji", "NICK 🍵", &["432 alice 🍵 :Erroneous nickname: a name cannot contain '🍵'"]),
            ("somebody's", "NICK BOB", &["433 alice BOB :Nickname is already in use"]),
            ("one's own", "NICK alice", &[]),
            ("one's own, twice", r"NICK alice\r\nNICK alice", &[]),
        ],
    );
}

#[test]
fn an_unregistered_client_can_do_little() {
    check(
        Sender::Stranger,
        &[
            ("no command", "FOO", &["451 * :You have not registered"]),
            ("not UTF-8", r"PRIVMSG #tea :\xff", &["FAIL PRIVMSG INVALID_UTF8 :Message rejected: not UTF-8"]),
            (
                "NICK that is not UTF-8",
                r"NICK \xff",
                &["FAIL NICK INVALID_UTF8 :Message rejected: not UTF-8"],
            ),
            (
                "USER that is not UTF-8",
                r"USER a 0 * :\xff",
                &["FAIL USER INVALID_UTF8 :Message rejected: not UTF-8"],
            ),
            ("USER without parameters", "USER", &["461 * USER :Not enough parameters"]),
            ("USER with three", "USER a b c", &["461 * USER :Not enough parameters"]),
            ("USER with an empty real name", "USER a 0 * :", &["461 * USER :Not enough parameters"]),
            ("USER with an empty name", "USER : 0 * x", &["461 * USER :Not enough parameters"]),
            ("USER of empty parameters", "USER  0 * :x", &["461 * USER :Not enough parameters"]),
            (
                "USER with a real name of controls",
                r"USER a 0 * :\x07",
                &["461 * USER :Not enough parameters"],
            ),
            ("USER twice", r"USER a 0 * :x\r\nUSER b 0 * :y", &["462 * :You may not reregister"]),
            ("NICK of nothing", "NICK :", &["431 * :No nickname given"]),
            ("NICK with a space", "NICK :a b", &["432 * a :Erroneous nickname: a name cannot contain ' '"]),
            (
                "NICK of bidi",
                r"NICK \u{202e}a",
                &[r"432 * \u{202e}a :Erroneous nickname: a name cannot contain '\\u{202e}'"],
            ),
            (
                "NICK of 500 characters",
                r"NICK \{500*a}",
                &[r"432 * \{51*a} :Erroneous nickname: the name is too long"],
            ),
            ("NICK over and over", r"NICK a\r\nNICK b\r\nNICK c", &[]),
            ("PASS of nothing", "PASS :", &[]),
            ("PASS over and over", r"PASS a\r\nPASS b", &[]),
            ("PASS of 500 bytes", r"PASS :\{500*x}", &[]),
            ("PING", "PING x", &["PONG parlor.localhost :x"]),
            ("PING of nothing", "PING", &["409 * :No origin specified"]),
            ("PONG", "PONG x", &[]),
            ("a message without a command", ":alice", &["421 * * :Unknown command"]),
            ("a text in between", r"NICK zed\r\nPRIVMSG #tea :x", &["451 * :You have not registered"]),
            ("a label", "@label=x FOO", &["451 * :You have not registered"]),
            ("somebody's name", r"NICK bob\r\nUSER b 0 * :b", &["433 * bob :Nickname is already in use"]),
            (
                "a name that is given",
                r"NICK 5004\r\nUSER b 0 * :b",
                &["432 * 5004 :Erroneous nickname: a name cannot be all digits"],
            ),
        ],
    );
}

#[test]
fn capabilities_are_requested_by_name() {
    check(
        Sender::Stranger,
        &[
            ("nothing", "CAP", &["461 * CAP :Not enough parameters"]),
            ("an empty subcommand", "CAP :", &["410 * * :Invalid CAP command"]),
            ("an unknown one", "CAP FOO", &["410 * FOO :Invalid CAP command"]),
            ("a server's", "CAP ACK :batch", &["410 * ACK :Invalid CAP command"]),
            ("another server's", "CAP NEW :batch", &["410 * NEW :Invalid CAP command"]),
            ("in lower case", "cap list", &["CAP * LIST :"]),
            ("LS of no number", "CAP LS x", &["CAP * LS :CAPABILITIES"]),
            ("LS of a number below zero", "CAP LS -302", &["CAP * LS :CAPABILITIES"]),
            ("LS of a number beyond numbers", "CAP LS 99999999999999999999", &["CAP * LS :CAPABILITIES"]),
            ("REQ without a list", "CAP REQ", &["CAP * ACK :"]),
            ("REQ of nothing", "CAP REQ :", &["CAP * ACK :"]),
            ("REQ of spaces", r"CAP REQ :\{20* }", &[r"CAP * ACK :\{18* } \x20"]),
            ("REQ of one that is not", "CAP REQ :sasl", &["CAP * NAK :sasl"]),
            (
                "REQ of one that is not among others",
                "CAP REQ :batch sasl message-tags",
                &["CAP * NAK :batch sasl message-tags"],
            ),
            ("REQ with a value", "CAP REQ :batch=1", &["CAP * NAK :batch=1"]),
            ("REQ in capitals", "CAP REQ :BATCH", &["CAP * NAK :BATCH"]),
            ("REQ of one without a colon", "CAP REQ batch", &["CAP * ACK :batch"]),
            ("REQ of two without a colon", "CAP REQ batch setname", &["CAP * ACK :batch"]),
            ("REQ of one that is not on, off", "CAP REQ :-batch", &["CAP * ACK :-batch"]),
            ("REQ of one on and off", "CAP REQ :batch -batch", &["CAP * ACK :batch -batch"]),
            ("REQ of a sign", "CAP REQ :-", &["CAP * NAK :-"]),
            ("REQ of two signs", "CAP REQ :--batch", &["CAP * NAK :--batch"]),
            (
                "REQ of one that cannot go",
                r"CAP LS 302\r\nCAP REQ :-cap-notify",
                &["CAP * LS :CAPABILITIES", "CAP * NAK :-cap-notify"],
            ),
            ("REQ of one over and over", r"CAP REQ :\{82*batch }", &[r"CAP * NAK :\{80*batch }b"]),
            ("REQ of 500 bytes that are none", r"CAP REQ :\{500*x}", &[r"CAP * NAK :\{481*x}"]),
            ("END without a beginning", "CAP END", &[]),
            ("END twice", r"CAP LS 302\r\nCAP END\r\nCAP END", &["CAP * LS :CAPABILITIES"]),
            (
                "LIST of everything",
                r"CAP REQ :batch setname\r\nCAP LIST",
                &["CAP * ACK :batch setname", "CAP * LIST :batch setname"],
            ),
        ],
    );
}

/// Commands that may be sent before the registration.
const OF_STRANGERS: [&str; 7] = ["CAP", "NICK", "PASS", "PING", "PONG", "QUIT", "USER"];

/// Returns the commands that only members may send: those that `HELP` lists, and its other name, which it does not list.
fn commands_of_members() -> Vec<String> {
    let mut stage = stage_of(Sender::Member, Chunking::Whole);
    let help = act(&mut stage, "alice > HELP");
    let lists = help.iter().filter_map(|line| line.strip_prefix(&whole("705 alice * :")));
    let commands = lists.flat_map(|list| list.split(' ')).chain(["HELPOP"]).map(str::to_owned);
    commands.filter(|command| !OF_STRANGERS.contains(&command.as_str())).collect()
}

#[test]
fn an_unregistered_client_is_refused_all_commands_of_members() {
    let refused: &[&str] = &["451 * :You have not registered"];
    let commands = commands_of_members();
    assert!(commands.len() > 30, "the commands are found: {commands:?}");
    for command in &commands {
        let lines = [command.to_owned(), format!("{command} #tea bob :x"), command.to_lowercase()];
        let rows: Vec<Row<'_>> = lines.iter().map(|line| (&**command, line.as_str(), refused)).collect();
        check(Sender::Stranger, &rows);
    }
}

#[test]
fn a_line_without_an_end_is_read_at_the_rate_and_is_one_line_that_is_too_long() {
    for sender in [Sender::Member, Sender::Stranger] {
        let mut stage = stage_of(sender, Chunking::Whole);
        // 96 lines' worth of bytes, of which 60 are accepted at once and 10 in a second.
        assert_eq!(act(&mut stage, r"alice sends PRIVMSG #tea :\{600000*x}"), ["alice is paused"]);
        let seen = act(&mut stage, "clock +2000ms");
        assert!(seen.is_empty(), "a part of it is paid for: {seen:?}");
        let seen = act(&mut stage, "clock +4000ms");
        assert!(seen.contains(&"alice is resumed".to_owned()), "{seen:?}");
        let name = if sender == Sender::Member { "alice" } else { "*" };
        let seen = act(&mut stage, r"alice sends \r\nPING :are you there\r\n");
        let refused = whole(&format!("417 {name} :Input line was too long"));
        assert_eq!(seen, [refused, whole("PONG parlor.localhost :are you there")]);
        stage.check_replay();
    }
}

#[test]
fn a_flood_is_read_at_the_rate_without_losses() {
    let mut stage = stage_of(Sender::Member, Chunking::Whole);
    let lines: String = (0..500).map(|number| format!(r"PRIVMSG bob :{number}\r\n")).collect();
    let mut seen = act(&mut stage, &format!("alice sends {lines}"));
    assert_eq!(seen.pop().as_deref(), Some("alice is paused"));
    assert!(seen.len() < 60, "at most a burst is read at once: {}", seen.len());
    // The flood delays nobody else.
    let said = act(&mut stage, "bob > PRIVMSG #tea :hello");
    assert_eq!(said, ["dave < bob: hello", "alice < :bob!bob@bob.cloak PRIVMSG #tea :hello"]);
    seen.extend(act(&mut stage, "clock +60000ms"));
    assert_eq!(seen.pop().as_deref(), Some("alice is resumed"));
    let told =
        seen.extract_if(.., |line| line.contains("alice < :parlor.localhost NOTICE alice :You are sending"));
    assert_eq!(told.count(), 1, "its lines wait for more than two seconds");
    let all = (0..500).map(|number| format!("bob < :alice!alice@alice.cloak PRIVMSG bob :{number}"));
    assert!(seen.into_iter().eq(all), "each line is sent once, in order");
    stage.check_replay();
}

#[test]
fn hundreds_of_requests_for_capabilities_are_answered_one_by_one() {
    let mut stage = stage_of(Sender::Stranger, Chunking::Whole);
    let requests: String = (0..300)
        .map(|number| format!(r"CAP REQ :{}setname batch\r\n", if number % 2 == 0 { "" } else { "-" }))
        .collect();
    let mut seen = act(&mut stage, &format!("alice sends {requests}"));
    seen.extend(act(&mut stage, "clock +40000ms"));
    seen.retain(|line| line.starts_with("alice <"));
    assert_eq!(seen.len(), 300);
    assert_eq!(seen[299], whole("CAP * ACK :-setname batch"));
    assert_eq!(act(&mut stage, "alice > CAP LIST"), [whole("CAP * LIST :batch")]);
    stage.check_replay();
}

#[test]
fn names_are_watched_up_to_the_limit() {
    let mut stage = stage_of(Sender::Member, Chunking::Whole);
    let names: Vec<String> =
        ('a'..='m').flat_map(|one| ('a'..='m').map(move |other| format!("{one}{other}"))).collect();
    let (watched, over_limit) = names[..160].split_at(100);
    let mut seen = act(&mut stage, &format!("alice > MONITOR + {}", names[..160].join(",")));
    assert_eq!(
        seen.pop(),
        Some(whole(&format!("734 alice 100 {} :Monitor list is full", over_limit.join(","))))
    );
    let absent = watched.iter().map(|name| whole(&format!("731 alice :{name}")));
    assert!(seen.into_iter().eq(absent), "the watched names are offline");
    assert!(act(&mut stage, &format!("alice > MONITOR - {}", names[..160].join(","))).is_empty());
    assert_eq!(act(&mut stage, "alice > MONITOR L"), [whole("733 alice :End of MONITOR list")]);
    stage.check_replay();
}

#[test]
fn a_member_enters_rooms_up_to_the_limit() {
    let mut stage = stage_of(Sender::Member, Chunking::Whole);
    let rooms: Vec<String> = (0..20).map(|number| format!("#room{number}")).collect();
    let mut seen = act(&mut stage, &format!("alice > JOIN {}", rooms.join(",")));
    assert_eq!(seen.pop(), Some(whole("405 alice #room19 :You have joined too many channels")));
    let joins = seen.iter().filter(|line| line.contains(" JOIN #room")).count();
    assert_eq!((joins, seen.len()), (19, 3 * 19), "a JOIN, the names, and their end");
    stage.check_replay();
}

#[test]
fn characters_that_are_not_allowed_are_dropped_from_a_user_name() {
    for (sends, user) in [
        (r"USER \x01 0 * :x", "user"),
        (r"USER ! 0 * :x", "user"),
        (r"USER a!b@c*d 0 * :x", "abcd"),
        (r"USER : 0 * :x\r\nUSER zed 0 * :x", "zed"),
        (r"USER \{400*x} 0 * :x", "xxxxxxxxxxxxxxxxxxxx"),
        (r"USER \u{202e}zed\u{200b} 0 * :x", "zed"),
        (r"USER 茶茶茶茶茶茶茶 0 * :x", "茶茶茶茶茶茶"),
        (r"USER zed 0 * :\{400*x}", "zed"),
        (r"USER zed 0 *  a real name without a colon", "zed"),
    ] {
        let mut stage = stage_of(Sender::Stranger, Chunking::Whole);
        act(&mut stage, &format!(r"alice sends {sends}\r\nNICK alice\r\n"));
        let seen = act(&mut stage, "alice > JOIN #cake");
        assert_eq!(seen[0], format!("alice < :alice!{user}@alice.cloak JOIN #cake"), "{sends}");
        stage.check_replay();
    }
}

#[test]
fn hundreds_of_mode_letters_are_answered_once_each() {
    let mut stage = stage_of(Sender::Founder, Chunking::Whole);
    // The first answer is so long that the next one waits until it is written.
    for number in 0..12 {
        act(&mut stage, &format!(r"alice > MODE #tea +b {number}x\{{160*x}}"));
    }
    let letters: String = ('\u{3b1}'..).filter(|letter| letter.is_alphabetic()).take(200).collect();
    let seen = act(&mut stage, &format!("alice > MODE #tea +b{letters}bbkklloo"));
    let count = |numeric: &str| seen.iter().filter(|line| line.starts_with(&whole(numeric))).count();
    assert_eq!((count("367 "), count("368 "), count("472 "), count("696 ")), (12, 1, 200, 3));
    stage.check_replay();
}

#[test]
fn the_longest_names_are_listed_uncut() {
    let mut stage = stage_of(Sender::Member, Chunking::Whole);
    let room = format!("#{}", "房".repeat(50));
    act(&mut stage, &format!("alice > JOIN {room}"));
    let mut names = Vec::from(["alice".to_owned()]);
    for number in 1..=6 {
        let name = format!("{}{number}", "茶".repeat(29));
        act(&mut stage, &format!("guest{number} connects to irc from 10.0.1.{number}:6000"));
        act(
            &mut stage,
            &format!(r"guest{number} sends NICK {name}\r\nUSER {name} 0 * :x\r\nJOIN {room}\r\n"),
        );
        names.push(name);
    }
    let mut listed = |ask: &str, numeric: &str| -> Vec<String> {
        let seen = act(&mut stage, &format!("alice > {ask}"));
        let begin = whole(&format!("{numeric} alice "));
        let lists = seen.iter().filter_map(|line| line.strip_prefix(&begin)?.split_once(':'));
        let words: Vec<String> =
            lists.flat_map(|(_, list)| list.split([' ', ','])).map(|word| word.replace('@', "")).collect();
        words
    };
    assert_eq!(listed(&format!("NAMES {room}"), "353"), names);
    assert_eq!(listed(&format!("ISON {}", names[1..6].join(" ")), "303"), names[1..6]);
    assert_eq!(listed(&format!("MONITOR + {}", names[1..6].join(",")), "731").len(), 0);
    assert_eq!(listed("MONITOR L", "732"), names[1..6]);
    let userhosts = listed(&format!("USERHOST {}", names[1..6].join(" ")), "302");
    let expected = (1..6).map(|number| {
        let cloak = Cloaks::default().host([10, 0, 1, number].into());
        format!("{}=+茶茶茶茶茶茶{}", names[usize::from(number)], cloak.as_str())
    });
    assert!(userhosts.iter().eq(&expected.collect::<Vec<_>>()), "{userhosts:?}");
    let ended = act(&mut stage, &format!("alice > NAMES {room}")).pop();
    assert_eq!(
        ended.map(|line| meaning(&line)),
        Some(meaning(&whole(&format!("366 alice {room} :End of /NAMES list"))))
    );
}
