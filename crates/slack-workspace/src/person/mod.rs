//! What a person does with Slack's client: the control API and the page both come through here.
//!
//! Each verb looks at what the person sees, tells the app, and returns when the app has
//! acknowledged or the three seconds are over.

mod answer;
mod click;
mod command;
mod gesture;
mod message;
mod options;
mod payload;
mod shortcut;
mod view;

pub use answer::{Answer, PersonError};
pub use click::{Click, Surface};
pub use command::Invocation;
pub use gesture::Reacting;
pub use message::NewMessage;
pub use options::OptionsQuery;
pub use shortcut::Shortcut;
pub use view::{Closing, Submission};
