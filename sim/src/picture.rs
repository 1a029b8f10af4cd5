//! A picture of a run: one HTML file with a lane for each client and one for the server, time running down.

use crate::law::Violation;
use crate::trace::{Event, Process, Who};
use parlor_protocol::ConnId;
use std::collections::BTreeMap;
use std::fmt::{self, Write};

const LANE_WIDTH: usize = 300;
const ROW_HEIGHT: usize = 16;
const TOP: usize = 70;
const LEFT: usize = 110;
/// Number of characters of a text that fit into a lane.
const TEXT_CHARS: usize = 40;
/// Number of events that are shown. Of a longer run these are the last, because a violation is at the end.
const ROWS_MAX: usize = 2_000;

/// Number of lines of one text that are shown.
const LINES_MAX: usize = 12;

/// Draws a run as a self-contained HTML page.
#[must_use]
pub fn html(title: &str, events: &[Event], violation: Option<&Violation>) -> String {
    let lanes = Lanes::of(events);
    let shown: Vec<&Event> = events.iter().filter(|event| is_shown(event)).collect();
    let shown = &shown[shown.len().saturating_sub(ROWS_MAX)..];
    let mut svg = String::new();
    let mut y = TOP;
    for event in shown {
        draw(&mut svg, event, &mut y, &lanes);
    }
    if let Some(violation) = violation {
        let lane = violation.conn.and_then(|conn| lanes.of_conn(violation.process, conn));
        let x = lanes.x(lane.unwrap_or(0));
        put(&mut svg, format_args!("<circle class='bad' cx='{x}' cy='{y}' r='7'/>"));
        put(
            &mut svg,
            format_args!("<text class='bad' x='{}' y='{}'>{}</text>", x + 14, y + 4, violation.law),
        );
        y += ROW_HEIGHT;
    }
    let (width, height) = (lanes.x(lanes.count) + LANE_WIDTH, y + 2 * ROW_HEIGHT);
    let mut back = String::new();
    for lane in 0..=lanes.count {
        let x = lanes.x(lane);
        let name =
            if lane == 0 { "server".to_owned() } else { format!("client {}", lanes.clients[lane - 1]) };
        put(&mut back, format_args!("<text class='lane' x='{x}' y='{}'>{name}</text>", TOP - 30));
        put(
            &mut back,
            format_args!("<line class='lane' x1='{x}' x2='{x}' y1='{}' y2='{height}'/>", TOP - 22),
        );
    }
    let verdict = violation.map_or_else(|| "every law holds".to_owned(), |it| escape(&it.to_string()));
    format!(
        "<!doctype html>\n<html lang='en'><meta charset='utf-8'><title>{title}</title>\n<style>{STYLE}</style>\n\
         <h1>{title}</h1>\n<p class='{class}'>{verdict}</p>\n<p>{LEGEND}</p>\n\
         <svg width='{width}' height='{height}' xmlns='http://www.w3.org/2000/svg'>\n{ARROW}\n{back}{svg}</svg></html>\n",
        title = escape(title),
        class = if violation.is_some() { "bad" } else { "good" },
    )
}

fn put(svg: &mut String, element: fmt::Arguments<'_>) {
    writeln!(svg, "{element}").expect("a string grows");
}

const LEGEND: &str = "Time runs down, in microseconds of simulated time. An arrow to the server is what a client \
    sent, when it was received; an arrow from it is what a client's socket took. Grey is what the log \
    committed; orange is a fault, or what the server did about one; red is what is wrong.";

const STYLE: &str = "body{font:14px sans-serif;margin:24px}h1{font-size:18px}text{font:12px monospace}\
    line.lane{stroke:#ccc}text.lane{font-weight:bold;text-anchor:middle}\
    line.in{stroke:#36c;marker-end:url(#tip)}line.out{stroke:#383;marker-end:url(#tip)}\
    .time,.log{fill:#888}.text{fill:#000}.fault{fill:#c60}.bad{fill:#c00;color:#c00;font-weight:bold}.good{color:#383}";

