//! The proxies between us and AWS, from the variables that curl and others read.
//!
//! As in curl (<https://everything.curl.dev/usingcurl/proxies/env.html>), a name in lower case wins over the one in
//! capitals, and `ALL_PROXY` applies to a scheme that has no variable of its own. URLs are read as leniently as the AWS CLI
//! and Go read them. A variable that can't be used is a mistake of the requests that it applies to: it would be worse to
//! send a request past a proxy that was meant for it. `ALL_PROXY` is different, because the AWS CLI and the Go helper don't
//! read it (<https://pkg.go.dev/net/http#ProxyFromEnvironment>): if it can't be used, it counts as unset.

use std::borrow::Cow;

use super::RegistrySettings;
use crate::env::{Env, names};
use crate::network::{NoProxy, Proxies, Proxy, ProxyAddress, ProxyLogin, ProxyMistake, ProxyProtocol, WithoutProxy};
use crate::redact::Redactor;
use crate::secret::Secret;
use crate::server_url::ServerUrl;

const FOR_HTTPS: [&str; 2] = [names::https_proxy, names::HTTPS_PROXY];
const FOR_HTTP: [&str; 2] = [names::http_proxy, names::HTTP_PROXY];
const FOR_ALL: [&str; 2] = [names::all_proxy, names::ALL_PROXY];

/// What a proxy can't reach or must not see: this machine, and the services that give it its credentials, at
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html> and
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>.
const NEVER_PROXIED: [&str; 8] = [
    "localhost",
    "127.0.0.0/8",
    "::1",
    "169.254.169.254",
    "fd00:ec2::254",
    "169.254.170.2",
    "169.254.170.23",
    "fd00:ec2::23",
];

/// For the matcher, `*` means every name, but no address.
const EVERYTHING: [&str; 3] = ["*", "0.0.0.0/0", "::/0"];

/// Reads the variables.
pub(super) fn resolve(settings: &RegistrySettings<'_>) -> Proxies {
    let env = settings.env;
    let for_all = for_all(env);
    Proxies {
        https: proxy(env, FOR_HTTPS).or_else(|| for_all.clone()),
        http: proxy(env, FOR_HTTP).or(for_all),
        direct: no_proxy(settings),
    }
}

/// The passwords in the URLs, as they are written and decoded.
pub(super) fn learn_passwords(env: &Env, redactor: &mut Redactor) {
    for url in [FOR_HTTPS, FOR_HTTP, FOR_ALL].into_iter().flatten().filter_map(|name| env.text(name)) {
        let rest = url.split_once("://").map_or(url.as_str(), |(_scheme, rest)| rest);
        let Some((user_info, _host)) = rest.rsplit_once('@') else { continue };
        let password = user_info.split_once(':').map_or(user_info, |(_user, password)| password);
        redactor.learn(password);
        redactor.learn(&percent_encoding::percent_decode_str(password).decode_utf8_lossy());
    }
}

/// The proxy for the requests of one scheme.
fn proxy(env: &Env, variables: [&'static str; 2]) -> Option<Proxy> {
    let (setting, url) = variables.into_iter().find_map(|name| Some((name, env.text(name)?)))?;
    Some(Proxy { setting, address: parse(&url), otherwise: WithoutProxy::Fail })
}

/// The proxy for other requests.
fn for_all(env: &Env) -> Option<Proxy> {
    FOR_ALL.into_iter().find_map(|setting| {
        let address = parse(&env.text(setting)?).ok()?;
        Some(Proxy { setting, address: Ok(address), otherwise: WithoutProxy::ConnectDirectly })
    })
}

/// The host and port of a proxy's URL.
pub(crate) fn host_and_port(url: &str) -> Result<(String, u16), String> {
    parse(url).map(|ProxyAddress { host, port, .. }| (host, port)).map_err(|mistake| mistake.to_string())
}

/// `SCHEME://USER:PASSWORD@HOST:PORT/…`; all but the host may be missing. Characters of the password needn't be encoded.
fn parse(url: &str) -> Result<ProxyAddress, ProxyMistake> {
    let url = url.trim();
    let is_scheme = |scheme: &str| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let (protocol, rest) = match url.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) {
        Some((scheme, rest)) => (protocol(scheme)?, rest),
        None => (ProxyProtocol::Http, url.trim_start_matches('/')),
    };
    let without_path = |text: &str| text.split(['/', '?', '#']).next().map(str::to_owned).unwrap_or_default();
    let address = |text: &str, login| {
        let authority = without_path(text);
        // A scheme that is there twice looks like a host without a port: `http://http://proxy`.
        if text[authority.len()..].starts_with("//") {
            return None;
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (authority.as_str(), ""),
        };
        let port = if port.is_empty() { default_port(protocol) } else { port.parse().ok().filter(|&port| port > 0)? };
        Some(ProxyAddress { protocol, host: ServerUrl::parse(host)?.host().to_owned(), port, login })
    };
    // Before a login, as a path may have an `@` too.
    let found = address(rest, None).or_else(|| {
        let (user_info, host) = rest.rsplit_once('@')?;
        address(host, login(user_info))
    });
    found.ok_or(ProxyMistake::NotAUrl)
}

