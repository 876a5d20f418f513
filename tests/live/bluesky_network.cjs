// A Bluesky network on loopback for the end-to-end tests: directory, personal data server, app view, moderation.
//
// Usage: node bluesky_network.cjs CONTROL_PORT PDS_PORT, from a folder whose node_modules holds @atproto/dev-env, with
// DB_POSTGRES_URL and REDIS_HOST in the environment. Once the network is up, POST /settle on the control port returns
// when the app view has seen everything that was written.

const { createServer } = require('node:http');
const { TestNetwork } = require('@atproto/dev-env');

async function main() {
  const [controlPort, pdsPort] = process.argv.slice(2).map(Number);
  const network = await TestNetwork.create({
    pds: { port: pdsPort, hostname: 'localhost', enableDidDocWithSession: true },
    bsky: { dbPostgresSchema: 'bsky' },
  });
  createServer(async (request, response) => {
    try {
      if (request.method === 'POST' && request.url === '/settle') await network.processAll(20_000);
      response.writeHead(204).end();
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  }).listen(controlPort, '127.0.0.1');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
