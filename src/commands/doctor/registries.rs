//! The checks of each registry: the identity that asks for its token, the way to its API, one real token and, if it is
//! asked for, the registry itself.

use std::time::Duration;

use super::check::Check;
use super::identity::{self, Identity};
use super::network;
use super::text::{Kind, Text};
use super::token;
use crate::clock::{Deadline, Timestamp};
use crate::fetch::Access;
use crate::network::{NetworkConfig, Proxies};
use crate::options::Options;
use crate::probe::{Part, Probe, ProbeRequest, ProbeServer};
use crate::rules::Target;
use crate::scope::Scope;
use crate::world::World;

/// The way to a server.
const PROBE: Duration = Duration::from_secs(5);

/// The way to a server when the one through the proxy has failed.
const SECOND_PROBE: Duration = Duration::from_secs(2);

/// Registries that have the same API and the same identity, and so the same token.
struct Group {
    target: Target,
    identity: Identity,
}

/// The checks of registries.
pub(super) fn checks(
    asks_registry: bool,
    world: &mut World<'_>,
    options: &Options,
    deadline: Deadline,
    targets: &[Target],
) -> Vec<Check> {
    let now = world.clock.now();
    let mut groups: Vec<Group> = Vec::new();
    let mut same = Vec::new();
    for target in targets {
        let identity = identity::check(world.env, world.source, now, target);
        let key = identity.scope.as_ref().map(Scope::key);
        let known = groups.iter().find(|group| key.is_some() && group.identity.scope.as_ref().map(Scope::key) == key);
        match known {
            Some(known) => {
                let what = Text::new("that of ").name(Kind::Host, known.target.host());
                same.push(Check::good("token", what).of(target.host()));
            }
            None => groups.push(Group { target: target.clone(), identity }),
        }
    }
    let probes = probe(world, &groups, deadline);
    let mut checks = Vec::new();
    for (group, probe) in groups.into_iter().zip(probes) {
        checks.extend(of_group(asks_registry, world, options, deadline, group, probe.as_ref()));
    }
    checks.extend(same);
    checks
}

/// Asks the APIs of all groups, without those whose settings don't say which.
fn probe(world: &World<'_>, groups: &[Group], deadline: Deadline) -> Vec<Option<Reached>> {
    let limit = PROBE.min(deadline.left(world.clock));
    let requests: Vec<_> = groups.iter().map(|group| api_request(group, None)).collect();
    let is_asked: Vec<bool> = requests.iter().map(Option::is_some).collect();
    let mut probes = world.source.probe(requests.into_iter().flatten().collect(), limit).into_iter();
    let probes: Vec<_> = is_asked.into_iter().map(|asked| if asked { probes.next() } else { None }).collect();
    let now = world.clock.now();
    let reached = groups.iter().zip(probes).map(|(group, probe)| {
        let probe = probe?;
        let is_of_proxy = probe.failure().is_some_and(|(part, _)| matches!(part, Part::Proxy | Part::Names));
        let network = group.identity.access.as_ref().map(|access| access.network.clone())?;
        let has_proxy = network.proxies.https.is_some() || network.proxies.http.is_some();
        let directly = (is_of_proxy && has_proxy).then(|| {
            let without = NetworkConfig { proxies: Proxies::default(), ..network.clone() };
            let limit = SECOND_PROBE.min(deadline.left(world.clock));
            let requests = api_request(group, Some(without)).into_iter().collect();
            world.source.probe(requests, limit).into_iter().next()
        });
        Some(Reached { probe, directly: directly.flatten(), network, now })
    });
    reached.collect()
}

/// What came of asking an API.
struct Reached {
    probe: Probe,
    /// Without the proxy, if that gave no connection.
    directly: Option<Probe>,
    network: NetworkConfig,
    now: Timestamp,
}

fn api_request(group: &Group, network: Option<NetworkConfig>) -> Option<ProbeRequest> {
    let Scope { api, variant, endpoint_url, identity: _ } = group.identity.scope.as_ref()?;
    let access = group.identity.access.as_ref()?;
    let network = network.unwrap_or_else(|| access.network.clone());
    let access = Access { network, redactor: access.redactor.clone() };
    let server = ProbeServer::Api { api: api.clone(), variant: *variant, endpoint_url: endpoint_url.clone() };
    Some(ProbeRequest { server, access })
}

fn of_group(
    asks_registry: bool,
    world: &mut World<'_>,
    options: &Options,
    deadline: Deadline,
    group: Group,
    reached: Option<&Reached>,
) -> Vec<Check> {
    let Group { target, identity } = group;
    let Identity { checks: mut found, may_fetch, access, scope: _ } = identity;
    let mut is_reached = false;
    if let Some(Reached { probe, directly, network, now }) = reached {
        is_reached = probe.failure().is_none();
        found.extend(network::api(probe, network, directly.as_ref(), *now));
    }
    let limit = deadline.left(world.clock);
    let token = if !may_fetch {
        found.push(Check::skipped("token", "there are no credentials to ask with"));
        None
    } else if reached.is_none() {
        found.push(Check::skipped("token", "the settings don't say how to reach AWS"));
        None
    } else if !is_reached {
        found.push(Check::skipped("token", "the API was not reached"));
        None
    } else {
        let (check, token) = token::check(world, options, &target, limit);
        found.push(check);
        token
    };
    if asks_registry {
        match (token, access) {
            (Some(token), Some(access)) => {
                let network = access.network.clone();
                let server = token::registry(&target, token);
                let limit = PROBE.min(deadline.left(world.clock));
                let probes = world.source.probe(vec![ProbeRequest { server, access }], limit);
                found.extend(probes.iter().flat_map(|probe| network::registry(probe, &network)));
            }
            _ => found.push(Check::skipped("registry", "there is no token to ask with")),
        }
    }
    found.into_iter().map(|check| check.of(target.host())).collect()
}
