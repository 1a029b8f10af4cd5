//! Questions of IRC clients about histories, and lines about how far they have read and what they remove.

use super::BEGAN_UNIX_MS;
use crate::source::Source;
use parlor_protocol::Utc;

/// Returns a question about what was said. The ids are those of a log that began with the first node's clock.
pub(super) fn chathistory(source: &mut Source<'_>, room: &str, name: &str) -> String {
    let limit = source.pick(&["1", "2", "5", "100", "1000", "0", "x"]);
    let mut point = || {
        let seq = source.below(200);
        match source.below(5) {
            0 => format!("msgid={BEGAN_UNIX_MS:x}-{seq}"),
            1 => format!("timestamp={:.3}", Utc::from_unix_ms(BEGAN_UNIX_MS + seq * 1_000)),
            2 => "timestamp=2027-01-01T00:00:00.000Z".to_owned(),
            3 => format!("msgid=1-{seq}"),
            _ => "timestamp=2026-01-01T00:00:00.000Z".to_owned(),
        }
    };
    let (one, other) = (point(), point());
    match source.below(10) {
        0..=2 => format!("CHATHISTORY LATEST #{room} * {limit}"),
        3 => format!("CHATHISTORY latest #{room} {one} {limit}"),
        4 => format!("CHATHISTORY BEFORE #{room} {one} {limit}"),
        5 => format!("CHATHISTORY AFTER #{room} {one} {limit}"),
        6 => format!("CHATHISTORY BETWEEN #{room} {one} {other} {limit}"),
        7 => format!("CHATHISTORY AROUND #{room} {one} {limit}"),
        8 => format!("CHATHISTORY TARGETS {one} {other} {limit}"),
        _ => format!("CHATHISTORY LATEST {name} * {limit}"),
    }
}

/// Returns a line that removes a message, often one that is not there.
pub(super) fn redact(source: &mut Source<'_>, room: &str, name: &str) -> String {
    let (log, line) = (source.pick(&[BEGAN_UNIX_MS, BEGAN_UNIX_MS, BEGAN_UNIX_MS, 1]), source.below(150));
    let reason = source.pick(&["", "", " spam", " :it was wrong", " :"]);
    match source.below(12) {
        0 => format!("REDACT {name} {log:x}-{line}{reason}"),
        1 => format!("REDACT #{room} {}{reason}", source.pick(&["x", "-1", "1-", ":", "0-0"])),
        // Only operators may remove the lines of others.
        2 | 3 => {
            let one = |line: u64| format!("\r\nREDACT #{room} {log:x}-{line}{reason}");
            format!("OPER root right{}", (line..line + 6).map(one).collect::<String>())
        }
        _ => format!("REDACT #{room} {log:x}-{line}{reason}"),
    }
}

/// Returns one or two lines about a read marker.
pub(super) fn markread(source: &mut Source<'_>, room: &str, name: &str) -> String {
    let target = match source.below(6) {
        0 => name.to_owned(),
        1 => source.pick(&["#nowhere", "# tea", "a!b", ":", "0", "#TEA", ""]).to_owned(),
        _ => format!("#{room}"),
    };
    let line = |source: &mut Source<'_>| match source.below(8) {
        0 | 1 => format!("MARKREAD {target}"),
        2 => {
            let time = [
                "*",
                "timestamp=*",
                "timestamp=2026-02-30T00:00:00.000Z",
                "timestamp=2026-12-01",
                "msgid=1-1",
                ":",
            ];
            format!("MARKREAD {target} {}", source.pick(&time))
        }
        _ => {
            let time = Utc::from_unix_ms(BEGAN_UNIX_MS + source.below(100_000));
            format!("MARKREAD {target} timestamp={time:.3}")
        }
    };
    let first = line(source);
    if source.chance(500) { format!("{first}\r\n{}", line(source)) } else { first }
}
