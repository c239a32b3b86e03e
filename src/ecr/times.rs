//! What the AWS CLI writes into its files: times in several spellings, and the names of the files.

use aws_smithy_types::date_time::{DateTime, Format};
use sha1::{Digest as _, Sha1};

use crate::clock::Timestamp;

/// Reads a time in any of the spellings that versions of the AWS CLI and other tools have written: with `T` or a blank
/// before the time of day, and `Z`, `UTC`, `GMT`, an offset with or without `:`, or nothing behind it. `None` for any other.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim().to_ascii_uppercase();
    let (date, rest) = text.split_at_checked(10)?;
    let rest = rest.trim_start_matches(['T', ' ']);
    let end = rest.find(|character: char| !(character.is_ascii_digit() || ":.,".contains(character)));
    let (time, zone) = rest.split_at(end.unwrap_or(rest.len()));
    let time = time.replace(',', ".");
    let zone = match zone.trim() {
        "" | "Z" | "UTC" | "GMT" => "Z".to_owned(),
        offset => {
            let (sign, digits) = offset.trim_start_matches("UTC").split_at_checked(1)?;
            let digits = digits.replace(':', "");
            let (hours, minutes) = if digits.len() > 2 { digits.split_at_checked(2)? } else { (&*digits, "00") };
            format!("{sign}{hours}:{minutes}")
        }
    };
    let time = DateTime::from_str(&format!("{date}T{time}{zone}"), Format::DateTimeWithOffset).ok()?;
    u64::try_from(time.secs()).ok().map(Timestamp::from_seconds)
}

/// The name of the file that the AWS CLI stores under a key.
pub(super) fn sha1_json(key: &str) -> String {
    format!("{:x}.json", Sha1::digest(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_time_is_read() {
        for text in [
            "2030-01-01T12:00:00Z",
            "2030-01-01T12:00:00UTC",
            "2030-01-01T12:00:00z",
            "2030-01-01 12:00:00",
            "2030-01-01T12:00:00.123456Z",
            "2030-01-01T12:00:00+00:00",
            "2030-01-01T14:00:00+0200",
            "2030-01-01T07:00:00-05",
            "2030-01-01 12:00:00 UTC",
            "2030-01-01 12:00:00 +0000",
            " 2030-01-01T12:00:00 GMT\n",
        ] {
            assert_eq!(parse(text), Some(Timestamp::from_seconds(1_893_499_200)), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_time_is_none() {
        for text in [
            "",
            "never",
            "2030",
            "2030-01-01",
            "2030-13-01T00:00:00Z",
            "2030-01-01T00:00:00+\u{1fe}00",
            "1893499200",
            "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
