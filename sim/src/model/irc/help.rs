//! `HELP`.

use super::answer::Page;

/// How each command is written, and what it does; in the order of the names.
const COMMANDS: &[(&str, &str, &str)] = &[
    ("ADMIN", "ADMIN", "who runs the server"),
    ("AWAY", "AWAY [:message]", "you are away, or there again"),
    ("CAP", "CAP LS|LIST|REQ|END", "what your client can ask for"),
    ("CHGHOST", "CHGHOST nick host", "show somebody at another host, as an operator of the server"),
    ("HELP", "HELP [command]", "this list, or a line of it"),
    ("INFO", "INFO", "what this server is"),
    ("INVITE", "INVITE [nick #channel]", "ask somebody into a channel, or see where you are invited"),
    ("ISON", "ISON nick ...", "who of these is there"),
    ("JOIN", "JOIN #channel[,#channel] [key[,key]]", "enter channels; 0 leaves all"),
    ("KICK", "KICK #channel nick[,nick] [:reason]", "send somebody out of a channel that you run"),
    ("KILL", "KILL nick [:reason]", "end somebody's connection, as an operator of the server"),
    ("LINKS", "LINKS", "the servers of this network"),
    ("LIST", "LIST [conditions]", "channels; #c*, !*x, >5, <10, C<60, T>5 are conditions"),
    ("LUSERS", "LUSERS", "how many there are"),
    ("MODE", "MODE #channel|nick [changes]", "what a channel allows, or what you have set for yourself"),
    ("MONITOR", "MONITOR +|-|C|L|S [nick[,nick]]", "be told when somebody comes and goes"),
    ("MOTD", "MOTD", "the greeting of the server"),
    ("NAMES", "NAMES #channel", "who is in a channel"),
    ("NICK", "NICK name", "take another name"),
    ("NOTICE", "NOTICE target :text", "say something that no program answers"),
    ("OPER", "OPER name password", "show that you are an operator of the server"),
    ("PART", "PART #channel [:message]", "leave a channel"),
    ("PING", "PING token", "ask whether the server is there"),
    ("PRIVMSG", "PRIVMSG target[,target] :text", "say something to a channel, or to one alone"),
    ("QUIT", "QUIT [:message]", "leave"),
    ("REHASH", "REHASH", "read the server's configuration again, as one of its operators"),
    ("RESTART", "RESTART", "refused: a server is restarted by whoever runs it"),
    ("SETNAME", "SETNAME :real name", "call yourself something else"),
    ("STATS", "STATS u", "how long the server has been up"),
    ("TAGMSG", "@+tag TAGMSG target", "send tags without a text"),
    ("TIME", "TIME", "the server's time"),
    ("TOPIC", "TOPIC #channel [:topic]", "what a channel is about"),
    ("USERHOST", "USERHOST nick ...", "where these are"),
    ("VERSION", "VERSION", "what the server runs"),
    ("WALLOPS", "WALLOPS :text", "speak to all who want to hear operators, as one of the server"),
    ("WHO", "WHO #channel|nick|pattern [o][%fields]", "who is there"),
    ("WHOIS", "WHOIS nick", "who somebody is"),
    ("WHOWAS", "WHOWAS nick [count]", "who somebody was"),
];

pub(super) fn help(subject: Option<&str>, page: &mut Page<'_>) {
    let Some(subject) = subject else {
        page.numeric("704", "* :Commands of this server; HELP COMMAND tells of one");
        for eight in COMMANDS.chunks(8) {
            let names: Vec<&str> = eight.iter().map(|(name, ..)| *name).collect();
            page.numeric("705", format!("* :{}", names.join(" ")));
        }
        return page.numeric("706", "* :End of /HELP");
    };
    match COMMANDS.iter().find(|(name, ..)| *name == subject.to_ascii_uppercase()) {
        Some((name, usage, about)) => {
            page.numeric("704", format!("{name} :{usage}"));
            page.numeric("705", format!("{name} :{about}"));
            page.numeric("706", format!("{name} :End of /HELP"));
        }
        None => page.numeric("524", format!("{subject} :No help available on this topic")),
    }
}
