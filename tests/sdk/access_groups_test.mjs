// Access groups, their members and rules, and public access (ibm-registry 4.3).
import IamAccessGroups from '@ibm-cloud/platform-services/iam-access-groups/v2.js';
import IamIdentity from '@ibm-cloud/platform-services/iam-identity/v1.js';
import { account, answers, client, finish, has, is, refuses, responds } from './lib.mjs';

const groups = client(IamAccessGroups, '/iam');
const identity = client(IamIdentity, '/iam');

const made = await answers('an access group is created', 201, () =>
  groups.createAccessGroup({ accountId: account, name: 'sdk', description: 'made by the SDK' }));
has('it has its fields', made, 'id', 'name', 'description', 'account_id', 'created_at',
  'created_by_id', 'last_modified_at', 'last_modified_by_id', 'href', 'is_federated', 'crn');
const accessGroupId = made.id;
await refuses('no two have one name', 409, () =>
  groups.createAccessGroup({ accountId: account, name: 'sdk' }));

const read = await responds('it is read', 200, () => groups.getAccessGroup({ accessGroupId }));
const updated = await answers('it is updated', 200, () =>
  groups.updateAccessGroup({ accessGroupId, ifMatch: read.headers.etag, description: 'new' }));
is('to its new description', updated.description, 'new');
await refuses('an old entity tag is refused', 412, () =>
  groups.updateAccessGroup({ accessGroupId, ifMatch: read.headers.etag, description: 'no' }));

const listed = await answers('groups are listed by name', 200, () =>
  groups.listAccessGroups({ accountId: account, sort: '-name', hidePublicAccess: true }));
is('the last one first, without everybody\'s', listed.groups.map((group) => group.name),
  ['sdk', 'Administrators']);
const pager = new IamAccessGroups.AccessGroupsPager(groups, { accountId: account, limit: 1 });
is('a page at a time', (await pager.getAll()).length, 3);
const found = await answers('and searched', 200, () =>
  groups.listAccessGroups({ accountId: account, search: 'SD' }));
is('without minding case', found.groups.map((group) => group.id), [accessGroupId]);

// --- Members ---
const service = await answers('there is a service ID', 201, () =>
  identity.createServiceId({ accountId: account, name: 'member', description: 'builds' }));
const iamId = service.iam_id;
const added = await answers('members are added', 207, () =>
  groups.addMembersToAccessGroup({ accessGroupId, members: [
    { iam_id: iamId, type: 'service' },
    { iam_id: 'IBMid-4711', type: 'user' },
    { iam_id: 'iam-ServiceId-none', type: 'service' },
  ] }));
is('each for itself', added.members.map((item) => [item.type, item.status_code]),
  [['service', 200], ['user', 200], ['service', 404]]);
has('a failure says why', added.members[2].errors[0], 'code', 'message');
await answers('membership is tested', 204, () =>
  groups.isMemberOfAccessGroup({ accessGroupId, iamId }));
const members = await answers('members are listed', 200, () =>
  groups.listAccessGroupMembers({ accessGroupId, verbose: true, type: 'service' }));
is('with what is known of them',
  members.members.map((member) => [member.iam_id, member.membership_type, member.name,
    member.description]), [[iamId, 'static', 'member', 'builds']]);
const dynamic = await answers('those by rules are others', 200, () =>
  groups.listAccessGroupMembers({ accessGroupId, membershipType: 'dynamic' }));
is('of whom there are none', dynamic.members, []);
const of = await answers('the groups of a member are listed', 200, () =>
  groups.listAccessGroups({ accountId: account, iamId }));
is('all of them', of.groups.map((group) => group.id), [accessGroupId]);

await answers('one leaves', 204, () =>
  groups.removeMemberFromAccessGroup({ accessGroupId, iamId }));
await refuses('who has left is no member', 404, () =>
  groups.isMemberOfAccessGroup({ accessGroupId, iamId }));
