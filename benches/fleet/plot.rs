//! The plot: the calls per second of the largest fleet during the day, for each spread, and the quota.

use docker_credential_ecr_login::unstable::MaxAge;

use crate::simulation::{DAY, Day, QUOTA, Width};
use crate::svg::{Anchor, Drawing, FAINT, INK, LIMIT, RULE};

const WIDTH: f64 = 1_160.0;
const LEFT: f64 = 78.0;
const RIGHT: f64 = 32.0;
const HEAD: f64 = 96.0;
const PANEL: f64 = 250.0;
const GAP: f64 = 86.0;
/// Each point of a line is the busiest second of this many.
const SECONDS: usize = 120;
/// The upper end of the logarithmic scale.
const TOP: f64 = 100_000.0;

const COLOURS: [&str; 5] = ["#9aa5b1", "#d98e04", "#0f7b6c", "#3b6fb6", "#8a4fa3"];

/// Draws the days of one fleet: a panel for each kind of identity, a line for each spread.
pub fn draw(days: &[(MaxAge, Width, Day)]) -> String {
    let mut drawing = Drawing::new(WIDTH, HEAD + 2.0 * PANEL + GAP + 72.0);
    drawing.heading(LEFT, 40.0, 20.0, "100,000 machines that start within a minute: calls to GetAuthorizationToken");
    let panels = [
        (MaxAge::UntilExpiry, "A token kept for its 12 hours, refreshed after half of them"),
        (MaxAge::OneHour, "A token kept for one hour (instances, containers, credential_process)"),
    ];
    let mut top = HEAD;
    for (max_age, title) in panels {
        drawing.heading(LEFT, top - 12.0, 14.0, title);
        axes(&mut drawing, top);
        let days = days.iter().filter(|(of, ..)| *of == max_age);
        for ((_, width, day), colour) in days.zip(COLOURS) {
            let thickness = if *width == Width::Real { 2.4 } else { 1.3 };
            drawing.path(&points(day, top), colour, thickness);
        }
        quota(&mut drawing, top);
        top += PANEL + GAP;
    }
    legend(&mut drawing, days);
    drawing.finish()
}

fn x(second: f64) -> f64 {
    LEFT + (WIDTH - LEFT - RIGHT) * second / number(DAY)
}

/// The position of a number of calls on the logarithmic scale; less than one counts as one.
fn y(top: f64, calls: f64) -> f64 {
    top + PANEL * (1.0 - calls.max(1.0).log10() / TOP.log10())
}

fn axes(drawing: &mut Drawing, top: f64) {
    for (calls, label) in
        [(1.0, "1"), (10.0, "10"), (100.0, "100"), (1_000.0, "1,000"), (10_000.0, "10,000"), (TOP, "100,000")]
    {
        let y = y(top, calls);
        drawing.line((LEFT, y), (WIDTH - RIGHT, y), RULE, 1.0);
        drawing.text(LEFT - 8.0, y + 4.0, 12.0, FAINT, Anchor::End, label);
    }
    for hour in (0..=24).step_by(3) {
        let x = x(f64::from(hour) * 3_600.0);
        drawing.line((x, top + PANEL), (x, top + PANEL + 5.0), FAINT, 1.0);
        drawing.text(x, top + PANEL + 20.0, 12.0, FAINT, Anchor::Middle, &format!("{hour} h"));
    }
    drawing.text(
        WIDTH - RIGHT,
        top - 12.0,
        12.0,
        FAINT,
        Anchor::End,
        "calls per second, busiest second of each 2 minutes",
    );
}

fn quota(drawing: &mut Drawing, top: f64) {
    let y = y(top, f64::from(QUOTA));
    drawing.line((LEFT, y), (WIDTH - RIGHT, y), LIMIT, 1.2);
    drawing.text(LEFT - 8.0, y + 4.0, 12.0, LIMIT, Anchor::End, &format!("quota {QUOTA}"));
}

fn points(day: &Day, top: f64) -> Vec<(f64, f64)> {
    let busiest = day.calls.chunks(SECONDS).map(|calls| calls.iter().copied().max().unwrap_or(0));
    let points = busiest.enumerate().map(|(place, calls)| {
        let middle = number(place as u64 * SECONDS as u64) + number(SECONDS as u64) / 2.0;
        (x(middle), y(top, f64::from(calls)))
    });
    points.collect()
}

fn legend(drawing: &mut Drawing, days: &[(MaxAge, Width, Day)]) {
    let widths = days.iter().filter(|(max_age, ..)| *max_age == MaxAge::OneHour).map(|(_, width, _)| *width);
    let y = HEAD + 2.0 * PANEL + GAP + 50.0;
    drawing.text(LEFT, y, 13.0, INK, Anchor::Start, "spread of refreshes:");
    let mut x = LEFT + 150.0;
    for (width, colour) in widths.zip(COLOURS) {
        let name = if width == Width::Real { format!("{width} (real)") } else { width.to_string() };
        drawing.line((x, y - 4.0), (x + 26.0, y - 4.0), colour, 3.0);
        drawing.text(x + 34.0, y, 13.0, INK, Anchor::Start, &name);
        x += 140.0;
    }
}

fn number(number: u64) -> f64 {
    f64::from(u32::try_from(number).expect("a day has few seconds"))
}
