//! What the identity tests are made of: a [`Scenario`](scenario::Scenario) as data, the SDK asked about it in a process
//! of its own, the [verdict](judge), and the two tables.

pub(crate) mod changes;
pub(crate) mod judge;
pub(crate) mod scenario;
pub(crate) mod sdk;
pub(crate) mod sources;
