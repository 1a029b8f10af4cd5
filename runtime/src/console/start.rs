//! The records at the start of the server: its addresses, how to connect to them, and the limits in force.

use super::Console;
use crate::config::Config;
use crate::driver::ListenerRole;
use crate::locale::text;
use crate::store::{Damage, Lost};
use crate::transport::SocketBuffers;
use parlor_protocol::{Dialect, Language, Via};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tracing::{error, info, warn};

const VERSION: &str = env!("CARGO_PKG_VERSION");

impl Console {
    /// Logs that the server listens at an address.
    pub fn listening(&self, address: SocketAddr, role: &ListenerRole, config: &Config) {
        let dialect = role.dialect;
        let connect = match role.via {
            Via::Direct => {
                how_to_connect(address, dialect, config.options.identity.has_password, self.language)
            }
            Via::Gateway => {
                text!(self.language, "through a gateway that names its clients", "通过会报出客户端地址的网关")
            }
            Via::Proxy => {
                text!(self.language, "through a proxy that names its clients", "通过会报出客户端地址的代理")
            }
        };
        let text = text!(
            self.language,
            "parlor {VERSION} is listening on {address}; to connect: {connect}",
            "服务器已启动，监听 {address}（parlor {VERSION}）；连接方式：{connect}"
        );
        info!(event = "started", version = VERSION, %address, connect, "{text}");
    }

    /// Logs that the log on disk was read, up to a position.
    pub fn store_opened(
        &self,
        position: u64,
        replayed: u64,
        damaged_snapshots: &[Damage],
        lost: Option<Lost>,
    ) {
        if let Some(lost) = lost {
            let range = lost.range(self.language);
            let text = text!(
                self.language,
                "{range} are lost: they had not reached the disk when the machine stopped, or log.db-wal was damaged at its end",
                "{range}已丢失：机器停止时尚未写入磁盘，或 log.db-wal 的末尾已损坏"
            );
            error!(
                event = "entries_lost",
                first = lost.first.0,
                last = lost.last.map(|last| last.0),
                "{text}"
            );
        }
        for Damage { seq, what } in damaged_snapshots {
            let seq = seq.0;
            let text = text!(
                self.language,
                "the snapshot at entry {seq} is damaged: {what}. Nothing is lost, for what came before it was replayed; but test the disk",
                "第 {seq} 条处的快照已损坏：{what}。已重放更早的内容，没有丢失，但请检查磁盘"
            );
            warn!(event = "snapshot_damaged", seq, what, "{text}");
        }
        let text = text!(
            self.language,
            "the log goes on after entry {position}; {replayed} entries were replayed",
            "日志从第 {position} 条之后继续；重放了 {replayed} 条"
        );
        info!(event = "log_opened", position, replayed, "{text}");
    }

    /// Logs that `parlor admin` cannot be used.
    pub fn admin_failed(&self, error: &io::Error) {
        let text = text!(
            self.language,
            "the socket for parlor admin cannot be made in the data directory: {error}",
            "无法在数据目录中创建 parlor admin 的套接字：{error}"
        );
        warn!(event = "admin_failed", "{text}");
    }

    /// Logs the limits that clients are most likely to reach.
    pub fn limits_in_force(&self, config: &Config) {
        let limits = &config.limits;
        let (connections, per_ip) = (limits.connections_max, limits.connections_per_ip_max);
        let bytes = limits.line_bytes_max;
        let (lines, burst) = (limits.rate.lines, limits.rate.burst);
        let rate = match lines {
            0 => text!(self.language, "any number of lines a second", "行数不限"),
            _ => text!(
                self.language,
                "{lines} lines a second per connection ({burst} at once)",
                "每个连接每秒 {lines} 行（瞬时 {burst} 行）"
            ),
        };
        let buffers = limits.buffer_bytes_max();
        let mebibytes = buffers.div_ceil(1 << 20);
        let text = text!(
            self.language,
            "limits: {connections} connections, {per_ip} per address, {rate}, {bytes} bytes a line; their buffers \
             take at most {mebibytes} MiB; `parlor serve --print-config` shows all of them",
            "限制：连接 {connections} 个，每个地址 {per_ip} 个，{rate}，每行 {bytes} 字节；所有缓冲区最多占用 {mebibytes} MiB；\
             用 `parlor serve --print-config` 查看全部"
        );
        info!(
            event = "limits",
            connections_max = connections,
            connections_per_ip_max = per_ip,
            rate_lines = lines,
            rate_burst = burst,
            line_bytes_max = bytes,
            buffer_bytes_max = buffers,
            "{text}"
        );
    }