const ARROW: &str = "<defs><marker id='tip' markerWidth='8' markerHeight='8' refX='7' refY='3' orient='auto'>\
    <path d='M0,0 L7,3 L0,6 z' fill='#555'/></marker></defs>";

/// The lanes of the clients and their connections. The server has lane 0.
struct Lanes {
    clients: Vec<u16>,
    conns: BTreeMap<(Option<Process>, String), usize>,
    count: usize,
}

impl Lanes {
    fn of(events: &[Event]) -> Self {
        let mut clients: Vec<u16> = events
            .iter()
            .filter_map(|event| match event.who {
                Who::Client(client) => Some(client),
                _ => None,
            })
            .collect();
        clients.sort_unstable();
        clients.dedup();
        let mut conns = BTreeMap::new();
        for event in events.iter().filter(|event| event.word == "accepted") {
            if let Who::Client(client) = event.who
                && let Ok(index) = clients.binary_search(&client)
            {
                conns.insert((event.process, event.text.clone()), index + 1);
            }
        }
        Self { count: clients.len(), clients, conns }
    }

    fn of_conn(&self, process: Option<Process>, conn: ConnId) -> Option<usize> {
        self.conns.get(&(process, conn.to_string())).copied()
    }

    fn of_event(&self, event: &Event) -> usize {
        match event.who {
            Who::Client(client) => self.clients.binary_search(&client).map_or(0, |index| index + 1),
            Who::Conn(conn) => self.of_conn(event.process, conn).unwrap_or(0),
            Who::Log | Who::Server => 0,
        }
    }

    const fn x(&self, lane: usize) -> usize {
        LEFT + LANE_WIDTH / 2 + lane * LANE_WIDTH
    }
}

/// Whether an event is drawn. Bytes that a client sends are drawn when they are received.
fn is_shown(event: &Event) -> bool {
    !matches!(event.word, "send" | "timeout" | "drained")
}

/// Draws an event at `y`, and moves `y` below it.
fn draw(svg: &mut String, event: &Event, y: &mut usize, lanes: &Lanes) {
    let lane = lanes.of_event(event);
    let process = event.process.map_or(String::new(), |it| format!("{it} "));
    let (x, server) = (lanes.x(lane), lanes.x(0));
    put(svg, format_args!("<text class='time' x='4' y='{y}'>{}</text>", event.at_us));
    let (class, first, lines) = match event.word {
        "received" | "sent" => {
            let (class, from, to) = if event.word == "sent" { ("out", server, x) } else { ("in", x, server) };
            let at = *y - 4;
            put(svg, format_args!("<line class='{class}' x1='{from}' x2='{to}' y1='{at}' y2='{at}'/>"));
            *y += ROW_HEIGHT;
            ("text", x - LANE_WIDTH / 2 + 16, lines_of(&event.text))
        }
        "committed" => ("log", server - LANE_WIDTH / 2 + 10, vec![format!("{process}{}", event.text)]),
        word => {
            let fault =
                ["abort", "crash", "crashes", "hang", "hold", "overflowed", "reset", "pause", "close"]
                    .contains(&word);
            (if fault { "fault" } else { "log" }, x + 8, vec![format!("{process}{word} {}", event.text)])
        }
    };
    for line in &lines {
        let (shown, whole) = (escape(&shortened(line)), escape(line));
        put(
            svg,
            format_args!("<text class='{class}' x='{first}' y='{y}'>{shown}<title>{whole}</title></text>"),
        );
        *y += ROW_HEIGHT;
    }
    *y += ROW_HEIGHT / 2;
}

/// Returns the lines of a quoted text, cut at `LINES_MAX`.
fn lines_of(quoted: &str) -> Vec<String> {
    let text = quoted.trim_matches('"').trim_end_matches("\\n");
    let mut lines: Vec<String> = text.split("\\n").map(str::to_owned).collect();
    if lines.len() > LINES_MAX {
        let left = lines.len() - (LINES_MAX - 1);
        lines.truncate(LINES_MAX - 1);
        lines.push(format!("… and {left} more"));
    }
    lines
}

fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(TEXT_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#39;")
}
