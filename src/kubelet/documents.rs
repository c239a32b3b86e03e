//! The two documents of the protocol: `CredentialProviderRequest` and `CredentialProviderResponse`, as
//! <https://github.com/kubernetes/kubelet/tree/master/pkg/apis/credentialprovider> defines them.
//!
//! The kubelet decodes strictly: the response has the fields of its type and no others. All versions have the same
//! response; the older requests have an image alone.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};

use crate::secret::Secret;
use crate::server_url::ServerUrl;

/// The group of the API, which all versions share.
const GROUP: &str = "credentialprovider.kubelet.k8s.io";

/// The versions of the API, the newest first.
const VERSIONS: [&str; 3] = ["v1", "v1beta1", "v1alpha1"];

const REQUEST_KIND: &str = "CredentialProviderRequest";
const RESPONSE_KIND: &str = "CredentialProviderResponse";

/// Why a request can't be understood. Nothing of it is repeated: it may hold a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidRequest {
    #[error("it is not a JSON object of the type `{REQUEST_KIND}`")]
    NotARequest,
    #[error("its `apiVersion` is not v1, v1beta1 or v1alpha1 of `{GROUP}`")]
    UnknownVersion,
    #[error("its `image` is empty")]
    NoImage,
}

/// A request. Fields of versions to come are ignored.
#[derive(Debug)]
pub(super) struct Request {
    /// The version that the response must have.
    version: &'static str,
    /// The image, with any tag or digest.
    pub(super) image: String,
    /// The token of the pod's service account, if the kubelet's configuration asks for one.
    pub(super) token: Option<Secret>,
    /// The annotations of the service account that the configuration names.
    pub(super) annotations: BTreeMap<String, String>,
}

/// The request on the wire. Go writes an empty map as `null` in places.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRequest {
    api_version: String,
    kind: String,
    #[serde(default)]
    image: String,
    #[serde(default)]
    service_account_token: Option<Secret>,
    #[serde(default)]
    service_account_annotations: Option<BTreeMap<String, String>>,
}

impl Request {
    pub(super) fn parse(text: &str) -> Result<Self, InvalidRequest> {
        // serde would accept an array of the fields' values.
        if !text.trim_start().starts_with('{') {
            return Err(InvalidRequest::NotARequest);
        }
        let WireRequest { api_version, kind, image, service_account_token, service_account_annotations } =
            serde_json::from_str(text).map_err(|_| InvalidRequest::NotARequest)?;
        if kind != REQUEST_KIND {
            return Err(InvalidRequest::NotARequest);
        }
        let version = api_version.strip_prefix(GROUP).and_then(|rest| rest.strip_prefix('/'));
        let version = VERSIONS.into_iter().find(|known| version == Some(known));
        let version = version.ok_or(InvalidRequest::UnknownVersion)?;
        if image.trim().is_empty() {
            return Err(InvalidRequest::NoImage);
        }
        let token = service_account_token.filter(|token| !token.expose().trim().is_empty());
        Ok(Self { version, image, token, annotations: service_account_annotations.unwrap_or_default() })
    }

    /// The host of the image as it is written there, without the port: the kubelet compares it with the image letter by
    /// letter, and takes a key without a port for every port. An image without a host has no password.
    pub(super) fn host(&self) -> &str {
        ServerUrl::host_in(&self.image).unwrap_or("an image")
    }
}

/// A user name and a password.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) username: String,
    pub(super) password: Secret,
}

/// A response.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    kind: &'static str,
    api_version: String,
    /// A password is good for all images of a registry.
    cache_key_type: &'static str,
    /// Without it the kubelet would keep the password for the time that its configuration names, dead or not.
    cache_duration: String,
    auth: Auth,
}

/// The login for a host, or nothing: the kubelet pulls anonymously.
#[derive(Debug)]
struct Auth(Option<(String, Login)>);

impl Response {
    /// A login for all images of the host.
    pub(super) fn with_login(request: &Request, cache_for: Duration, login: Login) -> Self {
        Self::new(request, cache_for, Auth(Some((request.host().to_owned(), login))))
    }

    /// No login for any image of the host.
    pub(super) fn anonymous(request: &Request, cache_for: Duration) -> Self {
        Self::new(request, cache_for, Auth(None))
    }

    fn new(request: &Request, cache_for: Duration, auth: Auth) -> Self {
        Self {
            kind: RESPONSE_KIND,
            api_version: format!("{GROUP}/{}", request.version),
            cache_key_type: "Registry",
            cache_duration: go_duration(cache_for),
            auth,
        }
    }
}

