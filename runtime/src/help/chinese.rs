//! The Chinese texts.

/// Commands: what each is for, and what follows its arguments.
pub(super) const COMMANDS: &[(&str, &str, &str)] = &[
    ("parlor", "聊天室服务器及其客户端", "不带命令时启动服务器：parlor 等同于 parlor serve。"),
    (
        "serve",
        "启动聊天室服务器（默认命令）",
        "\
除 --config 和 --print-config 外，每个选项也可以用环境变量设置（--rate-lines 对应 PARLOR_RATE_LINES），\
或写在配置文件里（rate_lines = 50）。命令行优先于环境变量，环境变量优先于配置文件。

信号：SIGTERM 和 SIGINT 停止服务器，再次收到则立即结束；SIGUSR1 把计数写入日志。在终端上运行的服务器收到 SIGHUP \
（例如关闭终端时）会停止；其他情况下，SIGHUP 会重新加载配置文件，与管理员的 /rehash 相同，motd、admin、\
server_description、operators、password 和 reserved_names 随之更新。

退出状态：0 正常停止，1 无法启动，2 命令行或配置有误，130 第二个信号使其立即结束。",
    ),
    (
        "chat",
        "进入聊天室聊天",
        "\
在服务器接受 --name 和 --room 之前，输入的内容不会发送。任何一项被拒绝时，什么都不会发送，退出状态会说明原因。

在终端上，正在输入的一行始终完整地显示在底部，收到的内容显示在它上方。按键：方向键、Home、End、\
Ctrl-A、-E、-B、-F、-K、-U、-W、-Y、-T、-L，Alt-B、-F、-D；上下方向键翻看输入过的内容。\
空行上的 Ctrl-D 和 Ctrl-C 退出，最多等待服务器五秒；再按一次立即结束。Tab 键补全命令、名字和房间。\
粘贴多行时，确认后才会发送。连接中断后会自动重新连接，沿用原来的名字和房间。服务器发来的控制字符只显示，不执行。

在管道中、使用 --plain 时，或 TERM 为 dumb 时，标准输入原样发给服务器，服务器的数据原样写到标准输出。\
输入结束后关闭发送方向，并继续输出，直到服务器关闭连接。

退出状态：
  0    按要求退出：Ctrl-D、Ctrl-C、/quit、输入结束，或读取输出的程序已离开
  1    无法连接
  2    命令行有误
  3    连接中断：服务器关闭了连接、连接出错，或输入输出失败
  4    被拒绝：名字、房间，或进入服务器
  130  第二次 Ctrl-C 或信号使其立即结束",
    ),
    (
        "bench",
        "对聊天服务器施加负载，并测量其开销",
        "\
不使用 --connect 时，每个负载都在自己启动的服务器上运行：不限制行速率；如果有两个处理器，则与负载生成器分别占用一个。

延迟从应当发送的时刻算起。开环（--rate）按固定的时间表，因此服务器停顿时耽误的行也会计入；\
闭环（--window）从发送的时刻算起。

一次运行合格的条件：每一行都被房间里除发送者以外的每个人恰好收到一次，每个发送者的行保持顺序，\
抽样的成员看到的顺序一致。\"generator-limited\" 表示服务器在等待负载生成器：开销有效，\
而速率和延迟也包含了生成器自身的影响。

退出状态：0 全部合格，1 有运行不合格或无法进行，2 命令行有误。",
    ),
    (
        "hash-password",
        "生成密码的哈希值，用于 --password 和 --operators",
        "\
在终端上会要求输入两次密码，输入时不显示；否则密码取自标准输入的第一行。哈希值写到标准输出：

  parlor hash-password > hash
  parlor serve --operators \"alice:$(cat hash)\"

管理员用 /oper NAME PASSWORD 登录。服务器密码由 IRC 客户端在连接时发送（PASS）。

退出状态：0 已生成，1 未生成，130 被中断。",
    ),
];

/// What clap puts into the help by itself.
pub(super) const CLAPS_WORDS: &[(&str, &str)] = &[
    ("Print this message or the help of the given subcommand(s)", "显示本帮助，或某个命令的帮助"),
    ("[OPTIONS]", "[选项]"),
    ("[COMMAND]", "[命令]"),
    ("<COMMAND>", "<命令>"),
    ("Possible values:", "可选值："),
    ("[possible values: ", "[可选值："),
    ("[default: ", "[默认值："),
];

