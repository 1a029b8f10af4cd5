//! The header of a recording: what makes the same server.

use super::record::{Encode, InvalidRecord, array, identity, strings};
use minicbor::decode::Decoder;
use parlor_protocol::{Instant, Language, Life, Limits, NodeId, Now, Options, Seq, TrustedNetwork, World};
use std::sync::Arc;

/// The identity of the core that this program runs: a hash of its sources.
pub const BUILD: &str = env!("PARLOR_CORE");

/// Told by the file itself to whoever looks into it.
const NOTICE: &str =
    "a recording of a chat server: it holds what everybody said, with names and addresses, but no passwords";

/// The header of a recording: what makes the same server.
#[derive(Clone, Debug)]
pub struct Header {
    /// The version of the program that wrote it.
    pub version: String,
    /// The [build](BUILD) of the core that wrote it.
    pub build: String,
    /// The time of the start.
    pub began: Now,
    /// The limits.
    pub limits: Limits,
    /// The options. Their cloaks are the default ones: the hashes are in the recording.
    pub options: Options,
    /// A snapshot of the world that the server went on with; `None` if it was new.
    pub world: Option<Vec<u8>>,
}

/// The reason why a header cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HeaderError {
    Invalid,
    OtherBuild { version: String, build: String },
}

impl From<InvalidRecord> for HeaderError {
    fn from(_: InvalidRecord) -> Self {
        Self::Invalid
    }
}

impl From<minicbor::decode::Error> for HeaderError {
    fn from(_: minicbor::decode::Error) -> Self {
        Self::Invalid
    }
}

/// Returns the bytes of the header for a server that begins now.
pub(super) fn encode(limits: &Limits, options: &Options, world: &World, now: Now) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut to = Encode::to(&mut bytes);
    let Options {
        cloaks: _,
        echo,
        greeting,
        identity,
        language,
        life,
        node,
        proxies,
        raw,
        remembers_outside,
        revision,
        trusted,
    } = options;
    let named = limits.named();
    let snapshot =
        (world.position() > Seq(0)).then(|| world.snapshot(&mut || [0; parlor_protocol::codec::SALT_BYTES]));
    let encoded = (|| {
        // The first four are read by every build.
        to.0.array(7)?.str(NOTICE)?.str(env!("CARGO_PKG_VERSION"))?.str(BUILD)?;
        to.0.array(2)?.u64(now.mono.as_micros())?.u64(now.unix_ms)?;
        to.0.array(named.len() as u64)?;
        for (name, value) in named {
            to.0.array(2)?.str(name)?.u64(value)?;
        }
        to.0.array(11)?.bool(*echo)?.bool(*greeting)?;
        to.identity(identity);
        to.0.str(language.code())?.u64(life.0)?.u16(node.0)?.bool(*raw)?.bool(*remembers_outside)?;
        match revision {
            None => to.0.null()?,
            Some(revision) => to.0.u64(*revision)?,
        };
        let proxies: Vec<String> = proxies.iter().map(ToString::to_string).collect();
        to.strings(proxies.iter().map(String::as_str));
        let trusted: Vec<String> = trusted.iter().map(ToString::to_string).collect();
        to.strings(trusted.iter().map(String::as_str));
        match &snapshot {
            None => to.0.null()?,
            Some(snapshot) => to.0.bytes(snapshot)?,
        };
        Ok::<_, minicbor::encode::Error<std::convert::Infallible>>(())
    })();
    debug_assert!(encoded.is_ok(), "a vector takes all bytes");
    bytes
}

/// Reads a header.
pub(super) fn decode(bytes: &[u8]) -> Result<Header, HeaderError> {
    let from = &mut Decoder::new(bytes);
    if from.array()?.is_none_or(|length| length < 3) {
        return Err(HeaderError::Invalid);
    }
    from.str()?;
    let (version, build) = (from.str()?.to_owned(), from.str()?.to_owned());
    if build != BUILD {
        return Err(HeaderError::OtherBuild { version, build });
    }
    array(from, 2)?;
    let began = Now { mono: Instant::from_micros(from.u64()?), unix_ms: from.u64()? };
    let mut limits = Limits::default();
    for _ in 0..from.array()?.ok_or(HeaderError::Invalid)? {
        array(from, 2)?;
        limits.set(from.str()?, from.u64()?).map_err(|_| HeaderError::Invalid)?;
    }
    let options = options(from)?;
    let world = match from.datatype()? {
        minicbor::data::Type::Null => None,
        _ => Some(from.bytes()?.to_vec()),
    };
    if limits.check().is_err() {
        return Err(HeaderError::Invalid);
    }
    Ok(Header { version, build, began, limits, options, world })
}

fn options(from: &mut Decoder<'_>) -> Result<Options, InvalidRecord> {
    array(from, 11)?;
    let (echo, greeting) = (from.bool()?, from.bool()?);
    let identity = Arc::new(identity(from)?);
    let language: Language = from.str()?.parse().map_err(|_| InvalidRecord)?;
    let (life, node) = (Life(from.u64()?), NodeId(from.u16()?));
    let (raw, remembers_outside) = (from.bool()?, from.bool()?);
    let revision = match from.datatype()? {
        minicbor::data::Type::Null => {
            from.null()?;
            None
        }
        _ => Some(from.u64()?),
    };
    let proxies =
        strings(from)?.iter().map(|it| it.parse().map_err(|_| InvalidRecord)).collect::<Result<_, _>>()?;
    let trusted: Arc<[TrustedNetwork]> =
        strings(from)?.iter().map(|it| it.parse().map_err(|_| InvalidRecord)).collect::<Result<_, _>>()?;
    let options = Options {
        echo,
        greeting,
        identity,
        language,
        life,
        node,
        proxies,
        raw,
        remembers_outside,
        revision,
        trusted,
        ..Options::default()
    };
    Ok(options)
}

impl Header {
    /// Returns the world that the server went on with; `None` if the snapshot is not one, or knows the life that began.
    #[must_use]
    pub fn world(&self) -> Option<World> {
        let world = self.world.as_deref().map_or_else(|| Some(World::new()), |it| World::restore(it).ok())?;
        let knows_life = world.node(self.options.node).is_some_and(|node| node.life() == self.options.life);
        (!knows_life).then_some(world)
    }
}
