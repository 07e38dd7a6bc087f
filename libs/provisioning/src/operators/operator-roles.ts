import { Right, rights } from './access';

/** What configuration calls sets of rights by. Who only reads or moves devices sees no key and changes neither enrollments nor hubs. */
export const operatorRoles = {
  administrator: rights,
  operator: ['EnrollmentRead', 'RegistrationStatusRead', 'RegistrationStatusWrite', 'AuditRead'],
  auditor: ['EnrollmentRead', 'RegistrationStatusRead', 'AuditRead'],
} as const satisfies Readonly<Record<string, readonly Right[]>>;

export type OperatorRole = keyof typeof operatorRoles;
export const operatorRoleNames = Object.keys(operatorRoles) as readonly OperatorRole[];
