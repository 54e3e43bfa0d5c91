//! Answers whose bytes are canonical JSON, as the records are.

use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use pi_core::canonical::{Encoder, ToCanonical};

/// An answer in canonical JSON.
pub struct Canonical<T>(pub T);

impl<T: ToCanonical> IntoResponse for Canonical<T> {
    fn into_response(self) -> Response {
        canonical(Encoder::encode(&self.0))
    }
}

/// Bytes that are canonical JSON already.
pub fn canonical(bytes: Vec<u8>) -> Response {
    let mut response = bytes.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
