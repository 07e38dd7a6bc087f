import { DpsError } from '../shared/dps-error';
import { parsePresentedTpm } from './presented-tpm';

const [endorsementKey, storageRootKey] = [Buffer.from('ek'), Buffer.from('srk')];

describe('the TPM that a device presents', () => {
  it('is its two keys', () => {
    const body = { endorsementKey: endorsementKey.toString('base64'), storageRootKey: storageRootKey.toString('base64') };
    expect(parsePresentedTpm(body)).toEqual({ endorsementKey, storageRootKey });
  });

  it('may lack the storage root key', () => {
    const ek = endorsementKey.toString('base64');
    expect(parsePresentedTpm({ endorsementKey: ek, storageRootKey: null })).toEqual({ endorsementKey, storageRootKey: null });
  });

  it.each([[undefined], [null], [{}], [{ endorsementKey: '' }]])('is none in %j', (value) => {
    expect(parsePresentedTpm(value)).toBeNull();
  });

  it.each([['text'], [[]], [7], [{ endorsementKey: 7 }], [{ endorsementKey: '*' }], [{ endorsementKey: 'A'.repeat(1_000) }]])(
    'cannot be %j',
    (value) => {
      expect(() => parsePresentedTpm(value)).toThrow(DpsError);
    },
  );
});
