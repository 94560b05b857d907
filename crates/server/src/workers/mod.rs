//! What happens by itself: messages drawn, requests expired, audit rows linked, orphans cancelled, an idle daemon gone.

mod audit;
mod expiry;
mod gateway;
mod grants;
mod housekeeping;
mod idle;
mod orphans;
mod outbox;
mod places;

use std::time::Duration;

pub(crate) use self::{
    audit::{link_all, link_audit},
    expiry::expire,
    gateway::{farewell, look_after},
    grants::end_grants,
    housekeeping::sweep,
    idle::leave_when_idle,
    orphans::cancel_orphans,
    outbox::{deliver, drain},
};

/// Pause after storage failed, so that a full disk does not become a busy loop as well.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
