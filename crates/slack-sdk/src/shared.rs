//! What all requests of an app share.

use std::sync::Arc;

use countersign_slack::client::Client as Api;

use crate::authorize::Source;
use crate::scene::Scene;
use crate::{Authorization, AuthorizeError, Authorizer, Clock, ThreadContextStore};

/// What all requests of an app share.
pub(crate) struct Shared {
    pub(crate) client: Option<Api>,
    pub(crate) authorizer: Option<Arc<dyn Authorizer>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) contexts: Arc<dyn ThreadContextStore>,
}

impl Shared {
    pub(crate) async fn authorize(&self, scene: &Scene) -> Result<Arc<Authorization>, AuthorizeError> {
        let authorizer = self.authorizer.as_ref().ok_or(AuthorizeError::NoAuthorizer)?;
        authorizer.authorize(&Source::of(scene)).await
    }
}
