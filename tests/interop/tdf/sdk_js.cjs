// SPDX-License-Identifier: Apache-2.0
// @opentdf/client in node: encrypt or decrypt, standard input to standard output.
//   node sdk_js.cjs encrypt|decrypt KAS_URL PUBLIC_PEM_FILE      (in the folder where the package is installed)
'use strict';
const fs = require('node:fs');
const { createRequire } = require('node:module');

// the package is made for a browser: what it looks for while it loads
globalThis.location = { href: 'http://localhost/' };
globalThis.window = { isSecureContext: true, location: globalThis.location };
globalThis.document = { documentElement: { style: {} } };
console.log = console.info = console.warn = console.error;

const { Client } = createRequire(process.cwd() + '/')('@opentdf/client').Client;
const [verb, kasEndpoint, pem] = process.argv.slice(2);
const input = fs.readFileSync(0);
const client = new Client({
  kasEndpoint,
  clientId: 'test',
  kasPublicKey: fs.readFileSync(pem, 'utf8'),
  authProvider: { updateClientPublicKey: async () => {}, withCreds: async (request) => request },
});

async function main() {
  const source = new ReadableStream({
    start(controller) {
      if (input.length > 0) controller.enqueue(input);
      controller.close();
    },
  });
  const out =
    verb === 'encrypt'
      ? await client.encrypt({ source, offline: true, mimeType: 'text/plain', scope: { attributes: [], dissem: ['a@example.org'] } })
      : await client.decrypt({ source: { type: 'buffer', location: input } });
  process.stdout.write(await out.toBuffer());
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
