use std::io::BufRead;
fn main() {
    let cat = kql::catalog::Workspace::open();
    let mut closed = kql::catalog::Workspace::default(); closed.builtin = true;
    let lines: Vec<String> = std::io::stdin().lock().lines().map(|l| serde_json::from_str::<serde_json::Value>(&l.unwrap()).unwrap()["query"].as_str().unwrap().to_owned()).collect();
    let mut x: u64 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(1);
    let mut rnd = |n: usize| { x ^= x << 13; x ^= x >> 7; x ^= x << 17; (x % n.max(1) as u64) as usize };
    let rounds: usize = std::env::args().nth(2).and_then(|a| a.parse().ok()).unwrap_or(2000);
    for _ in 0..rounds {
        let a = &lines[rnd(lines.len())]; let b = &lines[rnd(lines.len())];
        let words = |s: &str| -> Vec<String> { let mut v = vec![]; let mut cur = String::new(); for c in s.chars() { if c.is_alphanumeric() || c == '_' { cur.push(c) } else { if !cur.is_empty() { v.push(std::mem::take(&mut cur)); } v.push(c.to_string()); } } v.push(cur); v };
        let mut w = words(a); let other = words(b);
        if w.len() > 3000 { continue; }
        for _ in 0..(1 + rnd(4)) {
            let at = rnd(w.len());
            match rnd(5) {
                0 => { w.remove(at); }
                1 => { let t = other[rnd(other.len())].clone(); w.insert(at, t); }
                2 => { let t = w[rnd(w.len())].clone(); w[at] = t; }
                3 => { let s = rnd(other.len()); let e = (s + rnd(30)).min(other.len()); w.splice(at..at, other[s..e].iter().cloned()); }
                _ => { let e = (at + rnd(10)).min(w.len()); w.drain(at..e); }
            }
            if w.is_empty() { break; }
        }
        let q: String = w.concat();
        let q2 = q.clone();
        let c2: &kql::catalog::Workspace = if rnd(2) == 0 { &cat } else { &closed };
        let start = std::time::Instant::now();
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| { let r = kql::check(&q2, c2, 639_000_000_000_000_000); for w in r.columns.iter() { let _ = w; } let mut n: Vec<&str> = r.columns.iter().map(|c| c.name.as_str()).collect(); n.sort(); let l = n.len(); n.dedup(); assert!(n.len() == l || !r.ok, "dup columns {:?}", r.columns); })).is_err() { println!("PANIC {}", serde_json::json!({"query": q})); }
        if start.elapsed().as_secs() > 3 { println!("SLOW {:?} {}", start.elapsed(), serde_json::json!({"query": q})); }
    }
}
