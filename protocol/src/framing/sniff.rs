//! Detects the protocol of a connection from its first bytes.
//!
//! A [`Sniffer`] holds the first bytes until their protocol is clear, and then passes them on to the session. It works on
//! bytes and not on lines: a request line of HTTP may be longer than the limit on lines, and TLS has no lines. Noise before
//! an opening (empty lines, a byte order mark, telnet negotiation, control characters) decides nothing, and neither do
//! blanks and the tags of an IRC message.
//!
//! A decision does not depend on how the bytes are divided into chunks: it is made only when no further bytes could change
//! it. Every opening is recognised by its first few bytes (`binary`) or by its first line (`line`), of which at most
//! [`OPENING_BYTES_MAX`] bytes are examined.

mod binary;
mod line;

use crate::framing::proxy::Header;
use crate::framing::webirc::Webirc;
use alloc::vec::Vec;
use core::fmt;

pub(crate) use line::is_request;

/// Number of bytes of a first line, after its tags, at which the line is classified without its end. Nobody types that many:
/// terminals in line mode end a line at 4,095 bytes (Linux, `N_TTY_BUF_SIZE`).
pub const OPENING_BYTES_MAX: usize = 4_096;

/// Maximum number of bytes of the tags before a first line, as for an IRC client (IRCv3, message-tags).
const TAGS_BYTES_MAX: usize = 4_096;

/// Maximum number of bytes of a telnet subnegotiation. No option has a longer one.
const SUBNEGOTIATION_BYTES_MAX: usize = 512;

/// Number of bytes of noise after which the connection is plain: no program begins with that many.
const NOISE_BYTES_MAX: usize = 16_384;

/// Maximum number of lines in doubt. After one more, the connection is IRC.
const DOUBTS_MAX: usize = 3;

/// The protocol of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A line that may be a person's message or the beginning of a registration or log-in: `nick bob`. It is neither sent
    /// to the room nor executed, and the next line decides. It occurs only after a greeting.
    Doubt,
    /// HTTP, in any of its versions.
    Http,
    /// The registration of an IRC client.
    Irc,
    /// Anything else: text of a person.
    Plain,
    /// A protocol that Parlor does not speak.
    Stranger(Protocol),
    /// A TLS handshake.
    Tls,
}

/// A protocol that Parlor does not speak but recognises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The Asterisk Manager Interface.
    Asterisk,
    /// An unknown protocol that is not text.
    Binary,
    /// `BitTorrent`.
    BitTorrent,
    /// CVS (`pserver`).
    Cvs,
    /// Git's own protocol.
    Git,
    /// IMAP.
    Imap,
    /// JSON-RPC, as cryptocurrency miners use it.
    JsonRpc,
    /// LDAP.
    Ldap,
    /// FTP or POP3.
    Login,
    /// memcached.
    Memcached,
    /// MQTT.
    Mqtt,
    /// NATS.
    Nats,
    /// NNTP.
    Nntp,
    /// The PROXY protocol, version 1 or 2.
    Proxy,
    /// Remote Desktop and other protocols on TPKT (RFC 1006).
    Rdp,
    /// Redis.
    Redis,
    /// rsync.
    Rsync,
    /// RTSP.
    Rtsp,
    /// `ManageSieve`.
    Sieve,
    /// SIP.
    Sip,
    /// SMTP.
    Smtp,
    /// SOCKS.
    Socks,
    /// SSH.
    Ssh,
    /// STOMP.
    Stomp,
    /// The control port of Tor.
    Tor,
    /// VNC.
    Vnc,
    /// An IRC gateway (`WEBIRC`).
    Webirc,
    /// The relay protocol of `WeeChat`.
    Weechat,
    /// XMPP and other protocols in XML.
    Xml,
}

impl Protocol {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Asterisk => "Asterisk",
            Self::Binary => "binary",
            Self::BitTorrent => "BitTorrent",
            Self::Cvs => "CVS",
            Self::Git => "Git",
            Self::Imap => "IMAP",
            Self::JsonRpc => "JSON-RPC",
            Self::Ldap => "LDAP",
            Self::Login => "FTP/POP3",
            Self::Memcached => "memcached",
            Self::Mqtt => "MQTT",
            Self::Nats => "NATS",
            Self::Nntp => "NNTP",
            Self::Proxy => "PROXY",
            Self::Rdp => "RDP",
            Self::Redis => "Redis",
            Self::Rsync => "rsync",
            Self::Rtsp => "RTSP",
            Self::Sieve => "ManageSieve",
            Self::Sip => "SIP",
            Self::Smtp => "SMTP",
            Self::Socks => "SOCKS",
            Self::Ssh => "SSH",
            Self::Stomp => "STOMP",
            Self::Tor => "Tor",
            Self::Vnc => "VNC",
            Self::Webirc => "WEBIRC",
            Self::Weechat => "WeeChat relay",
            Self::Xml => "XML",
        }
    }

    /// Returns whether the protocol's opening is a line of text, so that its client can read a line of text as well.
    #[must_use]
    pub const fn is_text(self) -> bool {
        !matches!(
            self,
            Self::Binary
                | Self::BitTorrent
                | Self::Git
                | Self::Ldap
                | Self::Mqtt
                | Self::Proxy
                | Self::Rdp
                | Self::Socks
        )
    }
}

