// Enterprise, account groups, accounts and resource groups.
import EnterpriseManagement from '@ibm-cloud/platform-services/enterprise-management/v1.js';
import ResourceManager from '@ibm-cloud/platform-services/resource-manager/v2.js';
import IamIdentity from '@ibm-cloud/platform-services/iam-identity/v1.js';
import { account, answers, apikey, client, finish, has, is, refuses } from './lib.mjs';

const enterprises = client(EnterpriseManagement, '/breakwater/v1');
const me = (await client(IamIdentity, '/iam').getApiKeysDetails({ iamApiKey: apikey })).result.iam_id;

const founded = await answers('an enterprise is founded', 202, () =>
  enterprises.createEnterprise({ sourceAccountId: account, name: 'SDK', primaryContactIamId: me, domain: 'sdk.example' }));
const enterpriseId = founded.enterprise_id;
const enterprise = await answers('it is read', 200, () => enterprises.getEnterprise({ enterpriseId }));
has('with its fields', enterprise, 'url', 'id', 'enterprise_account_id', 'crn', 'name', 'domain', 'state',
  'primary_contact_iam_id', 'source_account_id', 'created_at', 'created_by');
await answers('it is updated', 204, () => enterprises.updateEnterprise({ enterpriseId, name: 'SDK-2' }));
const listed = await answers('it is listed', 200, () => enterprises.listEnterprises({ accountId: account }));
is('under its new name', listed.resources.map((e) => e.name), ['SDK-2']);
await refuses('it is founded once', 409, () =>
  enterprises.createEnterprise({ sourceAccountId: account, name: 'again', primaryContactIamId: me }));

// --- Account groups ---
const group = await answers('an account group is created', 201, () =>
  enterprises.createAccountGroup({ parent: enterprise.crn, name: 'Group', primaryContactIamId: me }));
const accountGroupId = group.account_group_id;
const read = await answers('it is read', 200, () => enterprises.getAccountGroup({ accountGroupId }));
has('with its fields', read, 'url', 'id', 'crn', 'parent', 'enterprise_account_id', 'enterprise_id',
  'enterprise_path', 'name', 'state', 'primary_contact_iam_id');
is('below the enterprise', read.parent, enterprise.crn);
await answers('it is updated', 204, () => enterprises.updateAccountGroup({ accountGroupId, name: 'Group-2' }));
for (const name of ['a', 'b', 'c']) {
  await answers(`group ${name} is created below it`, 201, () =>
    enterprises.createAccountGroup({ parent: read.crn, name, primaryContactIamId: me }));
}
const pager = new EnterpriseManagement.AccountGroupsPager(enterprises, { enterpriseId, limit: 2 });
const names = (await pager.getAll()).map((g) => g.name).sort();
is('a pager finds them all', names, ['Group-2', 'a', 'b', 'c']);
const below = await answers('those below it are listed', 200, () =>
  enterprises.listAccountGroups({ parentAccountGroupId: accountGroupId, limit: 100 }));
is('they are three', below.rows_count, 3);
await refuses('a group with groups stays', 409, () => enterprises.deleteAccountGroup({ accountGroupId }));
for (const { id } of below.resources) {
  await answers('a group is deleted', 204, () => enterprises.deleteAccountGroup({ accountGroupId: id }));
}

// --- Accounts ---
const made = await answers('an account is created', 202, () =>
  enterprises.createAccount({ parent: read.crn, name: 'Branch', ownerIamId: me,
    options: { create_iam_service_id_with_apikey_and_owner_policies: true } }));
has('with a key to it', made, 'account_id', 'iam_service_id', 'iam_apikey_id', 'iam_apikey');
const accountId = made.account_id;
const branch = await answers('it is read', 200, () => enterprises.getAccount({ accountId }));
has('with its fields', branch, 'url', 'id', 'crn', 'parent', 'enterprise_account_id', 'enterprise_id',
  'enterprise_path', 'name', 'state', 'owner_iam_id', 'owner_email', 'is_enterprise_account');
const inside = client(IamIdentity, '/iam', made.iam_apikey);
const robot = await answers('the key works in it', 201, () =>
  inside.createServiceId({ accountId, name: 'inside' }));
is('and belongs to it', robot.account_id, accountId);
await refuses('and not in the other', 403, () => inside.createServiceId({ accountId: account, name: 'outside' }));
const own = await answers('it sees itself', 200, () =>
  client(EnterpriseManagement, '/breakwater/v1', made.iam_apikey).listAccounts({ enterpriseId }));
is('alone', own.resources.map((a) => a.id), [accountId]);
await answers('it is moved', 202, () => enterprises.updateAccount({ accountId, parent: enterprise.crn }));
await answers('its former group is deleted', 204, () => enterprises.deleteAccountGroup({ accountGroupId }));
await refuses('an account that stands alone is not imported', 409, () =>
  enterprises.importAccountToEnterprise({ enterpriseId, accountId: 'f'.repeat(32) }));
await answers('the account is deleted', 204, () => enterprises.deleteAccount({ accountId }));
await refuses('and its key is worth nothing', 400, () =>
  client(IamIdentity, '/iam', made.iam_apikey).listServiceIds({ accountId }));

// --- Resource groups ---
const manager = client(ResourceManager, '/breakwater');
const created = await answers('a resource group is created', 201, () =>
  manager.createResourceGroup({ accountId: account, name: 'SDK' }));
const { id } = created;
has('with its fields', created, 'id', 'crn');
const all = await answers('it is listed', 200, () => manager.listResourceGroups({ accountId: account }));
is('beside the default one', all.resources.map((g) => [g.name, g.default]), [['Default', true], ['SDK', false]]);
const renamed = await answers('it is renamed', 200, () => manager.updateResourceGroup({ id, name: 'SDK-2' }));
is('so', renamed.name, 'SDK-2');
await answers('it is read', 200, () => manager.getResourceGroup({ id }));
await answers('it is deleted', 204, () => manager.deleteResourceGroup({ id }));
await refuses('and gone', 404, () => manager.getResourceGroup({ id }));

finish();
