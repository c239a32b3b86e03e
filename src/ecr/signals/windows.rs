//! Windows ends a process without notice. What an ended fetch leaves in the cache is swept later.

use crate::fetch::OnInterrupt;

/// Runs a fetch to its end.
pub(in crate::ecr) async fn run_interruptible<F: Future>(_: OnInterrupt<'_>, fetch: F) -> F::Output {
    fetch.await
}