fn protocol(scheme: &str) -> Result<ProxyProtocol, ProxyMistake> {
    Ok(match scheme.to_ascii_lowercase().as_str() {
        "" | "http" => ProxyProtocol::Http,
        "https" => ProxyProtocol::Https,
        "socks4" => ProxyProtocol::Socks4,
        "socks4a" => ProxyProtocol::Socks4a,
        // Desktops write `socks://`, and mean the version that every server speaks today.
        "socks" | "socks5" | "socks5h" => ProxyProtocol::Socks5,
        other => return Err(ProxyMistake::UnsupportedScheme(other.to_owned())),
    })
}

fn default_port(protocol: ProxyProtocol) -> u16 {
    match protocol {
        ProxyProtocol::Http => 80,
        ProxyProtocol::Https => 443,
        ProxyProtocol::Socks4 | ProxyProtocol::Socks4a | ProxyProtocol::Socks5 => 1080,
    }
}

/// `USER:PASSWORD`, each percent-encoded or not; `None` if both are empty.
fn login(user_info: &str) -> Option<ProxyLogin> {
    let decode = |text: &str| {
        // Bytes that aren't UTF-8 weren't meant as an encoding.
        let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
        Secret::new(decoded.map_or_else(|_| text.to_owned(), Cow::into_owned))
    };
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    let is_empty = user.is_empty() && password.is_empty();
    (!is_empty).then(|| ProxyLogin { user: decode(user), password: decode(password) })
}

/// Everything that is reached without a proxy.
fn no_proxy(settings: &RegistrySettings<'_>) -> Vec<NoProxy> {
    let env = settings.env;
    let listed = env.text(names::no_proxy).or_else(|| env.text(names::NO_PROXY)).unwrap_or_default();
    let listed = listed.split([',', ' ', '\t']).filter(|entry| !entry.is_empty()).flat_map(entry_of_no_proxy);
    let metadata = settings.setting(names::METADATA_ENDPOINT, "ec2_metadata_service_endpoint");
    let services = [metadata, env.text(names::CONTAINER_FULL_URI)];
    let services = services.into_iter().flatten().filter_map(|url| {
        let before_query = url.split(['?', '#']).next()?;
        let url = ServerUrl::parse(before_query)?;
        Some(at_every_port(url.host()))
    });
    NEVER_PROXIED.into_iter().map(at_every_port).chain(services).chain(listed).collect()
}

fn at_every_port(host: &str) -> NoProxy {
    NoProxy { host: without_brackets(host), port: None }
}

/// `[::1]` is how an address stands in a URL.
fn without_brackets(host: &str) -> String {
    host.trim_matches(['[', ']']).to_owned()
}

