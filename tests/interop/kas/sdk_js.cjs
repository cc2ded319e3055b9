// SPDX-License-Identifier: Apache-2.0
// @opentdf/client in node against a gateway, standard input to standard output.
//   node sdk_js.cjs encrypt|decrypt KAS_URL [ATTRIBUTE|PURPOSE]      (in the folder where the package is installed)
// TOKEN is a bearer token, NODE_EXTRA_CA_CERTS vouches for the gateway.
'use strict';
const fs = require('node:fs');
const { createRequire } = require('node:module');

// the package is made for a browser: what it looks for while it loads
globalThis.location = { href: 'http://localhost/' };
globalThis.window = { isSecureContext: true, location: globalThis.location };
globalThis.document = { documentElement: { style: {} } };
console.log = console.info = console.warn = console.error;

const { Client } = createRequire(process.cwd() + '/')('@opentdf/client').Client;
const [verb, kasEndpoint, word] = process.argv.slice(2);
const input = fs.readFileSync(0);

function context() {
  if (verb !== 'decrypt' || !word) return {};
  const fqn = new URL(kasEndpoint).origin + '/obl/purpose/value/' + word;
  return { 'X-Rewrap-Additional-Context': Buffer.from(JSON.stringify({ obligations: { fulfillableFQNs: [fqn] } })).toString('base64') };
}

const client = new Client({
  kasEndpoint,
  clientId: 'test',
  authProvider: {
    updateClientPublicKey: async () => {},
    withCreds: async (request) => ({
      ...request,
      headers: { ...request.headers, ...context(), Authorization: 'Bearer ' + process.env.TOKEN },
    }),
  },
});

async function main() {
  const source = new ReadableStream({
    start(controller) {
      if (input.length > 0) controller.enqueue(input);
      controller.close();
    },
  });
  const attributes = word ? [{ attribute: word, kasUrl: kasEndpoint, displayName: word, isDefault: false, pubKey: '' }] : [];
  const out =
    verb === 'encrypt'
      ? await client.encrypt({ source, offline: true, mimeType: 'text/plain', scope: { attributes, dissem: [] } })
      : await client.decrypt({ source: { type: 'buffer', location: input } });
  process.stdout.write(await out.toBuffer());
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
