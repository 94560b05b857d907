//! `countersign completions` and `countersign man`.

use anyhow::Context as _;

use crate::{exit, output};

/// Options of `countersign completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  countersign completions bash > ~/.local/share/bash-completion/completions/countersign
  countersign completions zsh  > ~/.zfunc/_countersign
  countersign completions fish > ~/.config/fish/completions/countersign.fish
")]
pub(crate) struct Options {
    /// The shell.
    shell: clap_complete::Shell,
}

impl Options {
    pub(crate) fn run(&self, mut command: clap::Command) -> u8 {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "countersign", &mut script);
        output::raw(&script);
        exit::OK
    }
}

/// Options of `countersign man`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  countersign man > ~/.local/share/man/man1/countersign.1
")]
pub(crate) struct ManOptions {}

impl ManOptions {
    pub(crate) fn run(self, command: &clap::Command) -> anyhow::Result<u8> {
        let Self {} = self;
        let mut page = Vec::new();
        clap_mangen::Man::new(command.clone()).render(&mut page).context("could not render the manual page")?;
        output::raw(&page);
        Ok(exit::OK)
    }
}
