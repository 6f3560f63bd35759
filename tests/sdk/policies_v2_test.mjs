// Access policies, v2 (ibm-registry 4.5).
import IamPolicyManagement from '@ibm-cloud/platform-services/iam-policy-management/v1.js';
import { account, answers, client, finish, has, is, refuses, responds } from './lib.mjs';

const service = client(IamPolicyManagement, '/iam');
const iamId = 'IBMid-sdk-policies-v2';
const control = (role) =>
  ({ grant: { roles: [{ role_id: `crn:v1:bluemix:public:iam::::${role}` }] } });
const resource = {
  attributes: [
    { key: 'accountId', operator: 'stringEquals', value: account },
    { key: 'serviceName', operator: 'stringEquals', value: 'container-registry' },
    { key: 'resourceType', operator: 'stringEquals', value: 'namespace' },
    { key: 'resource', operator: 'stringMatchAnyOf', value: ['team-*', 'shared'] },
    { key: 'resourceGroupId', operator: 'stringExists', value: true },
  ],
};
const content = {
  type: 'access',
  description: 'in office hours',
  subject: { attributes: [{ key: 'iam_id', operator: 'stringEquals', value: iamId }] },
  control: control('serviceRole:Reader'),
  resource,
  pattern: 'time-based-conditions:weekly:custom-hours',
  rule: {
    operator: 'and',
    conditions: [
      {
        key: '{{environment.attributes.day_of_week}}',
        operator: 'dayOfWeekAnyOf',
        value: ['1+00:00', '2+00:00', '3+00:00', '4+00:00', '5+00:00'],
      },
      {
        key: '{{environment.attributes.current_time}}',
        operator: 'timeGreaterThanOrEquals',
        value: '09:00:00+00:00',
      },
      {
        key: '{{environment.attributes.current_time}}',
        operator: 'timeLessThanOrEquals',
        value: '17:00:00+00:00',
      },
    ],
  },
};

const made = await answers('a policy is created', 201, () => service.createV2Policy(content));
has('it has its fields', made, 'id', 'type', 'subject', 'control', 'resource', 'href', 'created_at',
  'created_by_id', 'last_modified_at', 'last_modified_by_id', 'state', 'pattern', 'rule');
for (const field of Object.keys(content)) is(`it says the ${field} sent`, made[field], content[field]);
const { id } = made;

const read = await responds('it is read', 200, () => service.getV2Policy({ id }));
const etag = read.headers.etag;
const shown = await answers('it is read with what its roles hold', 200, () =>
  service.getV2Policy({ id, format: 'display' }));
has('they have a text', shown.control.grant.roles[0], 'role_id', 'display_name', 'description');
has('and actions', shown.control.grant.roles[0].actions[0], 'id', 'display_name', 'description');
const permits = await answers('when it last gave a right is asked', 200, () =>
  service.getV2Policy({ id, format: 'include_last_permit' }));
is('and not made up', permits.last_permit_at, undefined);

const replaced = await answers('it is replaced', 200, () =>
  service.replaceV2Policy({ ...content, id, ifMatch: etag, control: control('serviceRole:Writer') }));
is('by what was sent', replaced.control, control('serviceRole:Writer'));
await refuses('an old entity tag is refused', 412, () =>
  service.replaceV2Policy({ ...content, id, ifMatch: etag }));

const listed = await answers('policies are listed', 200, () =>
  service.listV2Policies({ accountId: account, iamId, serviceName: 'container-registry' }));
is('of one subject and service', listed.policies.map((item) => item.id), [id]);
const pager = new IamPolicyManagement.V2PoliciesPager(service, { accountId: account, limit: 1 });
is('and page by page', (await pager.getAll()).some((item) => item.id === id), true);

const v1 = await responds('v1 shows it', 200, () => service.getPolicy({ policyId: id }));
is('with its rule', v1.result.rule, content.rule);
const lost = await refuses('v1 does not replace it', 409, () =>
  service.replacePolicy({
    policyId: id,
    ifMatch: v1.headers.etag,
    type: 'access',
    subjects: [{ attributes: [{ name: 'iam_id', value: iamId }] }],
    roles: control('serviceRole:Reader').grant.roles,
    resources: [{
      attributes: [
        { name: 'accountId', value: account, operator: 'stringEquals' },
        { name: 'serviceName', value: 'container-registry', operator: 'stringEquals' },
      ],
    }],
  }));
is('since it would lose that', lost.errors[0].code, 'unable_to_process');

for (const [what, change] of [
  ['a pattern that there is not', { pattern: 'time-based-conditions:sometimes' }],
  ['a rule of another pattern', { pattern: 'time-based-conditions:once' }],
  ['a key that there is not', {
    rule: { key: '{{environment.attributes.moon}}', operator: 'timeLessThan', value: '09:00:00Z' },
  }],
  ['a time that is over', {
    pattern: 'time-based-conditions:once',
    rule: {
      key: '{{environment.attributes.current_date_time}}',
      operator: 'dateTimeLessThan',
      value: '2001-01-01T00:00:00+00:00',
    },
  }],
]) {
  const refused = await refuses(`${what} is refused`, 400, () =>
    service.createV2Policy({ ...content, ...change }));
  is('as a wrong body', refused.errors[0].code, 'invalid_body');
}

await answers('it is deleted', 204, () => service.deleteV2Policy({ id }));
is('and listed no more',
  (await service.listV2Policies({ accountId: account, iamId })).result.policies.length, 0);
await refuses('and not deleted twice', 404, () => service.deleteV2Policy({ id }));

finish();
