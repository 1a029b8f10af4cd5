//! What a connection speaks, decided from its first bytes.
//!
//! A [`Sniffer`] stands in front of a session. It holds the first bytes until their protocol is clear, looks at them
//! before the limit on the length of a line applies, and hands them on to the dialect or to the reader of the protocol.
//! Noise in front of an opening (empty lines, a byte order mark, telnet negotiation, control characters) decides nothing,
//! and neither do blanks and the tags of a message of IRC.
//!
//! What is decided never depends on how the bytes were cut. Every opening is known by its first few bytes
//! (`binary`) or by its first line (`line`); a line that has more than [`OPENING_BYTES_MAX`] bytes is judged
//! by its beginning.

mod binary;
mod line;

use alloc::vec::Vec;
use core::fmt;

pub(crate) use line::is_request;

/// Bytes of a first line, behind its tags, after which it is judged without its end. Nobody types that many: terminals in
/// line mode end a line at 4,095 bytes (Linux, `N_TTY_BUF_SIZE`).
pub const OPENING_BYTES_MAX: usize = 4_096;

/// Bytes of tags before a first line; those of a client of IRC have no more (IRCv3, message-tags).
const TAGS_BYTES_MAX: usize = 4_096;

/// Bytes of one telnet subnegotiation. No option has a longer one: what is longer is not a subnegotiation.
const SUBNEGOTIATION_BYTES_MAX: usize = 512;

/// Bytes of noise, telnet's included, after which no opening is looked for: no program begins so, and a client that
/// sends that much is limited by its rate, as a person is.
const NOISE_BYTES_MAX: usize = 16_384;

/// Lines in doubt that are dropped, since they may begin a registration of IRC; with one more, it is one.
const DOUBTS_MAX: usize = 3;

/// The protocol of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A line that may be a person's, or the beginning of a registration: `nick bob`. It is dropped, and the next one
    /// decides. Happens only after a greeting.
    Doubt,
    /// HTTP, in any of its versions.
    Http,
    /// The registration of a client of IRC.
    Irc,
    /// Anything else: a person's words.
    Plain,
    /// A protocol that Parlor does not speak.
    Stranger(Protocol),
    /// A handshake of TLS.
    Tls,
}

/// A protocol that Parlor does not speak, and knows by its opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The manager of Asterisk.
    Asterisk,
    /// Bytes that are not text, of an unknown protocol.
    Binary,
    /// `BitTorrent`.
    BitTorrent,
    /// CVS, with the password of its server.
    Cvs,
    /// Git's own protocol.
    Git,
    /// IMAP.
    Imap,
    /// JSON-RPC, as miners of coins speak it.
    JsonRpc,
    /// LDAP.
    Ldap,
    /// A log-in of FTP or POP3.
    Login,
    /// memcached.
    Memcached,
    /// MQTT.
    Mqtt,
    /// NATS.
    Nats,
    /// NNTP.
    Nntp,
    /// The header of a proxy (PROXY protocol, version 1 or 2).
    Proxy,
    /// Remote desktops, and whatever else is in TPKT (RFC 1006).
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
    /// A gateway to IRC, with its password.
    Webirc,
    /// A relay of `WeeChat`.
    Weechat,
    /// XMPP, and whatever else is written in XML.
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

    /// Whether its opening is a line of text, so that its sender can read a line of text as well.
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

/// How strong the evidence of an opening must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The connection has received the greeting of the plain dialect, so it is probably a person: a line that a person
    /// may have written counts as a person's.
    Greeted {
        /// Whether a registration of IRC makes it a client of IRC.
        may_be_irc: bool,
    },
    /// Only IRC is expected.
    Irc,
    /// Nothing was sent yet, in either direction.
    Open,
}

impl Evidence {
    const fn is_strict(self) -> bool {
        matches!(self, Self::Greeted { .. })
    }
}

/// The result of a look at the held bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sniffed {
    /// Bytes that decide nothing, to be handed on as they are.
    pub noise: Vec<u8>,
    /// What the connection speaks; `None` until that is clear.
    pub kind: Option<Kind>,
}

/// Holds the bytes of a connection until it is clear what it speaks.
#[derive(Default)]
pub struct Sniffer {
    held: Vec<u8>,
    /// Number of held bytes that were looked at and did not suffice.
    looked: usize,
    /// Bytes of noise so far.
    noise_bytes: usize,
    /// The connection began with what may be the byte order mark of UTF-16, in which NUL is no sign of anything.
    may_be_utf16: bool,
    /// Lines in doubt, kept in case a registration follows.
    doubted: Vec<u8>,
    doubts: usize,
}

impl fmt::Debug for Sniffer {
    /// The held bytes are not shown: they may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sniffer").field("held", &self.held.len()).finish_non_exhaustive()
    }
}

impl Sniffer {
    /// Takes the next bytes of the connection.
    pub fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// Looks at what came. `ended` says that nothing more will come.
    pub fn look(&mut self, evidence: Evidence, ended: bool) -> Sniffed {
        let mut from = 0;
        let kind = loop {
            match self.judge(&self.held[from..], evidence, ended) {
                Judged::Is(Kind::Doubt) => break Some(self.doubt(from)),
                Judged::Is(kind) => break Some(kind),
                Judged::More => break None,
                Judged::Noise(_) if self.noise_bytes > NOISE_BYTES_MAX => break Some(Kind::Plain),
                Judged::Noise(count) => {
                    let is_mark = self.noise_bytes == 0 && self.held[from..].starts_with(&[IAC, DONT]);
                    self.may_be_utf16 |= is_mark;
                    self.noise_bytes += count;
                    from += count;
                }
            }
        };
        let held = self.held.split_off(from);
        let noise = core::mem::replace(&mut self.held, held);
        // Behind a doubt there may be whole lines.
        self.looked = if kind == Some(Kind::Doubt) { 0 } else { self.held.len() };
        Sniffed { noise, kind }
    }

