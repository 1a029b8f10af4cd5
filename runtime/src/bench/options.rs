//! The command line of `parlor bench`.

use super::workload::WORKLOADS;
use crate::locale::text;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgAction, Command};
use parlor_protocol::Language;
use std::path::PathBuf;

/// Returns the command line of `parlor bench`.
#[must_use]
pub fn command(language: Language) -> Command {
    Command::new("bench")
        .about(text!(
            language,
            "Put load on a chat server and measure what it costs",
            "对聊天服务器施加负载，并测量其开销"
        ))
        .after_help(after_help(language))
        .args(server_arguments(language))
        .args(output_arguments(language))
        .args(workload_arguments(language))
}

/// Returns the arguments that choose the workloads and the server.
fn server_arguments(language: Language) -> [Arg; 5] {
    let workloads =
        WORKLOADS.map(|workload| PossibleValue::new(workload.name).help(workload.about.get(language)));
    [
        Arg::new("workload")
            .value_name("WORKLOAD")
            .num_args(1..)
            .required(true)
            .value_parser(PossibleValuesParser::new(workloads))
            .help(text!(language, "Workloads to run", "对服务器施加的负载")),
        Arg::new("connect").long("connect").value_name("HOST:PORT").help(text!(
            language,
            "Measure a running server",
            "测试一个正在运行的服务器"
        )),
        Arg::new("pid")
            .long("pid")
            .value_name("PID")
            .requires("connect")
            .value_parser(clap::value_parser!(u32))
            .help(text!(
                language,
                "Process of that server, for its CPU time and memory",
                "该服务器的进程号，用于读取 CPU 时间和内存"
            )),
        Arg::new("dialect")
            .long("dialect")
            .value_name("DIALECT")
            .default_value("plain")
            .value_parser(["plain", "irc", "raw"])
            .help(text!(
                language,
                "Protocol of the server; raw: it relays lines and has no rooms",
                "服务器使用的协议；raw：只转发各行，没有房间"
            )),
        Arg::new("serve")
            .long("serve")
            .value_name("OPTION")
            .action(ArgAction::Append)
            .allow_hyphen_values(true)
            .conflicts_with("connect")
            .help(text!(
                language,
                "Option for the server that is started, such as --serve=--log-level=warn",
                "自己启动的服务器的选项，例如 --serve=--log-level=warn"
            )),
    ]
}

/// Returns the arguments for the duration and the output.
fn output_arguments(language: Language) -> [Arg; 3] {
    [
        Arg::new("seconds")
            .long("seconds")
            .value_name("SECONDS")
            .default_value("5")
            .value_parser(clap::value_parser!(u32).range(1..))
            .help(text!(
                language,
                "Seconds to measure, after one second of warm-up",
                "测量的秒数，此前有一秒预热"
            )),
        Arg::new("json").long("json").action(ArgAction::SetTrue).help(text!(
            language,
            "Print one JSON object per run",
            "每次运行输出一个 JSON 对象"
        )),
        Arg::new("plot")
            .long("plot")
            .value_name("FILE.svg")
            .value_parser(clap::value_parser!(PathBuf))
            .help(text!(language, "Plot the latencies by quantile", "按分位数绘制延迟图")),
    ]
}

/// Returns the arguments that change a workload.
fn workload_arguments(language: Language) -> [Arg; 9] {
    let heading = match language {
        Language::En => "Changes to the workload",
        Language::Zh => "修改负载",
    };
    let number = |name: &'static str, help: String| {
        Arg::new(name)
            .long(name)
            .value_name("COUNT")
            .value_parser(clap::value_parser!(u32))
            .help(help)
            .help_heading(heading)
    };
    let classes = text!(
        language,
        "IRC: combinations of capabilities that the clients ask for",
        "IRC：客户端请求的功能组合数"
    );
    let slow = text!(language, "Members that never read, on top of the others", "从不读取的成员数，另计");
    let clients = text!(language, "Members that read, all rooms together", "接收消息的成员数，所有房间合计");
    [
        number("clients", clients),
        number("rooms", text!(language, "Rooms", "房间数")),
        number(
            "rooms-each",
            text!(language, "IRC: rooms that each member is in", "IRC：每个成员所在的房间数"),
        ),
        number("speakers", text!(language, "Members that speak", "发言的成员数")),
        number("slow", slow),
        number("line-bytes", text!(language, "Bytes of a line's text", "每行文本的字节数")),
        number("classes", classes).value_parser(clap::value_parser!(u32).range(1..=64)),
        number("window", text!(language, "Closed loop: lines in flight", "闭环：在途的行数"))
            .conflicts_with("rate"),
        number("rate", text!(language, "Open loop: lines a second", "开环：每秒的行数")),
    ]
}

/// Returns the text below the options in the help.
fn after_help(language: Language) -> &'static str {
    match language {
        Language::En => {
            "\
Without --connect, each workload runs on a server of its own, which has no limit on the rate of lines and, where there \
are two processors, uses another one than the load generator.

Latency is counted from when a line is due. With --rate (open loop), lines are due at fixed times, so that lines that a \
stalling server delays count as well; with --window (closed loop), a line is due when it is sent.

A run passes if everybody in a room but the speaker received each line exactly once, in the order of its speaker, and \
the members that are sampled received the lines in the same order. \"generator-limited\" means that the server waited \
for the load generator: the cost is valid, but the rate and the latency are partly the generator's own.

Exit status: 0 every run passed, 1 a run failed or could not be carried out, 2 wrong command line."
        }
        Language::Zh => {
            "\
不使用 --connect 时，每个负载都在自己启动的服务器上运行：不限制行速率；如果有两个处理器，则与负载生成器分别占用一个。

延迟从应当发送的时刻算起。开环（--rate）按固定的时间表，因此服务器停顿时耽误的行也会计入；\
闭环（--window）从发送的时刻算起。

一次运行合格的条件：每一行都被房间里除发送者以外的每个人恰好收到一次，每个发送者的行保持顺序，\
抽样的成员看到的顺序一致。\"generator-limited\" 表示服务器在等待负载生成器：开销有效，\
而速率和延迟也包含了生成器自身的影响。

退出状态：0 全部合格，1 有运行不合格或无法进行，2 命令行有误。"
        }
    }
}
