//! What the app logs at Slack, while it runs.

use std::{sync::Arc, time::Duration};

use countersign_slack::ids::AppId;
use tokio::time::sleep;

use super::scene::Scene;
use crate::{
    Failure,
    activity::{Activity, Feed, Level, Query},
};

/// The shortest pause between two looks, as long as there is something to see.
const SHORTEST: Duration = Duration::from_secs(3);
/// The longest one: Slack allows some twenty looks a minute, to everything that runs.
const LONGEST: Duration = Duration::from_secs(30);

/// Tells what the app logs, until it is dropped. What Slack does not answer is not worth a word: the app runs all the same.
pub(super) async fn follow(scene: Arc<Scene>, app: AppId, level: Level) {
    let since = (scene.session.now)().as_microsecond();
    let query = Query { level: Some(level), since: Some(since), ..Query::default() };
    let mut feed = Feed::new(app, query);
    let mut pause = SHORTEST;
    loop {
        sleep(pause).await;
        let new = look(&scene, &mut feed).await.unwrap_or_else(|failure| {
            tracing::debug!(%failure, "the app's activity is not known");
            Vec::new()
        });
        pause = next(pause, !new.is_empty());
        for activity in new {
            scene.say(&activity.line());
        }
    }
}

async fn look(scene: &Scene, feed: &mut Feed) -> Result<Vec<Activity>, Failure> {
    // A run may go on for longer than a token counts.
    let account = scene.account.renewed(&scene.session).await?;
    feed.next(&account.api).await
}

/// The pause after a look: short after something new, and longer the longer there is nothing.
fn next(pause: Duration, is_new: bool) -> Duration {
    if is_new { SHORTEST } else { (pause * 3 / 2).min(LONGEST) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_become_rare_while_there_is_nothing_to_see() {
        let mut pause = SHORTEST;
        for _ in 0..6 {
            let longer = next(pause, false);
            assert!(longer > pause || longer == LONGEST);
            pause = longer;
        }
        assert_eq!(pause, LONGEST);
        assert_eq!(next(pause, true), SHORTEST);
    }
}
