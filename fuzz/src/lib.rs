//! What must hold for every input from outside: one function a target. `fuzz_targets/` runs them on what libFuzzer makes up,
//! `tests/corpora.rs` of the program on the files in `corpus/`. They panic where something doesn't hold.

mod answers;
mod envelopes;
mod files;
mod words;

pub use answers::{api_answer, dns_answer, list_answer, machine_answer, sso_answer, sts_answer};
pub use envelopes::{bazel_request, kubelet_request};
pub use files::{aws_files, cache_entry, client_file, config_file, hosts_file, pem_bundle, resolv_conf, session_file};
pub use words::{docker_request, proxy_url, redaction, server_url};

/// A target: its name, which is that of its corpus, and what must hold for an input.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("api_answer", api_answer),
    ("aws_files", aws_files),
    ("bazel_request", bazel_request),
    ("cache_entry", cache_entry),
    ("client_file", client_file),
    ("config_file", config_file),
    ("dns_answer", dns_answer),
    ("docker_request", docker_request),
    ("hosts_file", hosts_file),
    ("kubelet_request", kubelet_request),
    ("list_answer", list_answer),
    ("machine_answer", machine_answer),
    ("pem_bundle", pem_bundle),
    ("proxy_url", proxy_url),
    ("redaction", redaction),
    ("resolv_conf", resolv_conf),
    ("server_url", server_url),
    ("session_file", session_file),
    ("sso_answer", sso_answer),
    ("sts_answer", sts_answer),
];

/// A text that may be shown to a person: nothing in it moves the cursor, ends the line or turns the direction around.
#[track_caller]
fn assert_is_one_quiet_line(text: &str) {
    for character in text.chars() {
        let moves = character.is_control()
            || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!moves, "{character:?} in {text:?}");
    }
    assert!(text.chars().count() <= 1_000, "{} characters", text.chars().count());
}

/// The parts of an input between lines that hold nothing but `---`.
fn parts<const COUNT: usize>(data: &str) -> [&str; COUNT] {
    let mut rest = Some(data);
    [(); COUNT].map(|()| {
        let text = rest.take().unwrap_or_default();
        match text.split_once("\n---\n") {
            Some((part, after)) => {
                rest = Some(after);
                part
            }
            None => text,
        }
    })
}
