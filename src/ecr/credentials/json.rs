//! Credentials as JSON, as containers, instances and SSO token files have them, read as leniently as other tools do.

use serde_json::{Map, Value};

use crate::identity::Keys;

/// A JSON object whose names are matched without regard to case.
pub(in crate::ecr) struct Object(Map<String, Value>);

impl Object {
    /// Reads an object; `None` if the text is something else.
    pub(in crate::ecr) fn parse(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok().map(Self)
    }

    /// A text that isn't empty.
    pub(in crate::ecr) fn text(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        value.and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// The object itself, to be written again.
    pub(in crate::ecr) fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

/// Reads the credentials in the response of a container's or instance's service:
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>. When they expire isn't read: AWS
/// checks it, by its own clock.
/// Error: what the response lacks, to follow "the response".
pub(in crate::ecr) fn keys(response: &[u8]) -> Result<Keys, String> {
    let object = Object::parse(response).ok_or("is not a JSON object")?;
    let part = |name: &str| object.text(name).ok_or_else(|| format!("has no `{name}`"));
    if let (Some(code), Err(_)) = (object.text("Code"), part("AccessKeyId")) {
        let message = object.text("Message").map(|message| format!(": {message}")).unwrap_or_default();
        return Err(format!("says {code}{message}"));
    }
    let token = object.text("Token").or_else(|| object.text("SessionToken"));
    Keys::new(part("AccessKeyId")?, part("SecretAccessKey")?, token).map_err(|invalid| format!("is invalid: {invalid}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_whatever_their_expiration_says() {
        for response in [
            r#"{"AccessKeyId":"AKIA","SecretAccessKey":"s","Token":"t","Expiration":"2030-01-01T00:00:00Z"}"#,
            r#"{"accesskeyid":"AKIA","SECRETACCESSKEY":"s","Token":"t","Expiration":"never"}"#,
            r#"{"Code":"Success","AccessKeyId":" AKIA\n","SecretAccessKey":"s","Token":"t","Expiration":null}"#,
        ] {
            let keys = keys(response.as_bytes()).expect(response);
            assert_eq!((keys.access_key_id.as_str(), keys.secret_access_key.expose()), ("AKIA", "s"));
            assert_eq!(keys.session_token.expect("a token").expose(), "t");
        }
    }

    #[test]
    fn what_a_response_lacks_is_named() {
        let invalid = "is invalid: the access key ID is empty or contains a blank, a control character or a character \
                       outside ASCII";
        for (response, problem) in [
            ("", "is not a JSON object"),
            ("[]", "is not a JSON object"),
            ("{}", "has no `AccessKeyId`"),
            (r#"{"AccessKeyId":"AKIA"}"#, "has no `SecretAccessKey`"),
            (r#"{"AccessKeyId":"AKIA","SecretAccessKey":""}"#, "has no `SecretAccessKey`"),
            (r#"{"Code":"AssumeRoleUnauthorizedAccess","Message":"no"}"#, "says AssumeRoleUnauthorizedAccess: no"),
            (r#"{"AccessKeyId":"AK\nIA","SecretAccessKey":"s"}"#, invalid),
        ] {
            assert_eq!(keys(response.as_bytes()).expect_err(response), problem);
        }
    }
}
