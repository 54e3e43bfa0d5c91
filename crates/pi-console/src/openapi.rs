//! The OpenAPI 3.1 description, made from the routes themselves.

use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};

/// What the description says besides the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "PI Platform",
        description = "Live work is frozen into explicit composition requests, admitted by \
                       policy, examined under perturbation consensus, and recorded in one \
                       append-only log that a stranger can verify. Every refusal is a problem \
                       document (RFC 9457) with a stable reason code.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "health", description = "Whether the server lives and can work."),
        (name = "compositions", description = "Translating, simulating and submitting requests."),
        (name = "runs", description = "What was run, and running it again."),
        (name = "log", description = "Events, proofs and checkpoints."),
        (name = "memory", description = "What earlier runs left for people."),
        (name = "sessions", description = "Plain words become proposals."),
        (name = "approvals", description = "What waits for a person."),
        (name = "compliance", description = "What a tenant has to account for."),
        (name = "retention", description = "How long evidence is kept."),
        (name = "audit", description = "Who called, and what came of it."),
        (name = "agents", description = "The catalogue."),
    )
)]
struct Base;

/// The description without routes.
pub fn base() -> utoipa::openapi::OpenApi {
    let mut description = Base::openapi();
    description.info.version = env!("CARGO_PKG_VERSION").to_owned();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A JWT of this server or an API key, with `X-Tenant-ID` beside it."))
        .build();
    let components = description.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    description.security = Some(vec![SecurityRequirement::new("bearer", [] as [&str; 0])]);
    description
}

/// The description as it is served and checked in.
pub fn document() -> Vec<u8> {
    let (_, description) = crate::routes::router().split_for_parts();
    // Maps in it have text for keys; nothing else could keep it from being JSON.
    let mut bytes = serde_json::to_vec_pretty(&description).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
