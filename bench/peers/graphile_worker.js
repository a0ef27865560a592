// graphile-worker: `fill` adds jobs in one statement, `work` runs them; NODE_PATH names where it is installed.
"use strict";

const { Pool } = require("pg");
const { Logger, makeWorkerUtils, run, runMigrations } = require("graphile-worker");
const { version } = require("graphile-worker/package.json");

// The local queue and batched completion make it nine times as fast as without.
const SETTINGS = {
  concurrentJobs: 100,
  maxPoolSize: 40,
  localQueue: { size: 500, refetchDelay: { durationMs: 10 } },
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
};
const LEFT = "SELECT count(*)::int AS jobs FROM graphile_worker._private_jobs";
const logger = new Logger(() => () => {});
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function main(verb, workload, url, jobs) {
  const pool = new Pool({ connectionString: url, max: 2 });
  if (verb === "fill") {
    await fill(pool, workload === "submit" ? 0 : jobs);
    return;
  }
  const [done, seconds] = workload === "submit" ? await submit(pool, jobs) : await work(pool, url, jobs);
  console.log(JSON.stringify({ done, seconds, version, settings: SETTINGS }));
}

async function fill(pool, jobs) {
  await runMigrations({ pgPool: pool, logger });
  await pool.query(
    `SELECT count(*) FROM graphile_worker.add_jobs(array(
       SELECT json_populate_record(NULL::graphile_worker.job_spec, json_build_object('identifier', 'nothing'))
       FROM generate_series(1, $1)))`,
    [jobs],
  );
  await pool.query("ANALYZE");
}

async function submit(pool, jobs) {
  const utils = await makeWorkerUtils({ pgPool: pool, logger });
  const started = process.hrtime.bigint();
  for (let number = 0; number < jobs; number++) await utils.addJob("nothing", {});
  const seconds = since(started);
  return [await left(pool), seconds];
}

async function work(pool, url, jobs) {
  let begun = null;
  let ended = 0;
  const nothing = async () => {
    begun ??= process.hrtime.bigint();
    ended++;
  };
  const preset = { worker: { connectionString: url, pollInterval: 2000, logger, ...SETTINGS } };
  await run({ preset, taskList: { nothing }, noHandleSignals: true });
  while (ended < jobs) await pause(10);
  while (await left(pool)) await pause(5);
  // A job that failed would be left over for its next attempt.
  return [ended, since(begun)];
}

const left = async (pool) => (await pool.query(LEFT)).rows[0].jobs;
const since = (moment) => Number(process.hrtime.bigint() - moment) / 1e9;

main(process.argv[2], process.argv[3], process.argv[4], Number(process.argv[5])).then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
