import { individualEnrollmentStream } from '../enrollments/enrollment.events';
import { entry, instantOf } from '../registrations/testing/commands';
import { enrollmentsProjection } from './enrollments.projection';
import { ProjectedRows } from './testing/projected-rows';
import { recordedEnrollment } from './testing/recorded';

const stream = individualEnrollmentStream('Dev-1');
const created = { type: 'EnrollmentCreated', data: { entry: entry({ id: 'Dev-1' }), at: instantOf(1) } } as const;
const policy = { updateHubAssignment: true, migrateDeviceData: false };

describe('enrollments', () => {
  test('an entry is there without its keys, sealed or not', () => {
    const rows = new ProjectedRows(enrollmentsProjection).apply(recordedEnrollment(stream, [created]));
    const row = rows.row('individualEnrollment-dev-1');
    expect(row).toMatchObject({ kind: 'individual', id: 'Dev-1', revision: '0', created_at: instantOf(1) });
    expect(row).toMatchObject({ provisioning_status: 'enabled', reprovision_policy: null });
    expect(row?.document).toMatchObject({ attestation: { type: 'symmetricKey' } });
    expect(JSON.stringify(row)).not.toMatch(/sealed|fingerprint|primaryKey/);
  });

  test('later events change what they say and nothing else', () => {
    const rows = new ProjectedRows(enrollmentsProjection).apply(
      recordedEnrollment(stream, [
        created,
        { type: 'EnrollmentPolicyUpdated', data: { reprovisionPolicy: policy, at: instantOf(2) } },
        { type: 'EnrollmentDisabled', data: { at: instantOf(3) } },
      ]),
    );
    const row = {
      reprovision_policy: policy,
      provisioning_status: 'disabled',
      created_at: instantOf(1),
      updated_at: instantOf(3),
    };
    expect(rows.row(stream)).toMatchObject({ ...row, revision: '2', id: 'Dev-1' });
  });

  test('a whole update replaces the entry and keeps the time it was created', () => {
    const updated = entry({ id: 'Dev-1', iotHubs: ['hub-b'], reprovisionPolicy: policy });
    const rows = new ProjectedRows(enrollmentsProjection).apply(
      recordedEnrollment(stream, [
        created,
        { type: 'EnrollmentDisabled', data: { at: instantOf(2) } },
        { type: 'EnrollmentEnabled', data: { at: instantOf(3) } },
        { type: 'EnrollmentUpdated', data: { entry: updated, at: instantOf(4) } },
      ]),
    );
    const row = {
      created_at: instantOf(1),
      updated_at: instantOf(4),
      provisioning_status: 'enabled',
      reprovision_policy: policy,
    };
    expect(rows.row(stream)).toMatchObject({ ...row, document: { iotHubs: ['hub-b'] } });
  });

  test('a deleted entry is gone, and one created again starts anew', () => {
    const rows = new ProjectedRows(enrollmentsProjection);
    const again = { ...created, data: { ...created.data, at: instantOf(9) } };
    const events = recordedEnrollment(stream, [created, { type: 'EnrollmentDeleted', data: { at: instantOf(2) } }, again]);
    expect(rows.apply(events.slice(0, 2)).size).toBe(0);
    expect(rows.apply(events.slice(2)).row(stream)).toMatchObject({ created_at: instantOf(9), revision: '2' });
  });
});
