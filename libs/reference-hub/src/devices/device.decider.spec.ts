import { specification } from '@app/event-sourcing/specification';
import {
  at,
  create,
  device,
  generated,
  history,
  importDevice,
  later,
  patch,
  remove,
  replace,
  report,
  sas,
  sealed,
  setStatus,
} from '../testing/device-commands';
import { GivenCredentials } from './device.checks';
import { deviceDecider, DeviceCommand } from './device.decider';
import { DeviceEvent } from './device.events';
import { entityTag } from './entity-tag';

const given = specification(deviceDecider);

describe('given no device', () => {
  it('one is created, enabled, with versions of 1', () => {
    expect(device({ ...create, tags: { t: 1, none: null }, desired: { d: { e: 2 } } })).toMatchObject({
      deviceId: 'dev',
      generationId: 'gen-1',
      status: 'enabled',
      statusReason: null,
      statusUpdatedAt: null,
      credentials: { type: 'sas', primaryKey: sealed('p'), secondaryKey: sealed('s') },
      iotEdge: false,
      tags: { t: 1 },
      desired: {
        values: { d: { e: 2 } },
        version: 1,
        metadata: {
          $lastUpdated: at,
          $lastUpdatedVersion: 1,
          d: { $lastUpdated: at, $lastUpdatedVersion: 1, e: { $lastUpdated: at, $lastUpdatedVersion: 1 } },
        },
      },
      reported: { values: {}, version: 1, metadata: { $lastUpdated: at } },
      twinVersion: 1,
    });
  });

  it('one is imported as it was elsewhere', () => {
    const imported = device(importDevice);
    expect(imported).toMatchObject({ generationId: 'gen-2', status: 'disabled', tags: { a: 1 }, twinVersion: 7 });
    expect(imported.desired).toEqual(importDevice.desired);
    expect(imported.reported).toEqual({
      values: { c: 3 },
      version: 9,
      metadata: { $lastUpdated: at, c: { $lastUpdated: at } },
    });
  });

  it.each<[DeviceCommand]>([
    [setStatus('disabled')],
    [patch({ a: 1 })],
    [replace({ a: 1 })],
    [report({ a: 1 })],
    [remove()],
    [{ ...importDevice, condition: 'any' }],
  ])('$type is refused', (command) => {
    given([]).when(command).thenRejected('device-not-found');
    given(history(create, remove())).when(command).thenRejected('device-not-found');
  });
});

describe('given a device', () => {
  it('a second one of its id is refused', () => {
    given(history(create)).when(create).thenRejected('device-already-exists');
    given(history(create)).when(importDevice).thenRejected('device-already-exists');
  });

  it('its identity changes where the command says so', () => {
    const disabled = device(create, setStatus('disabled'));
    expect(disabled).toMatchObject({ status: 'disabled', statusUpdatedAt: later, generationId: 'gen-1' });
    expect(disabled.credentials).toEqual(device(create).credentials);
    const reason: DeviceCommand = { type: 'UpdateIdentity', identity: { statusReason: 'moved' }, condition: 'any', at: later };
    expect(device(create, reason)).toMatchObject({ status: 'enabled', statusReason: 'moved', statusUpdatedAt: null });
  });

  it('keys left empty are kept, or generated where there are none', () => {
    const update = (credentials: GivenCredentials): DeviceCommand => {
      return { type: 'UpdateIdentity', identity: { credentials }, condition: 'any', at: later };
    };
    given(history(create)).when(update(generated)).thenNothing();
    const certificate: GivenCredentials = { type: 'selfSigned', primaryThumbprint: 'aa', secondaryThumbprint: '' };
    expect(device(create, update(certificate)).credentials).toEqual(certificate);
    expect(device(create, update(certificate), update(generated)).credentials).toEqual({
      type: 'sas',
      primaryKey: sealed('generated p'),
      secondaryKey: sealed('generated s'),
    });
  });

  it('the same key sealed anew is no change', () => {
    const primaryKey = { given: { sealed: 'sealed otherwise', fingerprint: 'p' } };
    const identity = { credentials: { ...sas, primaryKey } };
    given(history(create)).when({ type: 'UpdateIdentity', identity, condition: 'any', at: later }).thenNothing();
  });

  it('a patch touches the versions of what it changes', () => {
    const patched = device(create, patch({ a: 1 }), patch(null, { t: 1 }), report({ r: 1 }));
    expect([patched.desired.version, patched.reported.version, patched.twinVersion]).toEqual([2, 2, 3]);
  });

  it('a patch merges', () => {
    const patched = device({ ...create, desired: { a: { b: 1, c: 2 }, l: [1] } }, patch({ a: { b: null, d: {} }, l: [2] }));
    expect(patched.desired).toEqual({
      values: { a: { c: 2, d: {} }, l: [2] },
      version: 2,
      metadata: {
        $lastUpdated: later,
        $lastUpdatedVersion: 2,
        a: {
          $lastUpdated: later,
          $lastUpdatedVersion: 2,
          c: { $lastUpdated: at, $lastUpdatedVersion: 1 },
          d: { $lastUpdated: later, $lastUpdatedVersion: 2 },
        },
        l: { $lastUpdated: later, $lastUpdatedVersion: 2 },
      },
    });
  });

  it('a replacement leaves nothing of what it replaces', () => {
    const replaced = device({ ...create, tags: { t: 1 }, desired: { a: 1 } }, replace({ b: 2 }));
    expect(replaced).toMatchObject({ tags: { t: 1 }, desired: { values: { b: 2 }, version: 2 }, twinVersion: 2 });
    expect(Object.keys(replaced.desired.metadata)).toEqual(['$lastUpdated', '$lastUpdatedVersion', 'b']);
  });

  it('members with names that every object has are members like others', () => {
    const named = device(create, patch({ constructor: { name: 1 }, toString: 2 }), patch({ toString: null }));
    expect(named.desired.values).toEqual({ constructor: { name: 1 } });
    given(history(create, patch({ constructor: { name: 1 } })))
      .when(patch({ toString: null, valueOf: null }))
      .thenNothing();
  });

  it('reports of a disabled device are refused', () => {
    given(history(create, setStatus('disabled')))
      .when(report({ a: 1 }))
      .thenRejected('device-disabled');
    given(history(create, setStatus('disabled'), setStatus('enabled')))
      .when(report({ a: 1 }))
      .then([{ type: 'ReportedPropertiesPatched', data: { patch: { a: 1 }, at: later } }]);
  });

  it('an import over it keeps its generation', () => {
    const over = device(create, patch({ x: 1 }), { ...importDevice, condition: { tag: '1' }, at: later });
    expect(over).toMatchObject({ generationId: 'gen-1', status: 'disabled', statusUpdatedAt: later, tags: { a: 1 } });
    expect([over.desired.version, over.reported.version, over.twinVersion]).toEqual([7, 9, 7]);
  });

  it('created again it is another one, with versions of 1 and tags never used before', () => {
    const again = device(create, patch({ a: 1 }), remove(), { ...create, generationId: 'gen-3' });
    expect(again).toMatchObject({ generationId: 'gen-3', desired: { values: {}, version: 1 }, twinVersion: 1 });
    expect([again.changes, again.identityChange, again.twinChange]).toEqual([4, 4, 4]);
  });
});

