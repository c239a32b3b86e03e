//! Cleans text from outside (AWS error messages, a child process) before it becomes part of an error or a log line.
//!
//! Masking needs the secrets of a request, which a [`Redactor`] knows. [`clean_line`] needs nothing, so it is applied to
//! every line once more where it is made.

use crate::secret::Secret;

/// What replaces a secret.
const MASK: &str = "***";

/// A run of this many characters of the base64 alphabets with capitals, small letters and digits counts as a credential.
/// Session tokens and JWT parts are longer; request IDs, ARNs and host names are shorter or interrupted by `.` or `:`.
const OPAQUE_RUN: usize = 80;

/// Shorter texts are never masked: masking every `a` would hide the message, not the secret.
const MIN_SECRET_LENGTH: usize = 8;

/// Names whose quoted or `=` value is a secret, in lower case and without `_` and `-`.
const SECRET_NAMES: [&str; 5] = ["token", "secret", "password", "secretaccesskey", "assertion"];

/// A text as one line that changes nothing but the place where it stands: line ends, control characters and those that
/// turn the direction of text around become spaces.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|character| if moves_text(character) { ' ' } else { character }).collect()
}

/// A line for a person or a log: one line, without user-info and values whose name says that they are secret. Long opaque
/// runs stay, since paths may look like them.
pub(crate) fn clean_line(text: &str) -> String {
    mask_named_values(&mask_user_info(&one_line(text)))
}

/// A text of at most this many characters, the last of which says that there was more.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['\u{2026}']).collect()
}

/// Control characters, separators of lines and paragraphs, and the controls of
/// <https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>.
fn moves_text(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
}

/// Makes text from outside fit to be displayed: known secrets, user-info in URLs and long opaque runs become `***`; line
/// ends and control characters become spaces, so that a message stays on one line.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    known: Vec<Secret>,
}

impl Redactor {
    /// One that masks this text.
    pub(crate) fn knowing(secret: &str) -> Self {
        let mut redactor = Self::default();
        redactor.learn(secret);
        redactor
    }

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
        let mut cleaned = one_line(text);
        for secret in &self.known {
            cleaned = cleaned.replace(secret.expose(), MASK);
            // As it reads when its line ends and control characters have become spaces.
            cleaned = cleaned.replace(&one_line(secret.expose()), MASK);
        }
        mask_opaque_runs(&clean_line(&cleaned))
    }
}

/// Masks user-info: what stands before an `@` in a URL, and `USER:PASSWORD` before one anywhere.
fn mask_user_info(text: &str) -> String {
    let ends_word =
        |character: char| character.is_whitespace() || matches!(character, '"' | '\'' | '`' | '(' | ')' | '<' | '>');
    let mut masked = String::with_capacity(text.len());
    for word in text.split_inclusive(ends_word) {
        mask_user_info_of_word(word, &mut masked);
    }
    masked
}

fn mask_user_info_of_word(word: &str, masked: &mut String) {
    let Some(scheme) = word.find("://") else {
        for part in word.split_inclusive(['/', '\\']) {
            let user_info = part.rfind('@').filter(|at| part[..*at].contains(':'));
            masked.push_str(user_info.map_or("", |_| MASK));
            masked.push_str(&part[user_info.unwrap_or(0)..]);
        }
        return;
    };
    let (before, url) = word.split_at(scheme + 3);
    masked.push_str(before);
    let user_info = end_of_user_info(url);
    masked.push_str(user_info.map_or("", |_| MASK));
    // There may be another URL behind this one.
    let rest = &url[user_info.unwrap_or(0)..];
    if rest.contains("://") { mask_user_info_of_word(rest, masked) } else { masked.push_str(rest) }
}

/// Where the `@` behind the user-info of a URL is, which begins behind its scheme. A password may contain `/`, unless what
/// follows the colon is a port.
fn end_of_user_info(url: &str) -> Option<usize> {
    let authority = &url[..url.find(['/', '?', '#']).unwrap_or(url.len())];
    if let Some(at) = authority.rfind('@') {
        return Some(at);
    }
    let (_, port) = authority.split_once(':')?;
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    if is_port { None } else { url.rfind('@') }
}

