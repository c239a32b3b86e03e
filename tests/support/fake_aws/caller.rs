//! Who signed a request, and why AWS would refuse it for that.

use std::time::SystemTime;

use super::super::http::Request;
use super::serving::Records;

/// Who signed a request and for what: the credential scope of
/// [Signature Version 4](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html).
pub(super) struct Signature {
    pub(super) access_key_id: String,
    pub(super) region: String,
    pub(super) service: String,
}

impl Signature {
    pub(super) fn of(request: &Request) -> Option<Self> {
        let fields = request.header("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let scope = fields.split(',').find_map(|field| field.trim().strip_prefix("Credential="))?;
        let mut words = scope.rsplitn(5, '/').map(str::to_owned);
        let (Some("aws4_request"), Some(service), Some(region), Some(_date), Some(access_key_id)) =
            (words.next().as_deref(), words.next(), words.next(), words.next(), words.next())
        else {
            return None;
        };
        Some(Self { access_key_id, region, service })
    }
}

/// A request that AWS itself would refuse.
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// Refuses a request.
pub(super) fn refuse<T>(status: u16, code: &'static str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { status, code, message: message.into() })
}

/// The signer of a request in AWS JSON; the codes are those of the
/// [common errors](https://docs.aws.amazon.com/AmazonECR/latest/APIReference/CommonErrors.html).
pub(super) fn json_caller(request: &Request, service: &str, records: &Records) -> Result<Signature, Refusal> {
    match caller(request, service, records) {
        Ok(signature) => Ok(signature),
        Err(Unsigned::Missing) => refuse(403, "MissingAuthenticationTokenException", "Missing Authentication Token"),
        Err(Unsigned::OtherService) => refuse(
            400,
            "InvalidSignatureException",
            format!("Credential should be scoped to correct service: '{service}'."),
        ),
        Err(Unsigned::Invalid) => refuse(400, "UnrecognizedClientException", INVALID_TOKEN),
        Err(Unsigned::Expired) => refuse(400, "ExpiredTokenException", EXPIRED_TOKEN),
    }
}

/// The signer of a request in the query protocol.
pub(super) fn query_caller(request: &Request, records: &Records) -> Result<Signature, Refusal> {
    match caller(request, "sts", records) {
        Ok(signature) => Ok(signature),
        Err(Unsigned::Missing) => refuse(403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
        Err(Unsigned::OtherService) => {
            refuse(403, "SignatureDoesNotMatch", "Credential should be scoped to correct service: 'sts'.")
        }
        Err(Unsigned::Invalid) => refuse(403, "InvalidClientTokenId", INVALID_TOKEN),
        Err(Unsigned::Expired) => refuse(403, "ExpiredToken", EXPIRED_TOKEN),
    }
}

const INVALID_TOKEN: &str = "The security token included in the request is invalid.";
const EXPIRED_TOKEN: &str = "The security token included in the request is expired";

/// Why a request counts as signed by nobody.
enum Unsigned {
    Missing,
    OtherService,
    Invalid,
    Expired,
}

fn caller(request: &Request, service: &str, records: &Records) -> Result<Signature, Unsigned> {
    let signature = Signature::of(request).ok_or(Unsigned::Missing)?;
    if signature.service != service {
        return Err(Unsigned::OtherService);
    }
    let given = request.header("x-amz-security-token");
    let mut known =
        records.ledger.credentials.iter().filter(|known| known.access_key_id == signature.access_key_id).peekable();
    if known.peek().is_none() {
        return Ok(signature);
    }
    // Several may share an access key ID when the test has fixed it; the session token tells them apart.
    match known.find(|known| given == Some(&known.session_token)) {
        None => Err(Unsigned::Invalid),
        Some(known) if known.expires_at <= SystemTime::now() => Err(Unsigned::Expired),
        Some(_) => Ok(signature),
    }
}
