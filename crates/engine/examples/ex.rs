//! scratch
fn main() {
    let engine = engine::Engine::new(engine::Config {
        threads: 2,
        now: kql::time::parse_iso("2026-01-01").unwrap(),
        ..Default::default()
    })
    .unwrap();
    let q = std::env::args().nth(1).unwrap();
    println!("{}", engine.explain(&q, false).unwrap_or_else(|e| format!("{e:?}")));
    println!("{:?}", engine.run(&q).map(|a| a.tables[0].rows.clone()));
}
