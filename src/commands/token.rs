//! `token`: the password of a registry on stdout, for programs that have no credential helpers.
//!
//! It is the only command that shows a secret, and not to a person: a terminal keeps what it has shown. ECR Public
//! without credentials is an error here, since a password was asked for. An answer is one line, except of `--format env`.

use clap::ValueEnum;
use serde::Serialize;

use super::Done;
use crate::config;
use crate::error::Failure;
use crate::options::Options;
use crate::protocol;
use crate::registry::Service;
use crate::rules::{Destination, Target};
use crate::secret::Secret;
use crate::server_url::ServerUrl;
use crate::tokens::{self, Context, Served, Wanted};
use crate::world::{Status, World};

/// The arguments of `token`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The registry, such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com
    host: String,
    /// What to write
    #[arg(long, value_enum, default_value_t = Format::Password)]
    format: Format,
    /// Get a new password from AWS, whatever is cached
    #[arg(long)]
    refresh: bool,
    /// Write to a terminal, too
    #[arg(long)]
    force: bool,
}

/// The forms of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The password alone
    Password,
    /// A JSON object: registry, username, password, expires
    Json,
    /// Variables for a shell, a line each
    Env,
    /// USER:PASSWORD in base64, as in config.json
    Basic,
    /// The value of an Authorization header
    Authorization,
}

#[cold]
pub(super) fn run(arguments: &Arguments, world: &mut World<'_>) -> Done {
    let Arguments { host, format, refresh, force } = arguments;
    if (world.screen)().stdout && !force {
        world.complain(
            "ecr-login: the password isn't written to a terminal; pipe it to the program that needs it, or add --force",
        );
        return Ok(Status::WrongUsage);
    }
    let wanted = if *refresh { Wanted::New } else { Wanted::Any };
    let (destination, options) = config::destination(world.env, host);
    let target = match destination {
        Destination::Ecr(target) => target,
        Destination::Misconfigured { registry, error } => {
            let service = registry.as_ref().map_or(Service::Ecr, |registry| registry.api.service);
            let host = registry.as_ref().map_or("this registry", |registry| registry.host());
            return Ok(fail(world, &error, host, service));
        }
        Destination::Fallback(_) | Destination::NotFound => {
            // A text that isn't a host isn't repeated: it may hold a password.
            let server = ServerUrl::parse(host);
            let host = server.as_ref().map_or("this", ServerUrl::host);
            world.complain(&format!("ecr-login: {host} is not an ECR registry, and no rule makes it a name of one"));
            return Ok(Status::Failure);
        }
    };
    match served(&target, wanted, &options, world) {
        Ok(served) => write(&target, &served, *format, world).map(|()| Status::Success),
        Err(failure) => Ok(fail(world, &failure, target.host(), target.service())),
    }
}

fn served(target: &Target, wanted: Wanted, options: &Options, world: &mut World<'_>) -> Result<Served, Failure> {
    options.check().map_err(|invalid| Failure::misconfigured(invalid.to_string()))?;
    let mut context = Context::new(world, options, format!("token {}", target.host()));
    context.wanted = wanted;
    tokens::token(&mut context, target).inspect_err(|failure| {
        context.log.error(format_args!("{}", failure.details()));
    })
}

fn fail(world: &mut World<'_>, failure: &Failure, host: &str, service: Service) -> Status {
    world.complain(&failure.sentence(format_args!("no password for {host}"), service));
    Status::Failure
}

fn write(target: &Target, served: &Served, format: Format, world: &mut World<'_>) -> std::io::Result<()> {
    /// The object of `--format json`.
    #[derive(Serialize)]
    struct Json<'a> {
        registry: &'a str,
        username: &'a str,
        password: &'a str,
        expires: String,
    }
    let token = &served.token;
    let (registry, username, password) = (target.host(), token.username(), token.password().expose());
    let text = match format {
        Format::Json => {
            let expires = served.expires_at.to_string();
            return protocol::write_json(world.stdout, &Json { registry, username, password, expires });
        }
        Format::Password => Secret::new(format!("{password}\n")),
        Format::Basic => Secret::new(format!("{}\n", token.basic().expose())),
        Format::Authorization => Secret::new(format!("Basic {}\n", token.basic().expose())),
        Format::Env => {
            let (username, password) = (quoted(username), quoted(password));
            let names = ["ECR_REGISTRY", "ECR_USERNAME", "ECR_PASSWORD"];
            let values = [registry, username.expose(), password.expose()];
            let lines = names.iter().zip(values).map(|(name, value)| format!("{name}={value}\n"));
            Secret::new(lines.collect())
        }
    };
    world.stdout.write_all(text.expose().as_bytes())?;
    world.stdout.flush()
}

/// A value that a shell reads as it is. Passwords of ECR are base64, which needs no quotes: files of variables, such as
/// those of CI systems, take quotes for a part of the value.
fn quoted(value: &str) -> Secret {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-.:@%".contains(&byte);
    if value.bytes().all(is_plain) { value.into() } else { Secret::new(format!("'{}'", value.replace('\'', r"'\''"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_only_where_a_shell_would_change_it() {
        for (value, expected) in
            [("AWS", "AWS"), ("ab+/0==", "ab+/0=="), ("a b", "'a b'"), ("a'b$c", r"'a'\''b$c'"), ("a\\b", r"'a\b'")]
        {
            assert_eq!(quoted(value).expose(), expected);
        }
    }
}
