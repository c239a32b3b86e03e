//! The plot: the values of all programs for each measure, as labelled bars.

use crate::report::{Row, Unit};
use crate::svg::{Anchor, Drawing, FAINT, INK, RULE};
use crate::timing::Sample;

const OURS: &str = "#0f7b6c";
const GO: &str = "#d98e04";
const NOOP: &str = "#9aa5b1";

const WIDTH: f64 = 1_160.0;
const MARGIN: f64 = 32.0;
const GUTTER: f64 = 40.0;
const HEAD: f64 = 96.0;
const BAR: f64 = 13.0;
/// The width for the names of measures, and for the numbers after the bars.
const NAMES: f64 = 200.0;
const NUMBERS: f64 = 84.0;

/// The panels: a title, and the prefixes of the measures they show.
const LEFT: [(&str, &[&str]); 3] = [
    ("Hit, by what is cached", &["hit, "]),
    ("Hit, by the source of credentials", &["hit with "]),
    ("Cost of a process", &["instructions ", "system calls", "peak memory", "size of "]),
];
const RIGHT: [(&str, &[&str]); 3] = [
    ("Cold call", &["cold, "]),
    ("Many at once", &["hits per second", "API calls, ", "last of "]),
    ("Other registries", &["registry other"]),
];

/// Draws the rows that belong to a panel. All bars of a panel share a scale if they are times; other
/// measures have a scale each.
pub fn draw(rows: &[Row], go: Option<&str>) -> String {
    let columns = [LEFT, RIGHT].map(|panels| {
        let panels = panels.into_iter().map(|(title, names)| (title, chosen(rows, names)));
        panels.filter(|(_, rows)| !rows.is_empty()).collect::<Vec<_>>()
    });
    let height = |panels: &[(&str, Vec<&Row>)]| panels.iter().map(|(_, rows)| panel_height(rows)).sum::<f64>();
    let tallest = columns.iter().map(|panels| height(panels)).fold(0.0, f64::max);
    let mut drawing = Drawing::new(WIDTH, HEAD + tallest + MARGIN);
    drawing.heading(MARGIN, 40.0, 20.0, "docker-credential-ecr-login and the Go helper");
    legend(&mut drawing, go);
    let width = (WIDTH - 2.0 * MARGIN - GUTTER) / 2.0;
    for (panels, x) in columns.iter().zip([MARGIN, MARGIN + width + GUTTER]) {
        let mut y = HEAD;
        for (title, rows) in panels {
            panel(&mut drawing, (x, y), width, title, rows);
            y += panel_height(rows);
        }
    }
    drawing.finish()
}

fn chosen<'a>(rows: &'a [Row], names: &[&str]) -> Vec<&'a Row> {
    rows.iter().filter(|row| names.iter().any(|name| row.measure.starts_with(name))).collect()
}

fn legend(drawing: &mut Drawing, go: Option<&str>) {
    let go = go.map(|version| format!("Go helper {version}"));
    let names = [(OURS, Some("ours".to_owned())), (GO, go), (NOOP, Some("a program that does nothing".to_owned()))];
    let mut x = MARGIN;
    for (colour, name) in names {
        let Some(name) = name else { continue };
        drawing.bar(x, 57.0, BAR, BAR, colour);
        drawing.text(x + 19.0, 68.0, 13.0, INK, Anchor::Start, &name);
        x += 46.0 + 7.0 * f64::from(u16::try_from(name.len()).unwrap_or(u16::MAX));
    }
    let note = "medians; shorter is better, except for hits per second";
    drawing.text(WIDTH - MARGIN, 68.0, 13.0, FAINT, Anchor::End, note);
}

fn values(row: &Row) -> impl Iterator<Item = (&'static str, Sample)> {
    let values = [(OURS, row.ours), (GO, row.go), (NOOP, row.noop)];
    values.into_iter().filter_map(|(colour, value)| Some((colour, value?)))
}

fn row_height(row: &Row) -> f64 {
    values(row).map(|_| BAR + 2.0).sum::<f64>() + 9.0
}

fn panel_height(rows: &[&Row]) -> f64 {
    30.0 + rows.iter().map(|row| row_height(row)).sum::<f64>() + 22.0
}

fn greatest<'a>(rows: impl Iterator<Item = &'a Row>) -> f64 {
    rows.flat_map(values).map(|(_, value)| value.median).fold(0.0, f64::max)
}

fn panel(drawing: &mut Drawing, (x, y): (f64, f64), width: f64, title: &str, rows: &[&Row]) {
    let is_time = rows.iter().all(|row| row.unit == Unit::Milliseconds);
    let common = greatest(rows.iter().copied());
    drawing.heading(x, y + 14.0, 14.0, title);
    drawing.line((x, y + 22.0), (x + width, y + 22.0), RULE, 1.0);
    let mut top = y + 32.0;
    for row in rows {
        let scale = if is_time { common } else { greatest(std::iter::once(*row)) };
        let height = row_height(row) - 9.0;
        drawing.text(x + NAMES - 10.0, top + height / 2.0 + 4.0, 12.0, INK, Anchor::End, short_name(&row.measure));
        for (colour, value) in values(row) {
            let length = ((width - NAMES - NUMBERS) * value.median / scale).max(1.0);
            drawing.bar(x + NAMES, top, length, BAR, colour);
            let number = row.unit.show(value.median);
            drawing.text(x + NAMES + length + 6.0, top + BAR - 2.5, 11.5, INK, Anchor::Start, &number);
            top += BAR + 2.0;
        }
        top += 9.0;
    }
    drawing.line((x + NAMES, y + 28.0), (x + NAMES, top - 9.0), FAINT, 1.0);
}

/// A measure's name without the words that the panel's title repeats.
fn short_name(measure: &str) -> &str {
    let short = ["hit, ", "hit with ", "cold, "].iter().find_map(|prefix| measure.strip_prefix(prefix));
    short.unwrap_or(measure)
}
