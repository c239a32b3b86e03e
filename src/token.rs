//! An authorization token, and how long it may be used.
//!
//! A token is parsed once, from the base64 text that `GetAuthorizationToken` returns
//! (<https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_AuthorizationData.html>). Its
//! [`Lifetime`] is pure arithmetic on times. Which identity it belongs to is up to `scope`.
//!
//! # Clocks that are set
//!
//! No token is served later than 12 hours after it came. A wall clock alone can't promise that: set
//! back by three hours, it makes the token of nine hours ago one of six hours ago. So a token also
//! knows how long the machine had been running when it came ([`Uptime`]), and
//! [`by`](Lifetime::by) moves its times by as much as the clock was set back since.
//!
//! - The clock wasn't set back, or was set forward: the wall clock counts, and nothing is read. That
//!   costs a hit one look at a clock, without a system call.
//! - It seems to have been set back by more than a minute: that may also be another machine or an
//!   earlier start of this one, which share a home directory. The boot ID tells them apart; it is
//!   read only then. Of another one, only the wall clock is known. Where one of the two boot IDs is
//!   unknown (no `/proc`), the clock is taken as set back: at worst, a token is fetched too early.
//! - Systems other than Linux don't tell how long they have been running. The wall clock alone
//!   counts there: a token from the future is stale, or expired if it is from far in the future.
//!
//! What no clock of a machine counts, such as the time in which a virtual machine is stopped, isn't
//! known before its wall clock is set forward again.

use std::time::Duration;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::clock::{BootId, Clock, Timestamp};
use crate::secret::Secret;

/// The user name and password that one `GetAuthorizationToken` returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationToken {
    username: String,
    password: Secret,
    expires_at: Timestamp,
}

/// Why a response of the API isn't a usable token. The token itself is never part of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedToken {
    #[error("the authorization token is not base64 of text")]
    NotBase64,
    #[error("the authorization token is not USER:PASSWORD")]
    NotAPair,
    /// No client or registry can do anything with it.
    #[error("the authorization token has a control character in it")]
    ControlCharacter,
    #[error("the authorization token is longer than {MAX_LENGTH} bytes")]
    TooLong,
    /// To clients, an empty user name or password and the user name `<token>` mean something else
    /// than a password.
    #[error("the authorization token has an empty or reserved part")]
    EmptyPart,
}

/// The most bytes of a user name and password. ECR's have some 2,500; the format of HTTP headers ends at about this.
const MAX_LENGTH: usize = 32 << 10;

/// Base64 with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl AuthorizationToken {
    /// Decodes the base64 of `USER:PASSWORD`.
    /// Error: it isn't that, or a part of it isn't a credential.
    pub fn decode(encoded: &str, expires_at: Timestamp) -> Result<Self, MalformedToken> {
        if encoded.len() > 2 * MAX_LENGTH {
            return Err(MalformedToken::TooLong);
        }
        let decoded = BASE64.decode(encoded.trim()).map_err(|_| MalformedToken::NotBase64)?;
        let pair = Secret::new(String::from_utf8(decoded).map_err(|_| MalformedToken::NotBase64)?);
        if pair.expose().contains(char::is_control) {
            return Err(MalformedToken::ControlCharacter);
        }
        let (username, password) = pair.expose().split_once(':').ok_or(MalformedToken::NotAPair)?;
        Self::new(username.to_owned(), Secret::from(password), expires_at)
    }

    /// Makes a token of its parts.
    /// Error: a part is empty, both are too long, or the user name is the reserved `<token>`.
    pub fn new(username: String, password: Secret, expires_at: Timestamp) -> Result<Self, MalformedToken> {
        if username.is_empty() || username == "<token>" || password.expose().is_empty() {
            return Err(MalformedToken::EmptyPart);
        }
        if username.len() + password.expose().len() > MAX_LENGTH {
            return Err(MalformedToken::TooLong);
        }
        Ok(Self { username, password, expires_at })
    }

    /// `AWS`, so far.
    pub fn username(&self) -> &str {
        &self.username
    }

    pub fn password(&self) -> &Secret {
        &self.password
    }

    /// Both as HTTP's `Basic` takes them: base64 of `USER:PASSWORD`.
    pub fn basic(&self) -> Secret {
        let pair = Secret::new(format!("{}:{}", self.username, self.password.expose()));
        Secret::new(BASE64.encode(pair.expose()))
    }

    /// When the registry stops accepting it.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

