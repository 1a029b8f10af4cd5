//! The subcommands, and the code that they share.

pub(crate) mod bench;
pub(crate) mod meta;
pub(crate) mod minimize;
pub(crate) mod planted;
pub(crate) mod run;
pub(crate) mod small_logs;
pub(crate) mod sweep;

use parlor_protocol::Language;
use parlor_runtime::recording::{ReadError, Recording};
use parlor_sim::recorded::{self, RecordedError};
use parlor_sim::scenario::{Scenario, Size};
use parlor_sim::source::Source;
use std::fmt;
use std::fs;
use std::io::Cursor;

/// The source of a scenario.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// The path of a file, and the scenario in the file.
    File(String, Box<Scenario>),
    /// A seed of a sweep.
    Seed(u64),
}

impl Input {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Ok(seed) = text.parse() {
            return Ok(Self::Seed(seed));
        }
        let bytes = fs::read(text).map_err(|error| format!("neither a number nor a file: {error}"))?;
        let scenario = match std::str::from_utf8(&bytes) {
            _ if bytes.starts_with(b"parlor recording ") => {
                recorded(bytes).map_err(|error| format!("{text}: {error}"))?
            }
            Ok(scenario) if scenario.starts_with(['#', 's', '+']) => {
                scenario.parse().map_err(|error| format!("{text}: {error}"))?
            }
            // Anything else is the input of a fuzzer: a sequence of choices.
            _ => Scenario::generate(&mut Source::Bytes(&bytes), Size::SMALL),
        };
        Ok(Self::File(text.to_owned(), Box::new(scenario)))
    }

    pub(crate) fn scenario(&self) -> Scenario {
        match self {
            Self::File(_, scenario) => (**scenario).clone(),
            Self::Seed(seed) => of_seed(*seed),
        }
    }
}

/// Returns the scenario of a recording of `parlor serve --record`.
fn recorded(bytes: Vec<u8>) -> Result<Scenario, String> {
    let in_words = |error: ReadError| error.in_language(Language::En);
    let mut recording = Recording::open(Cursor::new(bytes)).map_err(in_words)?;
    recorded::scenario(&mut recording).map_err(|error| match error {
        RecordedError::Connections => format!("it has more than {} connections", recorded::CONNECTIONS_MAX),
        RecordedError::Read(error) => in_words(error),
    })
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, _) => f.write_str(path),
            Self::Seed(seed) => write!(f, "{seed}"),
        }
    }
}

/// Returns the scenario of a seed of a sweep.
pub(crate) fn of_seed(seed: u64) -> Scenario {
    Scenario::of_seed(seed)
}

/// Parses a time such as `90s`, `10m` or `2h` into seconds.
pub(crate) fn seconds(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.char_indices().find(|(_, it)| !it.is_ascii_digit()) {
        Some((at, _)) => text.split_at(at),
        None => (text, "s"),
    };
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return Err("write a time like 90s, 10m or 2h".to_owned()),
    };
    let count: u64 = digits.parse().map_err(|_| "write a time like 90s, 10m or 2h".to_owned())?;
    Ok(count.saturating_mul(unit))
}

/// Suppresses the standard report of panics: here a panic is a violation, which is reported as one.
pub(crate) fn silence_panics() {
    std::panic::set_hook(Box::new(|_| {}));
}
