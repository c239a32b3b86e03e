//! The answers of the APIs, as their descriptions have them, and what each asks of a request.

use std::time::SystemTime;

use serde_json::json;

use super::super::http::{Request, Response};
use super::apis::{Api, METADATA_CREDENTIALS, STS, escaped};
use super::caller::{Refusal, Signature, json_caller, query_caller, refuse};
use super::dates::{epoch_milliseconds, epoch_seconds, iso_8601};
use super::issue::IssuedCredentials;
use super::serving::Records;

/// The account that everything belongs to.
const ACCOUNT: &str = "000000000000";

/// The answer that AWS would give.
pub(super) fn answer(
    api: Api,
    request: &Request,
    request_id: &str,
    records: &mut Records,
) -> Result<Response, Refusal> {
    let body = match api {
        Api::EcrToken => ecr_token(request, records)?,
        Api::EcrPublicToken => ecr_public_token(request, records)?,
        Api::AssumeRole | Api::AssumeRoleWithWebIdentity => assume_role(api, request, request_id, records)?,
        Api::CallerIdentity => caller_identity(request, request_id, records)?,
        Api::SsoRoleCredentials => sso_role_credentials(request, records)?,
        Api::SsoCreateToken => sso_create_token(request, records)?,
        Api::SigninToken => signin_token(request, records)?,
        Api::MetadataToken => return metadata_token(request, records),
        Api::MetadataRole => metadata(request, records, |records| Ok(records.instance_role.clone()))?,
        Api::MetadataRegion => metadata(request, records, |records| Ok(records.instance_region.clone()))?,
        Api::MetadataCredentials => metadata(request, records, |records| metadata_credentials(request, records))?,
        Api::ContainerCredentials => container_credentials(request, records)?,
        Api::RegistryToken => registry_token(request, records)?,
        Api::Registry => match request.header("authorization") {
            Some(basic) if records.ledger.knows_basic(basic) => "{}".to_owned(),
            _ => return refuse(401, "UNAUTHORIZED", "Not Authorized"),
        },
        Api::Unknown => {
            return refuse(404, "NotFound", format!("the fake knows no {} {}", request.method, request.target));
        }
    };
    Ok(Response::new(200, body).header("Content-Type", api.content_type()))
}

fn ecr_token(request: &Request, records: &mut Records) -> Result<String, Refusal> {
    let caller = json_caller(request, "ecr", records)?;
    let token = records.ledger.authorization_token(&caller.access_key_id, &caller.region, &caller.service);
    let suffix = if caller.region.starts_with("cn-") { ".cn" } else { "" };
    let data = json!({
        "authorizationToken": token,
        "expiresAt": epoch_seconds(records.token_expiry.moment()),
        "proxyEndpoint": format!("https://{ACCOUNT}.dkr.ecr.{}.amazonaws.com{suffix}", caller.region),
    });
    Ok(json!({ "authorizationData": [data] }).to_string())
}

fn ecr_public_token(request: &Request, records: &mut Records) -> Result<String, Refusal> {
    let caller = json_caller(request, "ecr-public", records)?;
    let token = records.ledger.authorization_token(&caller.access_key_id, &caller.region, &caller.service);
    let data = json!({ "authorizationToken": token, "expiresAt": epoch_seconds(records.token_expiry.moment()) });
    Ok(json!({ "authorizationData": data }).to_string())
}

