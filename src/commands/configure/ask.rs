//! Questions to the person at the terminal: yes or no, and which of a list.

use std::io;

use super::{Arguments, Stop};
use crate::world::World;

/// The longest answer that is read.
const LONGEST_ANSWER: usize = 1000;

/// Whether a person is asked.
pub(super) fn is_asked(arguments: &Arguments, world: &World<'_>) -> bool {
    !arguments.yes && !arguments.dry_run && (world.screen)().stdin
}

/// A question must be answered by a person, or in advance.
/// Error: there is nobody to ask.
pub(super) fn check(arguments: &Arguments, world: &World<'_>) -> Result<(), Stop> {
    if arguments.yes || is_asked(arguments, world) {
        return Ok(());
    }
    let problem = "configure asks before it changes a file, and stdin is not a terminal; add --yes, or --dry-run to see \
                   the change";
    Err(Stop::Usage(problem.to_owned(), "configure --yes HOST"))
}

/// Asks for yes or no, which is the answer without one.
pub(super) fn confirm(world: &mut World<'_>, question: &str) -> io::Result<bool> {
    let answer = ask(world, &format!("{question} [y/N] "))?;
    Ok(["y", "yes"].iter().any(|yes| answer.eq_ignore_ascii_case(yes)))
}

/// Asks which of a list; none without an answer, or with one that isn't valid.
pub(super) fn choose(world: &mut World<'_>, choices: &[String]) -> io::Result<Vec<usize>> {
    for (index, choice) in choices.iter().enumerate() {
        writeln!(world.stdout, "{:>3}  {choice}", index + 1)?;
    }
    let answer = ask(world, "Which of them? Numbers, or `all`: ")?;
    if answer.eq_ignore_ascii_case("all") {
        return Ok((0..choices.len()).collect());
    }
    let numbers = answer.split([' ', ',']).filter(|word| !word.is_empty()).map(str::parse::<usize>);
    let chosen = numbers.map(|number| number.ok().filter(|number| (1..=choices.len()).contains(number)));
    Ok(chosen.map(|number| number.map(|number| number - 1)).collect::<Option<_>>().unwrap_or_default())
}

/// The line that is typed, without blanks around it.
fn ask(world: &mut World<'_>, question: &str) -> io::Result<String> {
    world.stdout.write_all(question.as_bytes())?;
    world.stdout.flush()?;
    let (mut answer, mut byte) = (Vec::new(), [0]);
    // Byte by byte: the next question reads what follows.
    while answer.len() < LONGEST_ANSWER {
        if world.stdin.read(&mut byte)? == 0 {
            // The cursor is still behind the question.
            writeln!(world.stdout)?;
            break;
        }
        if byte == *b"\n" {
            break;
        }
        answer.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&answer).trim().to_owned())
}
