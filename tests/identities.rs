//! Which identity the settings give, by the library without network, by the helper and by the SDK's own chain.
//!
//! The rule: the identity that the AWS CLI (botocore) has with the same files, variables and network; where the CLI
//! refuses them and the Go SDK doesn't, that one's; where both refuse, an error that names the reason. For every scenario
//! the library names the source, and the helper signs with the credentials of just that source. The SDK for Rust is a third
//! opinion: where it differs, the tables say why this program doesn't follow it. Equal keys mean the same source; a change
//! of the source changes the key. Only a fake on loopback is talked to.

mod identity;
mod support;

use std::collections::BTreeMap;

use docker_credential_ecr_login::unstable::{CachePolicy, CredentialSource, ProfileBase};

use identity::changes::{self, Table};
use identity::judge::{Ours, judge};
use identity::sources::{self, machines, profiles, spellings, sso};
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
fn a_chain_of_profiles_ends_at_the_credentials_of_its_last_profile() {
    judge(profiles::chains());
}

#[test]
fn a_role_without_a_source_is_assumed_with_the_credentials_at_hand() {
    judge(profiles::roles_without_a_source());
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
fn an_sso_profile_has_an_account_or_a_role() {
    judge(sso::profiles());
}

#[test]
fn an_sso_profile_that_lacks_something_is_refused_unless_it_has_keys() {
    judge(sso::mistaken_profiles());
}

#[test]
fn an_sso_session_without_account_and_role_gives_no_credentials() {
    judge(sso::sessions_of_other_services());
}

#[test]
fn web_identity_needs_a_role_and_a_token() {
    judge(machines::web_identity());
}

#[test]
fn a_token_of_the_environment_goes_with_a_role_of_a_profile_that_has_a_token_too() {
    judge(machines::web_identity_of_two_places());
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
fn an_odd_line_never_voids_a_profile_file() {
    judge(sources::broken_files());
}

#[test]
fn an_empty_variable_counts_as_unset() {
    judge(sources::empty_variables());
}

#[test]
fn an_empty_property_counts_as_unset() {
    judge(sources::empty_properties());
}

#[test]
fn a_profile_is_found_however_its_file_is_written() {
    judge(spellings::files());
}

#[test]
fn keys_with_blanks_around_them_are_trimmed_and_others_are_named() {
    judge(spellings::keys());
}

#[test]
fn older_names_of_variables_and_properties_count() {
    judge(spellings::older_names());
}

#[test]
fn equal_keys_mean_the_same_source() {
    let sandbox = Sandbox::new();
    let mut seen = BTreeMap::new();
    for case in sources::all() {
        let Ours::Signs(source, CachePolicy::Cached(_), access_key_id) = case.ours else { continue };
        let variables = case.scenario.lay_out(&sandbox, NOBODY);
        let key = case.scenario.scope(&variables).expect("it has a source").0.key();
        // A role and a token file are one source, whether the environment or a profile names them.

        let source = match source {
            CredentialSource::Profile { base: ProfileBase::WebIdentity, .. } => CredentialSource::WebIdentity,
            source => source,
        };
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