impl Kind {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Doubt => "unclear",
            Self::Http => "HTTP",
            Self::Irc => "IRC",
            Self::Plain => "plain",
            Self::Stranger(protocol) => protocol.name(),
            Self::Tls => "TLS",
        }
    }
}

/// The context of a connection, which determines how certain a recognised opening must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The connection was sent the greeting of the plain dialect, so its user is probably a person: a line that a person
    /// may have written is taken for one.
    Greeted {
        /// Whether the connection may become IRC.
        may_be_irc: bool,
    },
    /// Only IRC is expected.
    Irc,
    /// The connection may be of any dialect and was sent nothing yet.
    Open,
}

impl Evidence {
    const fn is_strict(self) -> bool {
        matches!(self, Self::Greeted { .. })
    }
}

/// The result of [`Sniffer::look`].
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sniffed {
    /// Bytes that decide nothing and are passed on unchanged. They are not held back, so that telnet is answered at once.
    pub noise: Vec<u8>,
    /// The protocol; `None` if it is not clear yet.
    pub kind: Option<Kind>,
}

/// Holds the bytes of a connection until its protocol is clear.
#[derive(Default)]
pub struct Sniffer {
    held: Vec<u8>,
    /// The number of held bytes that were examined and did not suffice.
    looked: usize,
    /// The number of bytes of noise so far.
    noise_bytes: usize,
    /// Whether the connection began with a possible byte order mark of UTF-16. NUL is then not a sign of a binary protocol.
    may_be_utf16: bool,
    /// The lines in doubt, which are needed if a registration follows.
    doubted: Vec<u8>,
    /// The number of lines that were in doubt.
    doubts: usize,
}

impl fmt::Debug for Sniffer {
    /// Omits the held bytes, which may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sniffer").field("held", &self.held.len()).finish_non_exhaustive()
    }
}

impl Sniffer {
    /// Appends the next bytes of the connection.
    pub fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// Examines the held bytes. `ended` is whether they are the last ones of the connection.
    pub fn look(&mut self, evidence: Evidence, ended: bool) -> Sniffed {
        let mut from = 0;
        let kind = loop {
            match self.classify(&self.held[from..], evidence, ended) {
                Class::Is(Kind::Doubt) => break Some(self.doubt(from)),
                Class::Is(kind) => break Some(kind),
                Class::More => break None,
                Class::Noise(_) if self.noise_bytes > NOISE_BYTES_MAX => break Some(Kind::Plain),
                Class::Noise(count) => {
                    let is_mark = self.noise_bytes == 0 && self.held[from..].starts_with(&[IAC, DONT]);
                    self.may_be_utf16 |= is_mark;
                    self.noise_bytes += count;
                    from += count;
                }
            }
        };
        let held = self.held.split_off(from);
        let noise = core::mem::replace(&mut self.held, held);
        // After a line in doubt, there may be complete lines that were not examined.
        self.looked = if kind == Some(Kind::Doubt) { 0 } else { self.held.len() };
        Sniffed { noise, kind }
    }

    /// Reads the header of a proxy at the beginning of the held bytes, and removes it if it is complete.
    pub fn read_header(&mut self) -> Header {
        let header = Header::read(&self.held);
        self.looked = match header {
            Header::Read { bytes, .. } => {
                self.held.drain(..bytes);
                0
            }
            Header::Invalid | Header::More => self.held.len(),
        };
        header
    }

