//! A change as it is shown: the lines that go and come, with some around them.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

use super::change::Change;
use crate::commands::output::Style;
use crate::env::Env;
use crate::redact::{clean_line, shorten};

/// How many lines are shown around a change.
const LINES_AROUND: usize = 2;

/// Longer lines are shown in part.
const LONGEST_LINE: usize = 160;

/// How much of a long line is shown around its change.
const CHARACTERS_AROUND: usize = 40;

/// The path, the lines, and an empty line.
pub(super) fn show(change: &Change, env: &Env, style: Style) -> String {
    let texts = change.texts();
    let [old, new] = [0, 1].map(|index| texts[index].lines().collect::<Vec<_>>());
    // What is shown has the same lines, without the secrets.
    let [shown_old, shown_new] = [0, 1].map(|index| change.shown_texts()[index].lines().collect::<Vec<_>>());
    let groups = group_diff_ops(capture_diff_slices(Algorithm::Myers, &old, &new), LINES_AROUND);
    let mut lines = vec![style.bold(&change.shown_path(env))];
    if groups.is_empty() {
        lines.push("  (blanks only)".to_owned());
    }
    for (index, group) in groups.iter().enumerate() {
        if index > 0 {
            lines.push(style.dim("  ..."));
        }
        for operation in group {
            let [old, new] = shown_lines(operation, &shown_old, &shown_new);
            if matches!(operation, DiffOp::Equal { .. }) {
                lines.extend(old.iter().map(|line| format!("  {line}")));
                continue;
            }
            lines.extend(old.iter().map(|line| style.removed(&format!("- {line}"))));
            lines.extend(new.iter().map(|line| style.added(&format!("+ {line}"))));
        }
    }
    let lines = lines.iter().map(|line| line.trim_end());
    lines.chain([""]).fold(String::new(), |text, line| text + line + "\n")
}

/// The lines of an operation, old and new, fit to be shown.
fn shown_lines(operation: &DiffOp, old: &[&str], new: &[&str]) -> [Vec<String>; 2] {
    let of = |lines: &[&str], range: Range<usize>| {
        lines.get(range).unwrap_or_default().iter().map(|line| readable(line)).collect()
    };
    let [old, new]: [Vec<String>; 2] = [of(old, operation.old_range()), of(new, operation.new_range())];
    if let ([old], [new]) = (&*old, &*new) {
        let (before, behind) = (common(old.chars(), new.chars()), common(old.chars().rev(), new.chars().rev()));
        return [vec![part(old, before, behind)], vec![part(new, before, behind)]];
    }
    [old, new].map(|lines| lines.iter().map(|line| shorten(line, LONGEST_LINE)).collect())
}

/// Without the tabs that a terminal would make wide, and without what would change the terminal.
fn readable(line: &str) -> String {
    clean_line(&line.replace('\t', "    "))
}

/// How many characters two texts have in common.
fn common(one: impl Iterator<Item = char>, other: impl Iterator<Item = char>) -> usize {
    one.zip(other).take_while(|(one, other)| one == other).count()
}

/// A long line without the most of what is before and behind its change.
fn part(line: &str, before: usize, behind: usize) -> String {
    let length = line.chars().count();
    if length <= LONGEST_LINE {
        return line.to_owned();
    }
    let start = before.saturating_sub(CHARACTERS_AROUND);
    let end = length - behind.saturating_sub(CHARACTERS_AROUND).min(length - start);
    let kept: String = line.chars().skip(start).take(end - start).collect();
    let dots = |is_cut| if is_cut { "\u{2026}" } else { "" };
    format!("{}{kept}{}", dots(start > 0), dots(end < length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_line_only_what_is_around_the_change_is_shown() {
        let line = |middle: &str| format!("{}{middle}{}", "a".repeat(500), "b".repeat(500));
        let shown = |middle: &str| format!("\u{2026}{}{middle}{}\u{2026}", "a".repeat(40), "b".repeat(40));
        for (old, new) in [("x", "yy"), ("", "new"), ("\u{fc}\u{1f600}", ""), ("", "")] {
            let (old_line, new_line) = (line(old), line(new));
            let operation = DiffOp::Replace { old_index: 0, old_len: 1, new_index: 0, new_len: 1 };
            let [removed, added] = shown_lines(&operation, &[&old_line], &[&new_line]);
            if old == new {
                assert!(removed[0].chars().count() < 100 && removed == added, "{removed:?}");
            } else {
                assert_eq!((removed, added), (vec![shown(old)], vec![shown(new)]));
            }
        }
        assert_eq!(readable("\t\"a\u{1b}[2J\": \u{202e}1"), "    \"a [2J\":  1");
    }
}
