//! The proxies between us and AWS, from the variables that curl and others read.
//!
//! As in curl (<https://everything.curl.dev/usingcurl/proxies/env.html>), a name in lower case wins over the one in
//! capitals, and `ALL_PROXY` applies to a scheme that has no variable of its own. An invalid URL is refused: it would be
//! worse to send a request past a proxy that was meant for it.

use super::RegistrySettings;
use crate::env::{Env, names};
use crate::error::Failure;
use crate::network::{NoProxy, Proxies, Proxy};
use crate::redact::Redactor;
use crate::secret::Secret;
use crate::server_url::ServerUrl;

const FOR_HTTPS: [&str; 4] = [names::https_proxy, names::HTTPS_PROXY, names::all_proxy, names::ALL_PROXY];
const FOR_HTTP: [&str; 4] = [names::http_proxy, names::HTTP_PROXY, names::all_proxy, names::ALL_PROXY];

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
/// Error: an invalid URL. It isn't repeated, as it may contain a password.
pub(super) fn resolve(settings: &RegistrySettings<'_>) -> Result<Proxies, Failure> {
    let env = settings.env;
    Ok(Proxies { https: proxy(env, &FOR_HTTPS)?, http: proxy(env, &FOR_HTTP)?, direct: no_proxy(settings) })
}

/// The passwords in the URLs, as they are written and decoded.
pub(super) fn learn_passwords(env: &Env, redactor: &mut Redactor) {
    for url in FOR_HTTPS.into_iter().chain(FOR_HTTP).filter_map(|name| env.text(name)) {
        let rest = url.split_once("://").map_or(url.as_str(), |(_scheme, rest)| rest);
        let Some((user_info, _host)) = rest.rsplit_once('@') else { continue };
        let password = user_info.split_once(':').map_or(user_info, |(_user, password)| password);
        redactor.learn(password);
        redactor.learn(&percent_encoding::percent_decode_str(password).decode_utf8_lossy());
    }
}

fn proxy(env: &Env, variables: &[&'static str]) -> Result<Option<Proxy>, Failure> {
    let Some((setting, url)) = variables.iter().find_map(|&name| Some((name, env.text(name)?))) else {
        return Ok(None);
    };
    let url = url.trim();
    let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    if !is_proxy_url(&url) {
        return Err(Failure::misconfigured(format!(
            "`{setting}` is not the URL of an HTTP proxy; special characters of a password are written as `%` and two \
             hexadecimal digits"
        )));
    }
    Ok(Some(Proxy { setting, url: Secret::new(url) }))
}

/// `http://` or `https://`, a user and a password or not, a host, a port or not, and nothing more.
fn is_proxy_url(url: &str) -> bool {
    let Some(authority) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else { return false };
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let (user_info, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    is_user_info(user_info) && !host.contains('/') && ServerUrl::parse(host).is_some()
}

/// By <https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1>.
fn is_user_info(text: &str) -> bool {
    let mut parts = text.split('%');
    let plain =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:".contains(&byte));
    let starts_with_two_digits =
        |part: &str| part.len() >= 2 && part.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    parts.next().is_some_and(plain) && parts.all(|part| starts_with_two_digits(part) && plain(part))
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

    fn proxies(variables: &[(&str, &str)]) -> Result<Proxies, Failure> {
        with_settings("public.ecr.aws", variables, "", resolve)
    }

    #[test]
    fn a_name_in_lower_case_wins_and_that_of_the_scheme_wins_over_all() {
        let all = [
            ("https_proxy", "http://1"),
            ("HTTPS_PROXY", "http://2"),
            ("all_proxy", "http://3"),
            ("ALL_PROXY", "http://4"),
            ("http_proxy", "http://5"),
            ("HTTP_PROXY", "http://6"),
        ];
        let url = |proxy: Option<Proxy>| proxy.map(|proxy| (proxy.setting, proxy.url.expose().to_owned()));
        let expect = |left: &[usize], https: Option<usize>, http: Option<usize>| {
            let variables: Vec<_> = left.iter().map(|&number| all[number - 1]).collect();
            let Proxies { https: of_https, http: of_http, direct: _ } = proxies(&variables).expect("good URLs");
            let expected =
                |number: Option<usize>| number.map(|number| (all[number - 1].0, all[number - 1].1.to_owned()));
            assert_eq!((url(of_https), url(of_http)), (expected(https), expected(http)), "{variables:?}");
        };
        expect(&[1, 2, 3, 4, 5, 6], Some(1), Some(5));
        expect(&[2, 3, 4, 6], Some(2), Some(6));
        expect(&[3, 4], Some(3), Some(3));
        expect(&[4], Some(4), Some(4));
        expect(&[5], None, Some(5));
        expect(&[], None, None);
    }

    #[test]
    fn what_is_no_proxy_s_url_is_refused_and_not_repeated() {
        for url in [
            "socks5://proxy:1080",
            "http://",
            "http://user:secret@",
            "http://us er:secret@proxy",
            "http://user:sec#ret@proxy",
            "http://user:sec?ret@proxy",
            "http://user:sec/ret@proxy",
            "http://user:sec@ret@proxy",
            "http://user:sec%ret@proxy",
            "http://user:secret%2@proxy",
            "http://user:sec^ret@proxy",
            "http://user:secr\u{e9}t@proxy",
            "http://proxy:port",
            "http://proxy:99999",
            "http://proxy/path",
        ] {
            let failure = proxies(&[("HTTPS_PROXY", url)]).expect_err(url);
            assert!(failure.detail.starts_with("`HTTPS_PROXY` is not the URL of an HTTP proxy; "), "{failure:?}");
            assert!(!failure.detail.contains("ret"), "{failure:?}");
        }
        for url in
            ["proxy", "proxy:3128", " http://proxy:3128/ ", "https://u:p%40s%73:x@proxy", "u@[::1]:3128", "http://:@h"]
        {
            assert!(proxies(&[("HTTPS_PROXY", url)]).is_ok(), "{url}");
        }
    }

    #[test]
    fn the_list_of_what_is_direct_has_every_form_in_one_way() {
        let listed = |variables: &[(&str, &str)]| {
            let direct = proxies(variables).expect("good settings").direct;
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
