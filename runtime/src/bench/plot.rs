//! The plot of latencies by quantile.

use super::run::Report;
use super::workload::Shape;
use std::fmt::Write;

const WIDTH: f64 = 880.0;
const HEIGHT: f64 = 480.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 170.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 60.0;

/// The quantiles marked on the axis.
const TICKS: [(f64, &str); 5] =
    [(0.0, "0 %"), (0.9, "90 %"), (0.99, "99 %"), (0.999, "99.9 %"), (0.9999, "99.99 %")];

/// Colours that people with colour blindness can tell apart (Okabe and Ito).
const COLOURS: [&str; 8] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999"];

/// Draws the latency of deliveries by quantile as SVG 1.1, with a curve for each workload that talks and logarithmic axes.
/// Returns `None` if no workload talks.
pub(super) fn latencies(reports: &[Report]) -> Option<String> {
    let talks = |report: &&Report| report.workload.shape == Shape::Talk && !report.delivery.is_empty();
    let reports: Vec<&Report> = reports.iter().filter(talks).collect();
    let least = reports.iter().map(|report| report.delivery.min()).min()?;
    let most = reports.iter().map(|report| report.delivery.max()).max()?;
    let (low, high) = (decade(least).floor(), decade(most).ceil().max(decade(least).floor() + 1.0));
    let x = |quantile: f64| LEFT + (WIDTH - LEFT - RIGHT) * nines(quantile) / nines(TICKS[4].0);
    let y = |decade: f64| HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (decade - low) / (high - low);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"28\" font-size=\"16\">latency of deliveries, by quantile</text>\n"
    );
    let mut put = |text: std::fmt::Arguments<'_>| {
        svg.write_fmt(text).expect("writing to a string cannot fail");
    };
    for (quantile, label) in TICKS {
        let (x, bottom) = (x(quantile), HEIGHT - BOTTOM);
        put(format_args!(
            "<path d=\"M{x:.1} {TOP}V{bottom}\" stroke=\"#ddd\"/><text x=\"{x:.1}\" y=\"{:.1}\" \
             text-anchor=\"middle\">{label}</text>\n",
            bottom + 20.0
        ));
    }
    let mut tick = low;
    while tick <= high {
        let (y, right) = (y(tick), WIDTH - RIGHT);
        put(format_args!(
            "<path d=\"M{LEFT} {y:.1}H{right}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{:.1}\" \
             text-anchor=\"end\">{}</text>\n",
            LEFT - 8.0,
            y + 4.0,
            duration(tick)
        ));
        tick += 1.0;
    }
    for (index, report) in reports.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let mut path = String::new();
        for step in 0..=160 {
            let quantile = 1.0 - 10_f64.powf(-f64::from(step) / 40.0);
            let value = decade(report.delivery.value_at_quantile(quantile));
            let command = if step == 0 { 'M' } else { 'L' };
            write!(path, "{command}{:.1} {:.1}", x(quantile), y(value))
                .expect("writing to a string cannot fail");
        }
        let end = y(decade(report.delivery.value_at_quantile(TICKS[4].0)));
        put(format_args!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\
             <text x=\"{}\" y=\"{:.1}\" fill=\"{colour}\">{}</text>\n",
            WIDTH - RIGHT + 8.0,
            end + 4.0,
            report.workload.name
        ));
    }
    svg.push_str("</svg>\n");
    Some(svg)
}

/// Returns the number of nines of a quantile, such as 2 for 0.99.
fn nines(quantile: f64) -> f64 {
    -(1.0 - quantile).log10()
}

#[expect(clippy::cast_precision_loss, reason = "a plot needs few digits")]
fn decade(nanoseconds: u64) -> f64 {
    (nanoseconds.max(1) as f64).log10()
}

fn duration(decade: f64) -> String {
    let nanoseconds = 10_f64.powf(decade);
    match decade {
        _ if decade < 3.0 => format!("{nanoseconds:.0} ns"),
        _ if decade < 6.0 => format!("{:.0} µs", nanoseconds / 1e3),
        _ if decade < 9.0 => format!("{:.0} ms", nanoseconds / 1e6),
        _ => format!("{:.0} s", nanoseconds / 1e9),
    }
}
