//! One-time tickets for data connections.
//!
//! A ticket is 256 random bits, told to one agent on its control connection, good once, for thirty seconds by a monotonic
//! clock, on the node that gave it: only its hash is kept, in this node's memory. It is worth nothing once the
//! control connection that it was told on is gone: somebody else has it then, or nobody.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use countersign_approval::{Entropy, to_hex};
use countersign_gateway::{SessionId, TokenHash};
use secrecy::SecretString;
use tokio::time::Instant;

use super::agents::Link;

/// How long a ticket is good.
pub(super) const GOOD_FOR: Duration = Duration::from_secs(30);

/// How long it is remembered after that, so that a replay can be called one.
const REMEMBERED_FOR: Duration = Duration::from_mins(5);

/// Tickets of this node.
#[derive(Debug, Default)]
pub(super) struct Tickets(Mutex<HashMap<TokenHash, Ticket>>);

#[derive(Debug)]
struct Ticket {
    session: SessionId,
    link: Arc<Link>,
    given: Instant,
    spent: bool,
}

/// Why a ticket is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadTicket {
    /// Guessed, of another node, or of long ago.
    #[error("this ticket was not given by this node")]
    Unknown,
    /// Somebody comes with it again.
    #[error("the ticket of session {0} has been used")]
    Used(SessionId),
    /// Too late.
    #[error("the ticket of session {0} has come too late")]
    Late(SessionId),
    /// The agent that it was given to has gone, or another took its name.
    #[error("the ticket of session {0} was given to an agent that is no longer connected")]
    Foreign(SessionId),
}

impl BadTicket {
    /// The word for audit.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Used(_) => "used",
            Self::Late(_) => "late",
            Self::Foreign(_) => "foreign",
        }
    }
}

impl Tickets {
    /// A ticket for one session, for the agent at the end of `link`.
    pub(super) fn give(
        &self,
        session: SessionId,
        link: &Arc<Link>,
        entropy: &dyn Entropy,
        now: Instant,
    ) -> SecretString {
        let text = to_hex(&[entropy.bytes16(), entropy.bytes16()].concat());
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.retain(|_, ticket| now.saturating_duration_since(ticket.given) < GOOD_FOR + REMEMBERED_FOR);
        tickets.insert(TokenHash::of(&text), Ticket { session, link: Arc::clone(link), given: now, spent: false });
        SecretString::from(text)
    }

    /// Takes a ticket; it is spent by that, whatever the answer.
    pub(super) fn take(&self, text: &str, now: Instant) -> Result<(SessionId, Arc<Link>), BadTicket> {
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ticket = tickets.get_mut(&TokenHash::of(text)).ok_or(BadTicket::Unknown)?;
        let session = ticket.session;
        if std::mem::replace(&mut ticket.spent, true) {
            return Err(BadTicket::Used(session));
        }
        if now.saturating_duration_since(ticket.given) > GOOD_FOR {
            return Err(BadTicket::Late(session));
        }
        if ticket.link.ending().is_cancelled() {
            return Err(BadTicket::Foreign(session));
        }
        Ok((session, Arc::clone(&ticket.link)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use countersign_approval::Timestamp;
    use secrecy::ExposeSecret;

    use super::*;

    #[derive(Debug, Default)]
    struct Counting(AtomicU8);
    impl Entropy for Counting {
        fn bytes16(&self) -> [u8; 16] {
            [self.0.fetch_add(1, Ordering::Relaxed); 16]
        }
    }

    struct Given {
        tickets: Tickets,
        link: Arc<Link>,
        text: String,
        session: SessionId,
        now: Instant,
    }

    fn given() -> Given {
        let (tickets, entropy, now) = (Tickets::default(), Counting::default(), Instant::now());
        let (link, _) = Link::new("a".parse().unwrap(), TokenHash::of("t"), String::new());
        let session = SessionId::generate(Timestamp::from_micros(0), &entropy);
        let text = tickets.give(session, &link, &entropy, now).expose_secret().to_owned();
        Given { tickets, link, text, session, now }
    }

    #[test]
    fn a_ticket_is_taken_once() {
        let g = given();
        assert_eq!(g.text.len(), 64);
        assert_eq!(g.tickets.take(&g.text, g.now).unwrap().0, g.session);
        assert_eq!(g.tickets.take(&g.text, g.now).map(drop), Err(BadTicket::Used(g.session)));
    }

    #[test]
    fn a_late_ticket_is_refused_and_spent() {
        let g = given();
        let late = g.now + GOOD_FOR + Duration::from_millis(1);
        assert_eq!(g.tickets.take(&g.text, late).map(drop), Err(BadTicket::Late(g.session)));
        assert_eq!(g.tickets.take(&g.text, g.now).map(drop), Err(BadTicket::Used(g.session)));
    }

    #[test]
    fn a_ticket_of_an_agent_that_left_is_refused() {
        let g = given();
        g.link.end(None);
        assert_eq!(g.tickets.take(&g.text, g.now).map(drop), Err(BadTicket::Foreign(g.session)));
    }

    #[test]
    fn a_guess_is_refused_and_spends_nothing() {
        let g = given();
        assert_eq!(g.tickets.take("00", g.now).map(drop), Err(BadTicket::Unknown));
        assert!(g.tickets.take(&g.text, g.now).is_ok());
    }

    #[test]
    fn debug_shows_no_ticket() {
        let g = given();
        assert!(!format!("{:?}", g.tickets).contains(&g.text));
    }
}
