//! The AWS CLI's files: the lines that this program reads in another way than the AWS CLI or the Go helper, which one of
//! them may refuse.
//!
//! Values may be secret, so none is repeated.

use std::path::Path;

use super::check::{Check, Remedy};
use super::remedy::edit;
use super::text::{Kind, Text};
use crate::aws::AwsSettings;
use crate::aws::lenient::{Oddity, OddityKind, Readings};
use crate::aws::provenance::Place;
use crate::env::Env;
use crate::paths;

const NAME: &str = "AWS files";

/// More lines than this are counted.
const MOST: usize = 5;

/// Looks at both files.
pub(super) fn look(env: &Env) -> Vec<Check> {
    let oddities = AwsSettings::read(env).oddities();
    if oddities.is_empty() {
        let files = paths::profile_files(env).into_iter().flatten();
        let mut files = files.map(|file| file.path).filter(|path| path.exists());
        let what = match (files.next(), files.next()) {
            (None, _) => Text::new("there are none"),
            (Some(one), None) => Text::new("").path(&one),
            (Some(one), Some(other)) => Text::new("").path(&one).then(" and ").path(&other),
        };
        return vec![Check::good(NAME, what)];
    }
    let mut checks: Vec<_> = oddities.iter().take(MOST).map(check).collect();
    if oddities.len() > MOST {
        checks.push(Check::skipped(NAME, format!("{} more like these", oddities.len() - MOST)));
    }
    checks
}

fn check(oddity: &Oddity) -> Check {
    let Oddity { place, what, kind } = oddity;
    let Readings { ours, aws_cli, go_helper, remedy } = kind.readings();
    let (place, remedy_of_place) = match place {
        Place::ProfileFile { path, line } => {
            let place = Text::new("").name(Kind::Path, path.display().to_string()).then(format!(":{line}: "));
            (place, command(*kind, path, *line))
        }
        Place::Variable(name) => (Text::new(""), Remedy::run(format!("unset {name}"))),
        // Oddities are in files and variables.
        Place::Rule { .. } | Place::AutoProfile { .. } | Place::Host | Place::Default => {
            (Text::new(""), Remedy::advice(remedy))
        }
    };
    let readings = format!(": this program {ours}, the AWS CLI {aws_cli}, the Go helper {go_helper}; {remedy}");
    Check::warning(NAME, place.either(what, "a line").then(readings), remedy_of_place)
}

/// The edit of a line, where it is always the same; otherwise the line in an editor.
fn command(kind: OddityKind, path: &Path, line: usize) -> Remedy {
    let script = match kind {
        OddityKind::Unreadable | OddityKind::IndentedText | OddityKind::BeforeFirstHeader => format!("'{line}s/^/#/'"),
        OddityKind::IndentedProperty | OddityKind::IndentedHeader => format!("'{line}s/^[[:space:]]*//'"),
        OddityKind::QuotedValue => format!("\"{line}s/[\\\"']//g\""),
        OddityKind::ByteOrderMark => "'1s/^\\xEF\\xBB\\xBF//'".to_owned(),
        _ => return edit(path, line),
    };
    let file = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    Remedy::run(Text::new(format!("sed -i.bak {script} ")).path_argument(&file))
}