    /// The best guess after a silence: what the held bytes are if nothing else comes.
    #[must_use]
    pub fn guess(&self) -> Kind {
        match self.judge(&self.held, Evidence::Open, true) {
            Judged::Is(kind) => kind,
            Judged::More | Judged::Noise(_) => Kind::Plain,
        }
    }

    /// Takes the held bytes, from the first byte of the opening on: the next reader of the connection needs them.
    pub fn take(&mut self) -> Vec<u8> {
        self.looked = 0;
        let mut bytes = core::mem::take(&mut self.doubted);
        bytes.append(&mut self.held);
        bytes
    }

    /// Forgets the lines in doubt: nothing followed them.
    pub fn forget_doubted(&mut self) {
        self.doubted = Vec::new();
    }

    /// Whether it holds bytes that have not been looked at.
    #[must_use]
    pub fn has_unread(&self) -> bool {
        self.looked < self.held.len()
    }

    /// Number of bytes that it holds.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.held.len() + self.doubted.len()
    }

    /// Sets the line that begins at `from` aside.
    fn doubt(&mut self, from: usize) -> Kind {
        if self.doubts == DOUBTS_MAX {
            return Kind::Irc;
        }
        self.doubts += 1;
        let line = &self.held[from..];
        let end = memchr::memchr2(b'\r', b'\n', line).unwrap_or(line.len());
        // Its end stays, and is noise: there may be an LF or a NUL to come that belongs to it.
        self.doubted.extend(self.held.drain(from..from + end));
        self.doubted.extend_from_slice(b"\r\n");
        Kind::Doubt
    }

    /// Judges bytes from the beginning of a line on. A decision must hold whatever bytes follow, which is why the cases
    /// are in this order.
    fn judge(&self, bytes: &[u8], evidence: Evidence, ended: bool) -> Judged {
        match bytes {
            [] => return Judged::More,
            [0xEF, 0xBB, 0xBF, ..] => return Judged::Noise(3),
            [0xEF] | [0xEF, 0xBB] if !ended => return Judged::More,
            [b'\n', ..] => return Judged::Noise(1),
            [b'\r', ..] => return carriage_return(bytes, ended),
            [IAC, ..] => return telnet(bytes, ended),
            [0xFE, 0xFF, ..] if self.noise_bytes == 0 => return Judged::Is(Kind::Plain),
            [0xFE] if self.noise_bytes == 0 && !ended => return Judged::More,
            _ => {}
        }
        match binary::judge(bytes, self.may_be_utf16, ended) {
            Judged::Noise(_) => {}
            judged => return judged,
        }
        // Where a signature begins with a control character, that is decided by now.
        if bytes[0].is_ascii_control() && bytes[0] != b'\t' {
            return Judged::Noise(1);
        }
        line::judge(bytes, evidence, ended)
    }
}

/// What the bytes from the beginning of a line on are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judged {
    Is(Kind),
    /// More bytes are needed.
    More,
    /// That many of them decide nothing.
    Noise(usize),
}

/// Interpret as command (RFC 854).
const IAC: u8 = 255;
const DONT: u8 = 254;
const WILL: u8 = 251;
const SB: u8 = 250;
const SE: u8 = 240;

/// A carriage return begins the end of an empty line, or the signature of PROXY, version 2, whose first bytes look like
/// two empty lines.
fn carriage_return(bytes: &[u8], ended: bool) -> Judged {
    const PROXY: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
    if bytes.starts_with(PROXY) {
        return Judged::Is(Kind::Stranger(Protocol::Proxy));
    }
    match bytes {
        _ if PROXY.starts_with(bytes) && !ended => Judged::More,
        [_, 0, ..] => Judged::Noise(2),
        _ => Judged::Noise(1),
    }
}

/// A telnet command (RFC 854, 855), which begins with [`IAC`].
fn telnet(bytes: &[u8], ended: bool) -> Judged {
    match bytes {
        // No client of telnet says four times that a byte is 255: the marker of BGP (RFC 4271).
        [IAC, IAC, IAC, IAC, ..] => Judged::Is(Kind::Stranger(Protocol::Binary)),
        [IAC] | [IAC, IAC] | [IAC, IAC, IAC] | [IAC, WILL..=DONT] if !ended => Judged::More,
        [IAC, WILL..=DONT, _, ..] => Judged::Noise(3),
        [IAC, SB, rest @ ..] => {
            let rest = &rest[..rest.len().min(SUBNEGOTIATION_BYTES_MAX)];
            let mut at = 0;
            while let Some(command) = memchr::memchr(IAC, &rest[at..]) {
                at += command;
                match rest.get(at + 1) {
                    Some(&SE) => return Judged::Noise(2 + at + 2),
                    Some(_) => at += 2,
                    None => break,
                }
            }
            let is_over = ended || rest.len() == SUBNEGOTIATION_BYTES_MAX;
            if is_over { Judged::Is(Kind::Plain) } else { Judged::More }
        }
        [IAC] | [IAC, IAC, ..] => Judged::Is(Kind::Plain),
        _ => Judged::Noise(2),
    }
}

#[cfg(test)]
mod tests;