/// How long a cached token of an identity may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxAge {
    /// Until it expires: everything that decides the identity is visible.
    UntilExpiry,
    /// One hour at most: the identity can change although nothing visible changes.
    OneHour,
}

const ONE_HOUR: Duration = Duration::from_hours(1);

/// No token of ECR is accepted for longer, whatever its expiry says and whatever the local clock
/// said when it came.
pub(crate) const MAX_LIFE: Duration = Duration::from_hours(12);

/// By which share of the fresh time, in thousandths, a token is refreshed early, so that machines
/// that start at the same time don't refresh at the same time. A maximum of 10 % keeps 100,000 such
/// machines below the 500 calls a second that AWS accepts for an account in a region: `cargo fleet`
/// simulates them, and `benches/README.md` has the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread(u32);

impl Spread {
    /// 10 %.
    pub const MAX: u32 = 100;

    /// A spread from any random number.
    pub const fn from_random(random: u32) -> Self {
        Self(random % (Self::MAX + 1))
    }
}

/// A wall clock that was set back by no more than this needs no proof: it costs a token a minute of its life.
const SMALL_SETBACK: Duration = Duration::from_mins(1);

/// How long a machine has been running, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uptime {
    /// In seconds.
    pub seconds: u64,
    /// Since which start, if the system tells.
    pub boot: Option<BootId>,
}

/// When a token was received, should be refreshed, and must not be used any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// When it came from the API.
    pub received: Timestamp,
    /// From when on it is to be refreshed.
    pub refresh: Timestamp,
    /// From when on it must not be used.
    pub expires: Timestamp,
    /// How long the machine had been running when it came, if the system tells.
    pub uptime: Option<Uptime>,
}

/// The state of a token at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Serve it.
    Fresh,
    /// Serve it only if a newer one isn't available, or while another process is fetching one.
    Stale,
    /// Don't serve it.
    Expired,
}

impl Lifetime {
    /// The lifetime of a token just received, of 12 hours at most: fresh for half its life or the
    /// whole hour, whichever is shorter.
    pub fn starting(received: Timestamp, expires_at: Timestamp, max_age: MaxAge, spread: Spread) -> Self {
        let expires_at = expires_at.min(received.after(MAX_LIFE));
        let life = expires_at.since(received);
        let (fresh, expires) = match max_age {
            MaxAge::UntilExpiry => (life / 2, expires_at),
            MaxAge::OneHour => ((life / 2).min(ONE_HOUR), expires_at.min(received.after(ONE_HOUR))),
        };
        let refresh = received.after(fresh / 1_000 * (1_000 - spread.0));
        Self { received, refresh, expires, uptime: None }
    }

    /// The lifetime of a token that came just now, with how long this machine has been running.
    #[must_use]
    pub(crate) fn noted_by(self, clock: &dyn Clock) -> Self {
        let uptime = clock.uptime().map(|uptime| Uptime { seconds: uptime.as_secs(), boot: clock.boot_id() });
        Self { uptime, ..self }
    }

    /// The same lifetime in the times of this clock as it goes now: earlier, if it was set back since the token came.
    #[must_use]
    pub(crate) fn by(self, clock: &dyn Clock) -> Self {
        let setback = self.setback(clock);
        let [received, refresh, expires] = [self.received, self.refresh, self.expires].map(|time| time.before(setback));
        Self { received, refresh, expires, ..self }
    }

    /// By how much the wall clock was set back since the token came, as far as this machine can know.
    fn setback(&self, clock: &dyn Clock) -> Duration {
        let (Some(then), Some(running)) = (self.uptime, clock.uptime()) else { return Duration::ZERO };
        // It hasn't been running for so long: another start, or another machine.
        let Some(age) = running.as_secs().checked_sub(then.seconds) else { return Duration::ZERO };
        let setback = self.received.after(Duration::from_secs(age)).since(clock.now());
        let is_known = |boot| clock.boot_id().is_none_or(|now| now == boot);
        if setback <= SMALL_SETBACK || then.boot.is_none_or(is_known) { setback } else { Duration::ZERO }
    }