describe('events', () => {
  it.each<[DeviceCommand, DeviceEvent]>([
    [
      patch({ a: null }, { t: { u: 1 } }),
      { type: 'TwinPatched', data: { tags: { t: { u: 1 } }, desired: { a: null }, at: later } },
    ],
    [patch({ a: 1 }, { t: 1 }), { type: 'TwinPatched', data: { tags: { t: 1 }, desired: null, at: later } }],
    [replace({ b: null, c: 1 }), { type: 'TwinReplaced', data: { tags: null, desired: { c: 1 }, at: later } }],
    [report({ r: { s: 1 } }), { type: 'ReportedPropertiesPatched', data: { patch: { r: { s: 1 } }, at: later } }],
    [remove(), { type: 'DeviceDeleted', data: { generationId: 'gen-1', at: later } }],
  ])('of %j', (command, event) => {
    given(history({ ...create, desired: { a: 1 } }))
      .when(command)
      .then([event]);
  });

  it.each<[DeviceCommand]>([
    [patch({ a: 1 })],
    [patch({}, {})],
    [patch(null)],
    [replace({ a: 1, b: null })],
    [report({})],
    [setStatus('enabled')],
  ])('are not added by %j, which changes nothing', (command) => {
    given(history({ ...create, desired: { a: 1 } }))
      .when(command)
      .thenNothing();
  });

  it('are not added by the same import again', () => {
    given(history(importDevice))
      .when({ ...importDevice, condition: { tag: '0' }, at: later })
      .thenNothing();
  });
});

describe('conditions', () => {
  const events = history(create, patch({ a: 1 }), setStatus('disabled'));
  it.each<[DeviceCommand]>([
    [setStatus('disabled', { etag: entityTag(3) })],
    [patch({ a: 1 }, null, { etag: entityTag(2) })],
    [setStatus('disabled', { tag: '2' })],
  ])('hold: %j', (command) => {
    given(events).when(command).thenNothing();
  });

  it.each<[DeviceCommand]>([
    [setStatus('disabled', { etag: entityTag(2) })],
    [patch({ a: 1 }, null, { etag: entityTag(3) })],
    [patch({ a: 1 }, null, { etag: 'abc' })],
    [remove({ etag: entityTag(2) })],
    [remove({ tag: '1' })],
    [setStatus('disabled', { tag: '02' })],
    [{ ...importDevice, condition: { tag: '1' } }],
  ])('do not hold: %j', (command) => {
    given(events).when(command).thenRejected('precondition-failed');
  });

  it('are made of an 8-byte counter', () => {
    expect([entityTag(1), entityTag(7)]).toEqual(['AAAAAAAAAAE=', 'AAAAAAAAAAc=']);
  });
});
