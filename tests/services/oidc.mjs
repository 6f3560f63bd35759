// An OpenID provider for tests, on loopback: see oidc.sh.
//   node oidc.mjs PORT CERTIFICATE KEY
// People are in the table below; their passwords are NAME-pw. Clients: 'registry' (code with PKCE,
// secret 'registry-secret') and 'cli' (public, by device).
import Provider, { errors } from 'oidc-provider';
import http from 'node:http';
import https from 'node:https';
import fs from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';

const [port, cert, key] = process.argv.slice(2);
const issuer = `${cert ? 'https' : 'http'}://localhost:${port}`;
const redirects = (process.env.OIDC_REDIRECTS || 'http://localhost:8080/callback').split(',');
const people = {
  alice: { name: 'Alice Example', email: 'alice@example.test', email_verified: true, groups: ['admins', 'devs'] },
  bob: { name: 'Bob Example', email: 'bob@example.test', email_verified: true, groups: ['devs'] },
  carol: { name: 'Carol Example', email: 'carol@example.test', email_verified: false, groups: [] },
};

// New signing keys at every start: a restart on the same port is a key rotation.
const jwk = (type, options, extra) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }),
  use: 'sig', kid: `${type}-${Date.now()}`, ...extra });

const provider = new Provider(issuer, {
  jwks: { keys: [jwk('rsa', { modulusLength: 2048 }, { alg: 'RS256' }), jwk('ec', { namedCurve: 'P-256' }, { alg: 'ES256' })] },
  clients: [
    { client_id: 'registry', client_secret: 'registry-secret', redirect_uris: redirects,
      post_logout_redirect_uris: redirects, grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] },
    { client_id: 'cli', token_endpoint_auth_method: 'none', redirect_uris: [], response_types: [],
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'] },
    { client_id: 'svc', client_secret: 'svc-secret', redirect_uris: [], response_types: [], grant_types: ['client_credentials'] },
  ],
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'], groups: ['groups'] },
  scopes: ['openid', 'offline_access'],
  conformIdTokenClaims: false,                       // put the scopes' claims into the ID token too
  async findAccount(ctx, id) {
    return people[id] && { accountId: id, claims: () => ({ sub: id, preferred_username: id, ...people[id] }) };
  },
  // Consent without a page: every client gets what it asks for.
  async loadExistingGrant(ctx) {
    const id = ctx.oidc.result?.consent?.grantId || ctx.oidc.session.grantIdFor(ctx.oidc.client.clientId);
    const grant = (id && await provider.Grant.find(id)) ||
      new provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid profile email groups offline_access');
    await grant.save();
    return grant;
  },
  issueRefreshToken: async (ctx, client, code) => client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
  features: {
    devInteractions: { enabled: false },
    deviceFlow: { enabled: true }, clientCredentials: { enabled: true },
    introspection: { enabled: true }, revocation: { enabled: true }, rpInitiatedLogout: { enabled: true },
    resourceIndicators: {
      enabled: true, defaultResource: () => undefined, useGrantedResource: () => true,
      getResourceServerInfo(ctx, resource) {
        if (resource !== 'urn:registry') throw new errors.InvalidTarget();
        return { scope: 'pull push', audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: 300 };
      },
    },
  },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: (ctx, client) => client.clientId === 'registry' },
  ttl: { AccessToken: Number(process.env.OIDC_TTL || 300), IdToken: Number(process.env.OIDC_TTL || 300),
    AuthorizationCode: 60, DeviceCode: 120, Session: 3600, Grant: 3600, Interaction: 300, RefreshToken: 3600, ClientCredentials: 300 },
  cookies: { keys: ['test'] },
});
provider.on('server_error', (ctx, err) => console.error(err));

const handle = provider.callback();
const serve = async (req, res) => {
  const match = /^\/interaction\/([\w-]+)$/.exec(req.url);
  if (!match) return handle(req, res);
  try {
    if (req.method === 'POST') {
      let body = ''; for await (const part of req) body += part;
      const form = new URLSearchParams(body), who = form.get('login');
      if (people[who] && form.get('password') === `${who}-pw`) {
        return await provider.interactionFinished(req, res, { login: { accountId: who } });
      }
      if (form.get('cancel')) return await provider.interactionFinished(req, res, { error: 'access_denied', error_description: 'cancelled' });
      res.statusCode = 401;
    }
    const { prompt, params, session } = await provider.interactionDetails(req, res);
    if (prompt.name === 'consent') {                 // asked for with prompt=consent: granted without a page
      const grant = new provider.Grant({ clientId: params.client_id, accountId: session.accountId });
      grant.addOIDCScope('openid profile email groups offline_access');
      return await provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
    }
    res.setHeader('content-type', 'text/html');
    res.end(`<!doctype html><title>Test login</title><form method=post><input name=login autofocus><input name=password type=password><button>Log in</button><button name=cancel value=1>Cancel</button></form>`);
  } catch (err) { res.statusCode = 400; res.end(String(err)); }
};
const server = cert ? https.createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) }, serve) : http.createServer(serve);
server.listen(Number(port), '127.0.0.1', () => console.log(`OIDC_ISSUER=${issuer}`));
