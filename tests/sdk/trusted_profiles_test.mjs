// Trusted profiles: rules, links, identities, and acting as one (ibm-registry 4.1, 4.2).
import IamIdentity from '@ibm-cloud/platform-services/iam-identity/v1.js';
import IamAccessGroups from '@ibm-cloud/platform-services/iam-access-groups/v2.js';
import IamPolicyManagement from '@ibm-cloud/platform-services/iam-policy-management/v1.js';
import { IamAssumeAuthenticator } from 'ibm-cloud-sdk-core';
import { account, answers, client, finish, has, is, refuses, url } from './lib.mjs';

const identity = client(IamIdentity, '/iam');
const groups = client(IamAccessGroups, '/iam');
const policies = client(IamPolicyManagement, '/iam');

const made = await answers('a trusted profile is created', 201, () =>
  identity.createProfile({ accountId: account, name: 'sdk', description: 'made by the SDK' }));
has('it has the required fields', made, 'id', 'entity_tag', 'crn', 'name', 'iam_id', 'account_id',
  'created_at', 'modified_at');
const profileId = made.id;
await refuses('of an unknown account there is none', 400, () =>
  identity.createProfile({ accountId: 'invalid', name: 'sdk' }));
await refuses('no two have one name', 409, () =>
  identity.createProfile({ accountId: account, name: 'sdk' }));

const read = await answers('it is read', 200, () => identity.getProfile({ profileId }));
is('as it was made', [read.name, read.description], ['sdk', 'made by the SDK']);
const listed = await answers('it is listed', 200, () =>
  identity.listProfiles({ accountId: account, name: 'sdk', sort: 'name', order: 'desc' }));
is('once', listed.profiles.map((item) => item.id), [profileId]);
const updated = await answers('it is updated', 200, () =>
  identity.updateProfile({ profileId, ifMatch: read.entity_tag, email: 'p@example.com' }));
is('to its new address', updated.email, 'p@example.com');
await refuses('an old entity tag is refused', 412, () =>
  identity.updateProfile({ profileId, ifMatch: read.entity_tag, name: 'no' }));

// --- Claim rules ---
const rule = {
  profileId,
  type: 'Profile-SAML',
  realmName: 'https://idp.example',
  expiration: 43200,
  conditions: [{ claim: 'groups', operator: 'CONTAINS', value: '"developers"' }],
};
const madeRule = await answers('a rule is created', 201, () => identity.createClaimRule(rule));
has('it has the required fields', madeRule, 'id', 'entity_tag', 'created_at', 'type', 'expiration',
  'conditions', 'realm_name');
const ruleId = madeRule.id;
const replaced = await answers('it is replaced', 200, () =>
  identity.updateClaimRule({ ...rule, ruleId, ifMatch: madeRule.entity_tag, expiration: 3600 }));
is('by what it says now', replaced.expiration, 3600);
await refuses('an old entity tag is refused', 412, () =>
  identity.updateClaimRule({ ...rule, ruleId, ifMatch: madeRule.entity_tag }));
await refuses('a rule that names no issuer would trust nobody', 400, () =>
  identity.createClaimRule({ profileId, type: 'Profile-CR', crType: 'IKS_SA',
    conditions: [{ claim: 'namespace', operator: 'EQUALS', value: '"ci"' }] }));
const rules = await answers('rules are listed', 200, () => identity.listClaimRules({ profileId }));
is('all of them', rules.rules.map((item) => item.id), [ruleId]);
await answers('a rule is read', 200, () => identity.getClaimRule({ profileId, ruleId }));
await answers('a rule is deleted', 204, () => identity.deleteClaimRule({ profileId, ruleId }));
await refuses('a deleted one is gone', 404, () => identity.getClaimRule({ profileId, ruleId }));

// --- Links ---
const link = {
  crn: `crn:v1:bluemix:public:containers-kubernetes:us-south:a/${account}:cluster::`,
  namespace: 'ci',
  name: 'builder',
};
const madeLink = await answers('a link is created', 201, () =>
  identity.createLink({ profileId, name: 'builder', crType: 'IKS_SA', link }));
has('it has the required fields', madeLink, 'id', 'entity_tag', 'created_at', 'modified_at',
  'cr_type', 'link');
