// Access policies, v1 (ibm-registry 4.4).
import IamPolicyManagement from '@ibm-cloud/platform-services/iam-policy-management/v1.js';
import { account, answers, client, finish, has, is, refuses, responds } from './lib.mjs';

const service = client(IamPolicyManagement, '/iam');
const crn = (role) => `crn:v1:bluemix:public:iam::::${role}`;
const iamId = 'IBMid-sdk-policies-v1';
const subjects = [{ attributes: [{ name: 'iam_id', value: iamId }] }];
const resources = [{
  attributes: [
    { name: 'accountId', value: account, operator: 'stringEquals' },
    { name: 'serviceType', value: 'service', operator: 'stringEquals' },
  ],
  tags: [{ name: 'project', operator: 'stringEquals', value: 'prototype' }],
}];
const content = { type: 'access', subjects, resources, roles: [{ role_id: crn('role:Viewer') }] };

const made = await answers('a policy is created', 201, () => service.createPolicy(content));
has('it has its fields', made, 'id', 'type', 'subjects', 'roles', 'resources', 'href', 'created_at',
  'created_by_id', 'last_modified_at', 'last_modified_by_id', 'state');
is('it says what was sent', [made.type, made.subjects, made.resources],
  ['access', subjects, resources]);
const policyId = made.id;

const conflict = await refuses('another that says the same is refused', 409, () =>
  service.createPolicy(content));
is('as a conflict of policies',
  [conflict.errors[0].code, conflict.errors[0].details.conflicts_with.policy],
  ['policy_conflict_error', policyId]);
const role = await refuses('a role that there is not is refused', 400, () =>
  service.createPolicy({ ...content, roles: [{ role_id: crn('role:King') }] }));
is('by its own word', role.errors[0].code, 'role_not_found');
const authorization = await refuses('authorization policies are refused', 400, () =>
  service.createPolicy({ ...content, type: 'authorization' }));
is('with a reason', authorization.errors[0].code, 'unable_to_process');

const read = await responds('it is read', 200, () => service.getPolicy({ policyId }));
const etag = read.headers.etag;
const replaced = await responds('it is replaced', 200, () =>
  service.replacePolicy({
    ...content, policyId, ifMatch: etag, roles: [{ role_id: crn('role:Editor') }],
  }));
is('by what was sent', replaced.result.roles[0].role_id, crn('role:Editor'));
await refuses('an old entity tag is refused', 412, () =>
  service.replacePolicy({ ...content, policyId, ifMatch: etag }));

const active = await answers('an active one is made active', 200, () =>
  service.updatePolicyState({ policyId, ifMatch: replaced.headers.etag, state: 'active' }));
is('and is what it was', [active.id, active.state], [policyId, 'active']);

const listed = await answers('policies are listed', 200, () =>
  service.listPolicies({ accountId: account, iamId, format: 'display', sort: '-created_at' }));
is('of one subject', listed.policies.map((item) => item.id), [policyId]);
const all = new IamPolicyManagement.PoliciesPager(service, { accountId: account, limit: 1 });
is('and page by page', (await all.getAll()).some((item) => item.id === policyId), true);
is('and by tag',
  (await answers('policies are listed by tag', 200, () =>
    service.listPolicies({ accountId: account, tagName: 'project', tagValue: 'prototype' })))
    .policies.length, 1);

await answers('it is deleted', 204, () => service.deletePolicy({ policyId }));
const deleted = await responds('a deleted one can be looked at', 200, () =>
  service.getPolicy({ policyId }));
is('as what it is', deleted.result.state, 'deleted');
is('and is listed apart',
  [
    (await service.listPolicies({ accountId: account, iamId })).result.policies.length,
    (await service.listPolicies({ accountId: account, iamId, state: 'deleted' })).result.policies
      .length,
  ], [0, 1]);
const restored = await answers('it is restored', 200, () =>
  service.updatePolicyState({ policyId, ifMatch: deleted.headers.etag, state: 'active' }));
is('and counts again', restored.state, 'active');
await answers('and is deleted again', 204, () => service.deletePolicy({ policyId }));
const unknown = await refuses('one that never was is not there', 404, () =>
  service.getPolicy({ policyId: '00000000-0000-4000-8000-000000000000' }));
is('by its own word', unknown.errors[0].code, 'policy_not_found');

finish();