/// Masks the values of names that say that they are secret: `"accessToken":"…"`, `password=…`.
fn mask_named_values(text: &str) -> String {
    let of_name = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find([':', '=']) {
        let (before, after) = rest.split_at(at + 1);
        masked.push_str(before);
        rest = after;
        let name = before[..at].trim_end().trim_end_matches(['"', '\'', '\\']);
        let name = name.rsplit(|character| !of_name(character)).next().unwrap_or_default();
        let name = name.to_ascii_lowercase().replace(['_', '-'], "");
        let blanks = after.len() - after.trim_start().len();
        let quote = after[blanks..].trim_start_matches('\\').chars().next().filter(|quote| matches!(quote, '"' | '\''));
        let value_at = quote.map_or(0, |quote| after.find(quote).map_or(0, |at| at + 1));
        if SECRET_NAMES.iter().any(|secret| name.ends_with(secret)) && (quote.is_some() || before.ends_with('=')) {
            let value = &after[value_at..];
            let end = match quote {
                Some(quote) => value.find(quote),
                None => value
                    .find(|character: char| character.is_whitespace() || matches!(character, '&' | ',' | ';' | ')')),
            };
            let end = end.unwrap_or(value.len());
            if end > 0 {
                masked.push_str(&after[..value_at]);
                masked.push_str(MASK);
                rest = &value[end..];
            }
        }
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
    fn a_name_may_stand_behind_any_character() {
        for (text, cleaned) in [
            ("\u{a0}a=b", "\u{a0}a=b"),
            ("\u{fc}token=hush", "\u{fc}token=***"),
            ("\u{2014}=\u{2014}", "\u{2014}=\u{2014}"),
            ("\u{1f511}password: \"hush\"", "\u{1f511}password: \"***\""),
        ] {
            assert_eq!(clean_line(text), cleaned);
        }
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
            ("`user:pass@proxy:3128` is not", "`***@proxy:3128` is not"),
            ("/etc/user:pass@host/x", "/etc/***@host/x"),
            ("proxy (user:pass@proxy)", "proxy (***@proxy)"),
            ("socks5://u:p@h", "socks5://***@h"),
            ("http://user:pa/ss@proxy", "http://***@proxy"),
            ("http://proxy:3128/path@x", "http://proxy:3128/path@x"),
            ("http://a:b@one,http://c:d@two", "http://***@one,http://***@two"),
            ("http://proxy?to=http://u:p@h", "http://proxy?to=http://***@h"),
            (
                "arn:aws:sts::111122223333:assumed-role/dev/me@example.com",
                "arn:aws:sts::111122223333:assumed-role/dev/me@example.com",
            ),
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
    fn values_are_masked_whose_name_says_that_they_are_secret() {
        for (text, cleaned) in [
            (r#"{"accessToken":"abc","region":"eu"}"#, r#"{"accessToken":"***","region":"eu"}"#),
            (r#"{"refreshToken" : "a b" }"#, r#"{"refreshToken" : "***" }"#),
            (r#"{\"clientSecret\":\"abc\"}"#, r#"{\"clientSecret\":\"***"}"#),
            ("grant?refresh_token=abc&client-secret=def,x", "grant?refresh_token=***&client-secret=***,x"),
            ("password = 'a b'", "password = '***'"),
            ("InvalidIdentityToken: No provider", "InvalidIdentityToken: No provider"),
            ("the token: expired", "the token: expired"),
            ("\u{152}token=abc \u{fffd}: x", "\u{152}token=*** \u{fffd}: x"),
            ("token=", "token="),
            ("a=b: c", "a=b: c"),
        ] {
            assert_eq!(Redactor::default().clean(text), cleaned, "{text}");
        }
    }

    #[test]
    fn a_message_stays_one_line() {
        assert_eq!(one_line("a\u{2028}b\u{2029}c\u{202e}d\u{2066}e\u{85}f\u{9b}g\u{feff}h"), "a b c d e f g h");
        assert_eq!(one_line("d\u{f6}cker \u{65e5}\u{672c} \u{1f512}"), "d\u{f6}cker \u{65e5}\u{672c} \u{1f512}");
        assert_eq!((shorten("abc", 3), shorten("abcd", 3)), ("abc".to_owned(), "ab\u{2026}".to_owned()));
        assert_eq!(Redactor::default().clean("one\r\ntwo\u{1b}[31m"), "one  two [31m");
    }
}
