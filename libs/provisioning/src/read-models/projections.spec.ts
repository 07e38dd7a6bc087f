import { campaignCodec } from '../campaigns/campaign.events';
import { caCertificateCodec } from '../certificates/ca-certificate.events';
import { enrollmentCodec } from '../enrollments/enrollment.events';
import { erasureCodec } from '../erasure/erasure.events';
import { hubCodec } from '../hubs/hub.events';
import { registrationCodec } from '../registrations/registration.events';
import { instantOf, register, stepsOf } from '../registrations/testing/commands';
import { webhookCodec } from '../webhooks/webhook.events';
import { provisioningProjections } from './projections';
import { tableName } from './table-name';
import { ProjectedRows } from './testing/projected-rows';
import { RegistrationHistory } from './testing/recorded';

describe('every projection', () => {
  const byName = provisioningProjections.map((projection) => [projection.name, projection] as const);

  test('has a name of its own and tables of its own', () => {
    expect(new Set(byName.map(([name]) => name)).size).toBe(byName.length);
    expect(new Set(provisioningProjections.map((projection) => tableName(projection))).size).toBe(byName.length);
  });

  test.each(byName)('%s reads events that exist', (_name, projection) => {
    const codecs = [registrationCodec, enrollmentCodec, hubCodec, caCertificateCodec, campaignCodec, erasureCodec, webhookCodec];
    const types = codecs.flatMap((codec): readonly string[] => codec.types);
    for (const type of projection.eventTypes) expect(types).toContain(type);
  });

  test.each(byName)('%s has the key first in its table, and only nullable columns beside it', (_name, projection) => {
    for (const { ddl, keyColumn } of projection.tables) {
      expect(ddl).toMatch(new RegExp(`\\(\\s*${keyColumn} text[^,]*primary key`));
      expect(ddl).not.toContain('not null,');
    }
  });

  test('writes only columns its table has', () => {
    const history = new RegistrationHistory();
    for (const [index, hub] of ['hub-a', 'hub-b', 'hub-z', 'hub-a'].entries()) {
      const reprovisionPolicy = { updateHubAssignment: true, migrateDeviceData: index !== 3 };
      const entry = { iotHubs: [hub], allocationPolicy: 'static' as const, reprovisionPolicy };
      history.send(register({ operationId: `op-${index}`, at: instantOf(index), entry }));
      if (history.state.status === 'assigning') history.follow((state) => stepsOf(state, instantOf(index)));
    }
    const ofRegistrations = provisioningProjections.filter(({ eventTypes }) => eventTypes.includes('AssignmentStarted'));
    expect(ofRegistrations.length).toBeGreaterThanOrEqual(6);
    for (const projection of ofRegistrations) {
      const columns = new ProjectedRows(projection).apply(history.recorded()).columnsWritten();
      expect(columns.size).toBeGreaterThan(5);
      const ddl = projection.tables.map((table) => table.ddl).join('');
      for (const column of columns) expect(ddl).toMatch(new RegExp(`\\n\\s+${column} `));
    }
  });
});
