//! The rows of the table of settings for the kernel's buffers.

use super::super::value::{number, single};
use super::{Arity, Setting, Topic};
use crate::config::Config;
use crate::locale::{Bilingual, Localized};

pub(super) const SEND_BYTES: Setting = number!(
    "socket_send_bytes",
    Connection,
    "BYTES",
    "Size of the kernel's buffer for what was sent to a client and has not arrived (SO_SNDBUF). With its own records, the \
     kernel may use twice as much memory. The rest waits in the backlog",
    "内核为已发送给一个客户端、尚未到达的数据保留的缓冲区（SO_SNDBUF）。连同内核自己的记录，最多占用两倍内存。放不下的计入积压",
    limits.socket_send_bytes
);

pub(super) const UNSENT_BYTES: Setting = number!(
    "socket_unsent_bytes",
    Connection,
    "BYTES",
    "How much of it may be waiting to be sent because the client or its network is slow (TCP_NOTSENT_LOWAT)",
    "其中因客户端或网络缓慢而等待发送的数据（TCP_NOTSENT_LOWAT）",
    limits.socket_unsent_bytes
);

pub(super) const RECEIVE_BYTES: Setting = number!(
    "socket_receive_bytes",
    Connection,
    "BYTES",
    "Size of the kernel's buffer for what a client has sent while the server does not read from it (SO_RCVBUF). With its own \
     records, the kernel may use twice as much memory",
    "服务器暂不读取时，内核为一个客户端发来的数据保留的缓冲区（SO_RCVBUF）。连同内核自己的记录，最多占用两倍内存",
    limits.socket_receive_bytes
);
