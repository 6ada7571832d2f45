//! Verifications of customers' identities: started and listed.

use axum::extract::State;
use proto::kyc::v1::{
    self as pb, CreateVerificationRequest, IdType, ListVerificationsRequest,
    ListVerificationsResponse, Verification,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    body::{Body, Object, Parse},
    clock,
    envelope::{Answer, Page, Success},
    failure::Failure,
    openapi::Refusals,
    outgoing::Outgoing,
    path::PathId,
    peers::Peers,
    query::{self, Paging, Query},
    scope::needs,
    text,
};

pub(crate) fn routes() -> OpenApiRouter<Peers> {
    let reads = needs(
        "customers:read",
        OpenApiRouter::new().routes(routes!(list)).routes(routes!(list_all)),
    );
    let writes = needs("kyc:write", OpenApiRouter::new().routes(routes!(create)));
    reads.merge(writes)
}

/// Documents that prove a customer's identity.
#[derive(ToSchema)]
#[schema(example = json!({
    "customer_id": "859f4eef-6a53-4110-8757-371844df8e8c",
    "third_party": "gb_group",
    "id_type": "driving_license",
    "front": {
        "image": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEAHLCMmQAAAABJRU5ErkJggg==",
        "mime_type": "image/png"
    },
    "back": {
        "image": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEAHLCMmQAAAABJRU5ErkJggg==",
        "mime_type": "image/png"
    },
    "additional_data": {"image": "JVBERi0xLjcK", "mime_type": "application/pdf"}
}))]
pub(crate) struct NewVerification {
    /// An active customer, of whom no other verification is pending or in review.
    #[schema(value_type = String)]
    customer_id: Option<String>,
    /// A configured provider.
    #[schema(value_type = String, example = "gb_group")]
    third_party: Option<String>,
    #[schema(schema_with = id_type)]
    id_type: i32,
    #[schema(value_type = Document)]
    front: Option<Document>,
    /// Required unless `id_type` is `passport`.
    back: Option<Document>,
    additional_data: Option<Document>,
}

fn id_type() -> utoipa::openapi::Object {
    text::ID_TYPES.schema()
}

/// One image or file.
#[derive(ToSchema)]
pub(crate) struct Document {
    /// Base64, at most 4 MiB when decoded. A `data:` prefix and white space are taken too.
    #[schema(value_type = String, content_encoding = "base64")]
    image: Option<Vec<u8>>,
    /// image/jpeg, image/bmp, image/png, application/pdf or image/tiff, as the content is.
    #[schema(value_type = String)]
    mime_type: Option<String>,
    /// What the machine-readable zone says, where there is one: it is compared with the customer's record,
    /// and not kept. Of `front` or `back` alone.
    #[schema(
        example = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
    )]
    mrz: Option<String>,
}

impl Parse for NewVerification {
    const LIMIT: usize = 18 * 1024 * 1024;

    fn parse(object: &mut Object<'_>) -> Self {
        Self {
            customer_id: object.text("customer_id"),
            third_party: object.text("third_party"),
            id_type: object.choice("id_type", &text::ID_TYPES),
            front: object.object("front", Document::parse),
            back: object.object("back", Document::parse),
            additional_data: object.object("additional_data", Document::parse),
        }
    }
}

impl Document {
    fn parse(object: &mut Object<'_>) -> Self {
        Self {
            image: object.base64("image"),
            mime_type: object.text("mime_type"),
            mrz: object.text("mrz"),
        }
    }
}

impl From<Document> for pb::Document {
    fn from(document: Document) -> Self {
        Self {
            mime_type: document.mime_type.unwrap_or_default(),
            content: document.image.unwrap_or_default().into(),
            mrz: document.mrz.unwrap_or_default(),
        }
    }
}

impl NewVerification {
    fn into_request(self, outgoing: &Outgoing) -> CreateVerificationRequest {
        CreateVerificationRequest {
            request_id: outgoing.key(),
            customer_id: self.customer_id.unwrap_or_default(),
            provider: self.third_party.unwrap_or_default(),
            id_type: self.id_type,
            front: self.front.map(Into::into),
            back: self.back.map(Into::into),
            additional_data: self.additional_data.map(Into::into),
            validate_only: outgoing.validate_only(),
        }
    }
}

/// How far an attempt is when its documents are stored.
#[derive(Serialize, ToSchema)]
pub(crate) struct StartedView {
    verification_id: String,
    #[schema(schema_with = text::verification_status)]
    verification_status: &'static str,
}

