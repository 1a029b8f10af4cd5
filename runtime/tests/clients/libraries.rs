//! Libraries for bots: pydle and irc (of `PyPI`), irc-framework (of npm).
//!
//! Each has a script beside this file, which enters a room, reads the commands `join ROOM`, `say TARGET TEXT` and
//! `kick ROOM NAME REASON` from standard input, and prints `joined ROOM NAME`, `heard TARGET NAME TEXT`,
//! `kicked ROOM NAME OPERATOR REASON`, and `lost` when the connection is lost.

use crate::clients::{nc, server};
use crate::namespace::is_inside;
use crate::program::Program;
use rustix::process::Signal;
use std::path::Path;
use std::process::Command;

/// The names of the bots with pydle, irc and irc-framework.
const NAMES: [&str; 3] = ["pia", "ira", "fred"];

/// One bot with each library, in one room; the first one has created it and is its operator.
fn people() -> [Program; 3] {
    NAMES.map(|name| {
        let room = format!("#{name}");
        let mut person = Program::start(&mut command(name, &room));
        person.printed.wait_for(&format!("joined {room} {name}"));
        person.enter("join #tea");
        person.printed.wait_for(&format!("joined #tea {name}"));
        person
    })
}

/// Returns the command of the bot with this name; a name that is not in [`NAMES`] has irc-framework, too.
pub(crate) fn command(name: &str, room: &str) -> Command {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let installed = here.join("../../../target/clients");
    assert!(
        installed.join("installed").exists(),
        "the libraries are missing: runtime/tests/clients/install brings them"
    );
    let (interpreter, script) = match name {
        "pia" => ("python3", "pydle_client.py"),
        "ira" => ("python3", "irc_client.py"),
        _ => ("node", "irc_framework_client.js"),
    };
    let mut command = Command::new(interpreter);
    // Keeps Python from writing its cache into this directory.
    command.env("PYTHONPATH", installed.join("python")).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("PYTHONUTF8", "1").env("NODE_PATH", installed.join("node/node_modules"));
    command.arg(here.join(script)).args(["3000", name, room]);
    command
}

/// Lets each bot and the member with `nc` send a message, and waits until the others have received it.
fn all_talk(people: &mut [Program; 3], carol: &mut Program, word: &str) {
    for speaker in 0..people.len() {
        let name = NAMES[speaker];
        people[speaker].enter(&format!("say #tea {word} from {name}, 大家好"));
        carol.printed.wait_for(&format!("{name}: {word} from {name}, 大家好"));
        for hearer in (0..people.len()).filter(|hearer| *hearer != speaker) {
            people[hearer].printed.wait_for(&format!("heard #tea {name} {word} from {name}, 大家好"));
        }
    }
    carol.enter(&format!("{word} from carol, 你们好"));
    for person in people {
        person.printed.wait_for(&format!("heard #tea carol {word} from carol, 你们好"));
    }
}

/// Connects a member with `nc` to the room tea.
fn carol() -> Program {
    let mut carol = nc("carol");
    carol.enter("/join tea");
    carol.printed.wait_for("* you have entered tea");
    carol
}

#[test]
#[ignore = "needs pydle, irc, irc-framework, nc and a network namespace"]
fn bots_talk_with_each_other_and_with_people() {
    if !is_inside("libraries::bots_talk_with_each_other_and_with_people") {
        return;
    }
    let _server = server();
    let mut people = people();
    let mut carol = carol();
    all_talk(&mut people, &mut carol, "a word");
    for (person, name) in people.iter_mut().zip(NAMES) {
        person.enter(&format!("say carol quietly, {name}"));
        carol.printed.wait_for(&format!("quietly, {name}"));
        carol.enter(&format!("/msg {name} just for {name}"));
        person.printed.wait_for(&format!("heard {name} carol just for {name}"));
    }
}

#[test]
#[ignore = "needs pydle, irc, irc-framework, nc and a network namespace"]
fn bots_kick_and_are_kicked_and_come_back() {
    if !is_inside("libraries::bots_kick_and_are_kicked_and_come_back") {
        return;
    }
    let _server = server();
    let mut people = people();
    let mut guest = nc("guest");
    for operator in 0..people.len() {
        let kicked = (operator + 1) % people.len();
        let (name, other) = (NAMES[operator], NAMES[kicked]);
        guest.enter(&format!("/join {name}"));
        guest.printed.wait_for(&format!("* you have entered {name}"));
        people[kicked].enter(&format!("join #{name}"));
        people[operator].printed.wait_for(&format!("joined #{name} {other}"));

        people[operator].enter(&format!("kick #{name} {other} not here, 请出去"));
        let kick = format!("kicked #{name} {other} {name} not here, 请出去");
        people[operator].printed.wait_for(&kick);
        people[kicked].printed.wait_for(&kick);
        let told = guest.printed.wait_for(&format!("{other}: not here, 请出去"));
        assert!(told.starts_with("* ") && told.contains(name) && told.contains(other), "{told}");

        people[kicked].enter(&format!("join #{name}"));
        people[kicked].printed.wait_for_all(&format!("joined #{name} {other}"), 2);
        people[kicked].enter(&format!("say #{name} here again"));
        people[operator].printed.wait_for(&format!("heard #{name} {other} here again"));
        guest.printed.wait_for(&format!("{other}: here again"));
    }
}

#[test]
#[ignore = "needs pydle, irc, irc-framework, nc and a network namespace"]
fn bots_come_back_by_themselves_when_the_server_does() {
    if !is_inside("libraries::bots_come_back_by_themselves_when_the_server_does") {
        return;
    }
    let mut first = server();
    let mut people = people();
    all_talk(&mut people, &mut carol(), "before");
    people[2].printed.wait_for("settled");
    first.signal(Signal::TERM);
    assert_eq!(first.wait().code(), Some(0));
    for person in &people {
        person.printed.wait_for("lost");
    }

    let _second = server();
    for (person, name) in people.iter_mut().zip(NAMES) {
        person.printed.wait_for_all(&format!("joined #{name} {name}"), 2);
        person.enter("join #tea");
        person.printed.wait_for_all(&format!("joined #tea {name}"), 2);
    }
    all_talk(&mut people, &mut carol(), "after");
}