/// Arguments, by command and name.
pub(super) const ARGUMENTS: &[(&str, &str, &str)] = &[
    ("serve", "config", "从这个 TOML 文件读取设置；也可以用 PARLOR_CONFIG 指定"),
    ("serve", "print-config", "显示生效的设置和每个值的来源，然后结束"),
    (
        "chat",
        "address",
        "服务器地址：HOST、HOST:PORT、[IPV6]:PORT，或与 --listen 相同的写法 auto://HOST:PORT/ROOM",
    ),
    ("chat", "name", "使用这个名字（/nick）"),
    ("chat", "room", "进入这个房间（/join）"),
    ("chat", "key", "该房间的口令"),
    (
        "chat",
        "lang",
        "本程序的语言，并用 /lang 告知服务器；默认取自 PARLOR_LANG、LC_ALL、LC_MESSAGES 或 LANG",
    ),
    ("chat", "times", "在收到的每一行前显示本地时间"),
    ("chat", "no-reconnect", "在终端上，连接中断后直接结束；在管道中总是如此"),
    ("chat", "plain", "即使在终端上也不使用行编辑"),
    (
        "chat",
        "connect-timeout-ms",
        "服务器的每个地址响应连接的时限，以及服务器接受 --name 和 --room 的时限（毫秒）",
    ),
    ("bench", "workload", "对服务器施加的负载"),
    ("bench", "connect", "测试一个正在运行的服务器"),
    ("bench", "pid", "该服务器的进程号，用于读取 CPU 时间和内存"),
    ("bench", "dialect", "服务器使用的协议；raw：只转发各行，没有房间"),
    ("bench", "serve", "自己启动的服务器的选项，例如 --serve=--log-level=warn"),
    ("bench", "seconds", "测量的秒数，此前有一秒预热"),
    ("bench", "json", "每次运行输出一个 JSON 对象"),
    ("bench", "plot", "按分位数绘制延迟图"),
    ("bench", "clients", "接收消息的成员数，所有房间合计"),
    ("bench", "rooms", "房间数"),
    ("bench", "speakers", "发言的成员数"),
    ("bench", "slow", "从不读取的成员数，另计"),
    ("bench", "line-bytes", "每行文本的字节数"),
    ("bench", "classes", "IRC：客户端请求的功能组合数"),
    ("bench", "window", "闭环：在途的行数"),
    ("bench", "rate", "开环：每秒的行数"),
];

/// Workloads of `parlor bench`.
pub(super) const WORKLOADS: &[(&str, &str)] = &[
    ("talk200", "一个 200 人的房间，人人发言，200 行在途"),
    ("talk1000", "一个 1,000 人的房间，人人发言，1,000 行在途"),
    ("talk10k", "一个 10,000 人的房间，其中 1,000 人发言，1,000 行在途"),
    ("one1000", "一个 1,000 人的房间，一人发言，每秒 50 行"),
    ("rooms100", "100 个 10 人的房间，人人发言，2,000 行在途"),
    ("latency50", "一个 50 人的房间，人人发言，每秒 500 行"),
    ("idle10k", "1,000 个房间共 10,000 名成员，无人发言"),
    ("storm3k", "3,000 个客户端同时连接并进入同一个房间"),
    ("slow", "talk200，其中 100 人发言，另有 4 名从不读取的成员"),
];

