//! scratch
use std::io::BufRead;
fn main() {
    let engine = engine::Engine::new(engine::Config {
        threads: 2,
        now: kql::time::parse_iso("2026-01-01").unwrap(),
        ..Default::default()
    })
    .unwrap();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let v: serde_json::Value = serde_json::from_str(&line).unwrap();
        let q = v["query"].as_str().unwrap();
        let r = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| engine.run(q)));
        let out = match r {
            Err(_) => serde_json::json!({"id": v["id"], "error": {"code":"PANIC","message":"panic"}}),
            Ok(Err(e)) => serde_json::json!({"id": v["id"], "error": {"code": e.code, "message": e.message}}),
            Ok(Ok(a)) => {
                let t = &a.tables[0].rows;
                let rows: Vec<Vec<serde_json::Value>> = t
                    .rows
                    .iter()
                    .map(|r| {
                        r.iter()
                            .map(|v| match v {
                                kql::Value::Bool(b) => (*b).into(),
                                kql::Value::Int(i) => (*i).into(),
                                kql::Value::Long(i) => (*i).into(),
                                kql::Value::Null => serde_json::Value::Null,
                                kql::Value::Real(r) if r.is_finite() => (*r).into(),
                                kql::Value::Real(r) => (if r.is_nan() {
                                    "NaN"
                                } else if *r > 0.0 {
                                    "Infinity"
                                } else {
                                    "-Infinity"
                                })
                                .into(),
                                kql::Value::Dynamic(d) => serde_json::from_str(d).unwrap_or(serde_json::Value::Null),
                                o => o.to_text().into(),
                            })
                            .collect()
                    })
                    .collect();
                let cols: Vec<_> = t.columns.iter().map(|c| serde_json::json!({"name": c.name, "type": c.ty.name()})).collect();
                serde_json::json!({"id": v["id"], "columns": cols, "rows": rows})
            }
        };
        println!("{out}");
    }
}
