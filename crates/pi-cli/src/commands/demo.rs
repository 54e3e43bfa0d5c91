//! `pi demo`: the tour behind `make run`.

use std::path::{Path, PathBuf};

use pi_core::Reason;

use super::{log, replay, scan};
use crate::args::{Evidence, LogCommand, Measured, ReplayArgs, ScanArgs};
use crate::context::{Context, Failure, Outcome};
use crate::output::style::{BOLD, GOOD, paint};

pub fn run(context: &Context, examples: &Path) -> Outcome {
    let (broken, mended) = (examples.join("shop"), examples.join("shop-fixed"));
    if !broken.is_dir() || !mended.is_dir() {
        let message =
            format!("`{}` does not hold the examples `shop` and `shop-fixed`", examples.display());
        return Err(Failure::new(Reason::ArtifactUnreadable, message));
    }
    title(context, "1. A project with real mistakes")?;
    scan::run(context, &scan_of(broken))?;
    title(context, "2. The same project, mended")?;
    scan::run(context, &scan_of(mended))?;
    title(context, "3. Every stored byte of the log, re-hashed")?;
    log::run(context, &LogCommand::Verify { partition: None, deep: false })?;
    title(context, "4. Both runs executed again, every proof compared")?;
    let mut code = 0;
    for entry in context.journal()?.store().runs(None, 2)? {
        let args = ReplayArgs {
            run: entry.run.to_string(),
            base: None,
            threads: None,
            measured: Measured::default(),
        };
        code = code.max(replay::run(context, &args)?);
    }
    let data = context.data_path()?;
    context.emit(&format!(
        "\n{} the log lies in {}; try `pi --data {} runs list`\n",
        paint(GOOD, "done:"),
        data.display(),
        data.display()
    ))?;
    Ok(code)
}

fn title(context: &Context, text: &str) -> Result<(), Failure> {
    context.emit(&format!("\n{}\n\n", paint(BOLD, text)))
}

fn scan_of(path: PathBuf) -> ScanArgs {
    ScanArgs {
        paths: vec![path],
        fail_on: None,
        only: Vec::new(),
        skip: Vec::new(),
        policy: None,
        baseline: None,
        write_baseline: None,
        evidence: Evidence::Hashes,
        as_of: None,
        threads: None,
        measured: Measured::default(),
    }
}
