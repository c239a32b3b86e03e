//! Windows ends a process without asking it; what that leaves behind is swept away later.

use crate::fetch::OnInterrupt;

/// Runs a fetch to its end.
pub(super) async fn guarded<F: Future>(_: OnInterrupt<'_>, fetch: F) -> F::Output {
    fetch.await
}
