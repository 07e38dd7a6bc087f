import { createLogger } from './logger';
import { Shutdown } from './shutdown';

const logger = createLogger({ level: 'silent' });

describe('a shutdown', () => {
  it('stops what started last first, each after the other', async () => {
    const stopped: string[] = [];
    const shutdown = new Shutdown(logger);
    shutdown.add('database', () => void stopped.push('database'));
    shutdown.add('listener', async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      stopped.push('listener');
    });
    expect(await shutdown.run('test')).toBe(true);
    expect(stopped).toEqual(['listener', 'database']);
  });

  it('runs once, however often it is asked', async () => {
    let runs = 0;
    const shutdown = new Shutdown(logger);
    shutdown.add('part', () => {
      runs++;
    });
    await Promise.all([shutdown.run('one'), shutdown.run('two')]);
    expect(runs).toBe(1);
  });

  it('stops parts that were still starting when it began', async () => {
    const stopped: string[] = [];
    const shutdown = new Shutdown(logger);
    shutdown.add('first', () => {
      shutdown.add('late', () => void stopped.push('late'));
      stopped.push('first');
    });
    await shutdown.run('test');
    expect(stopped).toEqual(['first', 'late']);
  });

  it('goes on after a step that fails or hangs, and says that it was not clean', async () => {
    const stopped: string[] = [];
    const shutdown = new Shutdown(logger);
    shutdown.add('last', () => void stopped.push('last'));
    shutdown.add('hangs', () => new Promise<void>(() => undefined), 20);
    shutdown.add('throws', () => {
      throw new Error('broken');
    });
    expect(await shutdown.run('test')).toBe(false);
    expect(stopped).toEqual(['last']);
  });
});

describe('signals', () => {
  afterEach(() => {
    process.removeAllListeners('SIGINT');
    process.removeAllListeners('SIGTERM');
  });

  it('begin a shutdown and end the process with 0 when it was clean', async () => {
    const shutdown = new Shutdown(logger);
    const code = await new Promise((resolve) => {
      shutdown.listenToSignals(resolve);
      process.emit('SIGTERM', 'SIGTERM');
    });
    expect(code).toBe(0);
  });

  it('end the process with 1 when it was not', async () => {
    const shutdown = new Shutdown(logger);
    shutdown.add('throws', () => Promise.reject(new Error('broken')));
    const code = await new Promise((resolve) => {
      shutdown.listenToSignals(resolve);
      process.emit('SIGINT', 'SIGINT');
    });
    expect(code).toBe(1);
  });

  it('end the process at once when they come twice', async () => {
    const shutdown = new Shutdown(logger);
    shutdown.add('hangs', () => new Promise<void>(() => undefined), 200);
    const code = await new Promise((resolve) => {
      shutdown.listenToSignals(resolve);
      process.emit('SIGINT', 'SIGINT');
      process.emit('SIGINT', 'SIGINT');
    });
    expect(code).toBe(130);
  });
});
