use std::io::{self, BufRead};
use std::{env, fs, process};

fn main() -> io::Result<()> {
    let lines: Vec<String> = io::stdin().lock().lines().collect::<Result<_, _>>()?;
    let arguments: Vec<String> = env::args().skip(1).collect();
    println!("hello");
    println!("stdin={}", lines.join("|"));
    println!("file={}", fs::read_to_string("/tmp/input/input.txt")?.trim_end());
    println!("args={}", arguments.join("|"));
    println!("env={}", env::var("UNSANDBOX_PROBE").unwrap_or_default());
    println!("utf8=Grüße 世界 🚀");
    eprintln!("to stderr");
    fs::write("/tmp/artifacts/probe.txt", "artifact\n")?;
    process::exit(7);
}
