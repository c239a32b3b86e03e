//! The APIs: how a request is recognised, and the shape of an error.

use serde_json::json;

use super::super::http::{Request, Response};

/// The XML namespace of STS.
pub(super) const STS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Where the metadata service names the instance's role, and, with the name behind it, gives its credentials.
pub(super) const METADATA_CREDENTIALS: &str = "/latest/meta-data/iam/security-credentials/";

/// The APIs the fake knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Api {
    /// ECR `GetAuthorizationToken`.
    EcrToken,
    /// ECR Public `GetAuthorizationToken`.
    EcrPublicToken,
    /// STS `AssumeRole`.
    AssumeRole,
    /// STS `AssumeRoleWithWebIdentity`.
    AssumeRoleWithWebIdentity,
    /// STS `GetCallerIdentity`.
    CallerIdentity,
    /// IAM Identity Center `GetRoleCredentials`.
    SsoRoleCredentials,
    /// IAM Identity Center OIDC `CreateToken`.
    SsoCreateToken,
    /// AWS Sign-In `CreateOAuth2Token`. The code of an error is the exception's, `/` and the OAuth code.
    SigninToken,
    /// `PUT /latest/api/token` of the metadata service.
    MetadataToken,
    /// The name of the instance's role.
    MetadataRole,
    /// The credentials of the instance's role.
    MetadataCredentials,
    /// The region of the instance.
    MetadataRegion,
    /// `GET /container/credentials`.
    ContainerCredentials,
    /// `GET /token/` of the registry of ECR Public.
    RegistryToken,
    /// `GET /v2/` of a registry.
    Registry,
    /// Anything else; answered with 404.
    Unknown,
}

/// How an API writes its errors.
enum Protocol {
    AwsJson,
    Query,
    RestJson,
    Oauth,
    Signin,
    Container,
    Text,
}

impl Api {
    /// Recognises a request.
    pub(super) fn of(request: &Request) -> Self {
        let target = request.header("x-amz-target");
        match (request.method.as_str(), request.path()) {
            ("POST", "/") if target == Some("AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken") => {
                Self::EcrToken
            }
            ("POST", "/") if target == Some("SpencerFrontendService.GetAuthorizationToken") => Self::EcrPublicToken,
            ("POST", "/") => match request.form("Action").as_deref() {
                Some("AssumeRole") => Self::AssumeRole,
                Some("AssumeRoleWithWebIdentity") => Self::AssumeRoleWithWebIdentity,
                Some("GetCallerIdentity") => Self::CallerIdentity,
                _ => Self::Unknown,
            },
            ("GET", "/federation/credentials") => Self::SsoRoleCredentials,
            ("POST", "/token") => Self::SsoCreateToken,
            ("POST", "/v1/token") => Self::SigninToken,
            ("PUT", "/latest/api/token") => Self::MetadataToken,
            ("GET", "/latest/meta-data/placement/region") => Self::MetadataRegion,
            ("GET", METADATA_CREDENTIALS) => Self::MetadataRole,
            ("GET", path) if path.starts_with(METADATA_CREDENTIALS) => Self::MetadataCredentials,
            ("GET", "/v2/") => Self::Registry,
            ("GET", "/container/credentials") => Self::ContainerCredentials,
            ("GET", "/token/") => Self::RegistryToken,
            _ => Self::Unknown,
        }
    }

    /// The type of its answers.
    pub(super) fn content_type(self) -> &'static str {
        match self.protocol() {
            Protocol::AwsJson => "application/x-amz-json-1.1",
            Protocol::Query => "text/xml",
            Protocol::RestJson | Protocol::Oauth | Protocol::Signin | Protocol::Container => "application/json",
            Protocol::Text => "text/plain",
        }
    }

    /// An error in the shape of the API's protocol.
    pub(super) fn error(self, status: u16, code: &str, message: &str, request_id: &str) -> Response {
        let (code, reason) = code.split_once('/').unwrap_or((code, "server_error"));
        let body = match self.protocol() {
            Protocol::Signin => json!({ "error": reason, "message": message }).to_string(),
            Protocol::AwsJson | Protocol::RestJson => json!({ "__type": code, "message": message }).to_string(),
            Protocol::Oauth => json!({ "error": snake_case(code), "error_description": message }).to_string(),
            Protocol::Container => json!({ "code": code, "message": message }).to_string(),
            Protocol::Text => message.to_owned(),
            Protocol::Query => format!(
                "<ErrorResponse xmlns=\"{STS}\"><Error><Type>{}</Type><Code>{}</Code><Message>{}</Message></Error>\
                 <RequestId>{request_id}</RequestId></ErrorResponse>",
                if status < 500 { "Sender" } else { "Receiver" },
                escaped(code),
                escaped(message),
            ),
        };
        let response = Response::new(status, body).header("Content-Type", self.content_type());
        match self.protocol() {
            Protocol::AwsJson | Protocol::RestJson | Protocol::Oauth | Protocol::Signin => {
                response.header("x-amzn-ErrorType", code)
            }
            Protocol::Query | Protocol::Container | Protocol::Text => response,
        }
    }

    fn protocol(self) -> Protocol {
        match self {
            Self::EcrToken | Self::EcrPublicToken => Protocol::AwsJson,
            Self::AssumeRole | Self::AssumeRoleWithWebIdentity | Self::CallerIdentity => Protocol::Query,
            Self::SsoRoleCredentials => Protocol::RestJson,
            Self::SsoCreateToken => Protocol::Oauth,
            Self::SigninToken => Protocol::Signin,
            Self::ContainerCredentials | Self::RegistryToken => Protocol::Container,
            Self::MetadataToken
            | Self::MetadataRole
            | Self::MetadataCredentials
            | Self::MetadataRegion
            | Self::Registry
            | Self::Unknown => Protocol::Text,
        }
    }
}

/// `InvalidGrantException` as OAuth writes it: `invalid_grant`.
fn snake_case(code: &str) -> String {
    let mut snake = String::new();
    for c in code.trim_end_matches("Exception").chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// Text as XML holds it.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
