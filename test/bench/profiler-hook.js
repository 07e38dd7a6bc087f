// Loaded into the service by `node --require`: each SIGUSR2 starts a CPU profile, or ends it and writes it into BENCH_PROFILE_DIR.
const { writeFileSync, renameSync } = require('node:fs');
const { Session } = require('node:inspector');
const { join } = require('node:path');

const SAMPLING_INTERVAL_US = 1000;

const session = new Session();
session.connect();
let running = false;
let profiles = 0;

process.on('SIGUSR2', () => {
  if (!running) {
    running = true;
    session.post('Profiler.enable');
    session.post('Profiler.setSamplingInterval', { interval: SAMPLING_INTERVAL_US });
    session.post('Profiler.start');
    return;
  }
  running = false;
  session.post('Profiler.stop', (error, result) => {
    if (error) throw error;
    const file = join(process.env.BENCH_PROFILE_DIR, `${++profiles}.cpuprofile`);
    writeFileSync(`${file}.part`, JSON.stringify(result.profile));
    renameSync(`${file}.part`, file);
  });
});
