//! Commands of a connection: capabilities, password, name, and closing.

use super::{Line, answer_numeric, ask};
use crate::base::name::Name;
use crate::base::text::Text;
use crate::dialect::action::{Action, Password, PasswordOf};
use crate::dialect::irc::Capabilities;
use crate::dialect::irc::client::Client;
use crate::dialect::irc::name::printable_word;
use crate::dialect::irc::numeric;
use crate::dialect::irc::query::Query;
use crate::log::command::Command;
use alloc::string::ToString;
use alloc::vec::Vec;
use bytes::Bytes;

/// Maximum number of bytes of a list of capabilities that can be granted. The answer repeats the whole list in one
/// message. The list of all capabilities, each with `-`, is shorter.
const REQUEST_BYTES_MAX: usize = 300;

/// The index of the real name in the parameters of `USER`.
const REAL_NAME: usize = 3;

/// `CAP`: lists and requests capabilities (IRCv3, capability-negotiation).
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
                // The capabilities change in turn, after the answers to previous lines.
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

/// `PASS`: gives the password of the server.
pub(super) fn pass(client: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let password = Bytes::copy_from_slice(line.param(0).unwrap_or_default().as_bytes());
    client.registering().password = Some(Password { of: PasswordOf::Server, password });
    Vec::new()
}

/// `NICK`: gives or changes the name.
pub(super) fn nick(client: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let Some(text) = line.param(0).filter(|text| !text.is_empty()) else {
        return answer_numeric(numeric::ERR_NONICKNAMEGIVEN, &[]);
    };
    let name = match Name::parse(text) {
        Ok(name) => name,
        Err(error) => return erroneous(text, &error.to_string()),
    };
    if line.options.identity.reserves(&name) {
        return erroneous(text, "the name is reserved");
    }
    match line.member {
        Some(member) => alloc::vec![Action::Propose(Command::Rename { member, name })],
        None => {
            client.registering().name = Some(name);
            enter_if_ready(client, line)
        }
    }
}

/// Returns the answer to an invalid name.
fn erroneous(request: &str, why: &str) -> Vec<Action> {
    answer_numeric(
        numeric::ERR_ERRONEUSNICKNAME,
        &[&printable_word(request), &alloc::format!("Erroneous nickname: {why}")],
    )
}

/// `USER`: gives the user name and the real name.
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

/// Returns the real name of a `USER`, the fourth parameter.
///
/// Some clients send an address before it. If the address begins with a colon, it is the last parameter and contains the
/// real name: `USER u u ::1 :Real Name`. A shorter line whose last parameter contains a space is accepted, too.
fn real_name(line: &Line<'_>) -> Option<Text> {
    let params = line.message.params();
    if params.len() > REAL_NAME {
        return line.text(REAL_NAME);
    }
    let last = params.last()?;
    match last.split_once(" :") {
        // An empty real name is replaced by the user name.
        Some((_, "")) => line.param(0).map(text),
        Some((_, real_name)) => Some(text(real_name)),
        None => last.contains(' ').then(|| text(last)),
    }
    .filter(|real_name| !real_name.as_str().is_empty())
}

/// `OPER`: makes a member with the right password an operator of the server.
pub(super) fn oper(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let (name, password) = (line.param(0).unwrap_or_default(), line.param(1).unwrap_or_default());
    let password = Bytes::copy_from_slice(password.as_bytes());
    alloc::vec![Action::CheckPassword(Password { of: PasswordOf::Operator(name.into()), password })]
}

/// `PONG`: does nothing. Any line shows that the client is still connected.
pub(super) fn pong(_: &mut Client, _: &Line<'_>) -> Vec<Action> {
    Vec::new()
}

/// `QUIT`: leaves the server.
pub(super) fn quit(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    alloc::vec![Action::Quit(line.text(0))]
}

/// Enters once the client has given everything, or first checks the password that the server requires.
fn enter_if_ready(client: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let registering = client.registering();
    if registering.negotiates || registering.name.is_none() || registering.user.is_none() {
        return Vec::new();
    }
    if line.options.identity.has_password && !registering.is_authenticated {
        let none = || Password { of: PasswordOf::Server, password: Bytes::new() };
        return alloc::vec![Action::CheckPassword(registering.password.take().unwrap_or_else(none))];
    }
    client.enter().into_iter().collect()
}

/// Returns the client's capabilities after the changes in a list, where `-` removes one. Returns `None` if one of them
/// does not exist, or the list is too long for the answer.
fn requested(client: &Client, list: &str) -> Option<Capabilities> {
    if list.len() > REQUEST_BYTES_MAX {
        return None;
    }
    let mut capabilities = client.capabilities;
    for word in list.split(' ').filter(|word| !word.is_empty()) {
        capabilities = match word.strip_prefix('-') {
            // A client that supports version 302 cannot disable `cap-notify` (capability-negotiation, "cap-notify").
            Some(name) if client.knows_302 && name == "cap-notify" => return None,
            Some(name) => capabilities.without(Capabilities::named(name)?),
            None => capabilities.with(Capabilities::named(word)?),
        };
    }
    Some(capabilities)
}

/// Converts a parameter to a [`Text`].
pub(super) fn text(param: &str) -> Text {
    Text::clean(param.as_bytes(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_capabilities_can_be_removed_at_once() {
        let names: alloc::string::String =
            Capabilities::ALL.iter().map(|(_, name)| alloc::format!("-{name} ")).collect();
        let mut client = Client::default();
        client.capabilities = Capabilities::BATCH;
        assert_eq!(requested(&client, &names), Some(Capabilities::NONE));
        assert_eq!(requested(&client, &"batch ".repeat(60)), None);
    }
}
