//! The routes, a file per resource.

mod agents;
mod approvals;
mod audit;
mod compliance;
mod compositions;
mod health;
mod log;
mod memory;
mod policies;
mod quota;
mod reasons;
mod retention;
mod runs;
mod sessions;
mod tenants;
mod tokens;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::openapi::base;

pub use compositions::accepted;
pub use runs::report_of;

/// Every route with its description.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(base())
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::description))
        .routes(routes!(health::page))
        .routes(routes!(health::metrics))
        .routes(routes!(health::script))
        .routes(routes!(health::style))
        .routes(routes!(reasons::list))
        .routes(routes!(reasons::show))
        .routes(routes!(compositions::translate))
        .routes(routes!(compositions::simulate))
        .routes(routes!(compositions::submit))
        .routes(routes!(runs::list))
        .routes(routes!(runs::show))
        .routes(routes!(runs::report))
        .routes(routes!(runs::records))
        .routes(routes!(runs::replay))
        .routes(routes!(runs::cancel))
        .routes(routes!(runs::evidence))
        .routes(routes!(log::events))
        .routes(routes!(log::event))
        .routes(routes!(log::checkpoint))
        .routes(routes!(log::verify))
        .routes(routes!(log::stream))
        .routes(routes!(memory::search))
        .routes(routes!(tenants::list))
        .routes(routes!(tenants::create))
        .routes(routes!(tenants::show))
        .routes(routes!(tenants::alter))
        .routes(routes!(tenants::delete))
        .routes(routes!(quota::show))
        .routes(routes!(policies::list))
        .routes(routes!(policies::show))
        .routes(routes!(policies::activate))
        .routes(routes!(policies::retire))
        .routes(routes!(policies::check))
        .routes(routes!(policies::what_if))
        .routes(routes!(tokens::issue))
        .routes(routes!(tokens::revoke))
        .routes(routes!(tokens::list_keys))
        .routes(routes!(tokens::issue_key))
        .routes(routes!(tokens::revoke_key))
        .routes(routes!(approvals::list))
        .routes(routes!(approvals::show))
        .routes(routes!(approvals::approve))
        .routes(routes!(approvals::reject))
        .routes(routes!(compliance::report))
        .routes(routes!(compliance::page))
        .routes(routes!(retention::show))
        .routes(routes!(retention::erase_due))
        .routes(routes!(retention::hold))
        .routes(routes!(retention::release))
        .routes(routes!(retention::erase))
        .routes(routes!(sessions::open))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::show))
        .routes(routes!(sessions::close))
        .routes(routes!(sessions::propose))
        .routes(routes!(audit::list))
        .routes(routes!(audit::query))
        .routes(routes!(agents::list))
        .routes(routes!(agents::show))
        .routes(routes!(agents::route))
}
