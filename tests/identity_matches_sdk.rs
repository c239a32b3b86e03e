//! Who we are, without network, against who the SDK's own chain says we are, with it.
//!
//! For every source of credentials the library names the same source that the SDK's default chain resolves, and the
//! helper signs with the credentials of just that source. Where we differ from the SDK, the tables say so and why. Equal
//! keys mean the same source; a change of the source changes the key. Nobody but a fake on loopback is talked to.

mod identity;
mod support;

use std::collections::BTreeMap;

use docker_credential_ecr_login::unstable::CachePolicy;

use identity::changes::{self, Table};
use identity::judge::{Ours, judge};
use identity::sources::{self, machines, profiles};
use support::sandbox::{NOBODY, Sandbox};

#[test]
fn the_first_source_that_is_configured_wins() {
    judge(sources::precedence());
}

#[test]
fn keys_in_the_environment_count_when_both_are_there() {
    judge(sources::environment());
}

#[test]
fn keys_of_a_profile_are_found_in_either_file() {
    judge(profiles::static_profiles());
}

#[test]
fn a_chain_of_profiles_ends_where_the_sdk_ends_it() {
    judge(profiles::chains());
}

#[test]
fn a_role_that_wants_a_code_is_never_assumed_without() {
    judge(profiles::roles_that_want_a_code());
}

#[test]
fn a_chain_that_leads_nowhere_is_refused() {
    judge(profiles::broken_chains());
}

#[test]
fn a_credential_process_is_opaque() {
    judge(profiles::processes());
}

#[test]
fn an_sso_profile_is_one_for_both() {
    judge(profiles::sso());
}

#[test]
fn a_mistaken_sso_session_is_not_passed_over() {
    judge(profiles::mistaken_sessions());
}

#[test]
fn web_identity_needs_a_role_and_a_token() {
    judge(machines::web_identity());
}

#[test]
fn container_credentials_are_opaque() {
    judge(machines::containers());
}

#[test]
fn the_metadata_service_is_asked_where_the_settings_say() {
    judge(machines::metadata());
}

#[test]
fn a_broken_profile_file_stops_only_who_needs_a_profile() {
    judge(sources::broken_files());
}

#[test]
fn an_empty_variable_counts_as_unset() {
    judge(sources::empty_variables());
}

#[test]
fn an_empty_variable_beside_a_container_is_named() {
    judge(sources::empty_variables_beside_a_container());
}

#[test]
fn equal_keys_mean_the_same_source() {
    let sandbox = Sandbox::new();
    let mut seen = BTreeMap::new();
    for case in sources::all() {
        let Ours::Signs(source, CachePolicy::Cached(_), access_key_id) = case.ours else { continue };
        let variables = case.scenario.lay_out(&sandbox, NOBODY);
        let key = case.scenario.scope(&variables).expect("it has a source").0.key();
        let found = (source, access_key_id);
        let (known, of) = seen.entry(key).or_insert_with(|| (found.clone(), case.name));
        assert_eq!(*known, found, "`{of}` and `{}` have one key", case.name);
    }
    assert!(seen.len() > 20, "{} keys", seen.len());
}

#[test]
fn a_change_of_the_source_changes_the_key_and_nothing_else_does() {
    holds(&changes::of_sources());
}

#[test]
fn a_change_of_what_is_asked_changes_the_key_and_nothing_else_does() {
    holds(&changes::of_registries());
}

#[test]
fn a_change_of_the_role_session_changes_the_key() {
    holds(&changes::of_role_sessions());
}

#[track_caller]
fn holds(tables: &[Table]) {
    let faults: Vec<String> = tables.iter().flat_map(Table::faults).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
