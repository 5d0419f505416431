// An identity provider for the tests: oidc-provider from npm, over plain HTTP on loopback, with people and groups that
// a file names. usage: node provider.mjs CONFIG.json; prints its port and serves until its standard input ends.
// POST /test/rotate makes it publish and use another key, POST /test/people {NAME: claims, or null} changes its people,
// GET /test/revoked tells how many grants were taken back, POST /test/deaf makes it refuse to take any back;
// everything else is oidc-provider's.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const config = JSON.parse(readFileSync(process.argv[2], "utf8"));
const require = createRequire(config.modules + "/");
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { Provider } = await load("oidc-provider");
const { exportJWK, generateKeyPair } = await load("jose");

let keys = 0;
let revoked = 0;
let deaf = false;
async function newKey(algorithm) {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: algorithm, use: "sig", kid: `${algorithm}-${++keys}` };
}

async function make(issuer) {
  const provider = new Provider(issuer, {
    clients: config.clients.map((client) => ({
      id_token_signed_response_alg: config.algorithm, response_types: ["code"],
      redirect_uris: config.redirect_uris, ...client,
    })),
    jwks: { keys: [await newKey(config.algorithm)] },
    enabledJWA: { idTokenSigningAlgValues: [config.algorithm] },
    conformIdTokenClaims: config.claims_in_userinfo_alone ?? false,
    claims: { openid: ["sub"], profile: ["tenant", "org", "groups", "name"] },
    features: {
      backchannelLogout: { enabled: true }, rpInitiatedLogout: { enabled: true }, revocation: { enabled: true },
      deviceFlow: { enabled: true }, devInteractions: { enabled: true }, clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true, defaultResource: () => config.audience, useGrantedResource: () => false,
        getResourceServerInfo: () => ({ scope: "profile", audience: config.audience, accessTokenFormat: "jwt",
                                        jwt: { sign: { alg: config.algorithm } } }),
      },
    },
    // Its own guard lets it speak to no address of this machine; the gateway is one.
    fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }),
    ttl: { AccessToken: config.access_seconds ?? 600, ClientCredentials: 600, IdToken: 600, Session: 600, Grant: 600, Interaction: 600, DeviceCode: 600 },
    findAccount: (_, id) => (config.people[id] ? { accountId: id, claims: () => ({ sub: id, ...config.people[id] }) } : undefined),
    // Claims of people stand in their access tokens too, as campus providers are set up to do.
    extraTokenClaims: (_, token) => config.people[token.accountId] ?? {},
  });
  provider.on("server_error", (_, error) => console.error(error));
  provider.on("backchannel.error", (_, error) => console.error(error));
  provider.on("grant.revoked", () => ++revoked);
  return provider;
}

const server = createServer((request, response) => answer(request, response));
let handler;
async function answer(request, response) {
  if (request.url === "/test/rotate") {
    handler = (await make(issuer)).callback();
    response.end("rotated\n");
  } else if (request.url === "/test/revoked") {
    response.end(`${revoked}`);
  } else if (request.url === "/test/deaf") {
    deaf = !deaf;
    response.end(`${deaf}`);
  } else if (deaf && request.url.startsWith("/token/revocation")) {
    response.writeHead(503).end();
  } else if (request.url === "/test/people") {
    let text = "";
    for await (const part of request) text += part;
    Object.assign(config.people, JSON.parse(text));
    response.end("changed\n");
  } else {
    handler(request, response);
  }
}
await new Promise((done) => server.listen(config.port ?? 0, "127.0.0.1", done));
const issuer = `http://127.0.0.1:${server.address().port}`;
handler = (await make(issuer)).callback();
console.log(server.address().port);
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
