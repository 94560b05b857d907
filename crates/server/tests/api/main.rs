//! The HTTP API as its callers meet it: a real node, a real database, the local workspace as Slack.

#[cfg(test)]
mod apply;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod people;
#[cfg(test)]
mod plugins;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod resources;
