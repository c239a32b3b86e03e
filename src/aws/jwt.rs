//! The subject of a web identity token or container authorization token.
//!
//! Such tokens rotate, some every few minutes, while their subject stays the same. So the cache key contains the claims
//! `iss` and `sub` of a JSON Web Token (<https://www.rfc-editor.org/rfc/rfc7519#section-4.1>). The signature isn't checked:
//! AWS does that, and a forged token would only make a key that no other token has. Of a token that isn't a JWT, the whole
//! text counts.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::scope::Fingerprint;

/// What of a token went into a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// Its issuer and its subject.
    Subject,
    /// The whole text, since it isn't a JWT.
    WholeToken,
}

/// Adds the subject of a token to a fingerprint.
pub(super) fn add_subject(fingerprint: &mut Fingerprint, token: &[u8]) -> Added {
    let token = token.trim_ascii();
    if let Some(Claims { iss, sub }) = claims(token) {
        fingerprint.add("iss", iss.as_bytes());
        fingerprint.add("sub", sub.as_bytes());
        Added::Subject
    } else {
        fingerprint.add("token", token);
        Added::WholeToken
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
}

fn claims(token: &[u8]) -> Option<Claims> {
    let mut parts = token.split(|byte| *byte == b'.');
    let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(token: &str) -> [u8; 32] {
        let mut fingerprint = Fingerprint::of("test");
        add_subject(&mut fingerprint, token.as_bytes());
        fingerprint.finish()
    }

    fn jwt(payload: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn a_rotated_token_of_one_subject_counts_as_the_same() {
        let first = jwt(r#"{"iss":"https://issuer","sub":"repo:a","exp":1}"#);
        let second = jwt(r#"{"exp":2,"sub":"repo:a","iss":"https://issuer","jti":"x"}"#);
        assert_ne!(first, second);
        assert_eq!(subject(&first), subject(&second));
        assert_eq!(subject(&first), subject(&format!(" {first}\n")));
    }

    #[test]
    fn another_issuer_or_subject_counts_as_another() {
        let token = subject(&jwt(r#"{"iss":"i","sub":"a"}"#));
        assert_ne!(token, subject(&jwt(r#"{"iss":"i","sub":"b"}"#)));
        assert_ne!(token, subject(&jwt(r#"{"iss":"j","sub":"a"}"#)));
        assert_ne!(token, subject(&jwt(r#"{"iss":"a","sub":"i"}"#)));
    }

    #[test]
    fn the_whole_text_of_a_token_that_is_not_a_jwt_counts() {
        for (one, other) in [
            ("opaque-1", "opaque-2"),
            ("a.b", "a.c"),
            ("a.!.c", "a.!.d"),
            // A JWT without a subject, and something with four parts.
            (&*jwt(r#"{"iss":"i","n":1}"#), &*jwt(r#"{"iss":"i","n":2}"#)),
            (&*(jwt(r#"{"iss":"i","sub":"a"}"#) + ".1"), &*(jwt(r#"{"iss":"i","sub":"a"}"#) + ".2")),
            ("", "x"),
        ] {
            assert_ne!(subject(one), subject(other), "{one} {other}");
            assert_eq!(subject(one), subject(one));
        }
    }
}
