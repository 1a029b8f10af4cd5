//! `HELP`.

use crate::dialect::irc::numeric;
use crate::dialect::irc::query::Answers;

/// How each command is written, and what it does; in the order of the names.
const COMMANDS: &[(&str, &str, &str)] = &[
    ("ADMIN", "ADMIN", "show who runs the server"),
    ("AWAY", "AWAY [:message]", "mark yourself as away; without a message, as back"),
    ("CAP", "CAP LS|LIST|REQ|END", "list or request capabilities; clients do this by themselves"),
    ("CHGHOST", "CHGHOST nick host", "change the host displayed for somebody; for server operators"),
    ("HELP", "HELP [command]", "list the commands, or explain one"),
    ("INFO", "INFO", "show what this server is"),
    ("INVITE", "INVITE [nick #channel]", "invite somebody to a channel, or list your invitations"),
    ("ISON", "ISON nick ...", "show which of these nicks are online"),
    ("JOIN", "JOIN #channel[,#channel] [key[,key]]", "enter channels; JOIN 0 leaves all channels"),
    ("KICK", "KICK #channel nick[,nick] [:reason]", "remove somebody from a channel; for channel operators"),
    ("KILL", "KILL nick [:reason]", "close somebody's connection; for server operators"),
    ("LINKS", "LINKS", "list the servers of this network"),
    ("LIST", "LIST [conditions]", "list channels; conditions are #c*, !*x, >5, <10, C<60, T>5"),
    ("LUSERS", "LUSERS", "show how many people are online"),
    ("MODE", "MODE #channel|nick [changes]", "show or change the modes of a channel, or your own"),
    ("MONITOR", "MONITOR +|-|C|L|S [nick[,nick]]", "be told when somebody comes or goes"),
    ("MOTD", "MOTD", "show the message of the day"),
    ("NAMES", "NAMES #channel", "list who is in a channel"),
    ("NICK", "NICK name", "change your nick"),
    ("NOTICE", "NOTICE target :text", "send a message that no program answers"),
    ("OPER", "OPER name password", "become a server operator"),
    ("PART", "PART #channel [:message]", "leave a channel"),
    ("PING", "PING token", "check that the server answers"),
    ("PRIVMSG", "PRIVMSG target[,target] :text", "send a message to a channel or to one person"),
    ("QUIT", "QUIT [:message]", "leave the server"),
    ("REHASH", "REHASH", "reload the server's configuration; for server operators"),
    ("RESTART", "RESTART", "not available: only whoever runs the server can restart it"),
    ("SETNAME", "SETNAME :real name", "change your real name"),
    ("STATS", "STATS u", "show how long the server has been up"),
    ("TAGMSG", "@+tag TAGMSG target", "send message tags without a text"),
    ("TIME", "TIME", "show the server's time"),
    ("TOPIC", "TOPIC #channel [:topic]", "show or set the topic of a channel"),
    ("USERHOST", "USERHOST nick ...", "show the users and hosts of these nicks"),
    ("VERSION", "VERSION", "show the version of the server"),
    ("WALLOPS", "WALLOPS :text", "send a message to everybody who has mode +w; for server operators"),
    ("WHO", "WHO #channel|nick|pattern [o][%fields]", "list people in a channel, or by nick"),
    ("WHOIS", "WHOIS nick", "show details about somebody"),
    ("WHOWAS", "WHOWAS nick [count]", "show who used a nick before"),
];

/// The list of commands, or what one of them does.
pub(super) fn help(subject: Option<&str>, to: &mut Answers<'_>) {
    let Some(subject) = subject else {
        to.numeric(numeric::RPL_HELPSTART, &["*", "Commands of this server; HELP COMMAND explains one"]);
        for line in COMMANDS.chunks(8) {
            let names = line.iter().map(|(name, ..)| *name);
            to.numeric(numeric::RPL_HELPTXT, &["*", &names.collect::<alloc::vec::Vec<_>>().join(" ")]);
        }
        return to.numeric(numeric::RPL_ENDOFHELP, &["*", "End of /HELP"]);
    };
    let found = COMMANDS.iter().find(|(name, ..)| name.eq_ignore_ascii_case(subject));
    let Some((name, usage, about)) = found else {
        return to.numeric(numeric::ERR_HELPNOTFOUND, &[subject]);
    };
    to.numeric(numeric::RPL_HELPSTART, &[name, usage]);
    to.numeric(numeric::RPL_HELPTXT, &[name, about]);
    to.numeric(numeric::RPL_ENDOFHELP, &[name, "End of /HELP"]);
}