/// An entry of `NO_PROXY`. With a port, it applies to that port only, as in Go and Python.
fn entry_of_no_proxy(entry: &str) -> Vec<NoProxy> {
    let with_port = entry.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
    let (host, port) = match with_port.map(|(host, port)| (host, port.parse())) {
        Some((host, Ok(port))) => (host, Some(port)),
        _ => (entry, None),
    };
    if host == "*" {
        return EVERYTHING.map(|host| NoProxy { host: host.to_owned(), port }).to_vec();
    }
    // `*.example.com` is what others call `.example.com`.
    vec![NoProxy { host: without_brackets(host.strip_prefix('*').unwrap_or(host)), port }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::fixture::with_settings;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        with_settings("public.ecr.aws", variables, "", resolve)
    }

    /// `PROTOCOL USER PASSWORD HOST PORT` of a URL, or the mistake.
    fn parsed(url: &str) -> String {
        match parse(url) {
            Ok(ProxyAddress { protocol, host, port, login }) => {
                let login =
                    login.map(|ProxyLogin { user, password }| format!("{} {} ", user.expose(), password.expose()));
                format!("{protocol:?} {}{host} {port}", login.unwrap_or_default())
            }
            Err(mistake) => mistake.to_string(),
        }
    }

    #[test]
    fn a_name_in_lower_case_wins_and_that_of_the_scheme_wins_over_all() {
        let all = [
            ("https_proxy", "http://1.test"),
            ("HTTPS_PROXY", "http://2.test"),
            ("all_proxy", "http://3.test"),
            ("ALL_PROXY", "http://4.test"),
            ("http_proxy", "http://5.test"),
            ("HTTP_PROXY", "http://6.test"),
        ];
        let found = |proxy: Option<Proxy>| {
            proxy.map(|Proxy { setting, address, otherwise }| {
                let all = setting.eq_ignore_ascii_case("ALL_PROXY");
                assert_eq!(otherwise == WithoutProxy::ConnectDirectly, all, "{setting}");
                (setting, format!("http://{}", address.expect("a good URL").host))
            })
        };
        let expect = |left: &[usize], https: Option<usize>, http: Option<usize>| {
            let variables: Vec<_> = left.iter().map(|&number| all[number - 1]).collect();
            let Proxies { https: of_https, http: of_http, direct: _ } = proxies(&variables);
            let expected =
                |number: Option<usize>| number.map(|number| (all[number - 1].0, all[number - 1].1.to_owned()));
            assert_eq!((found(of_https), found(of_http)), (expected(https), expected(http)), "{variables:?}");
        };
        expect(&[1, 2, 3, 4, 5, 6], Some(1), Some(5));
        expect(&[2, 3, 4, 6], Some(2), Some(6));
        expect(&[3, 4], Some(3), Some(3));
        expect(&[4], Some(4), Some(4));
        expect(&[5], None, Some(5));
        expect(&[], None, None);
    }

    #[test]
    fn all_proxy_counts_as_unset_when_it_cant_be_used() {
        for url in ["ftp://proxy:21", "http://", "http://http://proxy", "no proxy"] {
            let Proxies { https, http, direct: _ } = proxies(&[("all_proxy", url), ("HTTP_PROXY", "proxy:3128")]);
            assert_eq!((https, http.map(|proxy| proxy.setting)), (None, Some("HTTP_PROXY")), "{url}");
            let Proxies { https, .. } = proxies(&[("all_proxy", url), ("ALL_PROXY", "proxy:3128")]);
            assert_eq!(https.map(|proxy| proxy.setting), Some("ALL_PROXY"), "{url}");
        }
    }

    #[test]
    fn a_url_is_read_as_others_read_it() {
        const NONE: &str = "is not the URL of a proxy";
        for (url, expected) in [
            ("proxy", "Http proxy 80"),
            ("proxy:3128", "Http proxy 3128"),
            ("//proxy:3128", "Http proxy 3128"),
            (" http://proxy:3128/ ", "Http proxy 3128"),
            ("http://proxy:3128\r\n", "Http proxy 3128"),
            ("HTTP://Proxy.Example:3128", "Http proxy.example 3128"),
            ("http://my_proxy:3128", "Http my_proxy 3128"),
            ("http://proxy:/", "Http proxy 80"),
            ("http://proxy/path?query#fragment", "Http proxy 80"),
            ("http://proxy:8080/a@b", "Http proxy 8080"),
            ("https://proxy", "Https proxy 443"),
            ("http://10.0.0.1:3128", "Http 10.0.0.1 3128"),
            ("u@[::1]:3128", "Http u  [::1] 3128"),
            ("[::1]", "Http [::1] 80"),
            ("https://u:p%40s%73:x@proxy", "Https u p@ss:x proxy 443"),
            ("u:p@proxy:3128", "Http u p proxy 3128"),
            ("http://user@proxy", "Http user  proxy 80"),
            ("http://user:@proxy", "Http user  proxy 80"),
            ("http://:key@proxy", "Http  key proxy 80"),
            ("http://:@proxy", "Http proxy 80"),
            ("http://@proxy", "Http proxy 80"),
            ("http://us er:sec ret@proxy", "Http us er sec ret proxy 80"),
            ("http://user:sec#ret@proxy", "Http user sec#ret proxy 80"),
            ("http://user:sec?ret@proxy", "Http user sec?ret proxy 80"),
            ("http://user:sec/ret@proxy/", "Http user sec/ret proxy 80"),
            ("http://user:sec@ret@proxy", "Http user sec@ret proxy 80"),
            ("http://user:sec%ret@proxy", "Http user sec%ret proxy 80"),
            ("http://user:secret%2@proxy", "Http user secret%2 proxy 80"),
            ("http://user:%ff@proxy", "Http user %ff proxy 80"),
            ("http://user:secr\u{e9}t@proxy", "Http user secr\u{e9}t proxy 80"),
            ("user:http://x@proxy", "Http user http://x proxy 80"),
            ("socks://127.0.0.1:1080/", "Socks5 127.0.0.1 1080"),
            ("SOCKS5://proxy", "Socks5 proxy 1080"),
            ("socks5h://me:secret@proxy:9050", "Socks5 me secret proxy 9050"),
            ("socks4://proxy", "Socks4 proxy 1080"),
            ("socks4a://proxy", "Socks4a proxy 1080"),
        ] {
            assert_eq!(parsed(url), expected, "{url}");
        }
        for url in
            ["http://", "http://user:secret@", "http://proxy:port", "http://proxy:99999", "http://proxy:0", "a b", "/"]
        {
            assert_eq!(parsed(url), NONE, "{url}");
        }
        assert_eq!(parsed("http://http://127.0.0.1:7890/"), NONE);
        for url in ["ftp://proxy", "Quic://me:secret@proxy"] {
            let kind = url.split(':').next().expect("a scheme").to_ascii_lowercase();
            let expected =
                format!("names a proxy of an unsupported kind, `{kind}`; HTTP and SOCKS proxies are supported");
            assert_eq!(parsed(url), expected, "{url}");
        }
    }

    #[test]
    fn the_list_of_what_is_direct_has_every_form_in_one_way() {
        let listed = |variables: &[(&str, &str)]| {
            let direct = proxies(variables).direct;
            let mut direct = direct.into_iter().map(|NoProxy { host, port }| match port {
                None => host,
                Some(port) => format!("{host} at {port}"),
            });
            let fixed: Vec<_> = direct.by_ref().take(NEVER_PROXIED.len()).collect();
            assert_eq!(fixed, NEVER_PROXIED);
            direct.collect::<Vec<_>>()
        };
        assert_eq!(listed(&[]), [""; 0]);
        assert_eq!(
            listed(&[("NO_PROXY", "a.b, .c  *.d,,10.0.0.0/8,[fd00::1],*")]),
            ["a.b", ".c", ".d", "10.0.0.0/8", "fd00::1", "*", "0.0.0.0/0", "::/0"]
        );
        assert_eq!(
            listed(&[("NO_PROXY", "a.b:443,*.c:8443,10.1.2.3:80,[fd00::1]:99,fd00::99,*:7,d:port,e:")]),
            [
                "a.b at 443",
                ".c at 8443",
                "10.1.2.3 at 80",
                "fd00::1 at 99",
                "fd00::99",
                "* at 7",
                "0.0.0.0/0 at 7",
                "::/0 at 7",
                "d:port",
                "e:"
            ]
        );
        assert_eq!(listed(&[("NO_PROXY", "a"), ("no_proxy", "b")]), ["b"]);
        let services = [
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://[fd00::7]:80/"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://Credentials.example:443/get?role=pull"),
        ];
        assert_eq!(listed(&services), ["fd00::7", "credentials.example"]);
    }

    #[test]
    fn passwords_are_learned_as_written_and_as_meant() {
        let mut redactor = Redactor::default();
        learn_passwords(&Env::fixed([("http_proxy", "http://me:a%40long%40secret@proxy")]), &mut redactor);
        assert_eq!(redactor.clean("a@long@secret, a%40long%40secret"), "***, ***");
    }
}
