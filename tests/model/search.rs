//! Visits every state that can be reached, nearest first, and gives the shortest way to the first one that breaks an
//! invariant.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;

/// A state of a system, and what it may become.
pub(crate) trait System: Clone + Eq + Hash {
    type Label: Debug + Clone;

    /// What may happen next. The invariant that a step itself breaks takes the place of the state.
    fn successors(&self, next: &mut Vec<(Self::Label, Self)>);
    /// The invariant that is broken here.
    fn broken(&self) -> Option<&'static str>;
    /// Whether everything has come to its end.
    fn has_ended(&self) -> bool;
}

/// The number of states; or the invariant that is broken, and how.
pub(crate) fn explore<S: System>(start: &S) -> Result<usize, String> {
    let mut states = vec![start.clone()];
    let mut places = HashMap::from([(start.clone(), 0_u32)]);
    // The step by which each state was reached first, and the states from which it can be reached.
    let mut reached: Vec<Option<(u32, S::Label)>> = vec![None];
    let mut before: Vec<Vec<u32>> = vec![Vec::new()];
    let (mut next, mut at) = (Vec::new(), 0);
    while at < states.len() {
        let from = u32::try_from(at).expect("fewer states");
        states[at].successors(&mut next);
        if next.is_empty() && !states[at].has_ended() {
            return Err(format!("deadlock{}", way_to(at, &reached)));
        }
        for (label, state) in next.drain(..) {
            let place = *places.entry(state).or_insert_with_key(|state| {
                states.push(state.clone());
                reached.push(Some((from, label)));
                before.push(Vec::new());
                u32::try_from(states.len() - 1).expect("fewer states")
            });
            before[place as usize].push(from);
            if place as usize == states.len() - 1
                && let Some(invariant) = states[place as usize].broken()
            {
                return Err(format!("{invariant}{}", way_to(place as usize, &reached)));
            }
        }
        at += 1;
    }
    drop(places);
    let mut ends = vec![false; states.len()];
    let mut open: Vec<usize> = (0..states.len()).filter(|&at| states[at].has_ended()).collect();
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut ends[at], true) {
            open.extend(before[at].iter().map(|&place| place as usize).filter(|&place| !ends[place]));
        }
    }
    match ends.iter().position(|ends| !ends) {
        None => Ok(states.len()),
        Some(at) => Err(format!("no end can be reached{}", way_to(at, &reached))),
    }
}

/// The steps to a state, one a line.
fn way_to<L: Debug>(mut at: usize, reached: &[Option<(u32, L)>]) -> String {
    let mut steps = Vec::new();
    while let Some((from, label)) = &reached[at] {
        steps.push(format!("\n    {label:?}"));
        at = *from as usize;
    }
    steps.reverse();
    steps.concat()
}
