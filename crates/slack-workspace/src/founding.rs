//! Founding teams beside the first.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::model::{AppId, ChannelId, Mint, Plan, State, Team, TeamId, UserId};
use crate::seed::{Planted, Planter, SeedChannel, SeedError, SeedTeam, SeedUser};
use crate::teams::Teams;
use crate::world;

/// The most teams a workspace has.
const MAX_TEAMS: usize = 50;
/// The longest name of a team.
const MAX_NAME: usize = 80;

/// Where everything of a team is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Founded {
    pub(crate) team: TeamId,
    pub(crate) users: BTreeMap<String, UserId>,
    pub(crate) channels: BTreeMap<String, ChannelId>,
    /// Made in it or installed in it, by name.
    pub(crate) apps: BTreeMap<String, AppId>,
}

/// Founds a team with its people, apps, channels and messages.
pub(crate) fn found(teams: &mut Teams, wanted: &SeedTeam, now_ms: u64) -> Result<Founded, SeedError> {
    let mut state = empty(teams, wanted)?;
    let team = state.team.id.clone();
    let of_default = || Config::default().people.iter().map(|name| SeedUser::named(name)).collect();
    let people = if wanted.users.is_empty() { of_default() } else { wanted.users.clone() };
    let what = format!("team {}", wanted.team);
    let (users, owner) = world::people(&mut state, &people, now_ms)?;
    let mut installed = BTreeMap::new();
    for name in &wanted.installed {
        let known = teams.registration(|known| known.id.as_str() == name || Plan::read(&known.manifest).name == *name);
        let why = || SeedError::Content { what: what.clone(), why: format!("there is no app {name}") };
        let (home, known) = known.ok_or_else(why)?;
        state.adopt(known, home, &owner);
        let app = state.install_whole(&known.id, &owner, now_ms).ok_or_else(why)?;
        installed.insert(app.name, app.id);
    }
    let mut planter = Planter { state: &mut state, users: &users, owner: &owner, now_ms, planted: Planted::default() };
    planter.apps(&wanted.apps)?;
    let general = [SeedChannel { name: "general".to_owned(), private: false, members: None }];
    let channels = if wanted.channels.is_empty() { &general[..] } else { &wanted.channels };
    for channel in channels {
        planter.channel(channel)?;
    }
    planter.messages(&wanted.messages)?;
    let Planted { channels, mut apps } = planter.planted;
    apps.append(&mut installed);
    state.effects.clear();
    teams.add(state);
    Ok(Founded { team, users, channels, apps })
}

/// A team of which there is only the name.
fn empty(teams: &mut Teams, wanted: &SeedTeam) -> Result<State, SeedError> {
    let refuse = |why: &str| SeedError::Content { what: format!("team {}", wanted.team), why: why.to_owned() };
    let domain = domain(&wanted.team);
    if domain.is_empty() || wanted.team.chars().count() > MAX_NAME {
        return Err(refuse("its name has letters or digits, at most 80 characters"));
    }
    if teams.iter().any(|state| state.team.domain == domain) {
        return Err(refuse("there is a team with this domain already"));
    }
    if teams.iter().count() >= MAX_TEAMS {
        return Err(refuse("there are fifty teams already"));
    }
    let first = teams.first_mut();
    let mut mint = Mint::new(first.mint.bytes());
    let team = Team { id: TeamId::from(mint.id('T')), name: wanted.team.clone(), domain };
    let event_counts = first.event_counts.fresh();
    Ok(State { event_counts, ..State::new(team, first.base.clone(), mint) })
}

/// A name as an address can have it.
fn domain(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let text: String = name.chars().map(plain).collect();
    let words: Vec<&str> = text.split('-').filter(|word| !word.is_empty()).collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_made_of_the_name() {
        assert_eq!(domain("Acme  Corp. (EU)"), "acme-corp-eu");
        assert_eq!(domain("—"), "");
    }
}
