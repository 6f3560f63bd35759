// Context-based restrictions (ibm-registry 3.13, 4.7).
import Restrictions from '@ibm-cloud/platform-services/context-based-restrictions/v1.js';
import { account, answers, client, finish, has, is, refuses, responds } from './lib.mjs';

const cbr = client(Restrictions, '/iam');

// --- Zones ---
const addresses = [
  { type: 'ipAddress', value: '192.0.2.7' },
  { type: 'ipRange', value: '198.51.100.0-198.51.100.255' },
  { type: 'subnet', value: '192.0.2.0/24' },
  { type: 'vpc', value: 'crn:v1:bluemix:public:is:us-south:a/1::vpc:r134' },
  { type: 'serviceRef', ref: { account_id: account, service_name: 'cloud-object-storage' } },
];
const made = await responds('a zone is created', 201, () =>
  cbr.createZone({ name: 'SDK', accountId: account, description: 'made by the SDK', addresses,
    excluded: [{ type: 'ipAddress', value: '192.0.2.8' }] }));
has('it has the required fields', made.result, 'id', 'crn', 'address_count', 'excluded_count', 'name',
  'account_id', 'description', 'addresses', 'excluded', 'href', 'created_at', 'created_by_id',
  'last_modified_at', 'last_modified_by_id');
is('its addresses are as they were given', made.result.addresses, addresses);
const zoneId = made.result.id;

const listed = await answers('it is listed', 200, () => cbr.listZones({ accountId: account, name: 'SDK' }));
is('once, with counts', listed.zones.map((z) => [z.id, z.address_count, z.excluded_count]), [[zoneId, 5, 1]]);
const read = await responds('it is read', 200, () => cbr.getZone({ zoneId }));
const replaced = await answers('it is replaced', 200, () =>
  cbr.replaceZone({ zoneId, ifMatch: read.headers.etag, name: 'SDK-2', accountId: account, addresses: addresses.slice(0, 1) }));
is('by what was given', [replaced.name, replaced.address_count, replaced.description], ['SDK-2', 1, '']);
await refuses('an old entity tag is refused', 412, () =>
  cbr.replaceZone({ zoneId, ifMatch: read.headers.etag, name: 'SDK-3', accountId: account, addresses }));
await refuses('a zone whose range is backwards is refused', 400, () =>
  cbr.createZone({ name: 'bad', accountId: account, addresses: [{ type: 'ipRange', value: '192.0.2.9-192.0.2.1' }] }));

// --- Rules ---
const resources = (more = []) => [{ attributes: [
  { name: 'accountId', value: account, operator: 'stringEquals' },
  { name: 'serviceName', value: 'container-registry', operator: 'stringEquals' }, ...more] }];
const contexts = [{ attributes: [{ name: 'networkZoneId', value: zoneId }] }];
const rule = await responds('a rule is created', 201, () =>
  cbr.createRule({ contexts, resources: resources([{ name: 'resourceType', value: 'namespace' },
    { name: 'resource', value: 'restricted' }]), description: 'SDK', enforcementMode: 'report' }));
has('it has the required fields', rule.result, 'id', 'crn', 'description', 'contexts', 'resources',
  'enforcement_mode', 'href', 'created_at', 'created_by_id', 'last_modified_at', 'last_modified_by_id');
const ruleId = rule.result.id;
is('its contexts are as they were given', rule.result.contexts, contexts);

const rules = await answers('it is listed by its zone and service', 200, () =>
  cbr.listRules({ accountId: account, zoneId, serviceName: 'container-registry', enforcementMode: 'report' }));
is('once', [rules.count, rules.rules[0].id], [1, ruleId]);
const none = await answers('and not by another', 200, () =>
  cbr.listRules({ accountId: account, serviceName: 'iam-identity' }));
is('it is not', none.rules, []);
const one = await responds('it is read', 200, () => cbr.getRule({ ruleId }));
const changed = await answers('it is replaced', 200, () =>
  cbr.replaceRule({ ruleId, ifMatch: one.headers.etag, contexts, resources: resources(),
    description: 'SDK-2', enforcementMode: 'disabled' }));
is('by what was given', [changed.description, changed.enforcement_mode], ['SDK-2', 'disabled']);
await refuses('a rule that could never apply is refused', 400, () =>
  cbr.createRule({ contexts, resources: resources([{ name: 'resourceType', value: 'Namespace' }]) }));
await refuses('a zone that a rule names stays', 409, () => cbr.deleteZone({ zoneId }));

const settings = await answers('the account settings are read', 200, () =>
  cbr.getAccountSettings({ accountId: account }));
is('they count', [settings.current_rule_count, settings.current_zone_count, settings.rule_count_limit,
  settings.zone_count_limit], [1, 1, 1000, 500]);
await answers('the operations are listed', 200, () =>
  cbr.listAvailableServiceOperations({ serviceName: 'container-registry' }));
await answers('the targets of service references are listed', 200, () =>
  cbr.listAvailableServicerefTargets({ type: 'all' }));

await answers('the rule is deleted', 204, () => cbr.deleteRule({ ruleId }));
await refuses('and gone', 404, () => cbr.getRule({ ruleId }));
await answers('the zone is deleted', 204, () => cbr.deleteZone({ zoneId }));
await refuses('and gone', 404, () => cbr.getZone({ zoneId }));

// --- In force ---
const locked = await answers('a rule that admits private endpoints alone is created', 201, () =>
  cbr.createRule({ contexts: [{ attributes: [{ name: 'endpointType', value: 'private' }] }],
    resources: [{ attributes: [{ name: 'accountId', value: account },
      { name: 'serviceName', value: 'iam-identity' }] }] }));
const { default: IamIdentity } = await import('@ibm-cloud/platform-services/iam-identity/v1.js');
const identity = client(IamIdentity, '/iam');
const refused = await refuses('then a public caller is refused', 403, () =>
  identity.createServiceId({ accountId: account, name: 'from-afar' }));
is('with words that name the restriction', refused.errors[0].message.includes('over a private endpoint'), true);
await answers('the rule can still be deleted from anywhere', 204, () => cbr.deleteRule({ ruleId: locked.id }));
const free = await answers('and the caller is free again', 201, () =>
  identity.createServiceId({ accountId: account, name: 'from-afar' }));
await answers('which leaves nothing behind', 204, () => identity.deleteServiceId({ id: free.id }));

finish();
