//! The token that a request carries.

use axum::http::{HeaderMap, header::AUTHORIZATION};

/// The token of a request: of a person, an agent, or a ticket.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    // Two of them are a trick: which one a proxy in between looked at is not known.
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn a_bearer_token_is_found_and_nothing_else_is_one() {
        assert_eq!(bearer(&headers("Bearer abc")), Some("abc"));
        assert_eq!(bearer(&headers("bearer  abc ")), Some("abc"));
        for other in ["Basic abc", "Bearer", "Bearer ", "abc", ""] {
            assert_eq!(bearer(&headers(other)), None, "{other:?}");
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }

    #[test]
    fn two_tokens_are_none() {
        let mut two = headers("Bearer abc");
        two.append(AUTHORIZATION, "Bearer xyz".parse().unwrap());
        assert_eq!(bearer(&two), None);
    }
}