    /// Warns that the kernel's buffers are smaller than the settings demand.
    pub fn small_buffers(&self, wanted: SocketBuffers, in_force: SocketBuffers) {
        for (setting, wanted, in_force, system) in [
            ("socket_send_bytes", wanted.send_bytes, in_force.send_bytes, "net.core.wmem_max"),
            ("socket_receive_bytes", wanted.receive_bytes, in_force.receive_bytes, "net.core.rmem_max"),
        ] {
            if in_force >= wanted {
                continue;
            }
            let text = text!(
                self.language,
                "{setting} is {wanted}, but the system allows only {in_force} bytes: raise {system} with sysctl",
                "{setting} 为 {wanted}，但系统只允许 {in_force} 字节：请用 sysctl 提高 {system}"
            );
            warn!(event = "small_buffers", setting, "{text}");
        }
    }

    /// Warns that one address may make others read more than a slow reader can, if the limits allow it.
    pub fn slow_readers_at_risk(&self, config: &Config) {
        let limits = &config.limits;
        if limits.spares_slow_readers() {
            return;
        }
        let text = text!(
            self.language,
            "one address can send so much that readers with 1 Mbit/s are closed: rate_lines, rate_burst and address_factor \
             allow too much for backlog_bytes_max",
            "单个地址发送的内容可能使 1 Mbit/s 的慢速读者被断开：rate_lines、rate_burst 和 address_factor 相对于 \
             backlog_bytes_max 过大"
        );
        warn!(event = "slow_readers_at_risk", "{text}");
    }

    /// Warns that other machines can reach an address, and that connections to it are not encrypted.
    pub fn exposed_address(&self, address: SocketAddr) {
        let text = text!(
            self.language,
            "{address} can be reached from other machines, and everything sent there, passwords included, is \
             unencrypted: put it behind a firewall, a VPN or a TLS proxy",
            "其他机器可以连接 {address}，而传输的内容（包括密码）未加密：请把它放在防火墙、VPN 或 TLS 代理之后"
        );
        warn!(event = "exposed", %address, "{text}");
    }
}

/// Returns how to connect to an address from this machine.
fn how_to_connect(address: SocketAddr, dialect: Dialect, has_password: bool, language: Language) -> String {
    let port = address.port();
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    match dialect {
        Dialect::Auto if !has_password => {
            text!(language, "nc {host} {port}, or any IRC client", "nc {host} {port}，或任意 IRC 客户端")
        }
        Dialect::Plain if !has_password => format!("nc {host} {port}"),
        // The plain dialect has no command that sends a password.
        Dialect::Plain => {
            text!(
                language,
                "not possible: the server has a password, and plain clients cannot send it",
                "无（服务器设有密码，纯文本客户端无法发送）"
            )
        }
        Dialect::Custom(spec) => format!("{} at {host}:{port}", spec.name),
        Dialect::Auto | Dialect::Irc => {
            let irssi = format!("irssi --connect {host} --port {port}");
            text!(language, "any IRC client, such as {irssi}", "任意 IRC 客户端，例如 {irssi}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(address: &str, dialect: Dialect, has_password: bool, language: Language) -> String {
        how_to_connect(address.parse().unwrap(), dialect, has_password, language)
    }

    #[test]
    fn each_kind_of_listener_says_how_to_connect() {
        let connect = |address, dialect, has_password| connect(address, dialect, has_password, Language::En);
        assert_eq!(connect("127.0.0.1:3000", Dialect::Auto, false), "nc 127.0.0.1 3000, or any IRC client");
        assert_eq!(connect("[::1]:3000", Dialect::Plain, false), "nc ::1 3000");
        let irssi = "any IRC client, such as irssi --connect 10.0.0.1 --port 6667";
        assert_eq!(connect("10.0.0.1:6667", Dialect::Irc, false), irssi);
        assert_eq!(connect("10.0.0.1:6667", Dialect::Auto, true), irssi);
        assert!(!connect("10.0.0.1:6667", Dialect::Plain, true).contains("nc "));
    }

    #[test]
    fn an_unspecified_address_is_reached_by_loopback() {
        assert_eq!(connect("0.0.0.0:3000", Dialect::Plain, false, Language::Zh), "nc 127.0.0.1 3000");
        assert_eq!(connect("[::]:3000", Dialect::Plain, false, Language::Zh), "nc ::1 3000");
    }
}
