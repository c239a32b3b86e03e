//! The command of a `credential_process`, as it is started.

use std::path::Path;

/// A command without what no program gets to see.
pub(super) fn as_started(command: &str) -> &str {
    without_quotes(without_comment(command))
}

/// Leaves out quotes around a whole command. To the AWS CLI, these are the name of a program with blanks; where there is no
/// such program, the quotes are left out, as in Go.
fn without_quotes(command: &str) -> &str {
    let inside =
        |quote: char| command.strip_prefix(quote)?.strip_suffix(quote).filter(|inside| !inside.contains(quote));
    inside('"').or_else(|| inside('\'')).filter(|inside| !Path::new(inside).exists()).unwrap_or(command)
}

/// Leaves out what follows a `;` behind a blank. It is a comment in Go, and words that the program gets in the AWS CLI; to a
/// shell it would be another command. Within quotes it is part of the command, as in the AWS CLI. A shell leaves out what
/// follows a `#` itself.
fn without_comment(command: &str) -> &str {
    let mut quote = None;
    let mut is_escaped = false;
    for (at, character) in command.char_indices() {
        match (quote, character) {
            _ if is_escaped => is_escaped = false,
            (None | Some('"'), '\\') => is_escaped = true,
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, ';') if command[..at].ends_with([' ', '\t']) => return command[..at].trim_end(),
            _ => {}
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_semicolon_behind_a_blank_and_outside_quotes_begins_a_comment() {
        for (command, started) in [
            ("p one", "p one"),
            ("p one ; mine", "p one"),
            ("p one\t;mine", "p one"),
            ("p \t ; 'mine", "p"),
            ("p one; two", "p one; two"),
            ("p 'one ; two'", "p 'one ; two'"),
            ("p \"one ; two\" ; mine", "p \"one ; two\""),
            ("p \"a \\\" ; b\" ; mine", "p \"a \\\" ; b\""),
            ("p 'a \\' ; mine", "p 'a \\'"),
            ("p it\\'s ; mine", "p it\\'s"),
            ("p # mine ; yours", "p # mine"),
            ("'p one' ; mine", "p one"),
            ("'p one' 'two'", "'p one' 'two'"),
            ("; mine", "; mine"),
        ] {
            assert_eq!(as_started(command), started, "{command:?}");
        }
    }
}