const joined = await answers('one joins several groups', 207, () =>
  groups.addMemberToMultipleAccessGroups({ accountId: account, iamId, type: 'service',
    groups: [accessGroupId, 'AccessGroupId-none'] }));
is('each for itself', joined.groups.map((item) => item.status_code), [200, 404]);
const left = await answers('and leaves all', 207, () =>
  groups.removeMemberFromAllAccessGroups({ accountId: account, iamId }));
is('that there are', left.groups.map((item) => [item.access_group_id, item.status_code]),
  [[accessGroupId, 204]]);
await refuses('once', 404, () =>
  groups.removeMemberFromAllAccessGroups({ accountId: account, iamId }));
const removed = await answers('many are removed', 207, () =>
  groups.removeMembersFromAccessGroup({ accessGroupId, members: ['IBMid-4711', iamId] }));
is('each for itself', removed.members.map((item) => item.status_code), [204, 404]);

// --- Rules ---
const rule = {
  accessGroupId,
  name: 'developers',
  expiration: 12,
  realmName: 'https://idp.example',
  conditions: [{ claim: 'groups', operator: 'CONTAINS', value: '"developers"' }],
};
const madeRule = await answers('a rule is created', 201, () => groups.addAccessGroupRule(rule));
has('it has its fields', madeRule, 'id', 'name', 'expiration', 'realm_name', 'access_group_id',
  'account_id', 'conditions', 'created_at', 'created_by_id', 'last_modified_at',
  'last_modified_by_id');
const ruleId = madeRule.id;
const readRule = await responds('it is read', 200, () =>
  groups.getAccessGroupRule({ accessGroupId, ruleId }));
const replaced = await answers('it is replaced', 200, () =>
  groups.replaceAccessGroupRule({ ...rule, ruleId, ifMatch: readRule.headers.etag,
    expiration: 24 }));
is('by what it says now', replaced.expiration, 24);
await refuses('an old entity tag is refused', 412, () =>
  groups.replaceAccessGroupRule({ ...rule, ruleId, ifMatch: readRule.headers.etag }));
await refuses('a value that is no JSON is refused', 400, () =>
  groups.addAccessGroupRule({ ...rule,
    conditions: [{ claim: 'groups', operator: 'EQUALS', value: 'bare' }] }));
const rules = await answers('rules are listed', 200, () =>
  groups.listAccessGroupRules({ accessGroupId }));
is('all of them', rules.rules.map((item) => item.id), [ruleId]);
const federated = await answers('the group shows it', 200, () =>
  groups.getAccessGroup({ accessGroupId, showFederated: true }));
is('as federated', federated.is_federated, true);
await answers('a rule is deleted', 204, () =>
  groups.removeAccessGroupRule({ accessGroupId, ruleId }));
await refuses('a deleted one is gone', 404, () =>
  groups.getAccessGroupRule({ accessGroupId, ruleId }));

// --- Settings ---
const settings = await answers('the settings are read', 200, () =>
  groups.getAccountSettings({ accountId: account }));
is('public access is on at first', [settings.account_id, settings.public_access_enabled],
  [account, true]);
const off = await answers('it is switched off', 200, () =>
  groups.updateAccountSettings({ accountId: account, publicAccessEnabled: false }));
is('and is', off.public_access_enabled, false);
has('by somebody', off, 'last_modified_at', 'last_modified_by_id');
await answers('and on again', 200, () =>
  groups.updateAccountSettings({ accountId: account, publicAccessEnabled: true }));

await answers('one with members joins', 207, () =>
  groups.addMembersToAccessGroup({ accessGroupId, members: [{ iam_id: iamId, type: 'service' }] }));
await refuses('a group with members is not deleted', 409, () =>
  groups.deleteAccessGroup({ accessGroupId }));
await answers('but by force', 204, () => groups.deleteAccessGroup({ accessGroupId, force: true }));
await refuses('a deleted one is gone', 404, () => groups.getAccessGroup({ accessGroupId }));
await answers('the service ID goes too', 204, () => identity.deleteServiceId({ id: service.id }));

finish();
