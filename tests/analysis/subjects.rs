//! What is measured and what belongs together: runs, steps, suites, logits.

use featscope::analysis::{Bindings, Plan, Suite, analyse};
use featscope::features::{FeatureSet, Role};

use super::common::{named, plan};
use super::{eval, pre};

fn at(step: u64, layer: &str, dataset: &str) -> Box<dyn FeatureSet> {
    let data = if dataset == "pre" { pre() } else { eval() };
    named(data.data(), |subject| {
        subject.dataset = dataset.to_owned();
        subject.step = Some(step);
        subject.run = Some("seed0".to_owned());
        subject.layer = layer.to_owned();
    })
}

fn plan_of(suites: &[Suite]) -> Plan {
    Plan {
        suites: suites.to_vec(),
        ..plan(&["coral", "rankme"], &[])
    }
}

#[test]
fn pairs_steps_suites_and_logits_are_resolved_and_said() {
    let suite = Suite {
        name: "domains".to_owned(),
        datasets: vec!["eval".to_owned()],
    };
    let sets = [
        at(20, "backbone", "pre"),
        at(20, "backbone", "eval"),
        at(3, "backbone", "pre"),
        at(3, "backbone", "eval"),
        at(3, "logits", "eval"),
    ];
    let plan = plan_of(&[suite]);
    let bindings = Bindings::new(&sets, &plan).unwrap();
    let said = bindings.describe();
    let expected = [
        "m · run seed0 · step 20 · backbone: pre (pretraining) with eval (evaluation)",
        "m · run seed0 · step 3 · backbone: pre (pretraining) with eval (evaluation)",
        "m · run seed0 · step 3 · backbone: the logits of the same rows of eval",
        "m · run seed0 · backbone on pre: steps 3, 20",
        "m · run seed0 · backbone on eval: steps 3, 20",
        "suite domains: eval",
    ];
    assert_eq!(said, expected);
    assert_eq!(bindings.groups.len(), 3);
    assert_eq!(bindings.groups[0].roles, [Some(Role::Pre), Some(Role::Eval)]);
    assert_eq!(bindings.groups[0].pairs, [(0, 1)]);
    // Each step is measured by itself, and its records say which it is.
    let records = analyse(&sets[..4], &plan, &|_| ()).unwrap().results.records;
    for step in [3, 20] {
        let own: Vec<_> = records.iter().filter(|r| r.step == Some(step)).collect();
        assert_eq!(own.len(), 3, "rankme of each side, and coral");
        assert!(own.iter().all(|r| r.run.as_deref() == Some("seed0")));
    }
    assert_eq!(records.len(), 6);
}

#[test]
fn what_cannot_be_told_apart_or_found_is_refused() {
    let refused =
        |sets: &[Box<dyn FeatureSet>], plan: &Plan| Bindings::new(sets, plan).map(|_| ()).unwrap_err().to_string();
    let twice = [at(1, "backbone", "pre"), at(1, "backbone", "pre")];
    let both = [at(1, "backbone", "pre"), at(1, "backbone", "eval")];
    assert!(refused(&twice, &plan_of(&[])).contains("is given twice"));
    let suite = Suite {
        name: "domains".to_owned(),
        datasets: vec!["eval".to_owned(), "cars".to_owned()],
    };
    let said = refused(&both, &plan_of(&[suite]));
    assert!(
        said.starts_with("suite domains: data set cars: no input is of that data set"),
        "{said}"
    );
    let (mut fit, mut score) = (plan_of(&[]), plan_of(&[]));
    fit.together.fit = "trian".to_owned();
    score.together.score = vec!["tset".to_owned()];
    assert!(refused(&both, &fit).starts_with("--fit trian: no input is of that split"));
    assert!(refused(&both, &score).starts_with("--score tset: no input is of that split"));
}
