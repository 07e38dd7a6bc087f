import { StateSeal } from './state-seal';

const seal = new StateSeal(Buffer.alloc(32, 1));
const plain = Buffer.from(JSON.stringify({ text: 'temperature '.repeat(100) }));

describe('a sealed state', () => {
  it('opens under its name, and shows nothing of what it holds', () => {
    const sealed = seal.seal('device-a', plain);
    expect(seal.open('device-a', sealed)).toEqual(plain);
    expect(sealed.includes('temperature')).toBe(false);
    expect(sealed.length).toBeLessThan(plain.length / 5);
    expect(seal.seal('device-a', plain)).not.toEqual(sealed);
  });

  it('does not open under another name, with another key, or when it was changed', () => {
    const sealed = seal.seal('device-a', plain);
    const changed = Buffer.from(sealed);
    changed[40] = (changed[40] ?? 0) ^ 1;
    expect(() => seal.open('device-b', sealed)).toThrow();
    expect(() => new StateSeal(Buffer.alloc(32, 2)).open('device-a', sealed)).toThrow();
    expect(() => seal.open('device-a', changed)).toThrow();
    expect(() => seal.open('device-a', sealed.subarray(0, 20))).toThrow();
  });

  it('needs a key of 32 bytes', () => {
    expect(() => new StateSeal(Buffer.alloc(16))).toThrow('the key has 16 bytes, not 32');
  });
});
