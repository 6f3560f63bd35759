// The condition of governance_bench.cc in general engines, evaluated over and over: prints
// {"ajv": evaluations per second, "cedar": …}. Each is prepared once, as it would be in a gate.
import { createRequire } from "node:module";

const require = createRequire(process.cwd() + "/");
const facts = { iam_authz: true, private_only: false, platform_metrics: true };

function perSecond(evaluate, milliseconds = 2000) {
  for (let i = 0; i < 1000; ++i) evaluate();
  const begun = process.hrtime.bigint();
  const end = begun + BigInt(milliseconds) * 1_000_000n;
  let done = 0;
  let now = begun;
  while (now < end) {
    for (let i = 0; i < 200; ++i) evaluate();
    done += 200;
    now = process.hrtime.bigint();
  }
  return (done / Number(now - begun)) * 1e9;
}

const Ajv = require("ajv").default;
const isTrue = (name) => ({ properties: { [name]: { const: true } }, required: [name] });
const validate = new Ajv().compile({
  allOf: [isTrue("iam_authz"), { anyOf: [isTrue("private_only"), isTrue("platform_metrics")] }],
});
if (!validate(facts)) throw new Error("ajv refuses");

const cedar = require("@cedar-policy/cedar-wasm/nodejs");
const policies = {
  staticPolicies: `permit(principal, action, resource) when {
    context.iam_authz && (context.private_only || context.platform_metrics) };`,
};
cedar.preparsePolicySet?.("gate", policies);
const entity = (type) => ({ type, id: "x" });
const call = {
  principal: entity("Caller"),
  action: entity("Action"),
  resource: entity("Service"),
  context: facts,
  entities: [],
};
const authorize = cedar.preparsePolicySet
  ? () => cedar.statefulIsAuthorized({ ...call, preparsedPolicySetId: "gate" })
  : () => cedar.isAuthorized({ ...call, policies });
if (authorize().response?.decision !== "allow") throw new Error(JSON.stringify(authorize()));

console.log(JSON.stringify({ ajv: perSecond(() => validate(facts)), cedar: perSecond(authorize) }));
