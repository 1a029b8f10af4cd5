//! The table of commands: for each one, when it may be sent, its parameters, its function and its help.

use super::ask;
use super::{Line, ban, history, mode, queries, register, room, speak};
use crate::dialect::action::Action;
use crate::dialect::irc::answer::{people, server};
use crate::dialect::irc::client::Client;
use crate::dialect::irc::query::Query;
use alloc::vec::Vec;

/// A command that a client may send.
pub(in crate::dialect::irc) struct IrcCommand {
    pub(in crate::dialect::irc) name: &'static str,
    /// The stage in which it may be sent.
    pub(super) stage: Stage,
    /// The privilege that the command needs, for its help. The world checks it.
    pub(in crate::dialect::irc) privilege: Privilege,
    /// The number of required parameters.
    pub(super) params: usize,
    /// The index of the parameter that is a text; it is the last one.
    pub(super) text: Option<usize>,
    pub(super) act: fn(&mut Client, &Line<'_>) -> Vec<Action>,
    /// The usage and description; `None` if the help does not list the command.
    pub(in crate::dialect::irc) help: Option<(&'static str, &'static str)>,
}

/// The stage of a connection in which a command may be sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Always,
    /// After the connection has become a member.
    Entered,
    /// Before the connection has become a member.
    Registering,
}

/// The privilege that a command needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::dialect::irc) enum Privilege {
    Anybody,
    RoomOperators,
    ServerOperators,
}

macro_rules! commands {
    ($($name:literal $stage:ident $privilege:ident $params:literal $text:tt [$($act:tt)*] $(= $usage:literal, $about:literal)?;)*) => {
        /// All commands, in the order of their names.
        pub(in crate::dialect::irc) static COMMANDS: &[IrcCommand] = &[$(IrcCommand {
            name: $name,
            stage: Stage::$stage,
            privilege: Privilege::$privilege,
            params: $params,
            text: commands!(@text $text),
            act: commands!(@act $($act)*),
            help: commands!(@help $($usage, $about)?),
        },)*];
    };
    (@text -) => { None };
    (@text $text:literal) => { Some($text) };
    (@act answer $answer:path) => { |_, _| ask(Query::WithoutParams($answer)) };
    (@act about $answer:path) => { |_, line| ask(Query::WithParams($answer, line.params())) };
    (@act $act:path) => { $act };
    (@help) => { None };
    (@help $usage:literal, $about:literal) => { Some(($usage, $about)) };
}

