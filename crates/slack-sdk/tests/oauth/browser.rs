//! A person's browser.

use reqwest::{StatusCode, header};
use url::Url;

use crate::world::{Site, World};

/// A visit to Slack's page that is not answered yet.
pub(crate) struct Visit<'w> {
    world: &'w World,
    pub(crate) authorize: Url,
    pub(crate) cookie: String,
}

/// What the browser shows at the end.
pub(crate) struct Shown {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
}

impl<'w> Visit<'w> {
    /// Begins an installation.
    pub(crate) async fn begin(world: &'w World, site: &Site) -> Self {
        let answer = world.http.get(format!("http://{}/slack/install", site.address)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FOUND);
        let header = |name| answer.headers()[name].to_str().unwrap().to_owned();
        let cookie = header(header::SET_COOKIE).split(';').next().unwrap().to_owned();
        Self { world, authorize: header(header::LOCATION).parse().unwrap(), cookie }
    }

    /// Answers Slack's question; returns where Slack sends the person.
    pub(crate) async fn decide(&self, decision: &str) -> Url {
        let bob = self.world.workspace.user("bob").unwrap();
        let mut form: Vec<(String, String)> = self.authorize.query_pairs().into_owned().collect();
        form.extend([("user".to_owned(), bob.as_str().to_owned()), ("decision".to_owned(), decision.to_owned())]);
        let mut page = self.authorize.clone();
        page.set_query(None);
        let answer = self.world.http.post(page).form(&form).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FOUND, "{:?}", answer.text().await);
        answer.headers()[header::LOCATION].to_str().unwrap().parse().unwrap()
    }

    /// Follows Slack's way back to the app.
    pub(crate) async fn follow(&self, back: &Url) -> Shown {
        self.follow_with(back, &self.cookie).await
    }

    pub(crate) async fn follow_with(&self, back: &Url, cookie: &str) -> Shown {
        let request = self.world.http.get(back.clone()).header(header::COOKIE, cookie);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        assert!(answer.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("no-store"));
        Shown { status, body: answer.text().await.unwrap() }
    }
}

impl World {
    /// A person installs an app.
    pub(crate) async fn install(&self, site: &Site) {
        let visit = Visit::begin(self, site).await;
        let back = visit.decide("allow").await;
        let shown = visit.follow(&back).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.body);
    }
}
