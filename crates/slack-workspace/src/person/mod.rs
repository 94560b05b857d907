//! What a person does with Slack's client: the control API and the page both come through here.
//!
//! Each verb looks at what the person sees, tells the app, and returns when the app has
//! acknowledged or the three seconds are over.

mod answer;
mod click;
mod command;
mod compose;
mod gesture;
mod message;
mod options;
mod own;
mod payload;
mod replay;
mod room;
mod shortcut;
mod upload;
mod view;
mod workflow;

pub use answer::{Answer, PersonError};
pub use click::{Click, Surface};
pub use command::Invocation;
pub(crate) use compose::with_names;
pub use gesture::Reacting;
pub(crate) use message::rich_text_value;
pub use message::{Extras, NewMessage};
pub use options::OptionsQuery;
pub use own::Pinning;
pub use shortcut::Shortcut;
pub use view::{Closing, Submission};
