// Users and invitations (ibm-registry 4.6).
import UserManagement from '@ibm-cloud/platform-services/user-management/v1.js';
import IamAccessGroups from '@ibm-cloud/platform-services/iam-access-groups/v2.js';
import IamIdentity from '@ibm-cloud/platform-services/iam-identity/v1.js';
import IamPolicyManagement from '@ibm-cloud/platform-services/iam-policy-management/v1.js';
import { account, answers, client, finish, has, is, refuses } from './lib.mjs';

const users = client(UserManagement, '/iam');
const groups = client(IamAccessGroups, '/iam');
const identity = client(IamIdentity, '/iam');
const policies = client(IamPolicyManagement, '/iam');
const accountId = account;

const group = await answers('there is an access group', 201, () =>
  groups.createAccessGroup({ accountId, name: 'invited' }));
const reader = {
  type: 'access',
  roles: [{ role_id: 'crn:v1:bluemix:public:iam::::serviceRole:Reader' }],
  resources: [{ attributes: [{ name: 'accountId', value: account },
    { name: 'serviceName', value: 'container-registry' }] }],
};
const invited = await answers('a user is invited', 202, () =>
  users.inviteUsers({ accountId, users: [{ email: 'Ada@example.com', account_role: 'Member' }],
    accessGroups: [group.id], iamPolicy: [reader] }));
has('an invitation has its fields', invited.resources[0], 'email', 'id', 'state');
is('and waits', [invited.resources[0].email, invited.resources[0].state],
  ['ada@example.com', 'PENDING']);
const iamId = invited.resources[0].id;
await answers('with the access group', 204, () =>
  groups.isMemberOfAccessGroup({ accessGroupId: group.id, iamId }));
const given = await answers('and the policy', 200, () =>
  policies.listPolicies({ accountId, iamId }));
is('of the invitation', given.policies.length, 1);
await refuses('nobody is invited twice', 409, () =>
  users.inviteUsers({ accountId, users: [{ email: 'ada@example.com' }] }));
const wrong = { ...reader, resources: [{ attributes: [{ name: 'accountId', value: 'other' }] }] };
await refuses('a policy that cannot be given keeps nobody', 400, () =>
  users.inviteUsers({ accountId, users: [{ email: 'eve@example.com' }], iamPolicy: [wrong] }));
const eve = await answers('as a list shows', 200, () =>
  users.listUsers({ accountId, userId: 'eve@example.com' }));
is('of no users', eve.resources, []);

const profile = await answers('the profile is read', 200, () =>
  users.getUserProfile({ accountId, iamId }));
has('it has its fields', profile, 'id', 'iam_id', 'realm', 'user_id', 'firstname', 'lastname',
  'state', 'email', 'phonenumber', 'altphonenumber', 'photo', 'account_id', 'added_on');
await answers('it is changed', 204, () =>
  users.updateUserProfile({ accountId, iamId, firstname: 'Ada', lastname: 'Lovelace',
    phonenumber: '123' }));
const changed = await answers('and read again', 200, () =>
  users.getUserProfile({ accountId, iamId }));
is('as it is now', [changed.firstname, changed.lastname, changed.phonenumber],
  ['Ada', 'Lovelace', '123']);

await answers('the settings are changed', 204, () =>
  users.updateUserSettings({ accountId, iamId, language: 'fr-fr', notificationLanguage: 'fr-fr',
    allowedIpAddresses: '127.0.0.1,192.0.2.1', selfManage: true }));
const settings = await answers('and read', 200, () => users.getUserSettings({ accountId, iamId }));
is('as they are now', settings, { language: 'fr-fr', notification_language: 'fr-fr',
  allowed_ip_addresses: '127.0.0.1,192.0.2.1', self_manage: true });
const listed = await answers('users are listed', 200, () =>
  users.listUsers({ accountId, search: 'lovelace', includeSettings: true }));
is('with their settings', listed.resources.map((user) => user.settings?.language), ['fr-fr']);
const pager = new UserManagement.UsersPager(users, { accountId, limit: 1 });
is('a page at a time', (await pager.getAll()).length >= 2, true);

const key = await answers('the user has a key', 201, () =>
  identity.createApiKey({ name: 'ada', iamId, accountId }));
const own = client(UserManagement, '/iam', key.apikey);
await answers('and accepts the invitation', 202, () => own.accept({ accountId }));
const active = await answers('which makes them active', 200, () =>
  users.getUserProfile({ accountId, iamId }));
is('at once', active.state, 'ACTIVE');
await answers('a user is suspended', 204, () =>
  users.updateUserProfile({ accountId, iamId, state: 'VPN_ONLY' }));
await refuses('and their token is refused', 401, () => own.accept({ accountId }));
await refuses('a state that nobody sets is refused', 400, () =>
  users.updateUserProfile({ accountId, iamId, state: 'PROCESSING' }));

await answers('the user is removed', 204, () => users.removeUser({ accountId, iamId }));
await refuses('a removed one is gone', 404, () => users.getUserProfile({ accountId, iamId }));
const other = await answers('another is invited', 202, () =>
  users.inviteUsers({ accountId, users: [{ email: 'bob@example.com' }] }));
await answers('and removed the newer way', 202, () =>
  users.v3RemoveUser({ accountId, iamId: other.resources[0].id }));
await answers('the group goes too', 204, () =>
  groups.deleteAccessGroup({ accessGroupId: group.id }));

finish();
