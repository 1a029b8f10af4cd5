//! `HELP`.

use super::Hint;
use super::answer::Page;

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

pub(super) fn help(subject: Option<&str>, page: &mut Page<'_>) {
    let Some(subject) = subject else {
        page.numeric("704", "* :Commands of this server; HELP COMMAND explains one");
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

/// What a person is told who was taken for a client.
pub(super) const fn hint(hint: Hint, chinese: bool) -> &'static str {
    match (hint, chinese) {
        (Hint::Left, false) => {
            "To chat without IRC, connect again and start with something other than NICK, USER, PASS or CAP"
        }
        (Hint::Left, true) => "如不使用 IRC 聊天，请重新连接，不要以 NICK、USER、PASS 或 CAP 开头",
        (Hint::OnlyIrc, false) => {
            "This port speaks only IRC: send NICK and USER first; nothing you type before them is sent to anyone. To \
             disconnect: /quit"
        }
        (Hint::OnlyIrc, true) => {
            "此端口只支持 IRC：请先发送 NICK 和 USER，在此之前的内容都不会发送。输入 /quit 断开连接"
        }
        (Hint::Switched, false) => {
            "Your first line looked like that of an IRC client, so this connection now speaks IRC. If you typed it \
             yourself: /quit, connect again, and start with a different line"
        }
        (Hint::Switched, true) => {
            "您的第一行像是 IRC 客户端发送的，此连接已改用 IRC。如果是您手动输入的，请输入 /quit 断开，重新连接后先发送其他内容"
        }
        (Hint::Unregistered, false) => {
            "This connection speaks IRC: send NICK and USER first; nothing you type before them is sent to anyone. To \
             chat without IRC: /quit, connect again, and start with a different line"
        }
        (Hint::Unregistered, true) => {
            "此连接使用 IRC：请先发送 NICK 和 USER，在此之前的内容都不会发送。如不使用 IRC，请输入 /quit 断开，重新连接后先发送其他内容"
        }
    }
}
