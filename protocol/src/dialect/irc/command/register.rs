//! Who a client is: capabilities, password, name, and the end of it.

use super::{Line, answer_numeric, ask};
use crate::base::name::Name;
use crate::base::text::Text;
use crate::dialect::action::{Action, Password};
use crate::dialect::irc::Capabilities;
use crate::dialect::irc::client::Client;
use crate::dialect::irc::name::printable_word;
use crate::dialect::irc::numeric;
use crate::dialect::irc::query::Query;
use crate::log::command::Command;
use alloc::string::ToString;
use alloc::vec::Vec;
use bytes::Bytes;

/// Bytes of a list of capabilities that can be granted: the answer is one message, and nothing is in force that it
/// does not tell of. Every capability there is, each with `-`, has fewer.
const REQUEST_BYTES_MAX: usize = 300;

/// Which parameter of `USER` is the real name, counted from 0.
const REAL_NAME: usize = 3;

/// `CAP`: capability negotiation (IRCv3, capability-negotiation).
pub(super) fn cap(client: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let list = line.param(1).unwrap_or_default();
    let registering = line.member.is_none();
    match line.param(0).unwrap_or_default().to_ascii_uppercase().as_str() {
        "LS" => {
            client.negotiate(registering);
            if list.parse::<u32>().is_ok_and(|version| version >= 302) {
                client.knows_302 = true;
                client.capabilities = client.capabilities.with(Capabilities::CAP_NOTIFY);
            }
            let all = Capabilities::ALL.iter().fold(Capabilities::NONE, |all, &(one, _)| all.with(one));
            ask(Query::Cap("LS", all.to_string()))
        }
        "LIST" => ask(Query::Cap("LIST", client.capabilities.to_string())),
        "REQ" => {
            client.negotiate(registering);
            match requested(client, list) {
                // They are in force when what came before is answered.
                Some(capabilities) => ask(Query::SetCapabilities(capabilities, "ACK", list.into())),
                None => ask(Query::Cap("NAK", list.into())),
            }
        }
        "END" if registering => {
            client.registering().negotiates = false;
            enter_if_ready(client, line)
        }
        "END" => Vec::new(),
        _ => {
            answer_numeric(numeric::ERR_INVALIDCAPCMD, &[&printable_word(line.param(0).unwrap_or_default())])
        }
    }
}

/// `PASS`: the password of the server.
pub(super) fn pass(client: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let password = Bytes::copy_from_slice(line.param(0).unwrap_or_default().as_bytes());
    client.registering().password = Some(Password { operator: None, password });
    Vec::new()
}

/// `NICK`: a name, or another one.
pub(super) fn nick(client: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let Some(wanted) = line.param(0).filter(|wanted| !wanted.is_empty()) else {
        return answer_numeric(numeric::ERR_NONICKNAMEGIVEN, &[]);
    };
    let name = match Name::parse(wanted) {
        Ok(name) => name,
        Err(error) => return erroneous(wanted, &error.to_string()),
    };
    if line.options.identity.reserves(&name) {
        return erroneous(wanted, "the name is reserved");
    }
    match line.member {
        Some(member) => alloc::vec![Action::Propose(Command::Rename { member, name })],
        None => {
            client.registering().name = Some(name);
            enter_if_ready(client, line)
        }
    }
}

/// A name that one cannot have, and why not.
fn erroneous(request: &str, why: &str) -> Vec<Action> {
    answer_numeric(
        numeric::ERR_ERRONEUSNICKNAME,
        &[&printable_word(request), &alloc::format!("Erroneous nickname: {why}")],
    )
}

/// `USER`: a user name and a real name.
pub(super) fn user(client: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let user = line.param(0).unwrap_or_default();
    let (Some(real_name), false) = (real_name(line), user.is_empty()) else { return line.needs_more() };
    let registering = client.registering();
    if registering.user.is_some() {
        return answer_numeric(numeric::ERR_ALREADYREGISTERED, &[]);
    }
    registering.user = Some((user.into(), real_name));
    enter_if_ready(client, line)
}

/// The real name in a `USER`: the fourth parameter. Some clients write an address before it, and where that begins
/// with a colon it is the last parameter, and has the real name in it: `USER u u ::1 :Real Name`. What then has a
/// space is one as well.
fn real_name(line: &Line<'_>) -> Option<Text> {
    let params = line.message.params();
    if params.len() > REAL_NAME {
        return line.text(REAL_NAME);
    }
    let last = params.last()?;
    match last.split_once(" :") {
        // It wrote one, and it is empty: the user name stands for it.
        Some((_, "")) => line.param(0).map(text),
        Some((_, real_name)) => Some(text(real_name)),
        None => last.contains(' ').then(|| text(last)),
    }
    .filter(|real_name| !real_name.as_str().is_empty())
}

/// `OPER`: a member shows that it is an operator of the server.
pub(super) fn oper(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let (name, password) = (line.param(0).unwrap_or_default(), line.param(1).unwrap_or_default());
    let password = Bytes::copy_from_slice(password.as_bytes());
    alloc::vec![Action::CheckPassword(Password { operator: Some(name.into()), password })]
}

/// `PING`: the client asks whether the server is there.
pub(super) fn ping(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    match line.param(0) {
        Some(token) if !token.is_empty() => ask(Query::Pong(token.into())),
        _ => answer_numeric(numeric::ERR_NOORIGIN, &[]),
    }
}

/// `PONG`: the client is there, as whatever it sends shows.
pub(super) fn pong(_: &mut Client, _: &Line<'_>) -> Vec<Action> {
    Vec::new()
}

/// `QUIT`: the client leaves.
pub(super) fn quit(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    alloc::vec![Action::Quit(line.text(0))]
}

/// Enters, or has the password checked that the server requires, once the client has said everything.
fn enter_if_ready(client: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let registering = client.registering();
    if registering.negotiates || registering.name.is_none() || registering.user.is_none() {
        return Vec::new();
    }
    if line.options.identity.has_password && !registering.is_authenticated {
        let none = || Password { operator: None, password: Bytes::new() };
        return alloc::vec![Action::CheckPassword(registering.password.take().unwrap_or_else(none))];
    }
    client.enter().into_iter().collect()
}

/// Returns the capabilities that are in force when a list is granted, `-` before those that go; `None` if one of them does
/// not exist, or they are too many to be told.
fn requested(client: &Client, list: &str) -> Option<Capabilities> {
    if list.len() > REQUEST_BYTES_MAX {
        return None;
    }
    let mut capabilities = client.capabilities;
    for word in list.split(' ').filter(|word| !word.is_empty()) {
        capabilities = match word.strip_prefix('-') {
            // `cap-notify` stays with a client that knows 302 (capability-negotiation, "cap-notify").
            Some(name) if client.knows_302 && name == "cap-notify" => return None,
            Some(name) => capabilities.without(Capabilities::named(name)?),
            None => capabilities.with(Capabilities::named(word)?),
        };
    }
    Some(capabilities)
}

/// The text of a parameter.
pub(super) fn text(param: &str) -> Text {
    Text::clean(param.as_bytes(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_capabilities_can_go_at_once() {
        let names: alloc::string::String =
            Capabilities::ALL.iter().map(|(_, name)| alloc::format!("-{name} ")).collect();
        let mut client = Client::default();
        client.capabilities = Capabilities::BATCH;
        assert_eq!(requested(&client, &names), Some(Capabilities::NONE));
        assert_eq!(requested(&client, &"batch ".repeat(60)), None);
    }
}
