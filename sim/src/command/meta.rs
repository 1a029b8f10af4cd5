//! `parlor-sim meta SEED`: checks that a seed gives the same run in two processes. Everything else in the simulator
//! relies on that.

use super::Input;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

pub(crate) fn run(input: &Input, other: Option<&PathBuf>) -> ExitCode {
    let traces = std::env::current_exe().and_then(|this| {
        let other = other.unwrap_or(&this);
        Ok((trace(&this, input)?, trace(other, input)?))
    });
    let (one, other) = match traces {
        Ok(traces) => traces,
        Err(error) => {
            eprintln!("parlor-sim: cannot run the other process: {error}");
            return ExitCode::from(2);
        }
    };
    if one == other && !one.is_empty() {
        println!("seed {input}: {} lines, the same in two processes", one.lines().count());
        return ExitCode::SUCCESS;
    }
    let differs = one.lines().zip(other.lines()).find(|(one, other)| one != other);
    match differs {
        Some((one, other)) => println!("seed {input} differs:\n- {one}\n+ {other}"),
        None => println!("seed {input} differs in length"),
    }
    ExitCode::from(12)
}

/// Returns the output of both tiers for the seed, with every event of tier 1.
fn trace(program: &Path, input: &Input) -> io::Result<String> {
    let mut trace = String::new();
    for arguments in [["--trace", "--tier=1"], ["--trace", "--tier=2"]] {
        let output = Command::new(program).arg("run").args(arguments).arg(input.to_string()).output()?;
        trace += &String::from_utf8_lossy(&output.stdout);
    }
    Ok(trace)
}
