//! The limits of Block Kit, in Unicode characters unless another unit is named.
//!
//! Sources: docs.slack.dev, Block Kit reference (a page per block, element and composition object) and the reference of views.

/// Blocks in a message.
pub const MESSAGE_BLOCKS: usize = 50;
/// Blocks in a modal or Home tab.
pub const VIEW_BLOCKS: usize = 100;
/// Attachments of a message.
pub const ATTACHMENTS: usize = 100;
/// Bytes of a view's JSON; beyond it Slack answers `view_too_large`.
pub const VIEW_BYTES: usize = 250_000;
/// `text` of a message, as advised; beyond it Slack splits the message.
pub const MESSAGE_TEXT: usize = 4_000;
/// `text` of a message, beyond which it is cut.
pub const MESSAGE_TEXT_HARD: usize = 40_000;
/// `block_id`.
pub const BLOCK_ID: usize = 255;
/// `action_id`.
pub const ACTION_ID: usize = 255;
/// A text object, where nothing stricter is said.
pub const TEXT: usize = 3_000;
/// `text` of a section.
pub const SECTION_TEXT: usize = 3_000;
/// Fields of a section.
pub const SECTION_FIELDS: usize = 10;
/// One field of a section.
pub const SECTION_FIELD: usize = 2_000;
/// `text` of a header.
pub const HEADER_TEXT: usize = 150;
/// Elements of a context block.
pub const CONTEXT_ELEMENTS: usize = 10;
/// Elements of an actions block.
pub const ACTIONS_ELEMENTS: usize = 25;
/// Markdown of all markdown blocks of a message together.
pub const MARKDOWN_TEXT: usize = 12_000;
/// Any URL of a block or element.
pub const URL: usize = 3_000;
/// `alt_text` of an image.
pub const ALT_TEXT: usize = 2_000;
/// `title` of an image.
pub const IMAGE_TITLE: usize = 2_000;
/// `label` of an input block.
pub const INPUT_LABEL: usize = 2_000;
/// `hint` of an input block.
pub const INPUT_HINT: usize = 2_000;
/// `title` of a video.
pub const VIDEO_TITLE: usize = 200;
/// `description` of a video.
pub const VIDEO_DESCRIPTION: usize = 200;
/// `author_name` of a video.
pub const VIDEO_AUTHOR: usize = 50;
/// `placeholder` of an element.
pub const PLACEHOLDER: usize = 150;
/// `text` of a button.
pub const BUTTON_TEXT: usize = 75;
/// `value` of a button.
pub const BUTTON_VALUE: usize = 2_000;
/// `accessibility_label` of a button.
pub const BUTTON_LABEL: usize = 75;
/// `text` of an option.
pub const OPTION_TEXT: usize = 75;
/// `description` of an option.
pub const OPTION_DESCRIPTION: usize = 75;
/// `value` of an option.
pub const OPTION_VALUE: usize = 150;
/// Options of a select, and of one group.
pub const OPTIONS: usize = 100;
/// Groups of options of a select.
pub const OPTION_GROUPS: usize = 100;
/// Options of an overflow menu.
pub const OVERFLOW_OPTIONS: usize = 5;
/// Options of checkboxes and radio buttons.
pub const CHOICES: usize = 10;
/// `title` of a confirmation dialog.
pub const CONFIRM_TITLE: usize = 100;
/// `text` of a confirmation dialog.
pub const CONFIRM_TEXT: usize = 300;
/// Either button of a confirmation dialog.
pub const CONFIRM_BUTTON: usize = 30;
/// Characters that a plain text input may be asked to take.
pub const INPUT_LENGTH: usize = 3_000;
/// `title`, `submit` and `close` of a view.
pub const VIEW_TITLE: usize = 24;
/// `private_metadata` of a view.
pub const PRIVATE_METADATA: usize = 3_000;
/// `callback_id` of a view.
pub const CALLBACK_ID: usize = 255;
/// `external_id` of a view.
pub const EXTERNAL_ID: usize = 255;
/// Views above each other in one modal.
pub const VIEW_STACK: usize = 3;
/// A date, which is always `YYYY-MM-DD`.
pub const DATE: usize = 10;
/// A time of day, which is always `HH:MM`.
pub const TIME: usize = 5;
/// Files that a file input takes at once.
pub const FILE_INPUT_FILES: usize = 10;
/// Rows of a table, its header included.
pub const TABLE_ROWS: usize = 100;
/// Columns of a table.
pub const TABLE_COLUMNS: usize = 20;
