// Reads {options, calls} as JSON and makes each call, [method, ...arguments], with Terra's own
// client. Writes what came back of each, or what was thrown: its class, status and body.
import { readFileSync } from "node:fs";
import { Terra, TerraClient, TerraError } from "terra-api";

const classes = { ...Terra, TerraError };

function thrown(error) {
  const known = Object.keys(classes).filter(
    (name) => name.endsWith("Error") && error instanceof classes[name],
  );
  return { thrown: known.sort(), statusCode: error.statusCode, body: error.body, said: error.message };
}

async function outcome(client, [method, ...given]) {
  const [part, name] = method.split(".");
  try {
    return { returned: await client[part][name](...given) };
  } catch (error) {
    return thrown(error);
  }
}

const { options, calls } = JSON.parse(readFileSync(0, "utf8"));
const client = new TerraClient(options);
const outcomes = [];
for (const call of calls) {
  outcomes.push(await outcome(client, call));
}
process.stdout.write(JSON.stringify(outcomes));
