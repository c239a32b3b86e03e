//! The table: what was measured, beside what it was to be.

use std::fmt::Write as _;

use crate::clock::Sample;

/// What a number counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Wall time.
    Milliseconds,
    /// Things.
    Count,
    /// Memory or a file; held in bytes, shown in kilobytes of 1,000.
    Bytes,
    /// Processes a second.
    PerSecond,
}

impl Unit {
    /// A number as the table and the plot show it.
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Milliseconds if value < 9.995 => format!("{value:.2} ms"),
            Self::Milliseconds if value < 99.95 => format!("{value:.1} ms"),
            Self::Milliseconds => format!("{} ms", grouped(value)),
            Self::Count => grouped(value),
            Self::Bytes => format!("{} KB", grouped(value / 1_000.0)),
            Self::PerSecond => format!("{}/s", grouped(value)),
        }
    }

    /// Whether runs of the same thing differ so much that the best one is worth showing.
    fn varies(self) -> bool {
        matches!(self, Self::Milliseconds | Self::PerSecond)
    }
}

/// One comparison of ours with something, and what was to come of it.
pub struct Comparison {
    /// What ours is, such as `0.12 × peer`.
    pub is: String,
    /// What it was to be; nothing where no goal was set.
    pub goal: Option<Goal>,
}

/// A goal, and whether it was met.
pub struct Goal {
    /// What was to be reached, such as `≤ 0.13 ×`.
    pub text: String,
    /// Whether it was.
    pub met: bool,
    /// Whether a miss fails the run: only where no clock decides.
    pub is_hard: bool,
}

/// One measure.
pub struct Row {
    /// Its name.
    pub measure: String,
    /// What its numbers count.
    pub unit: Unit,
    /// Ours.
    pub ours: Option<Sample>,
    /// The Go helper's.
    pub peer: Option<Sample>,
    /// The do-nothing program's.
    pub floor: Option<Sample>,
    /// What ours is beside the others.
    pub comparisons: Vec<Comparison>,
}

impl Row {
    /// A measure with nothing but our own value.
    pub fn new(measure: impl Into<String>, unit: Unit, ours: Option<Sample>) -> Self {
        Self { measure: measure.into(), unit, ours, peer: None, floor: None, comparisons: Vec::new() }
    }

    /// With the Go helper's value, and ours as a multiple of it.
    pub fn beside_peer(mut self, peer: Option<Sample>, at_most: Option<f64>) -> Self {
        self.peer = peer;
        self.compare("peer", peer, at_most)
    }

    /// The same where more is better.
    pub fn ahead_of_peer(mut self, peer: Option<Sample>, at_least: f64) -> Self {
        self.peer = peer;
        if let (Some(ours), Some(peer)) = (self.ours, peer) {
            let ratio = ours.median / peer.median;
            let goal = Goal { text: format!("≥ {at_least} ×"), met: ratio >= at_least, is_hard: false };
            self.comparisons.push(Comparison { is: times(ratio, "peer"), goal: Some(goal) });
        }
        self
    }

    /// With the do-nothing program's value, and ours as a multiple of it.
    pub fn beside_floor(mut self, floor: Option<Sample>, at_most: Option<f64>) -> Self {
        self.floor = floor;
        self.compare("floor", floor, at_most)
    }

    /// With the do-nothing program's value, for the eye alone.
    pub fn with_floor(self, floor: Option<Sample>) -> Self {
        Self { floor, ..self }
    }

    /// Ours as a multiple of something else of ours.
    pub fn beside(self, what: &str, other: Option<Sample>, at_most: f64) -> Self {
        self.compare(what, other, Some(at_most))
    }

    /// Ours against a number that holds on any machine, or, if a clock decides, on most.
    pub fn at_most(mut self, limit: f64, is_hard: bool) -> Self {
        let unit = self.unit;
        let goal = |met| Goal { text: format!("≤ {}", unit.show(limit)), met, is_hard };
        self.comparisons.push(match self.ours {
            Some(ours) => Comparison { is: unit.show(ours.median), goal: Some(goal(ours.median <= limit)) },
            None => Comparison { is: "not measured".to_owned(), goal: Some(goal(false)) },
        });
        self
    }

