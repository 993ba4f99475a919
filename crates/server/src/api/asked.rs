//! What a URL holds, read only after the caller has been admitted.
//!
//! axum's own extractors answer before a handler runs: strangers would learn what is wrong with a query,
//! in plain text. These keep what they found until the handler asks for it.

use std::convert::Infallible;
use std::error::Error as _;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use gatemark_core::error::{Error, Result};
use gatemark_core::id::PromptName;
use serde::de::DeserializeOwned;

/// The query string as a `T`.
pub(crate) struct Query<T>(Result<T>);

impl<T> Query<T> {
    /// The query, or what is wrong with it.
    pub(crate) fn read(self) -> Result<T> {
        self.0
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let found = axum::extract::Query::try_from_uri(&parts.uri);
        Ok(Self(found.map(|query| query.0).map_err(|rejection| {
            let what = rejection.source().map_or(rejection.body_text(), ToString::to_string);
            Error::invalid(format!("query string: {what}")).coded("invalid_query")
        })))
    }
}

/// The variable parts of the path as a `T`.
pub(crate) struct Path<T>(Result<T>);

impl<T> Path<T> {
    /// The parts, or what is wrong with them.
    pub(crate) fn read(self) -> Result<T> {
        self.0
    }
}

impl Path<(String, String)> {
    /// The prompt that `/{service}/{name}` means.
    pub(crate) fn prompt(self) -> Result<PromptName> {
        let (service, name) = self.read()?;
        super::prompt_name(&service, &name)
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let found = axum::extract::Path::from_request_parts(parts, state).await;
        Ok(Self(found.map(|path| path.0).map_err(|rejection| {
            Error::invalid(format!("path: {}", rejection.body_text())).coded("invalid_path")
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Limit {
        limit: Option<u32>,
    }

    async fn limit(uri: &str) -> Result<Option<u32>> {
        let (mut parts, ()) = Request::get(uri).body(()).unwrap().into_parts();
        let Ok(query) = Query::<Limit>::from_request_parts(&mut parts, &()).await;
        query.read().map(|query| query.limit)
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_query_is_named() {
        assert_eq!(limit("/x?limit=3").await.unwrap(), Some(3));
        assert_eq!(limit("/x").await.unwrap(), None);
        let typo = limit("/x?limmit=3").await.unwrap_err();
        assert!(typo.message().contains("limmit"), "{typo}");
        let word = limit("/x?limit=many").await.unwrap_err();
        assert!(word.message().contains("limit"), "{word}");
    }
}
