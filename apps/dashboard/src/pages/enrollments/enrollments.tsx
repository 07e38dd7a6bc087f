import { Enrollment } from '../../api/types';
import { Badge, Card, Head, ProblemNotice } from '../../components/parts';
import { Permitted } from '../../components/permitted';
import { href } from '../../state/router';
import { usePages } from '../../state/use-pages';
import { useTitle } from '../../state/use-title';
import { ago, policyWord } from '../../state/words';
import { AttestationType, attestationTypeOf } from './enrollment-form';

const PAGE_ENROLLMENTS = 50;
const kinds = [
  { id: 'group', title: 'Groups', path: '/enrollment-groups' },
  { id: 'individual', title: 'Individual', path: '/enrollments' },
] as const;

export function EnrollmentsPage({ query }: { readonly query: URLSearchParams }) {
  useTitle('Enrollments');
  const kind = kinds.find(({ id }) => id === query.get('kind')) ?? kinds[0];
  return (
    <>
      <Head title="Enrollments" lead="Who may register, and what happens then.">
        <Permitted right="EnrollmentWrite">
          <a class="button" href={href('enrollments', 'individual')}>
            New individual
          </a>
          <a class="button primary" href={href('enrollments', 'group')}>
            New group
          </a>
        </Permitted>
      </Head>
      <nav class="row" aria-label="Kind">
        {kinds.map(({ id, title }) => (
          <a
            key={id}
            class={`button ${id === kind.id ? 'primary' : ''}`}
            href={`${href('enrollments')}?kind=${id}`}
            aria-current={id === kind.id ? 'true' : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
      <EnrollmentList key={kind.id} kind={kind.id} path={kind.path} />
    </>
  );
}

function EnrollmentList({ kind, path }: { readonly kind: 'individual' | 'group'; readonly path: string }) {
  const enrollments = usePages<Enrollment>(path, {}, PAGE_ENROLLMENTS);
  const { items, cursor, problem, isLoading } = enrollments;
  return (
    <>
      <ProblemNotice problem={problem} />
      {isLoading && items.length === 0 ? <div class="skeleton" aria-busy="true" aria-label="Loading" /> : null}
      {items.length === 0 ? null : (
        <Card title="Enrollments" flush>
          <div class="scroll-x" tabIndex={0} role="region" aria-label="Enrollments">
            <table>
              <thead>
                <tr>
                  <th>{kind === 'group' ? 'Group' : 'Registration id'}</th>
                  <th>State</th>
                  <th>Attestation</th>
                  <th>When it registers again</th>
                  <th>Devices</th>
                  <th>Changed</th>
                </tr>
              </thead>
              <tbody>
                {items.map((enrollment) => (
                  <Row key={enrollment.id} enrollment={enrollment} />
                ))}
              </tbody>
            </table>
          </div>
        </Card>
      )}
      {!isLoading && items.length === 0 && problem === undefined ? (
        <Card>
          <p class="empty">{kind === 'group' ? 'There is no group yet.' : 'There is no individual enrollment yet.'}</p>
        </Card>
      ) : null}
      {typeof cursor === 'string' ? (
        <div>
          <button type="button" disabled={isLoading} onClick={enrollments.more}>
            Show more
          </button>
        </div>
      ) : null}
    </>
  );
}

const proofs: Readonly<Record<AttestationType, string>> = { symmetricKey: 'keys', x509: 'certificates', tpm: 'TPM' };

function Row({ enrollment }: { readonly enrollment: Enrollment }) {
  const { kind, id, provisioningStatus, reprovisionPolicy, document, updatedAt } = enrollment;
  const filter = kind === 'group' ? 'enrollmentGroupId' : 'enrollmentId';
  return (
    <tr data-enrollment={id}>
      <td>
        <a href={href('enrollments', kind, id)}>{id}</a>
      </td>
      <td>
        <Badge tone={provisioningStatus === 'enabled' ? 'good' : ''}>{provisioningStatus}</Badge>
      </td>
      <td>{proofs[attestationTypeOf(document)]}</td>
      <td>{policyWord(reprovisionPolicy)}</td>
      <td>
        <a href={`${href('devices')}?${filter}=${encodeURIComponent(id)}`} aria-label={`Show devices of ${id}`}>
          show
        </a>
      </td>
      <td title={updatedAt}>{ago(updatedAt)}</td>
    </tr>
  );
}
