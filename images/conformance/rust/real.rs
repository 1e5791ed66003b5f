use std::cmp::Reverse;
use std::collections::HashMap;

fn main() {
    let mut x: u32 = 42;
    let mut numbers: Vec<u32> = (0..5000)
        .map(|_| {
            x = (x * 3877 + 29573) % 139968;
            x
        })
        .collect();
    numbers.sort_unstable();

    let mut counts: HashMap<u32, u32> = HashMap::new();
    for number in &numbers {
        *counts.entry(number % 1000).or_insert(0) += 1;
    }
    let (key, most) = counts.iter().max_by_key(|(key, count)| (**count, Reverse(**key))).unwrap();

    let checksum = numbers.iter().zip((0..7).cycle()).fold(0, |sum, (number, weight)| (sum + number * weight) % 1000003);
    let looped: u32 = (1..=200000u32).map(|i| (i % 7) * (i % 7) % 7).sum();

    println!("sorted {} {} {}", numbers[0], numbers[2500], numbers[numbers.len() - 1]);
    println!("distinct {}", counts.len());
    println!("most {} {}", key, most);
    println!("checksum {}", checksum);
    println!("loop {}", looped);
}
