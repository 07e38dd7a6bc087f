import { armFailpoints, failpoint } from './failpoint';

/** Kills are watched, not suffered: what `process.kill` is asked for is the whole effect of a failpoint. */
function killsDuring(run: () => void): unknown[][] {
  const kill = jest.spyOn(process, 'kill').mockReturnValue(true);
  run();
  const calls = kill.mock.calls;
  kill.mockRestore();
  return calls;
}

afterEach(() => armFailpoints([]));

describe('a failpoint', () => {
  it('is inert when nothing is armed', () => {
    expect(killsDuring(() => failpoint('before-fence'))).toEqual([]);
  });

  it('is inert when another one is armed', () => {
    armFailpoints([{ name: 'after-fence', nth: 1 }]);
    expect(killsDuring(() => failpoint('before-fence'))).toEqual([]);
  });

  it('kills the process outright when it is armed', () => {
    armFailpoints([{ name: 'before-fence', nth: 1 }]);
    expect(killsDuring(() => failpoint('before-fence'))).toEqual([[process.pid, 'SIGKILL']]);
  });

  it('kills at the nth time only', () => {
    armFailpoints([{ name: 'before-fence', nth: 3 }]);
    expect(killsDuring(() => failpoint('before-fence'))).toEqual([]);
    expect(killsDuring(() => failpoint('before-fence'))).toEqual([]);
    expect(killsDuring(() => failpoint('before-fence'))).toEqual([[process.pid, 'SIGKILL']]);
    expect(killsDuring(() => failpoint('before-fence'))).toEqual([]);
  });
});