fn assume_role(api: Api, request: &Request, request_id: &str, records: &mut Records) -> Result<String, Refusal> {
    let (action, source) = if api == Api::AssumeRole {
        query_caller(request, records)?;
        ("AssumeRole", "assumed")
    } else {
        required(request, "WebIdentityToken")?;
        ("AssumeRoleWithWebIdentity", "web")
    };
    let (arn, session) = (required(request, "RoleArn")?, required(request, "RoleSessionName")?);
    let Some((account, role)) = arn.split(':').nth(4).zip(arn.rsplit_once('/').map(|(_, role)| role)) else {
        return refuse(400, "ValidationError", format!("{arn} is invalid"));
    };
    let IssuedCredentials { access_key_id, secret_access_key, session_token, expires_at } =
        issue(api, role, source, records);
    Ok(format!(
        "<{action}Response xmlns=\"{STS}\"><{action}Result>\
         <AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:{session}</AssumedRoleId>\
         <Arn>arn:aws:sts::{account}:assumed-role/{role}/{session}</Arn></AssumedRoleUser>\
         <Credentials><AccessKeyId>{access_key_id}</AccessKeyId><SecretAccessKey>{secret_access_key}</SecretAccessKey>\
         <SessionToken>{session_token}</SessionToken><Expiration>{expires}</Expiration></Credentials>\
         </{action}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>",
        session = escaped(&session),
        role = escaped(role),
        account = escaped(account),
        expires = iso_8601(expires_at),
    ))
}

fn caller_identity(request: &Request, request_id: &str, records: &Records) -> Result<String, Refusal> {
    let Signature { access_key_id, .. } = query_caller(request, records)?;
    Ok(format!(
        "<GetCallerIdentityResponse xmlns=\"{STS}\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::{ACCOUNT}:user/{access_key_id}</Arn><UserId>{access_key_id}</UserId>\
         <Account>{ACCOUNT}</Account></GetCallerIdentityResult>\
         <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
        access_key_id = escaped(&access_key_id),
    ))
}

fn sso_role_credentials(request: &Request, records: &mut Records) -> Result<String, Refusal> {
    if request.header("x-amz-sso_bearer_token").unwrap_or_default().is_empty() {
        return refuse(401, "UnauthorizedException", "Session token not found or invalid");
    }
    let (Some(_account), Some(role)) = (request.query("account_id"), request.query("role_name")) else {
        return refuse(400, "InvalidRequestException", "account_id and role_name are required");
    };
    let issued = issue(Api::SsoRoleCredentials, &role, "sso", records);
    let credentials = json!({
        "accessKeyId": issued.access_key_id,
        "secretAccessKey": issued.secret_access_key,
        "sessionToken": issued.session_token,
        "expiration": epoch_milliseconds(issued.expires_at),
    });
    Ok(json!({ "roleCredentials": credentials }).to_string())
}

fn signin_token(request: &Request, records: &mut Records) -> Result<String, Refusal> {
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let given = |name: &str| body[name].as_str().is_some_and(|value| !value.is_empty());
    if body["grantType"] != "refresh_token" || !["clientId", "refreshToken"].into_iter().all(given) {
        return refuse(400, "ValidationException/INVALID_REQUEST", "clientId, grantType and refreshToken are required");
    }
    // The proof of possession (RFC 9449): a signed JWT of three parts; its signature isn't verified.
    if request.header("dpop").unwrap_or_default().split('.').filter(|part| !part.is_empty()).count() != 3 {
        return refuse(400, "ValidationException/INVALID_REQUEST", "a DPoP header is required");
    }
    let issued = issue(Api::SigninToken, "Dev", "login", records);
    let refresh = records.ledger.access_token("refresh");
    let access = json!({
        "accessKeyId": issued.access_key_id,
        "secretAccessKey": issued.secret_access_key,
        "sessionToken": issued.session_token,
    });
    let seconds = records.credentials_lifetime.as_secs();
    Ok(json!({ "accessToken": access, "tokenType": "aws_sigv4", "expiresIn": seconds, "refreshToken": refresh })
        .to_string())
}

fn sso_create_token(request: &Request, records: &mut Records) -> Result<String, Refusal> {
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let given = |name: &str| body[name].as_str().is_some_and(|value| !value.is_empty());
    if body["grantType"] != "refresh_token" {
        return refuse(400, "UnsupportedGrantTypeException", "the fake refreshes tokens and does nothing else");
    }
    if !["clientId", "clientSecret", "refreshToken"].into_iter().all(given) {
        return refuse(400, "InvalidRequestException", "clientId, clientSecret and refreshToken are required");
    }
    let (access, refresh) = (records.ledger.access_token("access"), records.ledger.access_token("refresh"));
    let seconds = records.credentials_lifetime.as_secs();
    Ok(json!({ "accessToken": access, "tokenType": "Bearer", "expiresIn": seconds, "refreshToken": refresh })
        .to_string())
}

