//! The URI that a build tool asks for: a URL, or a host alone.

/// A URI that headers may be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Uri<'a> {
    /// The host, with the port if there is one; user-info is in here, too, and refused where hosts are told apart.
    pub(super) authority: &'a str,
    /// The path, without the query.
    path: &'a str,
}

impl<'a> Uri<'a> {
    /// Parses an `https` URL or a host, with or without a path. `None` for anything else: a password goes over no other
    /// protocol, and programs disagree on the host in an odd text.
    pub(super) fn parse(uri: &'a str) -> Option<Self> {
        if !uri.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return None;
        }
        let uri = uri.split(['?', '#']).next()?;
        let rest = match uri.split_once("://") {
            Some((scheme, rest)) => scheme.eq_ignore_ascii_case("https").then_some(rest)?,
            None => uri,
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Some(Self { authority, path })
    }

    /// Whether it is of the registry's API: everything at `/v2/`.
    pub(super) fn is_api(&self) -> bool {
        self.path == "/v2" || self.path.starts_with("/v2/")
    }

    /// The repository that a path of the API is about, if it is about one
    /// (<https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints>).
    pub(super) fn repository(&self) -> Option<&'a str> {
        let rest = self.path.strip_prefix("/v2/")?;
        let end =
            ["/manifests/", "/blobs/", "/tags/", "/referrers/"].iter().filter_map(|part| rest.rfind(part)).max()?;
        let name = &rest[..end];
        let of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/');
        (!name.is_empty() && name.bytes().all(of_name)).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_or_a_host_has_an_authority_and_a_path() {
        for (uri, authority, path) in [
            ("https://registry.example/v2/a/manifests/1", "registry.example", "/v2/a/manifests/1"),
            ("HTTPS://registry.example:443", "registry.example:443", ""),
            ("https://registry.example/token/?scope=https://x&service=y#z", "registry.example", "/token/"),
            ("https://registry.example?x=/v2/", "registry.example", ""),
            ("registry.example", "registry.example", ""),
            ("registry.example:5000/v2/", "registry.example:5000", "/v2/"),
            ("https://user:password@registry.example/", "user:password@registry.example", "/"),
        ] {
            assert_eq!(Uri::parse(uri), Some(Uri { authority, path }), "{uri}");
        }
        for uri in
            ["http://registry.example/", "grpcs://registry.example/", "https://a\\b/", "https://a b/", "h\u{e9}/"]
        {
            assert_eq!(Uri::parse(uri), None, "{uri}");
        }
    }

    #[test]
    fn the_repository_is_what_stands_before_manifests_blobs_tags_or_referrers() {
        for (path, is_api, repository) in [
            ("/v2/team/app/manifests/latest", true, Some("team/app")),
            ("/v2/app/blobs/sha256:00", true, Some("app")),
            ("/v2/blobs/blobs/sha256:00", true, Some("blobs")),
            ("/v2/a/blobs/b/tags/list", true, Some("a/blobs/b")),
            ("/v2/app/referrers/sha256:00", true, Some("app")),
            ("/v2/a%2Fb/manifests/1", true, None),
            ("/v2//manifests/1", true, None),
            ("/v2/_catalog", true, None),
            ("/v2/", true, None),
            ("/v2", true, None),
            ("/v2x/app/manifests/1", false, None),
            ("/token/", false, None),
            ("", false, None),
        ] {
            let uri = Uri { authority: "h", path };
            assert_eq!((uri.is_api(), uri.repository()), (is_api, repository), "{path}");
        }
    }
}
