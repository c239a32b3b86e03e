//! The table of results, with their limits.

use std::fmt::Write as _;

use crate::timing::Sample;

/// The unit of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Wall time.
    Milliseconds,
    /// A plain number.
    Count,
    /// Memory or file size; in bytes, printed in kilobytes of 1,000 bytes.
    Bytes,
    /// Processes per second.
    PerSecond,
}

impl Unit {
    /// A value as the table and the plot print it.
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

    /// Whether values vary from run to run, so that the smallest one is printed too.
    fn varies(self) -> bool {
        matches!(self, Self::Milliseconds | Self::PerSecond)
    }
}

/// A comparison of our value with another one or with a fixed limit.
pub struct Comparison {
    /// The result, such as `0.12 × Go`.
    pub result: String,
    /// The limit; `None` if the result is only printed.
    pub limit: Option<Limit>,
}

/// A limit, and whether it is kept.
pub struct Limit {
    /// The limit, such as `≤ 0.13 ×`.
    pub text: String,
    /// Whether the result keeps it.
    pub is_kept: bool,
    /// Whether it depends on the clock or is the same on any machine.
    pub kind: LimitKind,
}

/// What a limit depends on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum LimitKind {
    /// The same in every run: checked always.
    Counted,
    /// On the clock: checked by a full run.
    Timed,
}

/// One measure.
pub struct Row {
    /// Its name.
    pub measure: String,
    /// The unit of its values.
    pub unit: Unit,
    /// Our value.
    pub ours: Option<Sample>,
    /// The Go helper's value.
    pub go: Option<Sample>,
    /// The value of the program that does nothing.
    pub noop: Option<Sample>,
    /// How ours compares.
    pub comparisons: Vec<Comparison>,
}

impl Row {
    /// A measure with only our own value.
    pub fn new(measure: impl Into<String>, unit: Unit, ours: Option<Sample>) -> Self {
        Self { measure: measure.into(), unit, ours, go: None, noop: None, comparisons: Vec::new() }
    }

    /// Adds the Go helper's value, and ours as a multiple of it.
    pub fn against_go(mut self, go: Option<Sample>, at_most: Option<f64>) -> Self {
        self.go = go;
        self.compare("Go", go, at_most)
    }

    /// The same for a measure of which more is better.
    pub fn above_go(mut self, go: Option<Sample>, at_least: f64) -> Self {
        self.go = go;
        if let (Some(ours), Some(go)) = (self.ours, go) {
            let ratio = ours.median / go.median;
            let limit =
                Limit { text: format!("≥ {at_least} ×"), is_kept: ratio >= at_least, kind: LimitKind::Timed };
            self.comparisons.push(Comparison { result: multiple(ratio, "Go"), limit: Some(limit) });
        }
        self
    }

    /// Adds the value of the program that does nothing, and ours as a multiple of it.
    pub fn against_noop(mut self, noop: Option<Sample>, at_most: Option<f64>) -> Self {
        self.noop = noop;
        self.compare("nothing", noop, at_most)
    }

    /// Adds the value of the program that does nothing without a comparison.
    pub fn with_noop(self, noop: Option<Sample>) -> Self {
        Self { noop, ..self }
    }

    /// Compares our value with another value of ours.
    pub fn against(self, what: &str, other: Option<Sample>) -> Self {
        self.compare(what, other, None)
    }

    /// Compares our value with a fixed limit.
    pub fn at_most(mut self, most: f64, kind: LimitKind) -> Self {
        let unit = self.unit;
        let limit = |is_kept| Some(Limit { text: format!("≤ {}", unit.show(most)), is_kept, kind });
        self.comparisons.push(match self.ours {
            Some(ours) => Comparison { result: unit.show(ours.median), limit: limit(ours.median <= most) },
            None => Comparison { result: "not measured".to_owned(), limit: limit(false) },
        });
        self
    }

    /// Requires that our value differs from another one by no more than a share of it.
    pub fn same_as(mut self, what: &str, other: Option<Sample>, share: f64) -> Self {
        let text = format!("± {:.0} %", share * 100.0);
        let (result, is_kept) = match (self.ours, other) {
            (Some(ours), Some(other)) => {
                let change = ours.median / other.median - 1.0;
                (format!("{:+.1} % of {what}", change * 100.0), change.abs() <= share)
            }
            _ => ("not measured".to_owned(), false),
        };
        let limit = Some(Limit { text, is_kept, kind: LimitKind::Counted });
        self.comparisons.push(Comparison { result, limit });
        self
    }

    fn compare(mut self, what: &str, other: Option<Sample>, at_most: Option<f64>) -> Self {
        if let (Some(ours), Some(other)) = (self.ours, other) {
            let ratio = ours.median / other.median;
            let limit = at_most.map(|most| Limit {
                text: format!("≤ {most} ×"),
                is_kept: ratio <= most,
                kind: LimitKind::Timed,
            });
            self.comparisons.push(Comparison { result: multiple(ratio, what), limit });
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
        let values = [self.measure.clone(), show(self.ours), show(self.go), show(self.noop)];
        let count = self.comparisons.len().max(1);
        let cells = (0..count).map(|index| {
            let first = if index == 0 { values.clone() } else { Default::default() };
            let comparison = self.comparisons.get(index);
            let limit = comparison.and_then(|comparison| comparison.limit.as_ref());
            let verdict = limit.map_or("", |limit| if limit.is_kept { "ok" } else { "EXCEEDED" });
            let result = comparison.map(|comparison| comparison.result.clone()).unwrap_or_default();
            let text = limit.map(|limit| limit.text.clone()).unwrap_or_default();
            let [measure, ours, go, noop] = first;
            [measure, ours, go, noop, result, text, verdict.to_owned()]
        });
        cells.collect()
    }
}

/// The table as text: one line for each comparison of each measure.
pub fn table(rows: &[Row]) -> String {
    let heads = ["measure", "ours", "Go helper", "nothing", "result", "limit", ""].map(str::to_owned);
    let mut lines = vec![heads];
    lines.extend(rows.iter().flat_map(Row::lines));
    let widths: [usize; 7] =
        std::array::from_fn(|column| lines.iter().map(|cells| cells[column].chars().count()).max().unwrap_or(0));
    let mut text = String::new();
    for (number, cells) in lines.iter().enumerate() {
        let mut line = String::new();
        for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let gap = " ".repeat(width - cell.chars().count());
            // Numbers are aligned to the right, words to the left.
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

/// The limits that aren't kept, one per line.
pub fn exceeded(rows: &[Row], kinds: &[LimitKind]) -> Vec<String> {
    let exceeded = rows.iter().flat_map(|row| {
        row.comparisons.iter().filter_map(|Comparison { result, limit }| {
            let Limit { text, .. } = limit.as_ref().filter(|limit| kinds.contains(&limit.kind) && !limit.is_kept)?;
            Some(format!("{}: {result}, limit {text}", row.measure))
        })
    });
    exceeded.collect()
}

/// A ratio, with enough digits to compare it with its limit.
fn multiple(ratio: f64, what: &str) -> String {
    if ratio < 0.995 { format!("{ratio:.3} × {what}") } else { format!("{ratio:.2} × {what}") }
}

/// A number without decimals, with a comma between groups of three digits.
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
