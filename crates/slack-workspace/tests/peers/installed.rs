//! Installing an app as a person does in a browser.

use anyhow::{Context, Result, ensure};
use countersign_slack_workspace::model::AppId;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, header, redirect};
use serde_json::json;

use crate::apps::{call, greet, manifest, point};
use crate::interactions;
use crate::stage::Stage;

/// An app that nobody has installed: the install page, consent, the code, a token; then it is used.
pub(crate) async fn oauth_install(stage: &Stage) -> Result<()> {
    let (running, ready) = (&stage.running, stage.running.ready());
    let create = json!({"manifest": manifest("Installed", None)});
    let app = call(running, &ready.cli_token, "apps.manifest.create", &create).await?;
    let credentials = &app["credentials"];
    let args = json!({
        "client_id": credentials["client_id"], "client_secret": credentials["client_secret"],
        "signing_secret": credentials["signing_secret"], "authorize_url": format!("{}oauth/v2/authorize", ready.ui_url),
        "scopes": ["app_mentions:read", "chat:write", "commands"],
    });
    let served = stage.peer.run("serve_install", args).await?;
    let url = served["url"].as_str().context("no address")?;
    point(running, &app["app_id"], manifest("Installed", Some(url))).await?;
    install(stage, url).await?;
    let id = AppId::from(app["app_id"].as_str().context("no app_id")?);
    let bot = running.workspace().read(|state| state.app(id.as_str()).map(|app| app.bot_user.clone()));
    let bot = bot.context("it is not installed")?;
    let invite = json!({"channel": stage.channel("general"), "users": bot});
    call(running, &ready.user_token, "conversations.invite", &invite).await?;
    greet(stage, bot.as_str()).await?;
    interactions::command(stage, "/installed", "installed").await
}

/// What a browser does: follows the app to Slack, allows it, and comes back with the app's cookie.
async fn install(stage: &Stage, url: &str) -> Result<()> {
    let browser = Client::builder().redirect(redirect::Policy::none()).build()?;
    let begun = load(browser.get(format!("{url}/slack/install")), StatusCode::FOUND).await?;
    let cookie = begun.headers().get(header::SET_COOKIE).context("no cookie")?.to_str()?;
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let authorize = location(&begun)?;
    let page = load(browser.get(authorize.clone()), StatusCode::OK).await?.text().await?;
    ensure!(page.contains("Allow") && page.contains("app_mentions:read"), "another page: {page}");
    let mut form: Vec<(String, String)> = authorize.query_pairs().into_owned().collect();
    form.push(("user".to_owned(), stage.user("bob").to_string()));
    form.push(("decision".to_owned(), "allow".to_owned()));
    let allowed = load(browser.post(authorize).form(&form), StatusCode::FOUND).await?;
    let back = browser.get(location(&allowed)?).header(header::COOKIE, cookie);
    load(back, StatusCode::OK).await?;
    Ok(())
}

async fn load(request: RequestBuilder, wanted: StatusCode) -> Result<Response> {
    let response = request.send().await?;
    if response.status() == wanted {
        return Ok(response);
    }
    let (status, url) = (response.status(), response.url().clone());
    anyhow::bail!("{url} answers {status}: {}", response.text().await?)
}

fn location(response: &Response) -> Result<Url> {
    let location = response.headers().get(header::LOCATION).context("no location")?;
    Ok(Url::parse(location.to_str()?)?)
}
