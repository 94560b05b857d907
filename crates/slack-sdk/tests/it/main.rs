//! The framework against the workspace: real HTTP, real WebSockets, people who click.

#[cfg(test)]
mod acks;
#[cfg(test)]
mod assistant;
#[cfg(test)]
mod authorize;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod extractors;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod http;
#[cfg(test)]
mod inbox;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod matching;
#[cfg(test)]
mod respond;
#[cfg(test)]
mod routing;
#[cfg(test)]
mod streaming;
