//! The command line's reference in Markdown, made from the commands themselves.

use clap::{Command, CommandFactory as _};

use super::{Args, GLOBAL};

/// How wide the help texts are set in the reference, whatever the terminal.
const WIDTH: usize = 100;

/// The whole reference: one section for each command, with its help.
#[must_use]
pub fn reference() -> String {
    let mut out =
        "# Command line\n\nMade from the program's own help: do not edit. `UPDATE_EXPECT=1 cargo test -p tallyho` writes it.\n"
            .to_owned();
    let mut command = Args::command().term_width(WIDTH).max_term_width(WIDTH);
    command.build();
    write(&mut out, &mut command, 0);
    out
}

fn write(out: &mut String, command: &mut Command, depth: usize) {
    let path = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    if depth > 0 {
        // They are the same everywhere: the first section has them.
        let hidden = |arg: clap::Arg| if arg.get_help_heading() == Some(GLOBAL) { arg.hide(true) } else { arg };
        *command = std::mem::take(command).mut_args(hidden);
    }
    let help = command.render_long_help().to_string();
    out.push_str(&format!("\n{} {path}\n```text\n", "#".repeat((depth + 2).min(4))));
    for line in help.trim_end().lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push_str("```\n");
    for sub in command.get_subcommands_mut() {
        write(out, sub, depth + 1);
    }
}
