// API keys (ibm-registry 4.2).
import IamIdentity from '@ibm-cloud/platform-services/iam-identity/v1.js';
import { account, answers, apikey, client, finish, has, is, refuses } from './lib.mjs';

const identity = client(IamIdentity, '/iam');

const service = await answers('there is a service ID with a key that is kept', 201, () =>
  identity.createServiceId({ accountId: account, name: 'keys',
    apikey: { name: 'kept', store_value: true, expires_at: '2049-01-02T18:30:00+0000' } }));
const iamId = service.iam_id;
const kept = await answers('whose value is shown again', 200, () =>
  identity.getApiKey({ id: service.apikey.id }));
is('to who may change it', kept.apikey, service.apikey.apikey);

const made = await answers('a key is created', 201, () =>
  identity.createApiKey({ name: 'sdk', iamId, accountId: account, description: 'made by the SDK',
    expiresAt: '2049-01-02T18:30+0000', actionWhenLeaked: 'disable', entityLock: 'true' }));
has('it has the required fields', made, 'id', 'entity_tag', 'crn', 'locked', 'disabled',
  'created_at', 'modified_at', 'created_by', 'name', 'iam_id', 'account_id', 'apikey',
  'action_when_leaked', 'support_sessions', 'expires_at');
is('as it was asked for', [made.locked, made.action_when_leaked, made.expires_at.slice(0, 16)],
  [true, 'disable', '2049-01-02T18:30']);
const { id } = made;

const read = await answers('it is read', 200, () =>
  identity.getApiKey({ id, includeHistory: true }));
is('without its value', read.apikey, '');
is('with its history', read.history.map((entry) => entry.action), ['CREATE']);
const own = await answers('a key is found by its value', 200, () =>
  identity.getApiKeysDetails({ iamApiKey: apikey }));
is('without it', own.apikey, '');

await refuses('a locked key is not changed', 409, () =>
  identity.updateApiKey({ id, ifMatch: read.entity_tag, name: 'no' }));
await answers('it is unlocked', 204, () => identity.unlockApiKey({ id }));
const open = await answers('and read again', 200, () => identity.getApiKey({ id }));
const updated = await answers('it is changed', 200, () =>
  identity.updateApiKey({ id, ifMatch: open.entity_tag, name: 'sdk-2', actionWhenLeaked: 'none',
    expiresAt: '2050-01-02T18:30+0000' }));
is('to what it is now', [updated.name, updated.action_when_leaked, updated.expires_at.slice(0, 4)],
  ['sdk-2', 'none', '2050']);
await refuses('an old entity tag is refused', 412, () =>
  identity.updateApiKey({ id, ifMatch: open.entity_tag, name: 'no' }));
await refuses('an action that nobody knows is refused', 400, () =>
  identity.createApiKey({ name: 'no', iamId, actionWhenLeaked: 'shout' }));
await refuses('a value that is too short is refused', 400, () =>
  identity.createApiKey({ name: 'no', iamId, apikey: 'short' }));
await refuses('the value of a user\'s key is never kept', 400, () =>
  identity.createApiKey({ name: 'no', iamId: own.iam_id, storeValue: true }));

const listed = await answers('keys are listed by name', 200, () =>
  identity.listApiKeys({ accountId: account, iamId, sort: 'name', order: 'desc',
    includeHistory: true }));
is('the last one first', listed.apikeys.map((key) => key.name), ['sdk-2', 'kept']);
has('with their history', listed.apikeys[0], 'history');
const all = await answers('a page at a time', 200, () =>
  identity.listApiKeys({ accountId: account, scope: 'account', type: 'serviceid', pagesize: 1 }));
has('there are more', all, 'next', 'first', 'limit', 'offset');

const holder = client(IamIdentity, '/iam', made.apikey);
await refuses('a key signs in', 403, () => holder.listServiceIds({ accountId: account }));
await answers('it is disabled', 204, () => identity.disableApiKey({ id }));
await refuses('and its token is refused', 401, () => holder.listServiceIds({ accountId: account }));
await answers('it is enabled', 204, () => identity.enableApiKey({ id }));
await answers('it is deleted', 204, () => identity.deleteApiKey({ id }));
await refuses('a deleted one is gone', 404, () => identity.getApiKey({ id }));
await answers('the service ID goes too', 204, () => identity.deleteServiceId({ id: service.id }));

finish();
