//! Reports of runs, as a table for people and as JSON for programs.

use super::run::Report;
use super::workload::Shape;
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::time::Duration;

impl Report {
    /// Returns the microseconds of the server's CPU time per delivery.
    pub(super) fn cpu_us_per_delivery(&self) -> Option<f64> {
        let server = self.server.filter(|_| self.deliveries > 0)?;
        Some(server.cpu.as_secs_f64() * 1e6 / as_float(self.deliveries))
    }

    pub(super) fn deliveries_per_second(&self) -> f64 {
        as_float(self.deliveries) / self.wall.as_secs_f64()
    }

    /// Returns whether the run passed all checks.
    pub(super) fn passed(&self) -> bool {
        self.failures.is_empty()
    }

    /// Returns the report as a JSON object.
    pub(super) fn to_json(&self) -> Value {
        let workload = &self.workload;
        let server = self.server.map(|server| {
            json!({
                "cpu_seconds": server.cpu.as_secs_f64(),
                "cpu_us_per_delivery": self.cpu_us_per_delivery(),
                "resident_bytes": server.resident_bytes,
                "resident_bytes_per_member": server.resident_bytes_per_member,
            })
        });
        json!({
            "workload": workload.name,
            "dialect": self.dialect.name(),
            "clients": workload.clients,
            "rooms": workload.rooms,
            "rooms_each": workload.rooms_each,
            "speakers": workload.speakers,
            "slow": workload.slow,
            "slow_closed": self.slow_closed,
            "slow_share": self.slow_share,
            "line_bytes": workload.line_bytes,
            "classes": workload.classes,
            "seconds": self.wall.as_secs_f64(),
            "messages": self.messages,
            "deliveries": self.deliveries,
            "deliveries_per_second": self.deliveries_per_second(),
            "generator_limited": self.generator_limited,
            "latency_us": { "delivery": quantiles(&self.delivery), "message": quantiles(&self.message) },
            "server": server,
            "gates": { "passed": self.passed(), "failures": self.failures },
        })
    }

    /// Returns the report as a row of the table below [`HEADER`].
    pub(super) fn to_row(&self) -> [String; HEADER.len()] {
        let talks = self.workload.shape == Shape::Talk;
        let latency = |histogram: &Histogram<u64>, quantile| {
            if talks && !histogram.is_empty() {
                milliseconds(histogram.value_at_quantile(quantile))
            } else {
                "–".to_owned()
            }
        };
        let rate = match self.workload.shape {
            Shape::Idle => "–".to_owned(),
            _ => grouped(self.deliveries_per_second()),
        };
        let cost = self.cpu_us_per_delivery().map_or("–".to_owned(), |cost| format!("{cost:.3}"));
        let cpu = self.server.map_or("–".to_owned(), |server| format!("{:.2}", server.cpu.as_secs_f64()));
        let resident =
            self.server.map_or("–".to_owned(), |server| server.resident_bytes_per_member.to_string());
        let result = match (self.passed(), self.generator_limited) {
            (false, _) => "FAILED",
            (true, true) => "generator-limited",
            (true, false) => "passed",
        };
        [
            self.workload.name.to_owned(),
            rate,
            latency(&self.delivery, 0.5),
            latency(&self.delivery, 0.99),
            latency(&self.delivery, 0.999),
            latency(&self.delivery, 1.0),
            latency(&self.message, 0.99),
            cost,
            cpu,
            resident,
            result.to_owned(),
        ]
    }
}

/// The head of the table. Latencies are those of all deliveries, except "last p99": that of the last delivery of each line.
/// The cost is the server's CPU time per delivery.
pub(super) const HEADER: [&str; 11] = [
    "workload", "deliv./s", "p50 ms", "p99", "p99.9", "max", "last p99", "cost µs", "CPU s", "B/member",
    "gates",
];

/// Returns the table with aligned columns.
pub(super) fn table(rows: &[[String; HEADER.len()]]) -> String {
    let header = HEADER.map(str::to_owned);
    let width = |column: usize| {
        let cells = rows.iter().chain([&header]).map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..HEADER.len()).map(width).collect();
    let mut text = String::new();
    for row in [&header].into_iter().chain(rows) {
        for (cell, &width) in row.iter().zip(&widths) {
            // Words are aligned to the left, numbers to the right.
            let is_word = cell.starts_with(|character: char| character.is_alphabetic());
            let cell = if is_word { format!("{cell:<width$}  ") } else { format!("{cell:>width$}  ") };
            text.push_str(&cell);
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

fn quantiles(histogram: &Histogram<u64>) -> Value {
    if histogram.is_empty() {
        return Value::Null;
    }
    let at = |quantile| as_float(histogram.value_at_quantile(quantile)) / 1e3;
    json!({ "p50": at(0.5), "p99": at(0.99), "p99.9": at(0.999), "max": at(1.0) })
}

fn milliseconds(nanoseconds: u64) -> String {
    let milliseconds = Duration::from_nanos(nanoseconds).as_secs_f64() * 1e3;
    if milliseconds < 10.0 { format!("{milliseconds:.2}") } else { format!("{milliseconds:.0}") }
}

/// Formats a whole number with its digits in groups of three.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "it is shown with few digits")]
const fn as_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_for_people() {
        assert_eq!(grouped(1_234_567.4), "1,234,567");
        assert_eq!(grouped(999.0), "999");
        assert_eq!(milliseconds(1_234_000), "1.23");
        assert_eq!(milliseconds(123_400_000), "123");
    }

    #[test]
    fn a_table_is_aligned() {
        let row =
            std::array::from_fn(|column| if column == 0 { "talk200".to_owned() } else { "1".to_owned() });
        let text = table(&[row]);
        let widths: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
        assert_eq!(text.lines().count(), 2);
        assert!(widths[1] <= widths[0]);
        assert!(text.starts_with("workload  deliv./s"));
    }
}
