//! The rows of the table of settings.

use super::super::value::{
    choice, line, lines, list, names, number, number_in, operators, proxies, quoted, secret, single, switch,
    trusted, word,
};
use super::{Arity, Setting, Topic, gateway, moderation, share, socket, store};
use crate::config::{Config, ListenUrlError, LogFormat};
use crate::locale::{Bilingual, Localized, both};
use crate::password::PasswordHashError;
use crate::transport::DeadPeerTimeout;
use parlor_protocol::{Identity, UnknownLanguage};
use std::sync::Arc;
use tracing::level_filters::LevelFilter;

/// The lines of `motd`: as many as fit into a client's backlog.
const MOTD_LINES_MAX: usize = 100;

/// The lines of `admin`: IRC has one numeric for each.
const ADMIN_LINES_MAX: usize = 3;

/// Every setting, topic by topic.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "listen",
        topic: Topic::Room,
        value: "URL",
        about: Localized {
            en: "Address to listen on: auto://HOST:PORT. Add /ROOM to put plain clients into a room \
                other than lobby, or /- to put them into none. plain:// and irc:// accept one dialect only. ?proxy at the end \
                accepts connections of proxies only (PROXY protocol, see proxies); ?webirc after irc://, of gateways (WEBIRC). \
                Repeatable",
            zh: "监听地址：auto://HOST:PORT。加 /ROOM 让纯文本客户端进入 lobby 以外的房间，加 /- \
             则不进入任何房间。plain:// 和 irc:// 只接受一种协议。末尾加 ?proxy 则只接受代理的连接（PROXY 协议，见 \
             proxies）；irc:// 末尾加 ?webirc 则只接受网关（WEBIRC）。可重复",
        },
        arity: Arity::Words,
        bare_value: None,
        reload: None,
        get: |config| list(&config.listen),
        set: |config, values| {
            let urls = values
                .iter()
                .map(|url| url.parse().map_err(|error: ListenUrlError| error.text().with_prefix(url)));
            config.listen = urls.collect::<Result<_, Bilingual>>()?;
            if config.listen.is_empty() {
                Err(both!("must name at least one address", "至少要有一个地址"))
            } else {
                Ok(())
            }
        },
    },
    setting!(
        "lang",
        Room,
        "zh|en",
        "Language of the console and of clients that have not chosen one with /lang; by default that of \
         LC_ALL, LC_MESSAGES or LANG",
        "控制台以及未用 /lang 选择语言的客户端所用的语言；默认取自 LC_ALL、LC_MESSAGES 或 LANG",
        |config| quoted(config.options.language),
        |config, text| text
            .parse()
            .map(|it| config.options.language = it)
            .map_err(|_: UnknownLanguage| both!("must be zh or en", "必须是 zh 或 en"))
    ),
    setting!(
        "greeting",
        Room,
        "on|off",
        "Greet newcomers with a note: their name, their room, and how to get help",
        "向新来者显示一行提示：名字、房间，以及如何获取帮助",
        |config| config.options.greeting.to_string(),
        |config, text| switch(text, &mut config.options.greeting)
    ),
    Setting {
        bare_value: Some("on"),
        ..setting!(
            "echo",
            Room,
            "on|off",
            "Send plain clients their own lines as well",
            "把纯文本客户端自己发送的内容也发回给它",
            |config| config.options.echo.to_string(),
            |config, text| switch(text, &mut config.options.echo)
        )
    },
    setting!(
        "relay",
        Room,
        "named|raw",
        "raw: plain clients get only what is said, without names and announcements",
        "raw：纯文本客户端只收到发言内容，没有名字和进出提示",
        |config| quoted(if config.options.raw { "raw" } else { "named" }),
        |config, text| choice(text, &[("named", false), ("raw", true)], &mut config.options.raw)
    ),
    Setting {
        name: "reserved_names",
        topic: Topic::Room,
        value: "NAMES",
        about: Localized {
            en: "Names that nobody may take, with commas between them; empty for none. A private message to one of them \
                reaches nobody, and its sender is told so. By default, the names of services and of the server. Repeatable",
            zh: "任何人都不能使用的名字，用逗号分隔，留空则没有。发给这些名字的私聊不会送达，发送\
             者会得到提示。默认为各种服务和服务器自身的名字。可重复",
        },
        arity: Arity::Words,
        bare_value: None,
        reload: Some(|from, to| {
            identity(to).reserved_names.clone_from(&from.options.identity.reserved_names);
        }),
        get: |config| list(&config.options.identity.reserved_names),
        set: |config, values| {
            identity(config).reserved_names = names(values)?;
            Ok(())
        },
    },
    identity_text!(
        "server_name",
        "NAME",
        "Name of the server, in the form of a host name: the source of its messages to IRC clients",
        "服务器名称，采用主机名的形式，作为发给 IRC 客户端的消息来源",
        name,
        word
    ),
    Setting {
        reload: Some(|from, to| identity(to).description.clone_from(&from.options.identity.description)),
        ..identity_text!(
            "server_description",
            "TEXT",
            "Description of the server in a few words, for WHOIS, LINKS and VERSION",
            "服务器简介，用于 WHOIS、LINKS 和 VERSION",
            description,
            line
        )
    },
    identity_text!(
        "network",
        "NAME",
        "Network name that IRC clients show",
        "IRC 客户端显示的网络名称",
        network,
        word
    ),
    identity_lines!(
        "motd",
        "LINE",
        "A line of the greeting for IRC clients; at most 100. Repeatable",
        "IRC 客户端看到的欢迎语，每次一行，最多 100 行。可重复",
        motd,
        MOTD_LINES_MAX
    ),
    identity_lines!(
        "admin",
        "LINE",
        "A line on where the server is, who runs it, and how to reach them; at most 3. Repeatable",
        "服务器所在地、运营者和联系方式，每次一行，最多 3 行。可重复",
        admin,
        ADMIN_LINES_MAX
    ),
    Setting {
        reload: Some(|from, to| {
            to.passwords.server.clone_from(&from.passwords.server);
            identity(to).has_password = from.options.identity.has_password;
        }),
        ..setting!(
            "password",
            Irc,
            "HASH",
            "Hash of the password that is required to enter, made by `parlor hash-password`. IRC clients send \
             the password when they connect (PASS). A client without the right password is told the reason and \
             disconnected; so is every plain client, because plain clients cannot send a password",
            "进入服务器所需密码的哈希值，由 `parlor hash-password` 生成。IRC 客户端在连接时发送密\
             码（PASS）；密码缺失或错误的会收到原因并被断开，无法发送密码的纯文本客户端也一样",
            |config| secret(config.passwords.server.is_some()),
            |config, text| {
                config.passwords.server = match text {
                    "" => None,
                    text => Some(text.parse().map_err(PasswordHashError::text)?),
                };
                identity(config).has_password = config.passwords.server.is_some();
                Ok(())
            }
        )
    },
    Setting {
        name: "operators",
        topic: Topic::Irc,
        value: "NAME:HASH",
        about: Localized {
            en: "Name of a server operator and hash of their password, made by `parlor hash-password`. They \
                log in with /oper NAME PASSWORD. Repeatable",
            zh: "服务器管理员的名字和密码的哈希值，由 `parlor hash-password` 生成。管理员用 /oper NAME PASSWORD \
             登录。可重复",
        },
        arity: Arity::Words,
        bare_value: None,
        reload: Some(|from, to| to.passwords.operators.clone_from(&from.passwords.operators)),
        get: |config| {
            let shown = config.passwords.operators.iter().map(|operator| format!("{}:(set)", operator.name));
            list(shown)
        },
        set: |config, values| {
            config.passwords.operators = operators(values)?;
            Ok(())
        },
    },
    number!(
        "line_bytes_max",
        Connection,
        "BYTES",
        "Length of a line, without its end. The rest of a longer line is dropped, and its sender is told",
        "一行的长度，不含行尾。超出部分会被丢弃，并告知发送者",
        limits.line_bytes_max
    ),
    number!(
        "rate_lines",
        Connection,
        "LINES",
        "Lines a second in the long run; 0 for no limit. Over it, the server reads more slowly; nothing is \
         lost",
        "长期平均每秒的行数；0 表示不限。超出时服务器放慢读取，内容不会丢失",
        limits.rate.lines
    ),
    number!(
        "rate_burst",
        Connection,
        "LINES",
        "Lines that may be sent at once after a silence. Over it, the server reads more slowly; nothing is lost",
        "静默之后一次可发送的行数。超出时服务器放慢读取，内容不会丢失",
        limits.rate.burst
    ),
    number!(
        "address_factor",
        Connection,
        "FACTOR",
        "How many times the rate and the burst of one connection all connections of one address (IPv6: one /64) may use \
         together. It outlives them: whoever is over it gains nothing by connecting again",
        "同一地址（IPv6 为同一 /64）的所有连接合计可用的速率和瞬时行数，是单个连接的多少倍。断开后仍然有效，重新连接并不能绕过",
        limits.address_factor
    ),
    number!(
        "backlog_bytes_max",
        Connection,
        "BYTES",
        "Output that waits for one slow client. Over it, the client gets the rest of the current line and \
         the reason, and is disconnected",
        "一个接收过慢的客户端积压的数据。超出时发完当前一行和原因，然后断开",
        limits.backlog_bytes_max
    ),
    number!(
        "reply_bytes_max",
        Connection,
        "BYTES",
        "Length of one reply that lists something (/who, /rooms, /history). What does not fit is counted; of \
         the history, the latest lines are shown",
        "一次列表回复（/who、/rooms、/history）的长度。放不下的只显示数量；聊天记录只显示最近\
         的",
        limits.reply_bytes_max
    ),
    number!(
        "pending_commands_max",
        Connection,
        "LINES",
        "Chat lines that may wait to be written to the log. No more are read until one has been written",
        "等待写入日志的发言行数。超出的行暂不读取",
        limits.pending_commands_max
    ),
    number!(
        "read_bytes_max",
        Connection,
        "BYTES",
        "Bytes of one read from a socket. The rest stays in the kernel until the next tick",
        "一次从套接字读取的字节数。其余的留在内核中，下一轮再读",
        limits.read_bytes_max
    ),
    socket::SEND_BYTES,
    socket::UNSENT_BYTES,
    socket::RECEIVE_BYTES,
    number!(
        "detect_ms",
        Connection,
        "MS",
        "How long a client of an auto:// listener may be silent before it is taken for a plain one. If it \
         speaks IRC later, its member leaves and it starts over as IRC",
        "auto:// 上的客户端静默多久后视为纯文本客户端。如果之后使用 IRC，其成员会先退出，再以 IRC \
         重新开始",
        limits.detect_ms
    ),
    number!(
        "proxy_ms",
        Connection,
        "MS",
        "How long a proxy may take to name its client, at a listener with ?proxy. Then the connection is closed. Over 3000, a \
         segment that is lost may arrive again",
        "?proxy 监听地址上的代理报出客户端地址的时限，超时即断开。大于 3000 可以容忍一次丢包重传",
        limits.proxy_ms
    ),
    number!(
        "registration_ms",
        Connection,
        "MS",
        "How long an IRC client may take to register. Then it is told the reason and disconnected",
        "IRC 客户端完成注册的时限。超时会收到原因并被断开",
        limits.registration_ms
    ),
    number!(
        "ping_ms",
        Connection,
        "MS",
        "How long an IRC client may be silent. Then it is sent a PING",
        "IRC 客户端可以静默的时间。之后会收到 PING",
        limits.ping_ms
    ),
    number!(
        "pong_ms",
        Connection,
        "MS",
        "How long an IRC client may take to answer a PING. Then it is told the reason and disconnected",
        "IRC 客户端回应 PING 的时限。超时会收到原因并被断开",
        limits.pong_ms
    ),
    number!(
        "targets_max",
        Connection,
        "COUNT",
        "Rooms or names in one IRC command. A command with more is refused with an error; MONITOR and ISON \
         take as many as fit into a line",
        "一条 IRC 命令中的房间或名字数。超出时命令不执行，并返回错误；MONITOR 和 ISON 只受行\
         长限制",
        limits.targets_max
    ),
    number!(
        "monitored_max",
        Connection,
        "COUNT",
        "Names that one IRC client may watch (MONITOR). More are refused",
        "一个 IRC 客户端可以关注的名字数（MONITOR）。超出的会被拒绝",
        limits.monitored_max
    ),
    share::READ_MARKERS,
    number!(
        "drain_ms",
        Connection,
        "MS",
        "How long a closing connection may take to receive its last bytes. Then it is cut off",
        "正在关闭的连接接收剩余数据的时限。超时即切断",
        limits.close_timeout_ms
    ),
    number!(
        "vanish_ms",
        Connection,
        "MS",
        "How long a host may leave the kernel's probes or sent data unanswered. Then its connection counts \
         as lost, and its member leaves. From 2000 to 65534000",
        "主机不回应内核探测、也不确认已发送数据的时限。超时视为连接中断，其成员退出。取值 2000 \
         到 65534000",
        vanish_ms in DeadPeerTimeout::RANGE_MS
    ),
    number!(
        "connections_max",
        Server,
        "COUNT",
        "Connections at the same time; by default as many as the limit of open files allows. One more is told \
         the reason and disconnected",
        "同时连接数；默认由打开文件数的上限决定。超出的连接会收到原因并被断开",
        limits.connections_max
    ),
    number!(
        "connections_per_ip_max",
        Server,
        "COUNT",
        "Connections from one address (IPv6: one /64, and sixteen times as many from one /48). One more is told the \
         reason and disconnected",
        "同一地址（IPv6 为同一 /64；同一 /48 为其十六倍）的连接数。超出的连接会收到原因并被断开",
        limits.connections_per_ip_max
    ),
    moderation::KILL_WAIT,
    moderation::SERVER_BANS,
    share::CLOSING_BYTES,
    share::PROPOSALS,
    share::TURN_LINES,
    number!(
        "budgets_max",
        Server,
        "COUNT",
        "Addresses without connections whose overdrawn rate is remembered. Over it, newcomers share one rate until some are \
         settled",
        "没有连接但速率已超支、仍被记住的地址数。超出时，新来的地址共用一份速率，直到有地址恢复",
        limits.budgets_max
    ),
    Setting {
        name: "trusted",
        topic: Topic::Server,
        value: "NETWORK[=FACTOR]",
        about: Localized {
            en: "Network whose addresses may do FACTOR times as much as others: their rate and their number of connections; \
                without FACTOR, or with 0, they have no limit. For bridges, campuses and load tests, such as \
                192.0.2.0/24=10. The smallest network around an address counts. Repeatable",
            zh: "该网络中每个地址的速率和连接数是其他地址的 FACTOR 倍；不写 FACTOR 或写 0 表示不限。\
                用于桥接程序、校园网和压力测试，例如 192.0.2.0/24=10。以包含该地址的最小网络为准。可重复",
        },
        arity: Arity::Words,
        bare_value: None,
        reload: None,
        get: |config| list(config.options.trusted.iter()),
        set: |config, values| {
            config.options.trusted = trusted(values)?;
            Ok(())
        },
    },
    Setting {
        name: "proxies",
        topic: Topic::Server,
        value: "NETWORK",
        about: Localized {
            en: "Network or address of the proxies and gateways that may connect to listeners with ?proxy or ?webirc. What they \
                say about their clients is believed, so name only machines of your own, such as 127.0.0.1 or 192.0.2.0/28. Repeatable",
            zh: "可以连接 ?proxy 和 ?webirc 监听地址的代理和网关所在的网络或地址。它们所报的客户端地址会被采信，因此只应填写自己的机器，\
                例如 127.0.0.1 或 192.0.2.0/28。可重复",
        },
        arity: Arity::Words,
        bare_value: None,
        reload: None,
        get: |config| list(config.options.proxies.iter()),
        set: |config, values| {
            config.options.proxies = proxies(values)?;
            Ok(())
        },
    },
    gateway::WEBIRC_PASSWORD,
    number!(
        "refusals_max",
        Server,
        "COUNT",
        "Refused connections that may be told the reason at the same time. Over it, accepting pauses until one \
         of them is gone",
        "同时告知拒绝原因的连接数。超出时暂停接受连接，直到其中一个离开",
        limits.refusals_max
    ),
    number!(
        "password_threads",
        Server,
        "COUNT",
        "Threads that check passwords. Each checks one at a time, and keeps the memory that the hash demands: 19 MiB for \
         the hashes of `parlor hash-password`. From 1 to 64",
        "验证密码的线程数。每个线程一次验证一个密码，并保留哈希所需的内存：`parlor hash-password` \
         生成的哈希需要 19 MiB。取值 1 到 64",
        password_threads in 1..=64
    ),
    number!(
        "password_queue_max",
        Server,
        "COUNT",
        "Passwords that may wait to be checked; addresses take turns. Over it, the address with the most loses its \
         last one, and its client is told to try again. From 1 to 1048576",
        "等待验证的密码数，各地址轮流验证。超出时等待最多的地址失去其最后一个，其客户端会收到稍后\
         再试的提示。取值 1 到 1048576",
        password_queue_max in 1..=1_048_576
    ),
    number!(
        "outbox_bytes_max",
        Server,
        "BYTES",
        "Output that waits for all slow clients together; what several wait for counts once. Over it, the \
         client with the most is disconnected",
        "所有接收过慢的客户端积压的数据总量，多个客户端共有的只计一次。超出时断开积压最多的客\
         户端",
        limits.outbox_bytes_max
    ),
    number!(
        "tick_bytes_max",
        Server,
        "BYTES",
        "Bytes read in one tick. The rest is read in the next one",
        "一轮读取的字节数。其余的下一轮再读",
        limits.tick_bytes_max
    ),
    number!(
        "flush_writes_max",
        Server,
        "COUNT",
        "Writes to sockets in a row. The other clients are written to after new input has been handled",
        "连续写入套接字的次数。其余客户端在处理新输入之后再写",
        limits.flush_writes_max
    ),
    number!(
        "accept_retry_ms",
        Server,
        "MS",
        "How long accepting pauses when no file descriptor is left. Waiting clients are accepted afterwards",
        "没有可用的文件描述符时暂停接受连接的时间。等待的客户端随后会被接受",
        driver.accept_retry_ms
    ),
    number!(
        "shutdown_ms",
        Server,
        "MS",
        "How long a stopping server waits for its connections to receive their last bytes. Then they are cut \
         off",
        "服务器停止时等待各连接接收剩余数据的时限。超时即切断",
        driver.shutdown_ms
    ),
    share::ROOMS,
    number!(
        "rooms_per_member_max",
        World,
        "COUNT",
        "Rooms that one member may be in. One more is refused",
        "一个成员可以加入的房间数。超出的会被拒绝",
        limits.world.rooms_per_member_max
    ),
    number!(
        "topic_bytes_max",
        World,
        "BYTES",
        "Length of a room's topic. A longer one is refused",
        "房间话题的长度。更长的会被拒绝",
        limits.world.topic_bytes_max
    ),
    share::HISTORY_KEEP,
    number!(
        "history_lines_max",
        World,
        "LINES",
        "Lines of each room that can be read again, if there is no store (--data none). The oldest is forgotten",
        "没有存储（--data none）时每个房间可供回看的行数。超出时丢弃最旧的",
        limits.history_lines_max
    ),
    number!(
        "history_bytes_max",
        World,
        "BYTES",
        "Bytes of each room that can be read again, if there is no store. The oldest line is forgotten",
        "没有存储时每个房间可供回看的字节数。超出时丢弃最旧的一行",
        limits.history_bytes_max
    ),
    number!(
        "masks_max",
        World,
        "COUNT",
        "Bans and exceptions of one room, all lists together. One more is refused",
        "一个房间的封禁和例外总数。超出的会被拒绝",
        limits.world.masks_max
    ),
    number!(
        "invitations_max",
        World,
        "COUNT",
        "Invitations that one member may have. The oldest is forgotten",
        "一个成员可以持有的邀请数。超出时丢弃最旧的",
        limits.world.invitations_max
    ),
    share::HISTORIES_BYTES,
    share::ROOM_KEEP,
    share::ROOM_RETURN,
    share::ROOM_OPERATORS,
    share::ROOMS_PER_HOST,
    share::DEPARTED,
    store::DATA,
    store::LOG_CLOSE_MS,
    store::SYNC,
    setting!(
        "log_format",
        Logs,
        "human|json",
        "Format of the logs on standard error",
        "标准错误上的日志格式",
        |config| quoted(match config.log_format {
            LogFormat::Human => "human",
            LogFormat::Json => "json",
        }),
        |config, text| {
            choice(text, &[("human", LogFormat::Human), ("json", LogFormat::Json)], &mut config.log_format)
        }
    ),
    setting!(
        "log_level",
        Logs,
        "off|error|warn|info|debug|trace",
        "Lowest level that is logged",
        "记录的最低日志级别",
        |config| quoted(config.log_level),
        |config, text| { choice(text, &LOG_LEVELS, &mut config.log_level) }
    ),
];

const LOG_LEVELS: [(&str, LevelFilter); 6] = [
    ("off", LevelFilter::OFF),
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
];

fn identity(config: &mut Config) -> &mut Identity {
    Arc::make_mut(&mut config.options.identity)
}