fn metadata_token(request: &Request, records: &mut Records) -> Result<Response, Refusal> {
    const SECONDS: &str = "x-aws-ec2-metadata-token-ttl-seconds";
    // One second to six hours, as the metadata service has it.
    let seconds = request.header(SECONDS).and_then(|seconds| seconds.parse().ok());
    let Some(seconds @ 1..=21_600_u32) = seconds else { return refuse(400, "BadRequest", "Bad Request") };
    let token = records.ledger.access_token("metadata");
    Ok(Response::new(200, token).header("Content-Type", "text/plain").header(SECONDS, seconds.to_string()))
}

fn metadata(
    request: &Request,
    records: &mut Records,
    answer: impl FnOnce(&mut Records) -> Result<String, Refusal>,
) -> Result<String, Refusal> {
    let may_answer = match request.header("x-aws-ec2-metadata-token") {
        Some(token) => records.ledger.knows_access_token(token),
        None => !records.metadata_wants_token,
    };
    if may_answer { answer(records) } else { refuse(401, "Unauthorized", "Unauthorized") }
}

fn metadata_credentials(request: &Request, records: &mut Records) -> Result<String, Refusal> {
    let role = records.instance_role.clone();
    if request.path().strip_prefix(METADATA_CREDENTIALS) != Some(role.as_str()) {
        return refuse(404, "NotFound", "Not Found");
    }
    let issued = issue(Api::MetadataCredentials, &role, "metadata", records);
    let mut document = credential_document(&issued);
    document["Code"] = json!("Success");
    document["Type"] = json!("AWS-HMAC");
    document["LastUpdated"] = json!(iso_8601(SystemTime::now()));
    Ok(document.to_string())
}

fn container_credentials(request: &Request, records: &mut Records) -> Result<String, Refusal> {
    if records.container_token.is_some() && records.container_token.as_deref() != request.header("authorization") {
        return refuse(401, "UnauthorizedException", "the authorization token is missing or wrong");
    }
    Ok(credential_document(&issue(Api::ContainerCredentials, "task-role", "container", records)).to_string())
}

/// Anybody gets a token; who has a password must have one that was issued here.
fn registry_token(request: &Request, records: &mut Records) -> Result<String, Refusal> {
    if request.query("service").as_deref() != Some("public.ecr.aws") {
        return refuse(400, "UNSUPPORTED", "the service is unknown");
    }
    let kind = match request.header("authorization") {
        None => "anonymous",
        Some(basic) if records.ledger.knows_basic(basic) => "registry",
        Some(_) => return refuse(403, "DENIED", "Your authorization token has expired. Reauthenticate and try again."),
    };
    Ok(json!({ "token": records.ledger.access_token(kind) }).to_string())
}

/// The document that the metadata service and the container services share.
fn credential_document(issued: &IssuedCredentials) -> serde_json::Value {
    json!({
        "AccessKeyId": issued.access_key_id,
        "SecretAccessKey": issued.secret_access_key,
        "Token": issued.session_token,
        "Expiration": iso_8601(issued.expires_at),
    })
}

fn issue(api: Api, role: &str, source: &str, records: &mut Records) -> IssuedCredentials {
    let name = records.access_key_ids.get(&api);
    records.ledger.credentials(role, source, name, records.credentials_lifetime)
}

/// A parameter of the query protocol that must be there.
fn required(request: &Request, name: &str) -> Result<String, Refusal> {
    request.form(name).filter(|value| !value.is_empty()).map_or_else(
        || refuse(400, "ValidationError", format!("1 validation error detected: Value null at '{name}'")),
        Ok,
    )
}
