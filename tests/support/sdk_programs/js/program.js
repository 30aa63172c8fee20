// A program of AWS's SDK for JavaScript: for each line, a profile, it says in a line of JSON who that is to AWS.
import { createInterface } from "node:readline";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

async function answer(profile) {
  // a profile that is named in the code does not reach the chain's own clients, and so no endpoint does
  process.env.AWS_PROFILE = profile;
  try {
    // the default chain, with no credentials in memory of the time before
    const sts = new STSClient({});
    return { arn: (await sts.send(new GetCallerIdentityCommand({}))).Arn };
  } catch (error) {
    return { error: `${error.name}: ${error.message}` };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await answer(line.trim())) + "\n");
}
