// What an account demands of its identities (ibm-registry 4.2).
import IamIdentity from '@ibm-cloud/platform-services/iam-identity/v1.js';
import { account, answers, client, finish, has, is, refuses, responds } from './lib.mjs';

const identity = client(IamIdentity, '/iam');

const first = await answers('the settings are read', 200, () =>
  identity.getAccountSettings({ accountId: account, includeHistory: true }));
has('with all their fields', first, 'account_id', 'entity_tag', 'restrict_create_service_id',
  'restrict_create_platform_apikey', 'allowed_ip_addresses', 'mfa', 'user_mfa', 'history',
  'session_expiration_in_seconds', 'session_invalidation_in_seconds', 'max_sessions_per_identity',
  'system_access_token_expiration_in_seconds', 'system_refresh_token_expiration_in_seconds',
  'restrict_user_list_visibility', 'restrict_user_domains');
is('nothing is set at first', [first.restrict_create_service_id,
  first.session_expiration_in_seconds, first.allowed_ip_addresses], ['NOT_SET', 'NOT_SET', '']);

const domains = [{ realm_id: 'IBMid', invitation_email_allow_patterns: ['*@example.com'],
  restrict_invitation: false }];
const wanted = {
  accountId: account,
  restrictCreateServiceId: 'NOT_RESTRICTED',
  restrictCreatePlatformApikey: 'NOT_RESTRICTED',
  restrictUserListVisibility: 'NOT_RESTRICTED',
  restrictUserDomains: domains,
  mfa: 'NONE',
  allowedIpAddresses: '127.0.0.0/8, ::1',
  sessionExpirationInSeconds: '86400',
  sessionInvalidationInSeconds: '7200',
  maxSessionsPerIdentity: '10',
  systemAccessTokenExpirationInSeconds: '900',
  systemRefreshTokenExpirationInSeconds: '259200',
};
const updated = await responds('they are changed', 200, () =>
  identity.updateAccountSettings({ ...wanted, ifMatch: first.entity_tag }));
is('the header has the entity tag', updated.headers.etag, updated.result.entity_tag);
is('and they read back', [updated.result.restrict_create_service_id,
  updated.result.restrict_user_domains, updated.result.max_sessions_per_identity,
  updated.result.allowed_ip_addresses], ['NOT_RESTRICTED', domains, '10', '127.0.0.0/8, ::1']);
is('with their history', updated.result.history.length, 1);
await refuses('an old entity tag is refused', 412, () =>
  identity.updateAccountSettings({ ...wanted, ifMatch: first.entity_tag }));

await refuses('a time out of its range is refused', 400, () =>
  identity.updateAccountSettings({ accountId: account, ifMatch: '*',
    sessionExpirationInSeconds: '60' }));
const mfa = await refuses('a second factor that nobody asks for is not pretended', 400, () =>
  identity.updateAccountSettings({ accountId: account, ifMatch: '*', mfa: 'TOTP4ALL' }));
is('and why', /second factor/.test(JSON.stringify(mfa)), true);
await refuses('addresses must be such', 400, () =>
  identity.updateAccountSettings({ accountId: account, ifMatch: '*',
    allowedIpAddresses: 'everywhere' }));
await refuses('nobody shuts themselves out', 409, () =>
  identity.updateAccountSettings({ accountId: account, ifMatch: '*',
    allowedIpAddresses: '192.0.2.0/24' }));

const effective = await answers('what holds is read', 200, () =>
  identity.getEffectiveAccountSettings({ accountId: account }));
is('by account and in effect', [effective.account.account_id,
  effective.effective.system_access_token_expiration_in_seconds], [account, '900']);

const last = await answers('they are unset', 200, () =>
  identity.updateAccountSettings({ accountId: account, ifMatch: '*',
    restrictCreateServiceId: 'NOT_SET', restrictCreatePlatformApikey: 'NOT_SET',
    restrictUserDomains: [{ realm_id: 'IBMid' }], allowedIpAddresses: '',
    sessionExpirationInSeconds: 'NOT_SET', sessionInvalidationInSeconds: 'NOT_SET',
    maxSessionsPerIdentity: 'NOT_SET', systemAccessTokenExpirationInSeconds: 'NOT_SET',
    systemRefreshTokenExpirationInSeconds: 'NOT_SET' }));
is('all of them', [last.restrict_user_domains, last.max_sessions_per_identity], [[], 'NOT_SET']);

finish();
