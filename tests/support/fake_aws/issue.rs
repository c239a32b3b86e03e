//! What the fake hands out: AWS credentials and registry passwords, and the book it keeps of them.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// The length of a real password, more or less.
const PASSWORD_LENGTH: usize = 2_500;

/// AWS credentials that the fake issued.
#[derive(Debug, Clone)]
pub struct IssuedCredentials {
    /// `ASIA-ROLE-SOURCE-NUMBER` unless a test asked for another.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: String,
    /// The session token.
    pub session_token: String,
    /// When they end.
    pub expires_at: SystemTime,
}

/// Whom a password was issued to; the readable beginning of the password says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordHead {
    /// Who signed the request for it.
    pub access_key_id: String,
    /// The region of the signature.
    pub region: String,
    /// The service of the signature: `ecr` or `ecr-public`.
    pub service: String,
    /// Counts the passwords of one fake, from 1.
    pub serial: usize,
}

/// Reads the beginning of a password.
///
/// # Panics
/// No fake has issued such a password.
pub fn password_head(password: &str) -> PasswordHead {
    let mut words = password.split('.');
    let head = (words.next(), words.next(), words.next(), words.next(), words.next(), words.next());
    let (Some("pw"), Some(access_key_id), Some(region), Some(service), Some(serial), Some(_padding)) = head else {
        panic!("not a password of the fake: `{password:.80}`")
    };
    PasswordHead {
        access_key_id: access_key_id.to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
        serial: serial.parse().expect("the serial of a password is a number"),
    }
}

/// Everything issued so far.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) credentials: Vec<IssuedCredentials>,
    passwords: Vec<String>,
    /// When each password was issued.
    password_times: Vec<SystemTime>,
    access_tokens: Vec<String>,
}

impl Ledger {
    /// New credentials, named after the role and where they come from unless `access_key_id` is given.
    pub(super) fn credentials(
        &mut self,
        role: &str,
        source: &str,
        access_key_id: Option<&String>,
        lifetime: Duration,
    ) -> IssuedCredentials {
        let number = self.credentials.len() + 1;
        let named = || format!("ASIA-{}-{source}-{number}", plain(role));
        let credentials = IssuedCredentials {
            access_key_id: access_key_id.cloned().unwrap_or_else(named),
            secret_access_key: padded(&format!("issued/secret/{number}/"), 40),
            session_token: padded(&format!("issued/session/{number}/"), 400),
            expires_at: SystemTime::now() + lifetime,
        };
        self.credentials.push(credentials.clone());
        credentials
    }

    /// A new password as `authorizationToken` carries it: base64 of `AWS:PASSWORD`.
    pub(super) fn authorization_token(&mut self, access_key_id: &str, region: &str, service: &str) -> String {
        let serial = self.passwords.len() + 1;
        let head = format!("pw.{}.{}.{service}.{serial}.", plain(access_key_id), plain(region));
        let password = padded(&head, PASSWORD_LENGTH);
        let token = BASE64.encode(format!("AWS:{password}"));
        self.passwords.push(password);
        self.password_times.push(SystemTime::now());
        token
    }

    /// When this password was issued, if it was, and to its last byte.
    pub(super) fn issued_at(&self, password: &str) -> Option<SystemTime> {
        let serial: usize = password.split('.').nth(4)?.parse().ok()?;
        let place = serial.checked_sub(1)?;
        (self.passwords.get(place)? == password).then(|| self.password_times[place])
    }

    /// How many passwords were issued.
    pub(super) fn passwords(&self) -> usize {
        self.passwords.len()
    }

    /// A new token for another use: the access and refresh tokens of SSO, the session of the metadata service.
    pub(super) fn access_token(&mut self, kind: &str) -> String {
        let token = padded(&format!("issued/{kind}/{}/", self.access_tokens.len() + 1), 80);
        self.access_tokens.push(token.clone());
        token
    }

    /// Whether this `Authorization` header has a password that was issued.
    pub(super) fn knows_basic(&self, header: &str) -> bool {
        let known = |password: &String| format!("Basic {}", BASE64.encode(format!("AWS:{password}"))) == header;
        self.passwords.iter().any(known)
    }

    /// Whether this token came from [`access_token`](Self::access_token).
    pub(super) fn knows_access_token(&self, token: &str) -> bool {
        self.access_tokens.iter().any(|known| known == token)
    }

    /// Everything that nobody may print.
    pub(super) fn secrets(&self) -> Vec<String> {
        let keys = self.credentials.iter().flat_map(|issued| [&issued.secret_access_key, &issued.session_token]);
        let plain = keys.chain(&self.passwords).chain(&self.access_tokens).cloned();
        let tokens = self.passwords.iter().map(|password| BASE64.encode(format!("AWS:{password}")));
        plain.chain(tokens).collect()
    }
}

/// A word for a place where `.`, `/` and `:` divide.
fn plain(word: &str) -> String {
    word.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect()
}

/// Goes on with base64 that differs from head to head, so that two secrets share no long piece.
fn padded(head: &str, length: usize) -> String {
    let mut state = head
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |state, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut secret = head.to_owned();
    while secret.len() < length {
        // xorshift64: any spread of values will do.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        secret.push_str(BASE64.encode(state.to_le_bytes()).trim_end_matches('='));
    }
    secret.truncate(length);
    secret
}
