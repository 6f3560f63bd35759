// The conditions of governance_bench.cc in general engines, evaluated over and over: prints
// {"flags": {"ajv": evaluations per second of processor time, "cedar": …}, "values": …}. Each is
// prepared once, as it would be in a gate.
import { createRequire } from "node:module";

const require = createRequire(process.cwd() + "/");

// By the processor time of this process: what else runs on the machine does not count.
function perSecond(evaluate, milliseconds = 2000) {
  for (let i = 0; i < 1000; ++i) evaluate();
  const begun = process.cpuUsage();
  const most = milliseconds * 1000;
  let done = 0;
  let micros = 0;
  while (micros < most) {
    for (let i = 0; i < 1000; ++i) evaluate();
    done += 1000;
    const used = process.cpuUsage(begun);
    micros = used.user + used.system;
  }
  return (done / micros) * 1e6;
}

const Ajv = require("ajv").default;
const cedar = require("@cedar-policy/cedar-wasm/nodejs");
const has = (name, schema) => ({ properties: { [name]: schema }, required: [name] });
const isTrue = (name) => has(name, { const: true });

const conditions = {
  flags: {
    facts: { iam_authz: true, private_only: false, platform_metrics: true },
    wrong: { iam_authz: true, private_only: false, platform_metrics: false },
    schema: {
      allOf: [isTrue("iam_authz"), { anyOf: [isTrue("private_only"), isTrue("platform_metrics")] }],
    },
    policy: "context.iam_authz && (context.private_only || context.platform_metrics)",
  },
  values: {
    facts: { owner_kind: "user", lifetime_days: 30, locked: false, owner: "IBMid-550008BJPR" },
    wrong: { owner_kind: "user", lifetime_days: 91, locked: false, owner: "IBMid-550008BJPR" },
    schema: {
      allOf: [
        has("owner_kind", { enum: ["service_id", "user"] }),
        has("lifetime_days", { type: "number", maximum: 90 }),
        { anyOf: [isTrue("locked"), has("owner", { type: "string", pattern: "^IBMid-" })] },
      ],
    },
    policy: `["service_id", "user"].contains(context.owner_kind) && context.lifetime_days <= 90 &&
      (context.locked || context.owner like "IBMid-*")`,
  },
};

const entity = (type) => ({ type, id: "x" });
const answers = {};
for (const [name, { facts, wrong, schema, policy }] of Object.entries(conditions)) {
  const validate = new Ajv({ strictTypes: false }).compile(schema);
  if (!validate(facts) || validate(wrong)) throw new Error("ajv errs");
  const policies = {
    staticPolicies: `permit(principal, action, resource) when { ${policy} };`,
  };
  cedar.preparsePolicySet?.(name, policies);
  const decide = (context) => {
    const call = {
      principal: entity("Caller"),
      action: entity("Action"),
      resource: entity("Service"),
      context,
      entities: [],
    };
    return cedar.preparsePolicySet
      ? cedar.statefulIsAuthorized({ ...call, preparsedPolicySetId: name })
      : cedar.isAuthorized({ ...call, policies });
  };
  for (const [context, decision] of [[facts, "allow"], [wrong, "deny"]]) {
    const answer = decide(context);
    if (answer.response?.decision !== decision) throw new Error(JSON.stringify(answer));
  }
  answers[name] = { ajv: perSecond(() => validate(facts)), cedar: perSecond(() => decide(facts)) };
}
console.log(JSON.stringify(answers));
