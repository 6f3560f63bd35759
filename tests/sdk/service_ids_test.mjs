// Service IDs (ibm-registry 4.2).
import IamIdentity from '@ibm-cloud/platform-services/iam-identity/v1.js';
import { account, answers, client, finish, has, is, refuses } from './lib.mjs';

const identity = client(IamIdentity, '/iam');

const made = await answers('a service ID is created', 201, () =>
  identity.createServiceId({ accountId: account, name: 'sdk', description: 'made by the SDK' }));
has('it has the required fields', made, 'id', 'iam_id', 'entity_tag', 'crn', 'locked', 'created_at',
  'modified_at', 'account_id', 'name');
const { id } = made;

const read = await answers('it is read', 200, () => identity.getServiceId({ id }));
is('as it was made', [read.name, read.description, read.locked], ['sdk', 'made by the SDK', false]);

const listed = await answers('it is listed', 200, () =>
  identity.listServiceIds({ accountId: account, name: 'sdk' }));
is('once', listed.serviceids.map((item) => item.id), [id]);

const updated = await answers('it is updated', 200, () =>
  identity.updateServiceId({ id, ifMatch: read.entity_tag, name: 'sdk-2' }));
is('to its new name', updated.name, 'sdk-2');
await refuses('an old entity tag is refused', 412, () =>
  identity.updateServiceId({ id, ifMatch: read.entity_tag, name: 'sdk-3' }));

await answers('it is locked', 204, () => identity.lockServiceId({ id }));
await refuses('a locked one is not deleted', 409, () => identity.deleteServiceId({ id }));
await answers('it is unlocked', 204, () => identity.unlockServiceId({ id }));
await answers('it is deleted', 204, () => identity.deleteServiceId({ id }));
await refuses('a deleted one is gone', 404, () => identity.getServiceId({ id }));

finish();