/// Settings.
pub(super) const SETTINGS: &[(&str, &str)] = &[
    (
        "listen",
        "监听地址：auto://HOST:PORT。加 /ROOM 让纯文本客户端进入 lobby 以外的房间，加 /- 则不进入任何房间。plain:// 和 irc:// 只\
         接受一种协议。可重复",
    ),
    ("lang", "控制台以及未用 /lang 选择语言的客户端所用的语言；默认取自 LC_ALL、LC_MESSAGES 或 LANG"),
    ("greeting", "向新来者显示一行提示：名字、房间，以及如何获取帮助"),
    ("echo", "把纯文本客户端自己发送的内容也发回给它"),
    ("relay", "raw：纯文本客户端只收到发言内容，没有名字和进出提示"),
    (
        "reserved_names",
        "任何人都不能使用的名字，用逗号分隔，留空则没有。发给这些名字的私聊不会送达，发送者会得到提示。默认为各种服务和服务器\
         自身的名字。可重复",
    ),
    ("server_name", "服务器名称，采用主机名的形式，作为发给 IRC 客户端的消息来源"),
    ("server_description", "服务器简介，用于 WHOIS、LINKS 和 VERSION"),
    ("network", "IRC 客户端显示的网络名称"),
    ("motd", "IRC 客户端看到的欢迎语，每次一行，最多 100 行。可重复"),
    ("admin", "服务器所在地、运营者和联系方式，每次一行，最多 3 行。可重复"),
    (
        "password",
        "进入服务器所需密码的哈希值，由 `parlor hash-password` 生成。IRC 客户端在连接时发送密码（PASS）；密码\
         缺失或错误的会收到原因并被断开，无法发送密码的纯文本客户端也一样",
    ),
    (
        "operators",
        "服务器管理员的名字和密码的哈希值，由 `parlor hash-password` 生成。管理员用 /oper NAME PASSWORD 登录。\
         可重复",
    ),
    ("line_bytes_max", "一行的长度，不含行尾。超出部分会被丢弃，并告知发送者"),
    ("rate_lines", "长期平均每秒的行数；0 表示不限。超出时服务器放慢读取，内容不会丢失"),
    ("rate_burst", "静默之后一次可发送的行数。超出时服务器放慢读取，内容不会丢失"),
    ("backlog_bytes_max", "一个接收过慢的客户端积压的数据。超出时发完当前一行和原因，然后断开"),
    (
        "reply_bytes_max",
        "一次列表回复（/who、/rooms、/history）的长度。放不下的只显示数量；聊天记录只显示最近的",
    ),
    ("pending_commands_max", "等待写入日志的发言行数。超出的行暂不读取"),
    ("read_bytes_max", "一次从套接字读取的字节数。其余的留在内核中，下一轮再读"),
    (
        "detect_ms",
        "auto:// 上的客户端静默多久后视为纯文本客户端。如果之后使用 IRC，其成员会先退出，再以 IRC 重新开始",
    ),
    ("registration_ms", "IRC 客户端完成注册的时限。超时会收到原因并被断开"),
    ("ping_ms", "IRC 客户端可以静默的时间。之后会收到 PING"),
    ("pong_ms", "IRC 客户端回应 PING 的时限。超时会收到原因并被断开"),
    (
        "targets_max",
        "一条 IRC 命令中的房间或名字数。超出时命令不执行，并返回错误；MONITOR 和 ISON 只受行长限制",
    ),
    ("monitored_max", "一个 IRC 客户端可以关注的名字数（MONITOR）。超出的会被拒绝"),
    ("drain_ms", "正在关闭的连接接收剩余数据的时限。超时即切断"),
    (
        "vanish_ms",
        "主机不回应内核探测、也不确认已发送数据的时限。超时视为连接中断，其成员退出。取值 2000 到 65534000",
    ),
    ("connections_max", "同时连接数；默认由打开文件数的上限决定。超出的连接会收到原因并被断开"),
    (
        "connections_per_ip_max",
        "同一地址（IPv6 为同一 /64）的连接数，本机回环地址除外。超出的连接会收到原因并被断开",
    ),
    ("refusals_max", "同时告知拒绝原因的连接数。超出时暂停接受连接，直到其中一个离开"),
    (
        "outbox_bytes_max",
        "所有接收过慢的客户端积压的数据总量，多个客户端共有的只计一次。超出时断开积压最多的客户端",
    ),
    ("tick_bytes_max", "一轮读取的字节数。其余的下一轮再读"),
    ("flush_writes_max", "连续写入套接字的次数。其余客户端在处理新输入之后再写"),
    ("accept_retry_ms", "没有可用的文件描述符时暂停接受连接的时间。等待的客户端随后会被接受"),
    ("shutdown_ms", "服务器停止时等待各连接接收剩余数据的时限。超时即切断"),
    ("rooms_max", "同时存在的房间数。超出时无法用 /join 创建新房间"),
    ("rooms_per_member_max", "一个成员可以加入的房间数。超出的会被拒绝"),
    ("topic_bytes_max", "房间话题的长度。更长的会被拒绝"),
    ("history_lines_max", "房间为 /history 保留的行数。超出时丢弃最旧的"),
    ("history_bytes_max", "房间为 /history 保留的字节数。超出时丢弃最旧的一行"),
    ("masks_max", "一个房间的封禁和例外总数。超出的会被拒绝"),
    ("invitations_max", "一个成员可以持有的邀请数。超出时丢弃最旧的"),
    ("departed_max", "仍可查询（WHOWAS）的旧名字数。超出时丢弃最旧的"),
    ("log_format", "标准错误上的日志格式"),
    ("log_level", "记录的最低日志级别"),
];
