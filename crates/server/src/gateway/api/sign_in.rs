//! Who am I, and the first sign-in.

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use countersign_approval::{GroupName, Person, PersonId};
use countersign_gateway::{
    ADMIN_GROUP, AccessToken, TokenHash, TokenOwner, parse_email,
    port::Account,
    wire::api::{Bootstrap, SignedIn, UserInput, Whoami},
};

use super::{
    ApiError, Caller,
    body::Body,
    caller::is_admin,
    people::{default_name, user},
    tokens::check_name,
};
use crate::gateway::{setup::fresh_token, state::Gateway};

/// The name of the first administrator's token, when they give none.
const FIRST_TOKEN: &str = "first sign-in";

/// Who the caller is.
pub(super) async fn whoami(caller: Caller) -> Json<Whoami> {
    Json(Whoami {
        user: user(&caller.account),
        admin: caller.is_admin(),
        token: caller.token.name.clone(),
        token_expires_at: caller.token.expires_at,
    })
}

/// Whoever has the one-time token becomes the first administrator.
pub(super) async fn bootstrap(
    State(gateway): State<Gateway>,
    Body(input): Body<Bootstrap>,
) -> Result<Json<SignedIn>, ApiError> {
    let id = parse_email(&input.email).map_err(|error| ApiError::invalid("email", error.to_string()))?;
    UserInput { name: input.name.clone(), ..UserInput::default() }.check()?;
    let token_name = input.token_name.unwrap_or_else(|| FIRST_TOKEN.to_owned());
    check_name(&token_name)?;
    if gateway.store().accounts().await?.iter().any(is_admin) {
        return Err(ApiError::unauthorized("this server has an administrator already: ask them for an account"));
    }
    let person = administrator(&gateway, id, input.name).await?;
    let secret = fresh_token("cs", gateway.entropy());
    let token = AccessToken {
        name: token_name,
        hash: TokenHash::of(secret.expose()),
        owner: TokenOwner::Person(person.id.clone()),
        created_at: gateway.now(),
        expires_at: None,
        used_at: None,
    };
    let hash = TokenHash::of(input.token.expose());
    if !gateway.store().take_bootstrap(hash, person.clone(), token.clone(), gateway.now()).await? {
        return Err(ApiError::unauthorized(
            "this one-time token is not known here: it was used, or is older than the server's last start",
        ));
    }
    let account = gateway.store().account(&person.id).await?.unwrap_or(Account { person, identities: Vec::new() });
    let whoami = Whoami { user: user(&account), admin: true, token: token.name, token_expires_at: token.expires_at };
    Ok(Json(SignedIn { token: secret, whoami }))
}

/// A new person in the administrators' group, or one who is there already and comes into it.
async fn administrator(gateway: &Gateway, id: PersonId, name: Option<String>) -> Result<Person, ApiError> {
    let known = gateway.store().account(&id).await?.map(|account| account.person).filter(|person| person.active);
    let mut groups = known.as_ref().map_or_else(BTreeSet::new, |person| person.groups.clone());
    groups.insert(GroupName::new(ADMIN_GROUP));
    let name = name
        .map(|name| name.trim().to_owned())
        .or_else(|| known.map(|person| person.name))
        .unwrap_or_else(|| default_name(&id));
    let email = Some(id.to_string());
    Ok(Person { id, name, email, groups, active: true })
}