    /// Ours against another measure that it may not differ from by more than a share.
    pub fn same_as(mut self, what: &str, other: Option<Sample>, share: f64) -> Self {
        let text = format!("± {:.0} %", share * 100.0);
        let (is, met) = match (self.ours, other) {
            (Some(ours), Some(other)) => {
                let change = ours.median / other.median - 1.0;
                (format!("{:+.1} % of {what}", change * 100.0), change.abs() <= share)
            }
            _ => ("not measured".to_owned(), false),
        };
        self.comparisons.push(Comparison { is, goal: Some(Goal { text, met, is_hard: true }) });
        self
    }

    fn compare(mut self, what: &str, other: Option<Sample>, at_most: Option<f64>) -> Self {
        if let (Some(ours), Some(other)) = (self.ours, other) {
            let ratio = ours.median / other.median;
            let goal = at_most.map(|most| Goal { text: format!("≤ {most} ×"), met: ratio <= most, is_hard: false });
            self.comparisons.push(Comparison { is: times(ratio, what), goal });
        }
        self
    }

    /// The cells of its lines in the table.
    fn lines(&self) -> Vec<[String; 7]> {
        let show = |sample: Option<Sample>| match sample {
            Some(Sample { median, min }) if self.unit.varies() && (median - min).abs() > f64::EPSILON => {
                format!("{} ({})", self.unit.show(median), self.unit.show(min))
            }
            Some(Sample { median, .. }) => self.unit.show(median),
            None => "–".to_owned(),
        };
        let values = [self.measure.clone(), show(self.ours), show(self.peer), show(self.floor)];
        let count = self.comparisons.len().max(1);
        let cells = (0..count).map(|index| {
            let first = if index == 0 { values.clone() } else { Default::default() };
            let comparison = self.comparisons.get(index);
            let goal = comparison.and_then(|comparison| comparison.goal.as_ref());
            let verdict = goal.map_or("", |goal| match (goal.met, goal.is_hard) {
                (true, _) => "met",
                (false, false) => "missed",
                (false, true) => "MISSED",
            });
            let is = comparison.map(|comparison| comparison.is.clone()).unwrap_or_default();
            let [measure, ours, peer, floor] = first;
            [measure, ours, peer, floor, is, goal.map(|goal| goal.text.clone()).unwrap_or_default(), verdict.to_owned()]
        });
        cells.collect()
    }
}

/// The table as text: one line for each measure and each further comparison.
pub fn table(rows: &[Row]) -> String {
    let heads = ["measure", "ours", "peer", "floor", "ours is", "goal", ""].map(str::to_owned);
    let mut lines = vec![heads];
    lines.extend(rows.iter().flat_map(Row::lines));
    let widths: [usize; 7] =
        std::array::from_fn(|column| lines.iter().map(|cells| cells[column].chars().count()).max().unwrap_or(0));
    let mut text = String::new();
    for (number, cells) in lines.iter().enumerate() {
        let mut line = String::new();
        for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let gap = " ".repeat(width - cell.chars().count());
            // Numbers end at one edge, words begin at one.
            let aligned = if (1..4).contains(&column) { format!("{gap}{cell}  ") } else { format!("{cell}{gap}  ") };
            line.push_str(&aligned);
        }
        writeln!(text, "{}", line.trim_end()).expect("text grows");
        if number == 0 {
            let width = widths.iter().sum::<usize>() + 2 * widths.len();
            writeln!(text, "{}", "─".repeat(width)).expect("text grows");
        }
    }
    text
}

/// The goals that fail the run: those that no clock decides and that were missed.
pub fn hard_misses(rows: &[Row]) -> Vec<String> {
    let misses = rows.iter().flat_map(|row| {
        row.comparisons.iter().filter_map(|Comparison { is, goal }| {
            let Goal { text, .. } = goal.as_ref().filter(|goal| goal.is_hard && !goal.met)?;
            Some(format!("{}: {is}, goal {text}", row.measure))
        })
    });
    misses.collect()
}

/// A ratio, exact enough to see on which side of its goal it is.
fn times(ratio: f64, what: &str) -> String {
    if ratio < 0.995 { format!("{ratio:.3} × {what}") } else { format!("{ratio:.2} × {what}") }
}

/// A number without decimals, its digits in groups of three.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |digits| ("-", digits));
    let mut text = String::from(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
