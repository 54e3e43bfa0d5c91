//! Pages of lists. A cursor says where the next page begins; what it is made of is
//! nobody's business but ours.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pi_core::Name;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::problem::Problem;

/// The largest position that a log can have: stores count with 63 bits.
pub const MAX_POSITION: u64 = i64::MAX as u64;

/// Items of a page when nothing is asked.
const DEFAULT: usize = 50;

/// Items of a page at most.
pub const MOST: usize = 200;

/// How many items, within the bounds.
///
/// # Errors
/// A number outside 1 to 200.
pub fn within(limit: Option<usize>) -> Result<usize, Problem> {
    match limit {
        None => Ok(DEFAULT),
        Some(limit) if (1..=MOST).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::invalid(format!("`limit` must be 1 to {MOST}"))),
    }
}

/// Which page is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Items at most, 1 to 200.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// `next` of the page before.
    #[serde(default)]
    #[param(max_length = 64)]
    cursor: Option<String>,
}

impl Page {
    /// How many items.
    ///
    /// # Errors
    /// A number outside 1 to 200.
    pub fn limit(&self) -> Result<usize, Problem> {
        within(self.limit)
    }

    /// Where the page begins; `None` at the beginning.
    ///
    /// # Errors
    /// A cursor that no page gave.
    pub fn position(&self) -> Result<Option<u64>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
        let bytes: Option<[u8; 8]> = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(u64::from_be_bytes)
            .filter(|position| *position <= MAX_POSITION)
            .map(Some)
            .ok_or_else(|| Problem::invalid("`cursor` must be the `next` of an earlier page"))
    }
}

/// Which page of a list by name is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NamePage {
    /// Items at most, 1 to 200.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// `next` of the page before.
    #[serde(default)]
    #[param(max_length = 128)]
    cursor: Option<String>,
}

impl NamePage {
    /// How many items.
    ///
    /// # Errors
    /// A number outside 1 to 200.
    pub fn limit(&self) -> Result<usize, Problem> {
        within(self.limit)
    }

    /// The name that the page begins behind.
    ///
    /// # Errors
    /// A cursor that no page gave.
    pub fn position(&self) -> Result<Option<Name>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let text = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|b| String::from_utf8(b).ok());
        text.and_then(|text| Name::new(text).ok())
            .map(Some)
            .ok_or_else(|| Problem::invalid("`cursor` must be the `next` of an earlier page"))
    }
}

/// The cursor of a name.
pub fn name_cursor(name: &str) -> String {
    URL_SAFE_NO_PAD.encode(name)
}

/// The cursor of a position.
pub fn cursor(position: u64) -> String {
    URL_SAFE_NO_PAD.encode(position.to_be_bytes())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use super::*;

    fn page(cursor: &str) -> Page {
        Page { limit: None, cursor: Some(cursor.to_owned()) }
    }

    #[test]
    fn a_cursor_comes_back() {
        for position in [0, 1, 77, MAX_POSITION] {
            assert_eq!(page(&cursor(position)).position().unwrap(), Some(position));
        }
        assert!(page(&cursor(MAX_POSITION + 1)).position().is_err());
        for wrong in ["", "x", "AAAA", "' OR 1=1", "AAAAAAAAAAAAAAAA"] {
            assert!(page(wrong).position().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_page_is_bounded() {
        let limit = |limit| Page { limit, cursor: None }.limit();
        assert_eq!(limit(None).unwrap(), DEFAULT);
        assert_eq!(limit(Some(200)).unwrap(), 200);
        assert!(limit(Some(0)).is_err());
        assert!(limit(Some(201)).is_err());
    }
}
