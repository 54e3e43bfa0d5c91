//! The syntax of workflows, by GitHub: Workflow syntax for GitHub Actions.

use super::schema::Shape::{
    Any, Bool, List, Map, Names, Null, Number, OptionalMap, Or, Text, Value,
};
use super::schema::{Key, Shape, may, must};

/// A workflow.
pub const WORKFLOW: Shape = Map(&[
    may("name", Value),
    may("run-name", Value),
    must("on", Or(&[Text, List(&Text), Names(&Any)])),
    may("permissions", PERMISSIONS),
    may("env", ENVIRONMENT),
    may("defaults", DEFAULTS),
    may("concurrency", CONCURRENCY),
    must("jobs", Names(&Map(JOB))),
]);

const ENVIRONMENT: Shape = Names(&Value);
const PERMISSIONS: Shape = Or(&[Text, Names(&Text)]);
const STRINGS: Shape = Or(&[Text, List(&Text)]);
const DEFAULTS: Shape =
    Map(&[must("run", Map(&[may("shell", Text), may("working-directory", Text)]))]);
const CONCURRENCY: Shape =
    Or(&[Text, Map(&[must("group", Text), may("cancel-in-progress", Bool), may("queue", Text)])]);

const JOB: &[Key] = &[
    may("name", Value),
    may("permissions", PERMISSIONS),
    may("needs", STRINGS),
    may("if", Value),
    may("runs-on", Or(&[Text, List(&Text), Map(&[may("group", Text), may("labels", STRINGS)])])),
    may(
        "environment",
        Or(&[Text, Map(&[must("name", Text), may("url", Text), may("deployment", Bool)])]),
    ),
    may("concurrency", CONCURRENCY),
    may("outputs", Names(&Value)),
    may("env", ENVIRONMENT),
    may("defaults", DEFAULTS),
    may("steps", List(&Map(STEP))),
    may("timeout-minutes", Number),
    may(
        "strategy",
        Map(&[may("matrix", Names(&Any)), may("fail-fast", Bool), may("max-parallel", Number)]),
    ),
    may("continue-on-error", Bool),
    may(
        "container",
        Or(&[
            Null,
            Text,
            Map(&[
                must("image", Value),
                may("credentials", CREDENTIALS),
                may("env", ENVIRONMENT),
                may("ports", List(&Text)),
                may("volumes", List(&Text)),
                may("options", Text),
            ]),
        ]),
    ),
    may(
        "services",
        Names(&Map(&[
            must("image", Value),
            may("credentials", CREDENTIALS),
            may("env", ENVIRONMENT),
            may("ports", List(&Text)),
            may("volumes", List(&Text)),
            may("options", Text),
            may("command", Text),
            may("entrypoint", Text),
        ])),
    ),
    may("uses", Text),
    may("with", Names(&Value)),
    may("secrets", Or(&[Text, Names(&Value)])),
    may(
        "snapshot",
        Or(&[Text, Map(&[must("image-name", Text), may("version", Text), may("if", Text)])]),
    ),
];

const CREDENTIALS: Shape = Map(&[must("username", Text), must("password", Text)]);

const STEP: &[Key] = &[
    may("id", Text),
    may("if", Value),
    may("name", Value),
    may("uses", Text),
    may("run", Value),
    may("working-directory", Text),
    may("shell", Text),
    may("with", Names(&Value)),
    may("env", ENVIRONMENT),
    may("continue-on-error", Bool),
    may("timeout-minutes", Number),
];

/// The settings of `workflow_dispatch`.
pub const DISPATCH: Shape = OptionalMap(&[may("inputs", Names(&DISPATCH_INPUT))]);

const DISPATCH_INPUT: Shape = OptionalMap(&[
    may("description", Value),
    may("required", Bool),
    may("default", Value),
    may("deprecationMessage", Value),
    may("type", Text),
    may("options", List(&Text)),
]);

/// The settings of `workflow_call`.
pub const CALL: Shape = OptionalMap(&[
    may(
        "inputs",
        Names(&Map(&[
            may("description", Value),
            may("deprecationMessage", Value),
            may("required", Bool),
            may("default", Value),
            must("type", Text),
        ])),
    ),
    may("outputs", Names(&Map(&[may("description", Value), must("value", Text)]))),
    may("secrets", Names(&OptionalMap(&[may("description", Value), may("required", Bool)]))),
]);
