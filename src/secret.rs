//! Secrets, and text that may have met one.
//!
//! A [`Secret`] can't print itself: its `Debug` is redacted, it has no `Display`, and the one way to its text is
//! [`Secret::expose`], which only the wire, the cache file and the SDK seam call. A [`Redactor`] cleans text that comes
//! from outside (AWS error messages, a child process) before it becomes part of an error or a log line.

use std::fmt;

use zeroize::Zeroizing;

/// What stands in the place of anything secret.
const MASK: &str = "***";

/// A run of this many characters of the base64 alphabets with capitals, small letters and digits is taken for a
/// credential. Session tokens and JWT parts are longer, request IDs, ARNs and host names shorter or broken by `.`, `:`.
const OPAQUE_RUN: usize = 80;

/// Texts shorter than this are never searched for: masking every `a` would hide the message, not the secret.
const SHORTEST_SECRET: usize = 8;

/// A password or key that wipes itself and never prints itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text into custody.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the wire, the cache file and the SDK only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(***)")
    }
}

/// Makes text from outside fit to be seen: known secrets, URL user-info and long opaque runs become `***`, and line
/// ends and control characters become spaces, so that one message stays one line.
#[derive(Debug, Default)]
pub struct Redactor {
    known: Vec<Secret>,
}

impl Redactor {
    /// From now on masks this text wherever it appears. Texts too short to be a secret are ignored.
    pub fn learn(&mut self, secret: &str) {
        let secret = secret.trim();
        if secret.len() >= SHORTEST_SECRET {
            self.known.push(Secret::from(secret));
        }
    }

    /// From now on masks this code, which is shorter than other secrets.
    pub fn learn_code(&mut self, code: &Secret) {
        if !code.expose().is_empty() {
            self.known.push(code.clone());
        }
    }

    /// The text with everything secret masked, on one line.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        let mut cleaned: String =
            text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
        for secret in &self.known {
            // The secret may have been folded by the same rule as the text around it.
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
    fn a_secret_shows_nothing_of_itself_in_debug() {
        assert_eq!(format!("{:?}", Secret::from("hunter2")), "Secret(***)");
        assert_eq!(format!("{:#?}", Some(Secret::from("hunter2"))), "Some(\n    Secret(***),\n)");
    }

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
