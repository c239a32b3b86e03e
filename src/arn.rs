//! Amazon Resource Names, `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`, as far as this program
//! reads them: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>.
//!
//! [`AccountId`] and [`RoleArn`] are parsed once and stay valid. [`partition`] and [`account`] read
//! one field of an ARN of any kind and don't check the rest of it: the AWS SDK and AWS itself judge
//! the ARNs in profiles and answers.

use std::fmt;

use crate::registry::Partition;

/// The ID of an AWS account: twelve digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccountId(String);

impl AccountId {
    /// The number of its digits.
    pub const LENGTH: usize = 12;

    /// Parses an account ID; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let is_account = text.len() == Self::LENGTH && text.bytes().all(|byte| byte.is_ascii_digit());
        is_account.then(|| Self(text.to_owned()))
    }

    /// The account that an access key ID belongs to: base32 after the prefix, of which the first 48 bits hold a one, the
    /// account in 40 bits, and seven bits of something else. `None` for another text, and for keys made before 2019, which
    /// begin with a zero and hold something else: <https://medium.com/@TalBeerySec/a-short-note-on-aws-key-id-f88cc4317489>.
    pub(crate) fn of_access_key(id: &str) -> Option<Self> {
        let digits = id.strip_prefix("AKIA").or_else(|| id.strip_prefix("ASIA"))?;
        if digits.len() != 16 {
            return None;
        }
        let bits = digits.bytes().try_fold(0_u128, |bits, digit| {
            let value = match digit {
                b'A'..=b'Z' => digit - b'A',
                b'2'..=b'7' => digit - b'2' + 26,
                _ => return None,
            };
            Some(bits << 5 | u128::from(value))
        })?;
        let first_41 = bits >> 39;
        let account = first_41 & ((1 << 40) - 1);
        (first_41 >> 40 == 1).then(|| format!("{account:012}")).and_then(|digits| Self::parse(&digits))
    }

    /// Its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The ARN of an IAM role, `arn:PARTITION:iam::ACCOUNT:role/NAME`, in a known partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoleArn {
    pub(crate) partition: Partition,
    pub(crate) account: AccountId,
    text: String,
}

impl RoleArn {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let fields: Vec<_> = text.splitn(6, ':').collect();
        let ["arn", partition, "iam", "", account, resource] = fields[..] else { return None };
        resource.strip_prefix("role/").filter(|name| !name.is_empty())?;
        let (partition, account) = (Partition::parse(partition)?, AccountId::parse(account)?);
        Some(Self { partition, account, text: text.to_owned() })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// The partition in an ARN of any kind; `None` if it isn't an ARN or the partition isn't known.
pub(crate) fn partition(arn: &str) -> Option<Partition> {
    field(arn, 1).and_then(Partition::parse)
}

/// The account in an ARN of any kind, as it is written there; `None` if the text isn't an ARN.
pub(crate) fn account(arn: &str) -> Option<&str> {
    field(arn, 4)
}

fn field(arn: &str, index: usize) -> Option<&str> {
    arn.starts_with("arn:").then(|| arn.split(':').nth(index)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_id_has_twelve_ascii_digits() {
        for (text, valid) in [
            ("111122223333", true),
            ("11112222333", false),
            ("1111222233334", false),
            ("11112222333a", false),
            ("", false),
            // Four Arabic-Indic digits are eight bytes.
            ("1111\u{661}\u{662}\u{663}\u{664}", false),
        ] {
            assert_eq!(AccountId::parse(text).is_some_and(|account| account.as_str() == text), valid, "{text}");
        }
    }

    #[test]
    fn an_access_key_id_holds_its_account_unless_it_is_of_the_old_kind() {
        for (id, account) in [
            // The published example.
            ("ASIAQNZGKIQY56JQ7WML", Some("029608264753")),
            ("AKIAQNZGKIQY56JQ7WML", Some("029608264753")),
            // The smallest and the largest account, and the number after it.
            ("AKIAQAAAAAAAAAAAAAAA", Some("000000000000")),
            ("AKIA6RVFFB7777777777", Some("999999999999")),
            ("AKIA6RVFFCAAAAAAAAAA", None),
            ("AKIA7777777777777777", None),
            // Of the old kind, the examples of AWS's documentation among them.
            ("AKIAIOSFODNN7EXAMPLE", None),
            ("AKIAI44QH8DHBEXAMPLE", None),
            ("ASIAJEXAMPLEXEG2JICE", None),
            ("AKIAPZGKIQY56JQ7WMLA", None),
            // Not access key IDs.
            ("", None),
            ("AKIA", None),
            ("AKIAONE", None),
            ("AKIAQNZGKIQY56JQ7WM", None),
            ("AKIAQNZGKIQY56JQ7WMLA", None),
            ("AROAQNZGKIQY56JQ7WML", None),
            ("akiaqnzgkiqy56jq7wml", None),
            ("AKIAQNZGKIQY56JQ7WM1", None),
            ("AKIAQNZGKIQY56JQ7W\u{e9}", None),
        ] {
            assert_eq!(AccountId::of_access_key(id).as_ref().map(AccountId::as_str), account, "{id}");
        }
    }

    #[test]
    fn the_arn_of_a_role_has_its_partition_and_account() {
        for (arn, partition) in [
            ("arn:aws:iam::111122223333:role/pull", Partition::Aws),
            ("arn:aws-us-gov:iam::111122223333:role/path/pull", Partition::AwsUsGov),
            ("arn:aws-cn:iam::111122223333:role/with:colon", Partition::AwsCn),
        ] {
            let role = RoleArn::parse(arn).expect(arn);
            assert_eq!((role.partition, role.account.as_str(), role.as_str()), (partition, "111122223333", arn));
        }
    }

    #[test]
    fn other_arns_and_other_texts_are_not_role_arns() {
        for text in [
            "",
            "111122223333",
            "arn:aws:iam::111122223333:user/me",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:role",
            "arn:aws:iam::1111:role/pull",
            "arn:aws:iam:us-east-1:111122223333:role/pull",
            "arn:aws:sts::111122223333:role/pull",
            "arn:other:iam::111122223333:role/pull",
            " arn:aws:iam::111122223333:role/pull",
        ] {
            assert_eq!(RoleArn::parse(text), None, "{text}");
        }
    }

    #[test]
    fn one_field_can_be_read_of_an_arn_of_any_kind() {
        for (arn, of_partition, of_account) in [
            ("arn:aws:sts::111122223333:assumed-role/a/b", Some(Partition::Aws), Some("111122223333")),
            ("arn:aws-cn:iam::1111:role/", Some(Partition::AwsCn), Some("1111")),
            ("arn:other:iam::111122223333:role/pull", None, Some("111122223333")),
            ("arn:aws", Some(Partition::Aws), None),
            ("arn", None, None),
            ("111122223333", None, None),
            ("x:aws:iam::111122223333:role/pull", None, None),
        ] {
            assert_eq!((partition(arn), account(arn)), (of_partition, of_account), "{arn}");
        }
    }
}
