//! Simulates a node pool that starts: each kubelet wants many images of one registry at once, and starts a credential
//! provider for each of them.
//!
//! The kubelet keeps a password for the registry once it has one, and merges requests by image alone
//! (`pkg/credentialprovider/plugin`), so all the providers run side by side. The reference plugin calls AWS in each. Of
//! this program's processes on a node, one calls and the others wait for it. A call that is refused is retried as the SDK
//! does. A provider that fails leaves its image to the kubelet's back-off: 10 s, doubled with each failure, 5 min at most
//! (`MaxContainerBackOff`).

use crate::simulation::{ATTEMPTS, LONGEST_WAIT, QUOTA, Random};

/// The nodes of the pool, and the images of each.
pub const NODES: usize = 1_000;
pub const IMAGES: usize = 100;
/// Seconds in which the nodes start.
pub const START: u64 = 60;
/// The kubelet's back-off in seconds: the first and the longest.
const BACK_OFF: u64 = 10;
const LONGEST_BACK_OFF: u64 = 300;
/// The seconds that are simulated.
const END: usize = 7_200;

/// What calls AWS on a node.
#[derive(Clone, Copy)]
pub enum Way {
    /// Each process.
    Reference,
    /// One process, which the others wait for.
    Shared,
}

/// The start of a pool.
#[derive(Default)]
pub struct Outcome {
    /// The calls, including refused ones.
    pub calls: u64,
    /// Those in the busiest second.
    pub peak: u32,
    /// The seconds with more calls than the quota.
    pub over: u32,
    /// The images for which the kubelet had to try again.
    pub failed: u64,
    /// The second in which the last image had a password.
    pub all_by: usize,
}

/// A process that calls AWS.
#[derive(Clone, Copy)]
struct Caller {
    node: usize,
    /// The images that get their password from it.
    images: u64,
    /// The attempts of this call so far.
    tried: u32,
    /// The failures of the image so far.
    failures: u32,
}

/// Simulates the start of the pool.
pub fn start(way: Way) -> Outcome {
    let mut random = Random::new();
    let mut agenda: Vec<Vec<Caller>> = (0..END).map(|_| Vec::new()).collect();
    for node in 0..NODES {
        let second = index(u64::from(random.next()) % START);
        let images = IMAGES as u64;
        match way {
            Way::Reference => {
                agenda[second].extend((0..images).map(|_| Caller { node, images: 1, tried: 0, failures: 0 }));
            }
            Way::Shared => agenda[second].push(Caller { node, images, tried: 0, failures: 0 }),
        }
    }
    let (mut outcome, mut has_password) = (Outcome::default(), [false; NODES]);
    for second in 0..END {
        let mut callers = std::mem::take(&mut agenda[second]);
        // A process that the kubelet would only start now isn't started if it has a password for the registry.
        callers.retain(|caller| {
            let is_spared = caller.tried == 0 && has_password[caller.node];
            outcome.all_by = if is_spared { second } else { outcome.all_by };
            !is_spared
        });
        random.shuffle(&mut callers);
        let calls = u32::try_from(callers.len()).expect("callers are counted in 32 bits");
        outcome.calls += u64::from(calls);
        outcome.peak = outcome.peak.max(calls);
        outcome.over += u32::from(calls > QUOTA);
        for (place, caller) in callers.into_iter().enumerate() {
            if place < QUOTA as usize {
                has_password[caller.node] = true;
                outcome.all_by = second;
                continue;
            }
            let (next, caller) = refused(caller, second, &mut random, &mut outcome);
            if let Some(agenda) = agenda.get_mut(next) {
                agenda.push(caller);
            }
        }
    }
    outcome
}

/// When a refused process calls again, or the kubelet starts the next one.
fn refused(caller: Caller, second: usize, random: &mut Random, outcome: &mut Outcome) -> (usize, Caller) {
    let tried = caller.tried + 1;
    if tried < ATTEMPTS {
        let longest = (1_000 << caller.tried).min(LONGEST_WAIT);
        // In whole seconds, at least one.
        let wait = u64::from((random.next() % longest + 500) / 1_000).max(1);
        return (second + index(wait), Caller { tried, ..caller });
    }
    outcome.failed += caller.images;
    let wait = (BACK_OFF << caller.failures.min(10)).min(LONGEST_BACK_OFF);
    (second + index(wait), Caller { tried: 0, failures: caller.failures + 1, ..caller })
}

fn index(seconds: u64) -> usize {
    usize::try_from(seconds).expect("a start has few seconds")
}
