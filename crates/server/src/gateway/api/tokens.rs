//! People's tokens.

use axum::{Json, extract::State};
use countersign_gateway::{
    AccessToken, TokenHash, TokenOwner,
    port::{Deleted, Put},
    wire::api::{List, NewToken, Removed, TokenInput, TokenView},
};

use super::{
    ApiError, Caller,
    body::{Body, In},
    people::own_or_administered,
};
use crate::gateway::{setup::fresh_token, state::Gateway};

/// Most tokens that one person has.
const MAX_TOKENS: usize = 100;

/// Longest name of a token, in characters.
const MAX_NAME_CHARS: usize = 64;

pub(super) async fn list(
    State(gateway): State<Gateway>,
    caller: Caller,
    In(email): In<String>,
) -> Result<Json<List<TokenView>>, ApiError> {
    let id = own_or_administered(&caller, &email)?;
    let tokens = gateway.store().tokens(Some(&id)).await?;
    Ok(Json(List { items: tokens.iter().map(view).collect() }))
}

pub(super) async fn create(
    State(gateway): State<Gateway>,
    caller: Caller,
    In(email): In<String>,
    Body(input): Body<TokenInput>,
) -> Result<Json<NewToken>, ApiError> {
    let id = own_or_administered(&caller, &email)?;
    check_name(&input.name)?;
    let account = gateway.store().account(&id).await?.filter(|account| account.person.active);
    if account.is_none() {
        return Err(ApiError::no_such("active user", id.as_str()));
    }
    if gateway.store().tokens(Some(&id)).await?.len() >= MAX_TOKENS {
        let message = format!("{id} has {MAX_TOKENS} tokens already: delete one first");
        return Err(ApiError::conflict("too_many", message));
    }
    let secret = fresh_token("cs", gateway.entropy());
    let token = AccessToken {
        name: input.name,
        hash: TokenHash::of(secret.expose()),
        owner: TokenOwner::Person(id),
        created_at: caller.at,
        expires_at: input.expires_in.map(|span| caller.at.plus(span.0)),
        used_at: None,
    };
    match gateway.store().put_token(token, caller.change()).await? {
        Put::Created(token) | Put::Replaced(token) | Put::Unchanged(token) => {
            Ok(Json(NewToken { token: secret, view: view(&token) }))
        }
        Put::Exists(token) => {
            let message = format!(
                "a token named {} exists already: delete it first, or choose another name",
                super::error::shown(&token.name)
            );
            Err(ApiError::conflict("exists", message).about("name"))
        }
    }
}

pub(super) async fn remove(
    State(gateway): State<Gateway>,
    caller: Caller,
    In((email, name)): In<(String, String)>,
) -> Result<Json<Removed>, ApiError> {
    let id = own_or_administered(&caller, &email)?;
    match gateway.store().delete_token(&id, &name, caller.change()).await? {
        Deleted::Now => Ok(Json(Removed { deleted: name })),
        Deleted::Missing => Err(ApiError::no_such("token", &name)),
        Deleted::InUse(used_by) => Err(ApiError::in_use("token", &name, used_by)),
    }
}

/// A name stands in lists, so it has nothing invisible.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let plain = crate::render::visible(name) == name && !name.contains(['\n', '\t']);
    if plain && !name.trim().is_empty() && name.trim() == name && name.chars().count() <= MAX_NAME_CHARS {
        return Ok(());
    }
    Err(ApiError::invalid("name", format!("a token's name takes 1 to {MAX_NAME_CHARS} visible characters")))
}

fn view(token: &AccessToken) -> TokenView {
    let owner = match &token.owner {
        TokenOwner::Person(person) => person.to_string(),
        TokenOwner::Bootstrap => "bootstrap".to_owned(),
    };
    TokenView {
        name: token.name.clone(),
        owner,
        created_at: token.created_at,
        expires_at: token.expires_at,
        used_at: token.used_at,
    }
}
