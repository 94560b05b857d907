//! A gateway's node from outside: real connections, a real database, the local workspace as Slack.

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod hub;
#[cfg(test)]
mod linking;
#[cfg(test)]
mod page;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod slash;
#[cfg(test)]
mod votes;