    /// Reads the line of a gateway at the beginning of the held bytes, and leaves it there.
    pub fn webirc(&mut self) -> Webirc<'_> {
        self.looked = self.held.len();
        Webirc::read(&self.held)
    }

    /// Reads the line of a gateway again, now that its password was right, and removes it.
    pub fn take_webirc(&mut self) -> Header {
        match Webirc::read(&self.held) {
            Webirc::Invalid => Header::Invalid,
            Webirc::More => Header::More,
            Webirc::Read { client, bytes, .. } => {
                self.held.drain(..bytes);
                self.looked = 0;
                Header::Read { client: Some(client), bytes }
            }
        }
    }

    /// Returns the protocol after a silence, as if the held bytes were the last ones.
    #[must_use]
    pub fn guess(&self) -> Kind {
        match self.classify(&self.held, Evidence::Open, true) {
            Class::Is(kind) => kind,
            Class::More | Class::Noise(_) => Kind::Plain,
        }
    }

    /// Returns and removes the lines in doubt and the held bytes, for the next reader of the connection.
    pub fn take(&mut self) -> Vec<u8> {
        self.looked = 0;
        let mut bytes = core::mem::take(&mut self.doubted);
        bytes.append(&mut self.held);
        bytes
    }

    /// Drops the lines in doubt, since no registration followed.
    pub fn forget_doubted(&mut self) {
        self.doubted = Vec::new();
    }

    /// Returns whether there are bytes that were not examined.
    #[must_use]
    pub fn has_unread(&self) -> bool {
        self.looked < self.held.len()
    }

    /// Returns the number of held bytes.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.held.len() + self.doubted.len()
    }

    /// Moves the line at `from` to the lines in doubt.
    fn doubt(&mut self, from: usize) -> Kind {
        if self.doubts == DOUBTS_MAX {
            return Kind::Irc;
        }
        self.doubts += 1;
        let line = &self.held[from..];
        let end = memchr::memchr2(b'\r', b'\n', line).unwrap_or(line.len());
        // The line end stays and is noise: an LF or NUL that belongs to it may still follow.
        self.doubted.extend(self.held.drain(from..from + end));
        self.doubted.extend_from_slice(b"\r\n");
        Kind::Doubt
    }

    /// Classifies bytes at the beginning of a line. The order of the cases ensures that further bytes cannot change a
    /// decision.
    fn classify(&self, bytes: &[u8], evidence: Evidence, ended: bool) -> Class {
        match bytes {
            [] => return Class::More,
            [0xEF, 0xBB, 0xBF, ..] => return Class::Noise(3),
            [0xEF] | [0xEF, 0xBB] if !ended => return Class::More,
            [b'\n', ..] => return Class::Noise(1),
            [b'\r', ..] => return carriage_return(bytes, ended),
            [IAC, ..] => return telnet(bytes, ended),
            [0xFE, 0xFF, ..] if self.noise_bytes == 0 => return Class::Is(Kind::Plain),
            [0xFE] if self.noise_bytes == 0 && !ended => return Class::More,
            _ => {}
        }
        match binary::classify(bytes, self.may_be_utf16, ended) {
            Class::Noise(_) => {}
            class => return class,
        }
        // Signatures that begin with a control character were recognised above.
        if bytes[0].is_ascii_control() && bytes[0] != b'\t' {
            return Class::Noise(1);
        }
        line::classify(bytes, evidence, ended)
    }
}

/// The classification of bytes at the beginning of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Is(Kind),
    /// More bytes are needed.
    More,
    /// This number of bytes decide nothing.
    Noise(usize),
}

/// Interpret as command (RFC 854).
const IAC: u8 = 255;
const DONT: u8 = 254;
const WILL: u8 = 251;
const SB: u8 = 250;
const SE: u8 = 240;

/// Classifies bytes that begin with CR: the end of an empty line, or the signature of PROXY version 2, which begins like two
/// empty lines.
fn carriage_return(bytes: &[u8], ended: bool) -> Class {
    const PROXY: &[u8] = super::proxy::SIGNATURE;
    if bytes.starts_with(PROXY) {
        return Class::Is(Kind::Stranger(Protocol::Proxy));
    }
    match bytes {
        _ if PROXY.starts_with(bytes) && !ended => Class::More,
        [_, 0, ..] => Class::Noise(2),
        _ => Class::Noise(1),
    }
}

/// Classifies bytes that begin with [`IAC`]: telnet commands (RFC 854, 855).
fn telnet(bytes: &[u8], ended: bool) -> Class {
    match bytes {
        // The marker of BGP (RFC 4271). No telnet client sends four escaped bytes 255.
        [IAC, IAC, IAC, IAC, ..] => Class::Is(Kind::Stranger(Protocol::Binary)),
        [IAC] | [IAC, IAC] | [IAC, IAC, IAC] | [IAC, WILL..=DONT] if !ended => Class::More,
        [IAC, WILL..=DONT, _, ..] => Class::Noise(3),
        [IAC, SB, rest @ ..] => {
            let rest = &rest[..rest.len().min(SUBNEGOTIATION_BYTES_MAX)];
            let mut at = 0;
            while let Some(command) = memchr::memchr(IAC, &rest[at..]) {
                at += command;
                match rest.get(at + 1) {
                    Some(&SE) => return Class::Noise(2 + at + 2),
                    Some(_) => at += 2,
                    None => break,
                }
            }
            let is_over = ended || rest.len() == SUBNEGOTIATION_BYTES_MAX;
            if is_over { Class::Is(Kind::Plain) } else { Class::More }
        }
        [IAC] | [IAC, IAC, ..] => Class::Is(Kind::Plain),
        _ => Class::Noise(2),
    }
}

#[cfg(test)]
mod tests;
