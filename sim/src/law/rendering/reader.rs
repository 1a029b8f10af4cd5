//! The state of one client: the facts that it has learned from the messages that it has read, and the messages that it
//! may therefore be sent.

use super::facts::Fact;
use super::message::{Message, unescape};
use crate::law::CheckResult;
use crate::utc::unix_ms;
use std::collections::{BTreeMap, BTreeSet};

/// The state that a client keeps.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// The capabilities that are enabled by the `CAP ACK` messages that it has read.
    capabilities: BTreeSet<String>,
    /// Its name, once it is registered.
    name: Option<String>,
    /// The latest time of a message about a log entry.
    latest_unix_ms: u64,
    /// Number of times that the log had set its time back by then.
    set_back: u64,
    /// The open batches.
    batches: BTreeSet<String>,
    /// The labels of its lines that are not answered yet, with the number of lines for each.
    labels: BTreeMap<String, u32>,
    /// The read marker of each channel and nick of which it has one.
    markers: BTreeMap<String, u64>,
    /// The channels that it has entered without being told of a read marker.
    unmarked: BTreeSet<String>,
    /// The ids of messages that were removed.
    removed: BTreeSet<String>,
    /// Whether it has asked for a history.
    has_asked_for_history: bool,
    /// The part of the current long message that it has not read yet.
    unsaid: Option<String>,
    /// Whether it overflowed, so that it may be sent only a part of anything.
    pub(super) is_cut: bool,
}

/// The log entry that a message is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event<'a> {
    pub(super) fact: &'a Fact,
    /// Whether it is the first of the messages about this entry.
    pub(super) is_first: bool,
}

/// The commands of messages between members.
const MESSAGES: [&str; 3] = ["PRIVMSG", "NOTICE", "TAGMSG"];

/// Each command that has to be requested, and the capability that enables it.
const ASKED_FOR: [(&str, &str); 9] = [
    ("ACK", "labeled-response"),
    ("AWAY", "away-notify"),
    ("BATCH", "batch"),
    ("CHGHOST", "chghost"),
    ("NOTE", "standard-replies"),
    ("REDACT", "draft/message-redaction"),
    ("SETNAME", "setname"),
    ("TAGMSG", "message-tags"),
    ("WARN", "standard-replies"),
];

impl Reader {
    /// Records that the client has sent a line with this label.
    pub(super) fn labels(&mut self, label: String) {
        *self.labels.entry(label).or_default() += 1;
    }

    /// Records that the client has asked for a history.
    pub(super) const fn asks_for_history(&mut self) {
        self.has_asked_for_history = true;
    }

    /// Checks the next message that the client reads, and updates the state. `was` is whether a bot has had the source
    /// of the message, and whether another member has.
    pub(super) fn reads(
        &mut self,
        message: &Message<'_>,
        event: Option<Event<'_>>,
        was: (bool, bool),
    ) -> CheckResult {
        // Without batches, only the position of its bytes tells a message of a history from others.
        let may_be_of_history = self.has_asked_for_history && !self.has("batch");
        let is_of_history = event.is_none() && (message.tag("batch") == Some("history") || may_be_of_history);
        self.check_command(message, is_of_history)?;
        self.check_name(message)?;
        self.check_tags(message)?;
        if let Some(id) = message.tag("msgid").filter(|id| self.removed.contains(*id)) {
            return Err(format!("the message {id} was removed before"));
        }
        match event {
            Some(event) => self.check_event(message, event)?,
            None => self.check_bot(message, was)?,
        }
        self.check_text(message, event)?;
        self.answer(message)?;
        self.check_time(message, event.as_ref().map(|event| event.fact))?;
        self.learn(message)
    }

    /// Checks the state at the end of the stream.
    pub(super) fn ends(&self) -> CheckResult {
        if self.is_cut {
            return Ok(());
        }
        if self.unsaid.as_ref().is_some_and(|unsaid| !unsaid.is_empty()) {
            return Err("it ends in the middle of a message".to_owned());
        }
        if self.batches.is_empty() { Ok(()) } else { Err(format!("it ends with {:?} open", self.batches)) }
    }

    fn has(&self, capability: &str) -> bool {
        self.capabilities.contains(capability)
    }

    fn needs(&self, capability: &str, what: &str) -> CheckResult {
        if self.has(capability) { Ok(()) } else { Err(format!("{what} without {capability}")) }
    }

