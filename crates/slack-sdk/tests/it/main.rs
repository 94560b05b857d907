//! The framework against the workspace: real HTTP, real WebSockets, people who click.

#[cfg(test)]
mod acks;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod inbox;
#[cfg(test)]
mod routing;