impl Serialize for Auth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct AuthConfig<'a> {
            username: &'a str,
            password: &'a str,
        }
        let mut map = serializer.serialize_map(Some(self.0.iter().len()))?;
        if let Some((host, Login { username, password })) = &self.0 {
            map.serialize_entry(host, &AuthConfig { username, password: password.expose() })?;
        }
        map.end()
    }
}

/// Whole seconds as Go writes a duration: `6h0m0s`, `1m30s`, `0s` (<https://pkg.go.dev/time#Duration.String>).
fn go_duration(span: Duration) -> String {
    let (seconds, minutes) = (span.as_secs() % 60, span.as_secs() / 60);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app";

    fn request(api_version: &str, rest: &str) -> String {
        format!(r#"{{"kind":"CredentialProviderRequest","apiVersion":"{api_version}"{rest}}}"#)
    }

    #[test]
    fn a_request_of_each_version_is_answered_in_kind() {
        for version in VERSIONS {
            let text = request(&format!("{GROUP}/{version}"), &format!(r#","image":"{IMAGE}","toCome":[1]"#));
            let request = Request::parse(&text).expect(version);
            let response = Response::anonymous(&request, Duration::from_mins(15));
            assert_eq!(
                serde_json::to_string(&response).expect("JSON"),
                format!(
                    r#"{{"kind":"CredentialProviderResponse","apiVersion":"{GROUP}/{version}","cacheKeyType":"Registry","cacheDuration":"15m0s","auth":{{}}}}"#
                )
            );
        }
    }

    #[test]
    fn what_is_not_a_request_is_refused_and_not_repeated() {
        let v1 = format!("{GROUP}/v1");
        for (text, expected) in [
            (String::new(), InvalidRequest::NotARequest),
            ("[]".to_owned(), InvalidRequest::NotARequest),
            (format!(r#"["{v1}","CredentialProviderRequest","{IMAGE}"]"#), InvalidRequest::NotARequest),
            ("{}".to_owned(), InvalidRequest::NotARequest),
            (request(&v1, ""), InvalidRequest::NoImage),
            (request(&v1, r#","image":"  ""#), InvalidRequest::NoImage),
            (request(&v1, r#","image":1"#), InvalidRequest::NotARequest),
            (request(&format!("{GROUP}/v2"), r#","image":"x""#), InvalidRequest::UnknownVersion),
            (request("v1", r#","image":"x""#), InvalidRequest::UnknownVersion),
            (request(&format!("{GROUP}v1"), r#","image":"x""#), InvalidRequest::UnknownVersion),
            (request(&v1, r#","image":"x""#).replace("CredentialProviderRequest", "Pod"), InvalidRequest::NotARequest),
        ] {
            assert_eq!(Request::parse(&text).err(), Some(expected), "{text}");
        }
    }

    #[test]
    fn the_host_of_an_image_is_what_stands_before_path_and_port() {
        let host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
        for image in [
            format!("{host}/app"),
            format!("{host}/team/app:1.2"),
            format!("{host}/app@sha256:00"),
            format!("{host}/app:1@sha256:00"),
            format!("{host}:443/app"),
            format!("https://{host}:443/app"),
            format!("{host}/app/:1/://x"),
            host.to_owned(),
        ] {
            let text = request(&format!("{GROUP}/v1"), &format!(r#","image":"{image}""#));
            assert_eq!(Request::parse(&text).expect("a request").host(), host, "{image}");
        }
    }

    #[test]
    fn a_token_of_white_space_is_none_and_null_is_an_empty_map() {
        let parse = |rest: &str| {
            Request::parse(&request(&format!("{GROUP}/v1"), &format!(r#","image":"x"{rest}"#))).expect(rest)
        };
        for rest in
            ["", r#","serviceAccountToken":"","serviceAccountAnnotations":null"#, r#","serviceAccountToken":" ""#]
        {
            let request = parse(rest);
            assert_eq!((request.token, request.annotations.len()), (None, 0), "{rest}");
        }
        let request = parse(r#","serviceAccountToken":"hush","serviceAccountAnnotations":{"a":"b"}"#);
        assert!(!format!("{request:?}").contains("hush"));
        assert_eq!((request.token, request.annotations["a"].as_str()), (Some(Secret::from("hush")), "b"));
    }

    #[test]
    fn durations_are_written_as_go_writes_them() {
        for (seconds, expected) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m0s"),
            (90, "1m30s"),
            (3_599, "59m59s"),
            (3_600, "1h0m0s"),
            (21_600, "6h0m0s"),
            (90_061, "25h1m1s"),
        ] {
            assert_eq!(go_duration(Duration::from_secs(seconds)), expected);
        }
        assert_eq!(go_duration(Duration::from_millis(1_999)), "1s");
    }
}
