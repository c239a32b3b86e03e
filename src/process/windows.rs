//! Windows has none of these signals, and writes no core files by itself.

pub(super) fn hide_memory() {}

pub(super) fn survive_size_limit() {}

pub(super) fn stack_limit() -> Option<u64> {
    None
}

#[expect(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
pub(super) fn try_sockets() -> std::io::Result<()> {
    Ok(())
}

pub(super) fn keep_exit_statuses() {}
