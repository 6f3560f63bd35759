// Roles (ibm-registry 4.5).
import IamPolicyManagement from '@ibm-cloud/platform-services/iam-policy-management/v1.js';
import { account, answers, client, finish, has, is, refuses, responds } from './lib.mjs';

const policies = client(IamPolicyManagement, '/iam');
const role = {
  displayName: 'Puller',
  description: 'Pulls images and nothing else',
  name: 'SdkPuller',
  accountId: account,
  serviceName: 'container-registry',
  actions: ['container-registry.image.pull'],
};

const made = await answers('a custom role is created', 201, () => policies.createRole(role));
has('it has its fields', made, 'id', 'display_name', 'actions', 'crn', 'name', 'account_id',
  'service_name', 'created_at', 'created_by_id', 'last_modified_at', 'last_modified_by_id', 'href');
is('its CRN is of the documented form', made.crn,
  `crn:v1:bluemix:public:iam-access-management::a/${account}::customRole:SdkPuller`);
const roleId = made.id;

const conflict = await refuses('another of the name is refused', 409, () =>
  policies.createRole(role));
is('as a conflict of roles', [conflict.errors[0].code, conflict.errors[0].details.conflicts_with.role],
  ['role_conflict_error', roleId]);
const unknown = await refuses('an action that there is not is refused', 400, () =>
  policies.createRole({ ...role, name: 'Other', actions: ['container-registry.image.fly'] }));
is('as a wrong body', unknown.errors[0].code, 'invalid_body');

const read = await responds('it is read', 200, () => policies.getRole({ roleId }));
const etag = read.headers.etag;
const replaced = await answers('it is replaced', 200, () =>
  policies.replaceRole({
    roleId, ifMatch: etag, displayName: 'Puller 2',
    actions: ['container-registry.image.pull', 'container-registry.image.list'],
  }));
is('by what was sent', [replaced.display_name, replaced.actions.length, replaced.name],
  ['Puller 2', 2, 'SdkPuller']);
await refuses('an old entity tag is refused', 412, () =>
  policies.replaceRole({ roleId, ifMatch: etag, displayName: 'x', actions: role.actions }));

const listed = await answers('roles are listed', 200, () =>
  policies.listRoles({ accountId: account, serviceName: 'container-registry' }));
is('custom roles', listed.custom_roles.map((item) => item.name), ['SdkPuller']);
is('service roles', listed.service_roles.map((item) => item.display_name),
  ['Reader', 'Writer', 'Manager']);
is('system roles', listed.system_roles.map((item) => item.display_name),
  ['Viewer', 'Editor', 'Operator', 'Administrator']);
is('with their actions', listed.service_roles[0].actions.includes('container-registry.image.pull'),
  true);
is('a service that there is not has none',
  (await answers('roles of it are listed', 200, () =>
    policies.listRoles({ accountId: account, serviceName: 'no-such-service' }))).service_roles, []);

const policy = await answers('a policy gives the custom role', 201, () =>
  policies.createV2Policy({
    type: 'access',
    subject: { attributes: [{ key: 'iam_id', operator: 'stringEquals', value: 'IBMid-sdk-roles' }] },
    control: { grant: { roles: [{ role_id: made.crn }] } },
    resource: {
      attributes: [
        { key: 'accountId', operator: 'stringEquals', value: account },
        { key: 'serviceName', operator: 'stringEquals', value: 'container-registry' },
      ],
    },
  }));
const used = await refuses('a role in use is not deleted', 409, () =>
  policies.deleteRole({ roleId }));
is('and the policy is named', used.errors[0].details.conflicts_with.policy, policy.id);
await answers('the policy is deleted', 204, () => policies.deleteV2Policy({ id: policy.id }));
await answers('the role is deleted', 204, () => policies.deleteRole({ roleId }));
const gone = await refuses('a deleted one is gone', 404, () => policies.getRole({ roleId }));
is('by its own word', gone.errors[0].code, 'role_not_found');

finish();
