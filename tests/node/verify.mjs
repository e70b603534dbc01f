// Reads requests as JSON, [{body, headers, secret}, …], and writes what each package says of each:
// "valid", or the words of its refusal.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const terra = require("terra-api");
const standardwebhooks = require("standardwebhooks");
const svix = require("svix");

const verifiers = {
  "terra-api": ({ body, headers, secret }) =>
    terra.verifyTerraWebhookSignature(body, headers["terra-signature"], secret),
  standardwebhooks: ({ body, headers, secret }) =>
    new standardwebhooks.Webhook(secret).verify(body, headers),
  svix: ({ body, headers, secret }) => new svix.Webhook(secret).verify(body, headers),
};

async function verdict(verify, request) {
  try {
    return (await verify(request)) ? "valid" : "nothing came back";
  } catch (error) {
    return error.message;
  }
}

const requests = JSON.parse(readFileSync(0, "utf8"));
const verdicts = {};
for (const [name, verify] of Object.entries(verifiers)) {
  verdicts[name] = await Promise.all(requests.map((request) => verdict(verify, request)));
}
process.stdout.write(JSON.stringify(verdicts));
