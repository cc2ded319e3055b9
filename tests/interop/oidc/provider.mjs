// SPDX-License-Identifier: Apache-2.0
// Two OpenID Connect issuers (npm: oidc-provider) on loopback: "one" signs by RS256, "two" by PS256, until told otherwise.
// The current folder has node_modules. Prints a line of JSON when ready; reads commands, a line each: rotate NAME ALG.
import crypto from 'node:crypto';
import http from 'node:http';
import path from 'node:path';
import readline from 'node:readline';
import { pathToFileURL } from 'node:url';

const { default: Provider } = await import(pathToFileURL(path.resolve('node_modules/oidc-provider/lib/index.js')));

const CLAIMS = { // what each client's tokens say for Proviso
  plain: {},
  officer: { proviso_party: 'co.public-force.navy', proviso_roles: ['officer', 'operator'], proviso_purposes: ['law.interdict', 'force.strike'] },
  foreign: { proviso_party: 'us' },
};
const AUDIENCE = { one: 'urn:proviso:co', two: 'co/orders' };

function key(alg, kid) {
  const pair = alg.startsWith('RS') || alg.startsWith('PS') ? crypto.generateKeyPairSync('rsa', { modulusLength: 2048 })
    : alg === 'EdDSA' ? crypto.generateKeyPairSync('ed25519')
      : crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...pair.privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
}

function provider(name, issuer, alg, kid) {
  const secrets = key(alg, kid);
  return new Provider(issuer, {
    jwks: { keys: [secrets] },
    clients: Object.keys(CLAIMS).map((id) => ({
      client_id: id, client_secret: `${id}-secret`, grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
      id_token_signed_response_alg: alg,
    })),
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
    extraTokenClaims: (ctx, token) => CLAIMS[token.clientId],
    ttl: { ClientCredentials: 300 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (ctx, resource) => ({
          scope: 'api', accessTokenFormat: resource === 'urn:opaque' ? 'opaque' : 'jwt', jwt: { sign: { alg } },
          audience: resource === 'urn:elsewhere' ? 'urn:elsewhere' : AUDIENCE[name],
        }),
      },
    },
  });
}

const running = {};
for (const [name, alg] of [['one', 'RS256'], ['two', 'PS256']]) {
  const server = http.createServer((req, res) => running[name].callback(req, res));
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  running[name] = { issuer, n: 1, callback: provider(name, issuer, alg, `${name}-1`).callback() };
}
console.log(JSON.stringify({ one: running.one.issuer, two: running.two.issuer }));
for await (const line of readline.createInterface({ input: process.stdin })) {
  const [verb, name, alg] = line.split(' ');
  if (verb === 'rotate') {
    const r = running[name];
    r.n += 1;
    r.callback = provider(name, r.issuer, alg, `${name}-${r.n}`).callback();
    console.log('{}');
  }
}
process.exit(0); // whoever started us is gone