// Name, stage, privilege, number of required parameters, index of the text, function that returns its actions; then its help.
// A query has the function of its answer instead: behind `answer` if it has no parameters, behind `about` if it has some.
commands! {
    "ADMIN" Entered Anybody 0 - [answer server::admin]
        = "ADMIN", "show who runs the server";
    "AWAY" Entered Anybody 0 0 [speak::away]
        = "AWAY [:message]", "mark yourself as away; without a message, as back";
    "BAN" Entered ServerOperators 0 - [ban::ban]
        = "BAN [time] address|network|nick|mask [:reason]", "ban somebody from the server, for a time such as 12h or for good";
    "BANS" Entered ServerOperators 0 - [ban::bans]
        = "BANS", "list the bans from the server";
    "CAP" Always Anybody 1 - [register::cap]
        = "CAP LS|LIST|REQ|END", "list or request capabilities; clients do this by themselves";
    "CHATHISTORY" Entered Anybody 1 - [history::chathistory]
        = "CHATHISTORY LATEST|BEFORE|AFTER|AROUND #channel point limit", "read what was said; clients do this by themselves";
    "CHGHOST" Entered ServerOperators 2 - [speak::chghost]
        = "CHGHOST nick host", "change the host displayed for somebody";
    "HELP" Entered Anybody 0 - [queries::help]
        = "HELP [command]", "list the commands, or explain one";
    "HELPOP" Entered Anybody 0 - [queries::help];
    "INFO" Entered Anybody 0 - [answer server::info]
        = "INFO", "show what this server is";
    "INVITE" Entered Anybody 0 - [room::invite]
        = "INVITE [nick #channel]", "invite somebody to a channel, or list your invitations";
    "ISON" Entered Anybody 1 - [about people::ison]
        = "ISON nick ...", "show which of these nicks are online";
    "JOIN" Entered Anybody 1 - [room::join]
        = "JOIN #channel[,#channel] [key[,key]]", "enter channels; JOIN 0 leaves all channels";
    "KICK" Entered RoomOperators 2 2 [room::kick]
        = "KICK #channel nick[,nick] [:reason]", "remove somebody from a channel";
    "KILL" Entered ServerOperators 1 1 [speak::kill]
        = "KILL nick [:reason]", "close somebody's connection";
    "LINKS" Entered Anybody 0 - [answer server::links]
        = "LINKS", "list the servers of this network";
    "LIST" Entered Anybody 0 - [queries::list]
        = "LIST [conditions]", "list channels; conditions are #c*, !*x, >5, <10, C<60, T>5";
    "LUSERS" Entered Anybody 0 - [answer server::lusers]
        = "LUSERS", "show how many people are online";
    "MARKREAD" Entered Anybody 0 - [history::markread]
        = "MARKREAD #channel|nick [timestamp=TIME]", "remember how far you have read; clients do this by themselves";
    "MODE" Entered Anybody 1 - [mode::mode]
        = "MODE #channel|nick [changes]", "show or change the modes of a channel, or your own";
    "MONITOR" Entered Anybody 1 - [queries::monitor]
        = "MONITOR +|-|C|L|S [nick[,nick]]", "be told when somebody comes or goes";
    "MOTD" Entered Anybody 0 - [answer server::motd]
        = "MOTD", "show the message of the day";
    "NAMES" Entered Anybody 0 - [room::names]
        = "NAMES #channel", "list who is in a channel";
    "NICK" Always Anybody 0 - [register::nick]
        = "NICK name", "change your nick";
    "NOTICE" Entered Anybody 0 1 [speak::notice]
        = "NOTICE target :text", "send a message that no program answers";
    "OPER" Entered Anybody 2 - [register::oper]
        = "OPER name password", "become a server operator";
    "PART" Entered Anybody 1 1 [room::part]
        = "PART #channel [:message]", "leave a channel";
    "PASS" Registering Anybody 1 - [register::pass];
    "PING" Always Anybody 0 - [about server::pong]
        = "PING token", "check that the server answers";
    "PONG" Always Anybody 0 - [register::pong];
    "PRIVMSG" Entered Anybody 0 1 [speak::privmsg]
        = "PRIVMSG target[,target] :text", "send a message to a channel or to one person";
    "QUIT" Always Anybody 0 0 [register::quit]
        = "QUIT [:message]", "leave the server";
    "REDACT" Entered Anybody 2 2 [history::redact]
        = "REDACT #channel id [:reason]", "remove a message, with its id; clients do this by themselves";
    "REHASH" Entered ServerOperators 0 - [queries::rehash]
        = "REHASH", "reload the server's configuration";
    "RESTART" Entered Anybody 0 - [answer server::restart]
        = "RESTART", "not available: only whoever runs the server can restart it";
    "SETNAME" Entered Anybody 1 0 [speak::setname]
        = "SETNAME :real name", "change your real name";
    "STATS" Entered Anybody 0 - [about server::stats]
        = "STATS u", "show how long the server has been up";
    "TAGMSG" Entered Anybody 0 - [speak::tagmsg]
        = "@+tag TAGMSG target", "send message tags without a text";
    "TIME" Entered Anybody 0 - [answer server::time]
        = "TIME", "show the server's time";
    "TOPIC" Entered Anybody 1 1 [room::topic]
        = "TOPIC #channel [:topic]", "show or set the topic of a channel";
    "UNBAN" Entered ServerOperators 1 - [ban::unban]
        = "UNBAN address|network|mask", "lift a ban from the server";
    "USER" Registering Anybody 2 3 [register::user];
    "USERHOST" Entered Anybody 1 - [about people::userhost]
        = "USERHOST nick ...", "show the users and hosts of these nicks";
    "VERSION" Entered Anybody 0 - [answer server::version]
        = "VERSION", "show the version of the server";
    "WALLOPS" Entered ServerOperators 1 0 [speak::wallops]
        = "WALLOPS :text", "send a message to everybody who has mode +w";
    "WHO" Entered Anybody 0 - [queries::who]
        = "WHO #channel|nick|pattern [o][%fields]", "list people in a channel, or by nick";
    "WHOIS" Entered Anybody 0 - [about people::whois]
        = "WHOIS nick", "show details about somebody";
    "WHOWAS" Entered Anybody 0 - [about people::whowas]
        = "WHOWAS nick [count]", "show who used a nick before";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_sorted_and_in_capitals() {
        assert!(COMMANDS.is_sorted_by(|one, other| one.name < other.name));
        assert!(COMMANDS.iter().all(|entry| entry.name.bytes().all(|it| it.is_ascii_uppercase())));
    }
}
