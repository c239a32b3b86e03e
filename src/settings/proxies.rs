//! The proxies on the way to AWS, from the variables that curl and others read.
//!
//! As with curl (<https://everything.curl.dev/usingcurl/proxies/env.html>), a name in lower case wins over the one in
//! capitals, and `ALL_PROXY` serves where the scheme has none of its own. A URL that isn't one is refused: sending past
//! a proxy what was meant for it would be worse than not sending it.

use crate::env::{Env, names};
use crate::error::Failure;
use crate::network::{NoProxy, Proxies, Proxy};
use crate::registry::ServerUrl;
use crate::secret::{Redactor, Secret};
use crate::settings::profile_file::Profiles;
use crate::settings::selected::ActiveProfile;
use crate::settings::wrong;

const FOR_HTTPS: [&str; 4] = [names::https_proxy, names::HTTPS_PROXY, names::all_proxy, names::ALL_PROXY];
const FOR_HTTP: [&str; 4] = [names::http_proxy, names::HTTP_PROXY, names::all_proxy, names::ALL_PROXY];

/// What no proxy could reach, or must see: this machine, and the services that give it its credentials, at
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html> and
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>.
const ALWAYS_DIRECT: [&str; 8] = [
    "localhost",
    "127.0.0.0/8",
    "::1",
    "169.254.169.254",
    "fd00:ec2::254",
    "169.254.170.2",
    "169.254.170.23",
    "fd00:ec2::23",
];

/// The matcher takes `*` for every name, and for no address.
const EVERYTHING: [&str; 3] = ["*", "0.0.0.0/0", "::/0"];

/// Reads the variables.
///
/// # Errors
/// A URL that isn't one; it isn't repeated, as it may hold a password.
pub(super) fn resolve(env: &Env, profiles: &Profiles<'_>, selected: &ActiveProfile) -> Result<Proxies, Failure> {
    Ok(Proxies {
        https: proxy(env, &FOR_HTTPS)?,
        http: proxy(env, &FOR_HTTP)?,
        direct: direct(env, profiles, selected),
    })
}

/// The passwords in the URLs, as written and as meant.
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
        return Err(wrong(format!(
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
    is_user_info(user_info) && !host.contains('/') && ServerUrl::parse(host).is_ok()
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
fn direct(env: &Env, profiles: &Profiles<'_>, selected: &ActiveProfile) -> Vec<NoProxy> {
    let listed = env.text(names::no_proxy).or_else(|| env.text(names::NO_PROXY)).unwrap_or_default();
    let listed = listed.split([',', ' ', '\t']).filter(|entry| !entry.is_empty()).flat_map(listed_direct);
    let profile = profiles.profile(&selected.name);
    let of_profile = profile.as_ref().and_then(|profile| profile.get("ec2_metadata_service_endpoint"));
    let services =
        [env.text(names::METADATA_ENDPOINT), of_profile.map(str::to_owned), env.text(names::CONTAINER_FULL_URI)];
    let services = services.into_iter().flatten().filter_map(|url| {
        let before_query = url.split(['?', '#']).next()?;
        let url = ServerUrl::parse(before_query).ok()?;
        Some(at_every_port(url.host()))
    });
    ALWAYS_DIRECT.into_iter().map(at_every_port).chain(services).chain(listed).collect()
}

fn at_every_port(host: &str) -> NoProxy {
    NoProxy { host: without_brackets(host), port: None }
}

/// `[::1]` is how an address stands in a URL.
fn without_brackets(host: &str) -> String {
    host.trim_matches(['[', ']']).to_owned()
}

/// An entry of `NO_PROXY`; with a port behind it, as Go and Python read it, it counts for that port alone.
fn listed_direct(entry: &str) -> Vec<NoProxy> {
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

    fn proxies(variables: &[(&str, &str)]) -> Result<Proxies, Failure> {
        let env = Env::fixed(variables.iter().copied());
        resolve(&env, &Profiles::default(), &ActiveProfile::of_environment(&env))
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
            let fixed: Vec<_> = direct.by_ref().take(ALWAYS_DIRECT.len()).collect();
            assert_eq!(fixed, ALWAYS_DIRECT);
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