    /// Checks commands and forms of commands that have to be requested.
    fn check_command(&self, message: &Message<'_>, is_of_history: bool) -> CheckResult {
        let command = message.command;
        for (_, capability) in ASKED_FOR.iter().filter(|(known, _)| *known == command) {
            self.needs(capability, command)?;
        }
        let name = self.name.as_deref();
        let (is_own, is_to_it) = (Some(message.nick()) == name, Some(message.param(0)) == name);
        match command {
            "JOIN" => {
                // There are no accounts (extended-join).
                let form = if self.has("extended-join") { (3, "*") } else { (1, "") };
                if (message.params.len(), message.param(1)) != form {
                    return Err(format!("JOIN has the form {:?}", message.params));
                }
            }
            "INVITE" if !is_to_it => self.needs("invite-notify", "another's INVITE")?,
            // These belong to specifications of their own (setname, draft/chathistory, draft/read-marker, utf8-only).
            "FAIL"
                if !["CHATHISTORY", "MARKREAD", "REDACT", "SETNAME"].contains(&message.param(0))
                    && message.param(1) != "INVALID_UTF8" =>
            {
                self.needs("standard-replies", "FAIL")?;
            }
            "353" => self.check_names(message.param(3))?,
            // A history has its own messages, too.
            _ if MESSAGES.contains(&command) && is_own && !is_to_it && !is_of_history => {
                self.needs("echo-message", "its own message")?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Checks the names of a channel's members (multi-prefix, userhost-in-names).
    fn check_names(&self, names: &str) -> CheckResult {
        for name in names.split(' ') {
            let bare = name.trim_start_matches(['@', '+']);
            if name.len() - bare.len() > 1 {
                self.needs("multi-prefix", "two prefixes")?;
            }
            if bare.contains('!') != self.has("userhost-in-names") {
                return Err(format!("a name is {name} whether userhost-in-names is in force or not"));
            }
        }
        Ok(())
    }

    /// Checks that a numeric is addressed to the client's name, and that there are no events before it has one.
    fn check_name(&self, message: &Message<'_>) -> CheckResult {
        let is_numeric = message.command.starts_with(|first: char| first.is_ascii_digit());
        match &self.name {
            _ if message.command == "001" => Ok(()),
            // A client that watches its own name is notified at once: after it has left, and after a rename that it
            // reads only later, as the answer to a labelled line.
            Some(_) if ["730", "731"].contains(&message.command) => Ok(()),
            Some(name) if is_numeric && message.param(0) != name => {
                Err(format!("a numeric for {} is read by {name}", message.param(0)))
            }
            None if is_numeric && message.param(0) != "*" => {
                Err(format!("a numeric for {} is read by nobody", message.param(0)))
            }
            None if message.source.is_some_and(|source| source.contains('!')) => {
                Err("somebody does something, and it is not registered".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// Checks that each tag is allowed.
    fn check_tags(&self, message: &Message<'_>) -> CheckResult {
        let is_said = MESSAGES.contains(&message.command);
        for &(key, value) in &message.tags {
            match key {
                "batch" => {
                    self.needs("batch", "a batch")?;
                    if !self.batches.contains(value) {
                        return Err(format!("the batch {value} is not open"));
                    }
                }
                "draft/chathistory-end" if message.command == "BATCH" && value.is_empty() => {}
                "bot" if value.is_empty() => self.needs("message-tags", "the tag of a bot")?,
                "label" => {
                    self.needs("labeled-response", "a label")?;
                    self.needs("batch", "a label")?;
                }
                "msgid" if is_said && !value.is_empty() => self.needs("message-tags", "an id")?,
                "time" => self.needs("server-time", "a time")?,
                _ if key.starts_with('+') && is_said => self.needs("message-tags", "a client's tag")?,
                _ => return Err(format!("{} has the tag {key}={value}", message.command)),
            }
        }
        Ok(())
    }

    /// Checks a message about a log entry against the facts.
    fn check_event(&self, message: &Message<'_>, Event { fact, is_first }: Event<'_>) -> CheckResult {
        let (command, source) = (message.command, message.source.unwrap_or_default());
        if !fact.commands.contains(&command) {
            return Err(format!("{command} tells of what is told by {:?}", fact.commands));
        }
        let Some(&(_, is_bot)) = fact.sources.iter().find(|(known, _)| known == source) else {
            return Err(format!("{command} is from {source}, not one of {:?}", fact.sources));
        };
        let expect = |key: &str, is_due: bool| match message.tag(key).is_some() {
            is_there if is_there == is_due => Ok(()),
            true => Err(format!("{command} has the tag {key}")),
            false => Err(format!("{command} has no tag {key}")),
        };
        let has_tags = self.has("message-tags");
        expect("time", self.has("server-time"))?;
        expect("msgid", has_tags && is_first && MESSAGES.contains(&command))?;
        // The tag is optional for QUIT (bot-mode says SHOULD): the member no longer exists when the message is sent.
        if command != "QUIT" || message.tag("bot").is_some() {
            expect("bot", has_tags && is_bot)?;
        }
        if !is_first && message.tags.iter().any(|(key, _)| key.starts_with('+')) {
            return Err("a later piece has a client's tag".to_owned());
        }
        if let Some(time) = message.tag("time")
            && unix_ms(time) != Some(fact.at_unix_ms)
        {
            return Err(format!("it has the time {time}, and happened at {} ms", fact.at_unix_ms));
        }
        Ok(())
    }

    /// Checks the tag `bot` of a message without a log entry: only whether a bot, or another member, has ever had its
    /// source is known.
    fn check_bot(&self, message: &Message<'_>, (was_bot, was_none): (bool, bool)) -> CheckResult {
        match message.tag("bot") {
            Some(_) if !was_bot => Err(format!("{} has the tag of a bot", message.command)),
            None if message.command == "TAGMSG" && !was_none => {
                Err("a bot's TAGMSG has no tag of a bot".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// Checks that the pieces of a message add up to its text.
    fn check_text(&mut self, message: &Message<'_>, event: Option<Event<'_>>) -> CheckResult {
        let continues = event.is_some_and(|event| !event.is_first);
        if !continues && !self.is_cut && self.unsaid.as_ref().is_some_and(|unsaid| !unsaid.is_empty()) {
            return Err(format!("{} comes in the middle of a message", message.command));
        }
        let Some(Event { fact, is_first }) = event else {
            self.unsaid = None;
            return Ok(());
        };
        let Some(said) = &fact.said else { return Ok(()) };
        if message.command != said.command {
            return Err(format!("{} is told as {}", said.command, message.command));
        }
        if said.command == "TAGMSG" {
            return Ok(());
        }
        if is_first {
            self.unsaid = Some(said.text.clone());
        }
        let unsaid = self.unsaid.as_mut().ok_or("a later piece comes first")?;
        let piece = message.param(1).strip_prefix(said.around.0);
        let piece = piece.and_then(|piece| piece.strip_suffix(said.around.1));
        let rest = piece.filter(|piece| is_first || !piece.is_empty()).and_then(|it| unsaid.strip_prefix(it));
        let rest = rest.ok_or_else(|| format!("{:?} is no piece of {unsaid:?}", message.param(1)))?;
        *unsaid = rest.to_owned();
        Ok(())
    }

    /// Checks that a label is that of a line, and answers it only once.
    fn answer(&mut self, message: &Message<'_>) -> CheckResult {
        let Some(label) = message.tag("label") else {
            let is_labelled = message.command == "ACK"
                || message.command == "BATCH"
                    && message.param(0).starts_with('+')
                    && message.param(1) == "labeled-response";
            return if is_labelled { Err(format!("{} has no label", message.command)) } else { Ok(()) };
        };
        let label = unescape(label);
        match self.labels.get_mut(&label) {
            Some(count) if *count > 0 => *count -= 1,
            _ => return Err(format!("the label {label} answers nothing")),
        }
        Ok(())
    }

    /// Checks the form of a time, and that the times of log entries do not decrease, except when the log itself sets its time back. A
    /// message in a room may have a later time than its entry.
    /// A message without a log entry has the time at which it is sent by the clock of the node, which may be before that of entries
    /// whose commit was delayed, or which other nodes have proposed.
    fn check_time(&mut self, message: &Message<'_>, fact: Option<&Fact>) -> CheckResult {
        let Some(time) = message.tag("time") else { return Ok(()) };
        if unix_ms(time).is_none() {
            return Err(format!("{time} is no time"));
        }
        let Some(&Fact { logged_unix_ms, set_back, .. }) = fact else { return Ok(()) };
        if logged_unix_ms < self.latest_unix_ms && set_back == self.set_back {
            return Err(format!("{time} is {} ms before", self.latest_unix_ms - logged_unix_ms));
        }
        (self.latest_unix_ms, self.set_back) = (logged_unix_ms, set_back);
        Ok(())
    }

    fn learn(&mut self, message: &Message<'_>) -> CheckResult {
        match message.command {
            "001" => self.name = Some(message.param(0).to_owned()),
            "BATCH" => {
                let batch = message.param(0);
                let is_right = match batch.split_at_checked(1) {
                    Some(("+", batch)) => {
                        const TYPES: [&str; 3] =
                            ["chathistory", "draft/chathistory-targets", "labeled-response"];
                        TYPES.contains(&message.param(1)) && self.batches.insert(batch.to_owned())
                    }
                    Some(("-", batch)) => self.batches.remove(batch),
                    _ => false,
                };
                if !is_right {
                    return Err(format!("BATCH {batch} neither opens nor closes one"));
                }
            }
            "CAP" => self.learn_capabilities(message)?,
            "JOIN" if self.name.as_deref() == Some(message.nick()) && self.has("draft/read-marker") => {
                self.unmarked.insert(message.param(0).to_owned());
            }
            "REDACT" => {
                self.removed.insert(message.param(1).to_owned());
            }
            "MARKREAD" => self.learn_marker(message)?,
            "366" if self.unmarked.contains(message.param(1)) => {
                return Err("no MARKREAD came before the end of the names".to_owned());
            }
            "NICK" if self.name.as_deref() == Some(message.nick()) => {
                self.name = Some(message.param(0).to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    /// Checks that a read marker does not go back.
    fn learn_marker(&mut self, message: &Message<'_>) -> CheckResult {
        let target = message.param(0).to_owned();
        self.unmarked.remove(&target);
        let time = message.param(1).strip_prefix("timestamp=").and_then(unix_ms);
        let marker = self.markers.get(&target).copied();
        match (message.param(1), time) {
            (_, Some(at)) if marker.is_none_or(|marker| marker <= at) => {
                self.markers.insert(target, at);
                Ok(())
            }
            ("*", _) if marker.is_none() => Ok(()),
            (told, _) => Err(format!("the read marker of {target} was at {marker:?}, and is told as {told}")),
        }
    }

    fn learn_capabilities(&mut self, message: &Message<'_>) -> CheckResult {
        let words = message.params.last().copied().unwrap_or_default();
        let words = words.split(' ').filter(|word| !word.is_empty());
        match message.param(1) {
            "ACK" => words.for_each(|word| match word.strip_prefix('-') {
                Some(word) => {
                    self.capabilities.remove(word);
                }
                None => {
                    self.capabilities.insert(word.to_owned());
                }
            }),
            "LIST" => {
                // A client that supports version 302 has cap-notify without requesting it.
                let listed: BTreeSet<&str> = words.filter(|word| *word != "cap-notify").collect();
                let known = self.capabilities.iter().map(String::as_str).filter(|it| *it != "cap-notify");
                if !listed.iter().copied().eq(known) {
                    return Err(format!("{listed:?} is listed, and {:?} acknowledged", self.capabilities));
                }
            }
            "DEL" | "LS" | "NAK" | "NEW" => {}
            other => return Err(format!("CAP {other} is nothing")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::Said;
    use super::*;

    /// Returns the result of checking the last of these messages, which is about this entry, after the client has read
    /// the others.
    fn check_last(lines: &[&str], fact: Option<&Fact>) -> CheckResult {
        let mut reader = Reader::default();
        reader.labels("l".to_owned());
        let (last, before) = lines.split_last().expect("there is one");
        let parse = |line: &str| format!("{line}\r\n");
        for line in before {
            let line = parse(line);
            let message = Message::parse(line.as_bytes())?;
            reader.reads(&message, None, (true, true)).expect(&line);
        }
        let line = parse(last);
        let message = Message::parse(line.as_bytes())?;
        reader.reads(&message, fact.map(|fact| Event { fact, is_first: true }), (false, true))
    }

    const ALL: &str = ":s CAP * ACK :away-notify batch chghost echo-message extended-join invite-notify \
                       labeled-response message-tags multi-prefix server-time setname userhost-in-names";

    #[test]
    fn unrequested_forms_are_errors() {
        for line in [
            ":n!u@h AWAY :gone",
            ":n!u@h CHGHOST u h",
            ":n!u@h SETNAME :x",
            ":n!u@h INVITE other #a",
            ":n!u@h JOIN #a * :Real",
            ":me!u@h PRIVMSG #a :x",
            "@+typing :n!u@h TAGMSG #a",
            "@+a :n!u@h PRIVMSG #a :x",
            "@time=2026-11-24T12:00:00.000Z :n!u@h PRIVMSG #a :x",
            "@label=l :s ACK",
            "@label=l :s BATCH +b labeled-response",
            ":s 353 me = #a :@+n!u@h",
        ] {
            check_last(&[":s 001 me :Hello", line], None).expect_err(line);
            assert_eq!(check_last(&[ALL, ":s 001 me :Hello", line], None), Ok(()), "{line}");
            let none = ALL.split_once(" :").expect("there is a list").1.replace(' ', " -");
            let none = format!(":s CAP me ACK :-{none}");
            check_last(&[ALL, ":s 001 me :Hello", &none, line], None).expect_err(line);
        }
        for line in [":n!u@h JOIN #a", ":s 353 me = #a :n"] {
            check_last(&[ALL, ":s 001 me :Hello", line], None).expect_err(line);
            assert_eq!(check_last(&[":s 001 me :Hello", line], None), Ok(()), "{line}");
        }
    }

    #[test]
    fn batches_labels_and_names_agree_with_earlier_messages() {
        let hello = ":s 001 me :Hello";
        for lines in [
            &["@batch=b :s 323 me :End"][..],
            &["@label=other :s ACK"],
            &["@label=l :s ACK", "@label=l :s ACK"],
            &[":s ACK"],
            &[":s BATCH +b labeled-response"],
            &[":s BATCH -b"],
            &["@label=l :s BATCH +b netjoin"],
            &["@label=l :s BATCH +b labeled-response", ":s BATCH -b", "@batch=b :s 323 me :End"],
            &[":s 323 other :End"],
            &[":me!u@h NICK other", ":s 323 me :End"],
            &["@bot :n!u@h TAGMSG #a"],
            &["@account=x :n!u@h PRIVMSG #a :x"],
            &["@msgid=1 :n!u@h JOIN #a * :Real"],
            &[":s CAP me LIST :away-notify"],
        ] {
            let lines = [&[ALL, hello], lines].concat();
            check_last(&lines, None).expect_err(lines.last().expect("there is one"));
        }
        check_last(&[ALL, ":n!u@h NICK other"], None).expect_err("before it is registered");
    }

    #[test]
    fn an_event_agrees_with_the_log() {
        let said = Some(Said { command: "PRIVMSG", around: ("", ""), text: "hello".to_owned() });
        let sources = vec![("n!u@h".to_owned(), false), ("b!u@h".to_owned(), true)];
        let commands = &["PRIVMSG"];
        let at_unix_ms = 1_795_521_600_007;
        let fact = Fact { at_unix_ms, logged_unix_ms: at_unix_ms, set_back: 0, commands, sources, said };
        let lines = |line| [ALL, ":s 001 me :Hello", line];
        for (line, is_right) in [
            ("@time=2026-11-24T12:00:00.007Z;msgid=1 :n!u@h PRIVMSG #a :hello", true),
            ("@time=2026-11-24T12:00:00.007Z;msgid=1;bot :b!u@h PRIVMSG #a :hello", true),
            ("@time=2026-11-24T12:00:00.007Z;msgid=1;bot :n!u@h PRIVMSG #a :hello", false),
            ("@time=2026-11-24T12:00:00.007Z;msgid=1 :b!u@h PRIVMSG #a :hello", false),
            ("@time=2026-11-24T12:00:00.008Z;msgid=1 :n!u@h PRIVMSG #a :hello", false),
            ("@msgid=1 :n!u@h PRIVMSG #a :hello", false),
            ("@time=2026-11-24T12:00:00.007Z :n!u@h PRIVMSG #a :hello", false),
            ("@time=2026-11-24T12:00:00.007Z;msgid=1 :n!u@h NOTICE #a :hello", false),
            ("@time=2026-11-24T12:00:00.007Z;msgid=1 :n!u@h PRIVMSG #a :hallo", false),
            ("@time=2026-11-24T12:00:00.007Z;msgid=1 :x!u@h PRIVMSG #a :hello", false),
        ] {
            assert_eq!(check_last(&lines(line), Some(&fact)).is_ok(), is_right, "{line}");
        }
    }
}
