//! How fast the engine for credentials reads source text.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use pi_agents::secrets::engine;
use pi_artifacts::Artifact;

fn collect(folder: &Path, out: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let kind = entry.file_type()?;
        if kind.is_dir() && entry.file_name() != "target" {
            collect(&entry.path(), out)?;
        } else if kind.is_file() {
            let bytes = fs::read(entry.path())?;
            if std::str::from_utf8(&bytes).is_ok() {
                out.push((entry.path().display().to_string(), bytes));
            }
        }
    }
    Ok(())
}

/// Reads every text of a folder with one thread and prints the rate.
pub fn measure(folder: &Path) -> Result<()> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    // Once to compile what is compiled on first use.
    engine::hits(&Artifact::new("warm.txt", b"token = 1".to_vec()));
    let artifacts = || -> Vec<Artifact> {
        files.iter().map(|(path, bytes)| Artifact::new(path, bytes.clone())).collect()
    };
    for part in ["literals", "engine, first pass", "engine, warm"] {
        let artifacts = artifacts();
        let start = Instant::now();
        let mut found = 0;
        for artifact in &artifacts {
            found += match part {
                "literals" => artifact.literals().items.len(),
                _ => engine::hits(artifact).items.len(),
            };
        }
        let micros = start.elapsed().as_micros().max(1);
        let rate = bytes as u128 / micros;
        println!("{part}: {bytes} bytes in {micros} us, {rate} MB/s, {found} found");
    }
    Ok(())
}
