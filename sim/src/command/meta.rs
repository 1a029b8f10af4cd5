//! `parlor-sim meta SEED`: one seed in two processes. Everything else here rests on their being the same.

use super::Input;
use std::process::{Command, ExitCode};

pub(crate) fn run(input: &Input) -> ExitCode {
    let run = || {
        let program = std::env::current_exe()?;
        Command::new(program).args(["run", &input.to_string(), "--trace"]).output()
    };
    let (one, other) = match (run(), run()) {
        (Ok(one), Ok(other)) => (one.stdout, other.stdout),
        (Err(error), _) | (_, Err(error)) => {
            eprintln!("parlor-sim: cannot run another process: {error}");
            return ExitCode::from(2);
        }
    };
    let (one, other) = (String::from_utf8_lossy(&one), String::from_utf8_lossy(&other));
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
