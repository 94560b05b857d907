//! Why a command failed, in the official command line's codes.

use std::fmt;

/// Why a command failed: what happened, in which file or hook, and what to do.
///
/// One type for the whole crate: whoever gets one prints it, and nobody but a script looks at more than its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    code: Code,
    message: String,
    details: Vec<String>,
    remedies: Vec<String>,
    exit: u8,
}

impl Failure {
    /// A failure: a lower-case sentence without its end, naming the file, hook or method.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Vec::new(), remedies: Vec::new(), exit: 1 }
    }

    /// One more line of what is known: a place in a file, what a hook wrote to stderr, a pointer into a manifest.
    #[must_use]
    pub fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    /// One more thing to do about it.
    #[must_use]
    pub fn remedy(mut self, line: impl Into<String>) -> Self {
        self.remedies.push(line.into());
        self
    }

    /// The exit code, where it is not 1.
    #[must_use]
    pub fn exiting(mut self, exit: u8) -> Self {
        self.exit = exit;
        self
    }

    /// The official code.
    pub fn code(&self) -> &Code {
        &self.code
    }

    /// What is known besides.
    pub fn details(&self) -> &[String] {
        &self.details
    }

    /// What to do about it.
    pub fn remedies(&self) -> &[String] {
        &self.remedies
    }

    /// The exit code of the command that fails with it.
    pub fn exit(&self) -> u8 {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for Failure {}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $code:literal,)*) => {
        /// A code of the official command line, or one of Slack's API.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[doc = $doc])* $variant,)*
            /// What a method of the Web API refused with.
            Api(String),
        }

        impl Code {
            /// The code as it is printed.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $code,)*
                    Self::Api(code) => code,
                }
            }
        }
    };
}

codes! {
    /// There is an app already.
    AppFound = "app_found",
    /// An app was not found.
    AppNotFound = "app_not_found",
    /// Slack could not be asked to install the app.
    AppInstall = "app_install_error",
    /// The app's settings were changed elsewhere.
    AppManifestUpdate = "app_manifest_update_error",
    /// The app runs nowhere that Slack hosts.
    AppNotHosted = "app_not_hosted",
    /// What a project is built on could not be installed.
    DependencyInstall = "dependency_install_error",
    /// The command is about local apps only.
    DeployedAppNotSupported = "deployed_app_not_supported",
    /// The command is about deployed apps only.
    LocalAppNotSupported = "local_app_not_supported",
    /// `.slack/cli.json` is a file of long ago.
    CliConfigLocation = "cli_config_location_error",
    /// A file of credentials cannot be used.
    CredentialsNotFound = "credentials_not_found",
    /// `.env` cannot be parsed.
    DotEnvFileParse = "dotenv_file_parse_error",
    /// `.env` cannot be read.
    DotEnvFileRead = "dotenv_file_read_error",
    /// `.env` cannot be written.
    DotEnvFileWrite = "dotenv_file_write_error",
    /// There is no hooks file.
    HooksJsonLocation = "hooks_json_location_error",
    /// Slack was not reached, or did not answer as it should.
    HttpRequestFailed = "http_request_failed",
    /// The app has to be installed first.
    InstallationRequired = "installation_required",
    /// A value on the command line cannot be used.
    InvalidArguments = "invalid_args",
    /// This is no project.
    InvalidAppDirectory = "invalid_app_directory",
    /// Slack, or we, cannot take the manifest.
    InvalidManifest = "invalid_manifest",
    /// The app did not run.
    LocalAppRun = "local_app_run_error",
    /// Several could be meant.
    MismatchedFlags = "mismatched_flags",
    /// Nobody is signed in.
    NotAuthed = "not_authed",
    /// A file is not there.
    NotFound = "not_found",
    /// Somebody interrupted it.
    ProcessInterrupted = "process_interrupted",
    /// A project says wrongly who has the say about its manifest.
    ProjectConfigManifestSource = "project_config_manifest_source_error",
    /// What the app runs on is not there.
    RuntimeNotFound = "runtime_not_found",
    /// The hooks could not be read.
    SdkConfigLoad = "sdk_config_load_error",
    /// A hook failed.
    SdkHookInvocationFailed = "sdk_hook_invocation_failed",
    /// A project has no such hook.
    SdkHookNotFound = "sdk_hook_not_found",
    /// `slack.json` is a place of long ago.
    SlackJsonLocation = "slack_json_location_error",
    /// `.slack/slack.json` is a place of long ago.
    SlackSlackJsonLocation = "slack_slack_json_location_error",
    /// The connection to Slack did not hold.
    SocketConnection = "socket_connection_error",
    /// No such team is signed in to.
    TeamNotFound = "team_not_found",
    /// A template is not there, or cannot be used.
    Template = "template_path_not_found",
    /// A trigger is not there.
    TriggerNotFound = "trigger_not_found",
    /// A hook's response cannot be read.
    UnableToParseJson = "unable_to_parse_json",
    /// A file or directory could not be read or written.
    FileSystem = "file_system_error",
    /// What was there already is in the way.
    AlreadyExists = "app_directory_only_fail",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failure of the file system, with the path.
pub(crate) fn io(what: &str, path: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::new(Code::FileSystem, format!("could not {what} {}", path.display())).detail(error.to_string())
}