/// Starts a verification of a customer's identity.
///
/// The answer comes as soon as the documents are stored; how it ends is told in the customer's details
/// and in the list of its verifications.
#[utoipa::path(
    post,
    path = "/accounts/customers/authenticate",
    operation_id = "authenticate_customer",
    tag = "Customers",
    request_body = NewVerification,
    responses((status = 200, description = "Started", body = Success<StartedView>), Refusals),
)]
async fn create(
    State(peers): State<Peers>,
    Body(new, outgoing): Body<NewVerification>,
) -> Result<Answer<Success<StartedView>>, Failure> {
    let message = new.into_request(&outgoing);
    outgoing
        .send(peers.kyc, message, |peer, request| Box::pin(peer.create_verification(request)))
        .await?
        .view(|verification| {
            let verification_status =
                text::VERIFICATION_STATUSES.word(verification.verification_status())?;
            let verification_id = verification.verification_id;
            Ok(Success::of(StartedView { verification_id, verification_status }))
        })
}

/// One attempt.
#[derive(Serialize, ToSchema)]
pub(crate) struct VerificationView {
    verification_id: String,
    #[schema(schema_with = text::verification_status)]
    verification_status: &'static str,
    third_party: String,
    /// Absent where there is no document: screening asked for a review.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = id_type, required = false)]
    id_type: Option<&'static str>,
    /// UTC.
    created: String,
    /// UTC.
    last_update: String,
    /// Why, where reasons were given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    reasons: Vec<String>,
}

impl TryFrom<Verification> for VerificationView {
    type Error = Failure;

    fn try_from(verification: Verification) -> Result<Self, Failure> {
        let status = verification.verification_status();
        Ok(Self {
            verification_status: text::VERIFICATION_STATUSES.word(status)?,
            id_type: match verification.id_type() {
                IdType::Unspecified => None,
                known @ (IdType::Passport | IdType::DrivingLicense | IdType::IdCard) => {
                    Some(text::ID_TYPES.word(known)?)
                }
            },
            created: clock::print(verification.create_time.as_ref())?,
            last_update: clock::print(verification.update_time.as_ref())?,
            verification_id: verification.verification_id,
            third_party: verification.provider,
            reasons: verification.reasons,
        })
    }
}

/// One attempt, and whose it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnedView {
    customer_id: String,
    #[serde(flatten)]
    verification: VerificationView,
}

impl TryFrom<Verification> for OwnedView {
    type Error = Failure;

    fn try_from(mut verification: Verification) -> Result<Self, Failure> {
        let customer_id = std::mem::take(&mut verification.customer_id);
        Ok(Self { customer_id, verification: verification.try_into()? })
    }
}

/// Lists a customer's verifications, newest first.
#[utoipa::path(
    get,
    path = "/accounts/customers/{customer_id}/verifications",
    operation_id = "list_verifications",
    tag = "Customers",
    params(("customer_id" = String, Path, description = "The customer"), Paging),
    responses(
        (status = 200, description = "A page", body = Success<Page<VerificationView>>),
        Refusals,
    ),
)]
async fn list(
    State(peers): State<Peers>,
    PathId(customer_id): PathId,
    Query(paging, outgoing): Query<Paging>,
) -> Result<Answer<Success<Page<VerificationView>>>, Failure> {
    let message = ListVerificationsRequest {
        page_size: paging.limit,
        page_token: paging.cursor.unwrap_or_default(),
        customer_id,
        ..ListVerificationsRequest::default()
    };
    outgoing
        .send(peers.kyc, message, |peer, request| Box::pin(peer.list_verifications(request)))
        .await?
        .view(page)
}

fn page<V: TryFrom<Verification, Error = Failure>>(
    page: ListVerificationsResponse,
) -> Result<Success<Page<V>>, Failure> {
    let ListVerificationsResponse { verifications, next_page_token, total_size } = page;
    Ok(Success::of(Page::of(total_size, verifications, next_page_token, TryInto::try_into)?))
}

/// Which verifications, and which page of them.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only with this status; all when absent.
    #[param(value_type = Option<String>, example = "in_review")]
    status: i32,
    /// 1-1000, 100 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl query::Parse for Filter {
    fn parse(query: &mut query::Parameters) -> Self {
        Self {
            status: query.choice("status", &text::VERIFICATION_STATUSES),
            limit: query.integer("limit"),
            cursor: query.text("cursor"),
        }
    }
}

/// Lists verifications of all customers, newest first.
#[utoipa::path(
    get,
    path = "/accounts/verifications",
    operation_id = "list_all_verifications",
    tag = "Verifications",
    params(Filter),
    responses(
        (status = 200, description = "A page", body = Success<Page<OwnedView>>),
        Refusals,
    ),
)]
async fn list_all(
    State(peers): State<Peers>,
    Query(filter, outgoing): Query<Filter>,
) -> Result<Answer<Success<Page<OwnedView>>>, Failure> {
    let message = ListVerificationsRequest {
        page_size: filter.limit,
        page_token: filter.cursor.unwrap_or_default(),
        verification_status: filter.status,
        ..ListVerificationsRequest::default()
    };
    outgoing
        .send(peers.kyc, message, |peer, request| Box::pin(peer.list_verifications(request)))
        .await?
        .view(page)
}
