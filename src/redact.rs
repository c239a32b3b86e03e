//! Cleans text from outside (AWS error messages, a child process) before it becomes part of an error or a log line.

use crate::secret::Secret;

/// What replaces a secret.
const MASK: &str = "***";

/// A run of this many characters of the base64 alphabets with capitals, small letters and digits counts as a credential.
/// Session tokens and JWT parts are longer; request IDs, ARNs and host names are shorter or interrupted by `.` or `:`.
const OPAQUE_RUN: usize = 80;

/// Shorter texts are never masked: masking every `a` would hide the message, not the secret.
const MIN_SECRET_LENGTH: usize = 8;

/// Makes text from outside fit to be displayed: known secrets, user-info in URLs and long opaque runs become `***`; line
/// ends and control characters become spaces, so that a message stays on one line.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    known: Vec<Secret>,
}

impl Redactor {
    /// Masks this text from now on, unless it is too short to be a secret.
    pub fn learn(&mut self, secret: &str) {
        let secret = secret.trim();
        if secret.len() >= MIN_SECRET_LENGTH {
            self.known.push(Secret::from(secret));
        }
    }

    /// Masks this code from now on, which is shorter than other secrets.
    pub fn learn_code(&mut self, code: &Secret) {
        if !code.expose().is_empty() {
            self.known.push(code.clone());
        }
    }

    /// The text with everything secret masked, on one line.
    pub fn clean(&self, text: &str) -> String {
        let mut cleaned: String =
            text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
        for secret in &self.known {
            cleaned = cleaned.replace(secret.expose(), MASK);
        }
        mask_opaque_runs(&mask_user_info(&cleaned))
    }
}

/// Masks what stands between `://` and `@` within one authority.
fn mask_user_info(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(scheme_end) = rest.find("://") {
        let (before, after) = rest.split_at(scheme_end + 3);
        masked.push_str(before);
        let authority = after
            .find(|character: char| {
                character.is_whitespace() || matches!(character, '/' | '?' | '#' | '"' | '\'' | '`')
            })
            .unwrap_or(after.len());
        rest = if let Some(at) = after[..authority].rfind('@') {
            masked.push_str(MASK);
            &after[at..]
        } else {
            after
        };
    }
    masked.push_str(rest);
    masked
}

fn mask_opaque_runs(text: &str) -> String {
    let of_base64 =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, '+' | '/' | '=' | '-' | '_');
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(of_base64) {
        let (before, run) = rest.split_at(start);
        let (run, after) = run.split_at(run.find(|character| !of_base64(character)).unwrap_or(run.len()));
        masked.push_str(before);
        let opaque = run.len() >= OPAQUE_RUN
            && run.contains(|character: char| character.is_ascii_uppercase())
            && run.contains(|character: char| character.is_ascii_lowercase())
            && run.contains(|character: char| character.is_ascii_digit());
        masked.push_str(if opaque { MASK } else { run });
        rest = after;
    }
    masked.push_str(rest);
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_secrets_are_masked_wherever_they_stand() {
        let mut redactor = Redactor::default();
        redactor.learn("wJalrXUtnFEMI/K7MDENG");
        assert_eq!(redactor.clean("key wJalrXUtnFEMI/K7MDENG, again:wJalrXUtnFEMI/K7MDENG."), "key ***, again:***.");
    }

    #[test]
    fn a_text_too_short_to_be_a_secret_is_left_readable() {
        let mut redactor = Redactor::default();
        redactor.learn("a");
        redactor.learn("");
        assert_eq!(redactor.clean("a banana"), "a banana");
    }

    #[test]
    fn a_code_is_masked_though_it_is_short() {
        let mut redactor = Redactor::default();
        redactor.learn_code(&Secret::from("123456"));
        redactor.learn_code(&Secret::from(""));
        assert_eq!(redactor.clean("'123456' at 'tokenCode' is wrong"), "'***' at 'tokenCode' is wrong");
    }

    #[test]
    fn user_info_is_masked_and_the_host_stays() {
        for (text, cleaned) in [
            ("http://user:pass@proxy:8080/x", "http://***@proxy:8080/x"),
            ("to https://u@h and https://h/@x", "to https://***@h and https://h/@x"),
            ("http://a:b@c@host", "http://***@host"),
            ("://", "://"),
            ("mail me@example.com", "mail me@example.com"),
        ] {
            assert_eq!(Redactor::default().clean(text), cleaned, "{text}");
        }
    }

    #[test]
    fn long_opaque_runs_are_masked_and_identifiers_stay() {
        let token = "IQoJb3JpZ2luX2VjEPX/".repeat(5);
        assert_eq!(Redactor::default().clean(&format!("token {token} is expired")), "token *** is expired");
        let message = "User: arn:aws:sts::123456789012:assumed-role/pull/i-0abc is not authorized \
                       (request 5b2c1a0e-1111-2222-3333-444455556666)";
        assert_eq!(Redactor::default().clean(message), message);
    }

    #[test]
    fn a_message_stays_one_line() {
        assert_eq!(Redactor::default().clean("one\r\ntwo\u{1b}[31m"), "one  two [31m");
    }
}
