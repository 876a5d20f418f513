// An OpenID provider on loopback for the end-to-end tests: refresh tokens of a single use, access tokens of seconds.
//
// Usage: node oauth_provider.mjs PORT SECONDS, from a folder whose node_modules holds oidc-provider.

import Provider from 'oidc-provider';

const [port, seconds] = process.argv.slice(2).map(Number);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: 'connector',
      client_secret: 'sample-client-secret',
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      response_types: ['code'],
      // Nobody listens there: the code is read off the redirect itself.
      redirect_uris: ['http://127.0.0.1:9/callback'],
    },
  ],
  // Otherwise tokens would be taken for fifteen seconds after their end.
  clockTolerance: 0,
  cookies: { keys: ['sample-cookie-key'] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
  },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  issueRefreshToken: () => true,
  pkce: { required: () => false },
  rotateRefreshToken: true,
  ttl: { AccessToken: seconds, ClientCredentials: seconds, Grant: 3600, RefreshToken: 3600, Session: 3600 },
});

provider.listen(port, '127.0.0.1');