is('and says which workload', madeLink.link, link);
await answers('it is read', 200, () => identity.getLink({ profileId, linkId: madeLink.id }));
const links = await answers('links are listed', 200, () => identity.listLinks({ profileId }));
is('all of them', links.links.map((item) => item.id), [madeLink.id]);
await answers('it is deleted by what it says', 204, () =>
  identity.deleteLinkByParameters({ profileId, type: 'IKS_SA', ...link }));
await refuses('a deleted one is gone', 404, () =>
  identity.deleteLink({ profileId, linkId: madeLink.id }));

// --- Identities ---
const service = await answers('there is a service ID with a key', 201, () =>
  identity.createServiceId({ accountId: account, name: 'actor', apikey: { name: 'actor' } }));
const none = await answers('the identities are read', 200, () =>
  identity.getProfileIdentities({ profileId }));
is('there are none', none.identities, []);
const set = await answers('they are set', 200, () =>
  identity.setProfileIdentities({ profileId, ifMatch: none.entity_tag,
    identities: [{ identifier: service.id, type: 'serviceid', description: 'acts' }] }));
is('to one', set.identities.map((item) => [item.iam_id, item.type, item.description]),
  [[service.iam_id, 'serviceid', 'acts']]);
await refuses('an old entity tag is refused', 412, () =>
  identity.setProfileIdentities({ profileId, ifMatch: none.entity_tag, identities: [] }));
await answers('one is read', 200, () => identity.getProfileIdentity({ profileId,
  identityType: 'serviceid', identifierId: service.id }));
const trust = () => identity.setProfileIdentity({ profileId, identityType: 'serviceid',
  type: 'serviceid', identifier: service.id });
const distrust = () => identity.deleteProfileIdentity({ profileId, identityType: 'serviceid',
  identifierId: service.id });
await answers('one is removed', 204, distrust);
await refuses('a removed one is gone', 404, distrust);

// --- Acting as the profile ---
const acting = (options) => IamIdentity.newInstance({
  serviceUrl: `${url}/iam`,
  authenticator: new IamAssumeAuthenticator({ apikey: service.apikey.apikey, url: `${url}/iam`,
    ...options }),
});
const act = (options) => acting(options).listProfiles({ accountId: account });
await refuses('whom it does not trust cannot act as it', 400, () =>
  act({ iamProfileId: profileId }));
await answers('one is set', 200, trust);
await refuses('who acts as it has no rights but its own', 403, () =>
  act({ iamProfileId: profileId }));

const group = await answers('there is a group', 201, () =>
  groups.createAccessGroup({ accountId: account, name: 'viewers' }));
const joined = await answers('which the profile joins', 207, () =>
  groups.addMembersToAccessGroup({ accessGroupId: group.id,
    members: [{ iam_id: made.iam_id, type: 'profile' }] }));
is('as such', joined.members[0].status_code, 200);
const policy = await answers('and which may read identities', 201, () =>
  policies.createPolicy({ type: 'access',
    subjects: [{ attributes: [{ name: 'access_group_id', value: group.id }] }],
    roles: [{ role_id: 'crn:v1:bluemix:public:iam::::role:Viewer' }],
    resources: [{ attributes: [{ name: 'accountId', value: account },
      { name: 'serviceName', value: 'iam-identity' }] }] }));
has('by a policy', policy, 'id');
await answers('then it may, named by its id', 200, () => act({ iamProfileId: profileId }));
await answers('by its CRN', 200, () => act({ iamProfileCrn: made.crn }));
await answers('or by its name', 200, () =>
  act({ iamProfileName: 'sdk', iamAccountId: account }));

const held = acting({ iamProfileId: profileId });
await answers('a token is held', 200, () => held.listProfiles({ accountId: account }));
await answers('the trust is taken away', 204, distrust);
await refuses('and the token is refused', 401, () => held.listProfiles({ accountId: account }));

await answers('the profile is deleted', 204, () => identity.deleteProfile({ profileId }));
await refuses('a deleted one is gone', 404, () => identity.getProfile({ profileId }));
await answers('with its memberships', 204, () =>
  groups.deleteAccessGroup({ accessGroupId: group.id }));
await answers('the service ID goes too', 204, () => identity.deleteServiceId({ id: service.id }));

finish();