    /// The state now, expired 12 hours after it came at the latest. A token from the future is stale: the clock was wrong then or is
    /// wrong now, so its times can't be trusted. One from the future by more than its life is expired: its age is unknown,
    /// and its times would hold for longer than it.
    pub fn freshness(&self, now: Timestamp) -> Freshness {
        if now >= self.expires.min(self.received.after(MAX_LIFE)) || self.received.since(now) > MAX_LIFE {
            Freshness::Expired
        } else if now >= self.refresh || now < self.received {
            Freshness::Stale
        } else {
            Freshness::Fresh
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::fake::FakeClock;

    const HOUR: u64 = 3_600;
    const NO_SPREAD: Spread = Spread::from_random(0);
    const FULL_SPREAD: Spread = Spread::from_random(Spread::MAX);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_token_is_base64_of_user_and_password() {
        // The password may contain colons; padding may be missing; white space around is nobody's harm.
        for (encoded, username, password) in [
            ("QVdTOnNlY3JldA==", "AWS", "secret"),
            ("QVdTOnNlY3JldA", "AWS", "secret"),
            (" QVdTOmE6Yg==\n", "AWS", "a:b"),
        ] {
            let token = AuthorizationToken::decode(encoded, at(1)).expect(encoded);
            assert_eq!((token.username(), token.password().expose()), (username, password));
            assert_eq!(token.expires_at(), at(1));
        }
    }

    #[test]
    fn what_cannot_be_a_password_is_malformed() {
        for (encoded, expected) in [
            ("%", MalformedToken::NotBase64),
            ("//8=", MalformedToken::NotBase64),
            ("", MalformedToken::NotAPair),
            ("QVdT", MalformedToken::NotAPair),
            ("QVdTOg==", MalformedToken::EmptyPart),
            ("OnNlY3JldA==", MalformedToken::EmptyPart),
            ("PHRva2VuPjpzZWNyZXQ=", MalformedToken::EmptyPart),
        ] {
            assert_eq!(AuthorizationToken::decode(encoded, at(1)), Err(expected), "{encoded:?}");
        }
    }

    #[test]
    fn a_password_is_text_without_control_characters_and_has_a_bound() {
        let token = |username: &str, password: &str| {
            let encoded = BASE64.encode(format!("{username}:{password}"));
            AuthorizationToken::decode(&encoded, at(1)).map(|token| token.password().expose().len())
        };
        for control in ["\n", "\r", "\0", "\t", "\u{1b}", "\u{7f}", "\u{85}"] {
            for (username, password) in [("AWS", format!("a{control}b")), (&*format!("A{control}S"), "a".to_owned())] {
                assert_eq!(token(username, &password), Err(MalformedToken::ControlCharacter), "{control:?}");
            }
        }
        assert_eq!(token("AWS", "p\u{e4}ss word\"\\"), Ok(12));
        let longest = MAX_LENGTH - "AWS".len();
        assert_eq!(token("AWS", &"x".repeat(longest)), Ok(longest));
        assert_eq!(token("AWS", &"x".repeat(longest + 1)), Err(MalformedToken::TooLong));
        assert_eq!(token(&"x".repeat(MAX_LENGTH), "y"), Err(MalformedToken::TooLong));
        assert_eq!(AuthorizationToken::decode(&"A".repeat(1 << 20), at(1)), Err(MalformedToken::TooLong));
    }

    #[test]
    fn debug_shows_no_password() {
        let token = AuthorizationToken::decode("QVdTOnNlY3JldA==", at(1)).expect("a token");
        assert!(!format!("{token:?}").contains("secret"));
    }

    #[test]
    fn a_token_is_fresh_for_half_its_life_and_then_stale_until_it_expires() {
        let lifetime = Lifetime::starting(at(1_000), at(1_000 + 12 * HOUR), MaxAge::UntilExpiry, NO_SPREAD);
        for (now, expected) in [
            (999, Freshness::Stale),
            (1_000, Freshness::Fresh),
            (1_000 + 6 * HOUR - 1, Freshness::Fresh),
            (1_000 + 6 * HOUR, Freshness::Stale),
            (1_000 + 12 * HOUR - 1, Freshness::Stale),
            (1_000 + 12 * HOUR, Freshness::Expired),
            (u64::MAX, Freshness::Expired),
        ] {
            assert_eq!(lifetime.freshness(at(now)), expected, "at {now}");
        }
    }

    #[test]
    fn a_token_of_an_opaque_identity_is_used_for_at_most_an_hour() {
        let lifetime = Lifetime::starting(at(0), at(12 * HOUR), MaxAge::OneHour, FULL_SPREAD);
        assert_eq!((lifetime.refresh, lifetime.expires), (at(HOUR * 9 / 10), at(HOUR)));
        let short = Lifetime::starting(at(0), at(600), MaxAge::OneHour, NO_SPREAD);
        assert_eq!((short.refresh, short.expires), (at(300), at(600)));
    }

    #[test]
    fn an_expiry_beyond_12_hours_is_not_believed() {
        let received = at(1_000_000);
        let in_12_hours = at(1_000_000 + 12 * HOUR);
        // The year 9999, milliseconds, the end of time, and a clock that was three days behind.
        for expires in [253_402_300_799, 1_795_315_680_000, u64::MAX, 1_000_000 + 84 * HOUR, 1_000_000 + 12 * HOUR + 1]
        {
            let lifetime = Lifetime::starting(received, at(expires), MaxAge::UntilExpiry, NO_SPREAD);
            assert_eq!((lifetime.refresh, lifetime.expires), (at(1_000_000 + 6 * HOUR), in_12_hours), "{expires}");
        }
        // What an entry says is no more trusted.
        let forged = Lifetime { received, refresh: at(u64::MAX), expires: at(u64::MAX), uptime: None };
        assert_eq!(forged.freshness(at(1_000_000 + 12 * HOUR - 1)), Freshness::Fresh);
        assert_eq!(forged.freshness(in_12_hours), Freshness::Expired);
    }

    #[test]
    fn a_token_from_the_future_is_stale_and_one_from_far_in_the_future_is_expired() {
        let lifetime = Lifetime::starting(at(100 * HOUR), at(112 * HOUR), MaxAge::UntilExpiry, NO_SPREAD);
        for (hour, expected) in [(100, Freshness::Fresh), (99, Freshness::Stale), (88, Freshness::Stale)] {
            assert_eq!(lifetime.freshness(at(hour * HOUR)), expected, "{hour}");
        }
        for before in [88 * HOUR - 1, 10 * HOUR, 0] {
            assert_eq!(lifetime.freshness(at(before)), Freshness::Expired, "{before}");
        }
    }

    #[test]
    fn the_spread_takes_at_most_a_tenth_of_the_fresh_time() {
        let refresh = |spread| Lifetime::starting(at(0), at(20_000), MaxAge::UntilExpiry, spread).refresh;
        assert_eq!((refresh(NO_SPREAD), refresh(FULL_SPREAD)), (at(10_000), at(9_000)));
        assert_eq!(refresh(Spread::from_random(Spread::MAX + 1)), at(10_000));
    }

    /// A token that comes at hour 100, from which on the clock is ahead or behind; the state a while later.
    fn after(clock: &FakeClock, hours: u64) -> impl Fn() -> Freshness {
        let lifetime = Lifetime::starting(clock.now(), clock.now().after(MAX_LIFE), MaxAge::UntilExpiry, NO_SPREAD);
        let lifetime = lifetime.noted_by(clock);
        clock.pass(Duration::from_hours(hours));
        move || lifetime.by(clock).freshness(clock.now())
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_token_younger() {
        for setback in [1, 3, 11, 12, 13, 30, 99] {
            for (age, expected) in
                [(0, Freshness::Fresh), (5, Freshness::Fresh), (6, Freshness::Stale), (11, Freshness::Stale)]
                    .into_iter()
                    .chain([12, 13, 20, 24, 40].map(|age| (age, Freshness::Expired)))
            {
                let clock = FakeClock::at(100 * HOUR);
                let state = after(&clock, age);
                clock.jump_to((100 + age - setback.min(100 + age)) * HOUR);
                assert_eq!(state(), expected, "set back by {setback} h after {age} h");
            }
        }
        // Whenever it was set back, and however often.
        let clock = FakeClock::at(100 * HOUR);
        let state = after(&clock, 0);
        for _ in 0..12 {
            assert_ne!(state(), Freshness::Expired);
            clock.pass(Duration::from_hours(1));
            clock.jump_to(100 * HOUR);
        }
        assert_eq!(state(), Freshness::Expired);
    }

    #[test]
    fn a_clock_that_is_set_forward_counts_as_it_goes() {
        let clock = FakeClock::at(100 * HOUR);
        let state = after(&clock, 1);
        for (hour, expected) in [(101, Freshness::Fresh), (106, Freshness::Stale), (112, Freshness::Expired)] {
            clock.jump_to(hour * HOUR);
            assert_eq!(state(), expected, "{hour}");
        }
    }

    #[test]
    fn of_another_machine_or_an_earlier_start_only_the_wall_clock_counts() {
        let running = Duration::from_hours;
        for (boot, expected) in [
            // This one, unless it says otherwise: it has been running for 13 hours since.
            (Some((1, running(14))), Freshness::Expired),
            (Some((2, running(14))), Freshness::Fresh),
            // It can't be this one.
            (Some((1, Duration::from_mins(59))), Freshness::Fresh),
            (Some((2, Duration::ZERO)), Freshness::Fresh),
            (None, Freshness::Fresh),
        ] {
            let clock = FakeClock::at(100 * HOUR);
            let state = after(&clock, 1);
            clock.boot(boot);
            assert_eq!(state(), expected, "{boot:?}");
        }
        // A system that doesn't tell which start this is.
        let clock = FakeClock::at(100 * HOUR);
        let lifetime = Lifetime::starting(clock.now(), clock.now().after(MAX_LIFE), MaxAge::UntilExpiry, NO_SPREAD);
        let lifetime = Lifetime { uptime: Some(Uptime { seconds: 0, boot: None }), ..lifetime };
        clock.boot(Some((1, running(12))));
        assert_eq!(lifetime.by(&clock).freshness(clock.now()), Freshness::Expired);
    }

    #[test]
    fn times_are_moved_by_as_much_as_the_clock_was_set_back_and_only_once() {
        let clock = FakeClock::at(100 * HOUR);
        let lifetime = Lifetime::starting(clock.now(), clock.now().after(MAX_LIFE), MaxAge::OneHour, NO_SPREAD);
        let lifetime = lifetime.noted_by(&clock);
        clock.pass(Duration::from_mins(10));
        assert_eq!(lifetime.by(&clock), lifetime);
        clock.jump_to(97 * HOUR);
        let moved = lifetime.by(&clock);
        let ten_minutes_ago = at(97 * HOUR - 600);
        assert_eq!((moved.received, moved.expires), (ten_minutes_ago, ten_minutes_ago.after(ONE_HOUR)));
        assert_eq!(moved.by(&clock), moved);
    }

    proptest! {
        #[test]
        fn no_token_is_served_12_hours_after_it_came_however_the_clock_was_set(
            steps in proptest::collection::vec((0..3_u64, 0..200 * HOUR), 1..20),
        ) {
            let clock = FakeClock::at(100 * HOUR);
            let state = after(&clock, 0);
            let mut age = 0;
            for (hours, wall) in steps {
                clock.pass(Duration::from_hours(hours));
                age += hours;
                clock.jump_to(wall);
                prop_assert!(age < 12 || state() == Freshness::Expired);
            }
        }

        #[test]
        fn no_token_is_ever_served_past_its_expiry_or_12_hours_after_it_came(
            received in any::<u64>(), expires in any::<u64>(), now in any::<u64>(), random in any::<u32>(), opaque: bool,
        ) {
            let reuse = if opaque { MaxAge::OneHour } else { MaxAge::UntilExpiry };
            let lifetime = Lifetime::starting(at(received), at(expires), reuse, Spread::from_random(random));
            if now >= expires || now >= received.saturating_add(12 * HOUR) {
                prop_assert_eq!(lifetime.freshness(at(now)), Freshness::Expired);
            }
        }

        #[test]
        fn no_text_makes_the_decoder_panic(text in "\\PC*") {
            let _ = AuthorizationToken::decode(&text, at(1)).is_ok();
        }
    }
}
