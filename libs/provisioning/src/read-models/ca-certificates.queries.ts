import { ReadDatabase } from '../shared/read-database';
import { caCertificatesProjection } from './ca-certificates.projection';
import { booleanOrNull, instant, text } from './columns';
import { tableName } from './table-name';

/** How long a CA certificate still lasts; times are ISO 8601 UTC. */
export interface CaCertificateExpiry {
  readonly name: string;
  readonly subject: string;
  /** SHA-1, upper-case hexadecimal. */
  readonly thumbprint: string;
  readonly isVerified: boolean;
  readonly notBefore: string;
  readonly notAfter: string;
  /** Whole days; negative when it has expired. */
  readonly daysLeft: number;
}

const DAY_MS = 86_400_000;
const TABLE = tableName(caCertificatesProjection);

/** All of them, the next to expire first; there are at most 25. */
export async function listCaCertificateExpiries(database: ReadDatabase, now: Date): Promise<readonly CaCertificateExpiry[]> {
  const rows = await database.query({
    name: 'ca-certificates.expiries',
    text: `select * from ${TABLE} order by not_after, certificate_key`,
    values: [],
  });
  return rows.map((row) => {
    const notAfter = instant(row, 'not_after');
    return {
      name: text(row, 'name'),
      subject: text(row, 'subject'),
      thumbprint: text(row, 'thumbprint'),
      isVerified: booleanOrNull(row, 'is_verified') ?? false,
      notBefore: instant(row, 'not_before'),
      notAfter,
      daysLeft: Math.floor((Date.parse(notAfter) - now.getTime()) / DAY_MS),
    };
  });
}
