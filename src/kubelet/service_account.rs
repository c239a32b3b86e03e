//! Which role a pod's service account assumes: the one that its annotation names, else the one of the configuration. The
//! names are those of the reference plugin.
//!
//! Without a role the node's identity serves, unless the configuration forbids that.

use std::ffi::OsString;

use super::documents::Request;
use crate::arn::RoleArn;
use crate::env::{Env, names};
use crate::error::Failure;
use crate::identity::ServiceAccount;

/// The annotation that names the role for pulling images.
const ROLE_ANNOTATION: &str = "eks.amazonaws.com/ecr-role-arn";

/// The argument that forbids the node's identity.
const REQUIRE_ROLE: &str = "--require-role";

/// Whether the node's identity may serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RoleRequirement {
    /// It may, where the request brings no token or there is no role for it.
    Optional,
    /// It may not.
    Required,
}

impl RoleRequirement {
    pub(super) fn of(arguments: &[OsString], env: &Env) -> Self {
        let is_required = arguments.iter().any(|argument| argument == REQUIRE_ROLE) || env.is_on(names::REQUIRE_ROLE);
        if is_required { Self::Required } else { Self::Optional }
    }
}

/// The service account that the request speaks for, if it has a token and a role.
/// Error: the role isn't one, or is missing where it is required.
pub(super) fn service_account(
    request: &Request,
    requirement: RoleRequirement,
    env: &Env,
) -> Result<Option<ServiceAccount>, Failure> {
    let missing = |what: &str| match requirement {
        RoleRequirement::Optional => Ok(None),
        RoleRequirement::Required => Err(Failure::misconfigured(format!("{what}, and a role is required"))),
    };
    let Some(token) = &request.token else { return missing("the request has no service account token") };
    let Some((role, place)) = role(request, env) else {
        return missing(&format!(
            "neither the annotation `{ROLE_ANNOTATION}` nor `{}` names a role for the service account",
            names::ECR_ROLE_ARN
        ));
    };
    let role = RoleArn::parse(&role)
        .ok_or_else(|| Failure::misconfigured(format!("{place} is `{role}`, which is not the ARN of a role")))?;
    Ok(Some(ServiceAccount { role, token: token.clone() }))
}

/// The first role that is named, and where. One that is empty isn't named: otherwise an empty annotation would get a pod
/// the node's identity instead of the role that the configuration has for all.
fn role(request: &Request, env: &Env) -> Option<(String, String)> {
    let of_annotation = |name: &str| {
        let role = request.annotations.get(name)?.trim();
        (!role.is_empty()).then(|| (role.to_owned(), format!("the annotation `{name}`")))
    };
    of_annotation(ROLE_ANNOTATION)
        .or_else(|| of_annotation(env.text(names::ROLE_ANNOTATION)?.trim()))
        .or_else(|| Some((env.text(names::ECR_ROLE_ARN)?.trim().to_owned(), format!("`{}`", names::ECR_ROLE_ARN))))
        .filter(|(role, _)| !role.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "arn:aws:iam::111122223333:role/own";
    const FOR_PODS: &str = "arn:aws:iam::111122223333:role/pods";
    const FOR_ALL: &str = "arn:aws:iam::111122223333:role/all";
    const OTHER: &str = "eks.amazonaws.com/role-arn";

    fn request(token: &str, annotations: &[(&str, &str)]) -> Request {
        let request = serde_json::json!({
            "kind": "CredentialProviderRequest",
            "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
            "image": "public.ecr.aws/app",
            "serviceAccountToken": token,
            "serviceAccountAnnotations": annotations.iter().copied().collect::<std::collections::BTreeMap<_, _>>(),
        });
        Request::parse(&request.to_string()).expect("a request")
    }

    fn role_of(annotations: &[(&str, &str)], variables: &[(&str, &str)]) -> Option<String> {
        let env = Env::fixed(variables.iter().copied());
        let account = service_account(&request("token", annotations), RoleRequirement::Optional, &env);
        account.expect("valid").map(|account| account.role.as_str().to_owned())
    }

    #[test]
    fn the_annotation_comes_before_the_other_annotation_and_that_before_the_variable() {
        let all = ("AWS_ECR_ROLE_ARN", FOR_ALL);
        let option = ("AWS_ECR_ROLE_ANNOTATION", OTHER);
        let both = [(ROLE_ANNOTATION, OWN), (OTHER, FOR_PODS)];
        for (annotations, variables, expected) in [
            (&both[..], &[all, option][..], Some(OWN)),
            (&both[1..], &[all, option], Some(FOR_PODS)),
            (&both[1..], &[all], Some(FOR_ALL)),
            (&both[1..], &[], None),
            (&[], &[all, option], Some(FOR_ALL)),
            (&[(ROLE_ANNOTATION, ""), (OTHER, " ")], &[all, option], Some(FOR_ALL)),
            (&[(ROLE_ANNOTATION, "")], &[], None),
            (&[], &[("AWS_ECR_ROLE_ARN", " ")], None),
        ] {
            assert_eq!(role_of(annotations, variables).as_deref(), expected, "{annotations:?} {variables:?}");
        }
    }

    #[test]
    fn a_role_without_a_token_is_for_other_requests() {
        let env = Env::fixed([("AWS_ECR_ROLE_ARN", FOR_ALL)]);
        let account = service_account(&request("", &[(ROLE_ANNOTATION, OWN)]), RoleRequirement::Optional, &env);
        assert!(account.expect("valid").is_none());
    }

    #[test]
    fn a_required_role_must_be_there() {
        let env = Env::fixed([]);
        for (token, annotations, expected) in [
            ("", &[(ROLE_ANNOTATION, OWN)][..], "the request has no service account token, and a role is required"),
            (
                "token",
                &[],
                "neither the annotation `eks.amazonaws.com/ecr-role-arn` nor `AWS_ECR_ROLE_ARN` names a role for the \
                 service account, and a role is required",
            ),
        ] {
            let failure = service_account(&request(token, annotations), RoleRequirement::Required, &env);
            assert_eq!(failure.expect_err(expected).detail, expected);
        }
        for (arguments, variable, expected) in [
            (&["--require-role"][..], "", RoleRequirement::Required),
            (&["get-credentials", "--require-role", "--v=2"], "", RoleRequirement::Required),
            (&["get-credentials"], "true", RoleRequirement::Required),
            (&["--require-role=false"], "false", RoleRequirement::Optional),
            (&[], "", RoleRequirement::Optional),
        ] {
            let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
            let env = Env::fixed([("AWS_ECR_REQUIRE_ROLE", variable)]);
            assert_eq!(RoleRequirement::of(&arguments, &env), expected, "{arguments:?} {variable}");
        }
    }

    #[test]
    fn what_is_not_the_arn_of_a_role_is_an_error_that_names_its_place() {
        let error = |annotations: &[(&str, &str)], variable: &str| {
            let env = Env::fixed([("AWS_ECR_ROLE_ARN", variable)]);
            service_account(&request("token", annotations), RoleRequirement::Optional, &env)
                .expect_err("invalid")
                .detail
        };
        assert_eq!(
            error(&[(ROLE_ANNOTATION, "pull")], FOR_ALL),
            "the annotation `eks.amazonaws.com/ecr-role-arn` is `pull`, which is not the ARN of a role"
        );
        assert_eq!(
            error(&[], "arn:aws:iam::111122223333:user/me"),
            "`AWS_ECR_ROLE_ARN` is `arn:aws:iam::111122223333:user/me`, which is not the ARN of a role"
        );
    }
}
