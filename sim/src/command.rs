//! What the program can be told to do, and what the commands share.

pub(crate) mod bench;
pub(crate) mod meta;
pub(crate) mod minimize;
pub(crate) mod planted;
pub(crate) mod run;
pub(crate) mod sweep;

use parlor_sim::scenario::{Scenario, Size};
use parlor_sim::source::Source;
use std::fmt;
use std::fs;

/// What a scenario is made from.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// A file, and the scenario in it.
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
            Ok(scenario) if scenario.starts_with(['#', 's', '+']) => {
                scenario.parse().map_err(|error| format!("{text}: {error}"))?
            }
            // What a fuzzer found are choices.
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

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, _) => f.write_str(path),
            Self::Seed(seed) => write!(f, "{seed}"),
        }
    }
}

/// The scenario of a seed of a sweep.
pub(crate) fn of_seed(seed: u64) -> Scenario {
    Scenario::generate(&mut Source::seed(seed), Size::SWEEP)
}

/// A time such as `90s`, `10m` or `2h`, in seconds.
pub(crate) fn seconds(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.char_indices().find(|(_, it)| !it.is_ascii_digit()) {
        Some((at, _)) => text.split_at(at),
        None => (text, "s"),
    };
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return Err("write a time so: 90s, 10m, 2h".to_owned()),
    };
    let count: u64 = digits.parse().map_err(|_| "write a time so: 90s, 10m, 2h".to_owned())?;
    Ok(count.saturating_mul(unit))
}

/// Panics are findings here, and are told as such: the usual report would be in the way.
pub(crate) fn silence_panics() {
    std::panic::set_hook(Box::new(|_| {}));
}
