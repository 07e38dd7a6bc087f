import { isIP } from 'node:net';
import { z } from 'zod';
import { Right, rights } from '@app/provisioning/operators/access';
import { OperatorRole, operatorRoleNames } from '@app/provisioning/operators/operator-roles';
import { isNetwork } from '@app/provisioning/shared/networks';

/** Every parser takes the variable's text, trimmed and not empty; its message completes the sentence "NAME must …". */
const LIST_ITEMS_MAX = 100;
const HOST_NAME_CHARACTERS_MAX = 253;
const PORT_MAX = 65_535;
const SECRET_KEY_BYTES = 32;
const SAS_KEY_BYTES_MIN = 16;
const SAS_KEY_BYTES_MAX = 64;
const TOKEN_CHARACTERS_MIN = 16;
const TOKEN_CHARACTERS_MAX = 512;

export interface SasPolicySetting {
  readonly name: string;
  /** base64 */
  readonly key: string;
  readonly rights: readonly Right[];
}

export interface OperatorTokenSetting {
  readonly name: string;
  readonly token: string;
  readonly role: OperatorRole;
}

export interface FailpointSetting {
  readonly name: string;
  /** The process dies when the point is reached for the nth time; 1 is the first. */
  readonly nth: number;
}

/** Refuses with "must …" inside a zod transform. */
function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}

export const text = z.string();

export function wholeNumber(min: number, max: number): z.ZodType<number, string> {
  return z.string().transform((value, context) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= min && number <= max) return number;
    return refuse(context, `be a whole number from ${min} to ${max}`);
  });
}

/** A port, or nothing for `none`: the port is not opened. */
export const portOrNone: z.ZodType<number | undefined, string> = z.string().transform((value, context) => {
  if (value.toLowerCase() === 'none') return undefined;
  const port = Number(value);
  if (/^\d+$/.test(value) && port <= PORT_MAX) return port;
  return refuse(context, `be a whole number from 0 to ${PORT_MAX}, or none`);
});

export function oneOf<const Word extends string>(words: readonly Word[]): z.ZodType<Word, string> {
  return z.string().transform((value, context) => {
    const word = words.find((each) => each === value);
    return word ?? refuse(context, `be one of ${words.join(', ')}`);
  });
}

export function listOf<Item>(item: z.ZodType<Item, string>, separator = ','): z.ZodType<readonly Item[], string> {
  return z.string().transform((value, context) => {
    const texts = value
      .split(separator)
      .map((each) => each.trim())
      .filter((each) => each !== '');
    if (texts.length > LIST_ITEMS_MAX) return refuse(context, `list at most ${LIST_ITEMS_MAX} items`);
    const items: Item[] = [];
    for (const each of texts) {
      const parsed = item.safeParse(each);
      if (!parsed.success) return refuse(context, `be a list, each item of which must ${messageOf(parsed.error)}`);
      items.push(parsed.data);
    }
    return items;
  });
}

export function messageOf(error: z.ZodError): string {
  return error.issues.map((issue) => issue.message).join(' and ');
}

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A DNS name, given back in lower case. */
export const hostName = z.string().transform((value, context) => {
  const name = value.toLowerCase();
  const wellFormed = name.length <= HOST_NAME_CHARACTERS_MAX && name.split('.').every((part) => label.test(part));
  return wellFormed ? name : refuse(context, 'be a host name of letters, digits, hyphens and dots');
});

export const hostNameOrAddress = z.string().transform((value, context) => {
  if (isIP(value) !== 0) return value;
  const parsed = hostName.safeParse(value);
  return parsed.success ? parsed.data : refuse(context, 'be a host name or an IP address');
});

export const ipAddress = z.string().transform((value, context) => {
  return isIP(value) !== 0 ? value : refuse(context, 'be an IP address, for example 127.0.0.1, 0.0.0.0 or ::');
});

export const network = z.string().transform((value, context) => {
  return isNetwork(value) ? value : refuse(context, 'be an IP address or a network such as 10.0.0.0/8');
});

/** Empty and `none` both mean that no hub is wanted. */
export const hubList = z.string().transform((value, context) => {
  if (value === '' || value === 'none') return [];
  const parsed = listOf(hostName).safeParse(value);
  if (!parsed.success) return refuse(context, messageOf(parsed.error));
  const names = parsed.data;
  return new Set(names).size === names.length ? names : refuse(context, 'name no hub twice');
});

export const idScope = z.string().transform((value, context) => {
  return /^0ne[0-9A-Fa-f]{8,16}$/.test(value) ? value : refuse(context, 'be "0ne" followed by 8 to 16 hexadecimal digits');
});

function base64Bytes(value: string): number | undefined {
  const wellFormed = /^[A-Za-z0-9+/]+={0,2}$/.test(value) && value.length % 4 === 0;
  return wellFormed ? Buffer.from(value, 'base64').length : undefined;
}

export const secretKey = z.string().transform((value, context) => {
  if (base64Bytes(value) === SECRET_KEY_BYTES) return Buffer.from(value, 'base64');
  return refuse(context, `be ${SECRET_KEY_BYTES} bytes in base64 (make one with: openssl rand -base64 ${SECRET_KEY_BYTES})`);
});

export const sasKey = z.string().transform((value, context) => {
  const bytes = base64Bytes(value) ?? 0;
  if (bytes >= SAS_KEY_BYTES_MIN && bytes <= SAS_KEY_BYTES_MAX) return value;
  return refuse(context, `be ${SAS_KEY_BYTES_MIN} to ${SAS_KEY_BYTES_MAX} bytes in base64`);
});

export const bearerToken = z.string().transform((value, context) => {
  const wellFormed = /^[A-Za-z0-9._~+/=-]+$/.test(value);
  if (wellFormed && value.length >= TOKEN_CHARACTERS_MIN && value.length <= TOKEN_CHARACTERS_MAX) return value;
  return refuse(context, `be ${TOKEN_CHARACTERS_MIN} to ${TOKEN_CHARACTERS_MAX} letters, digits or any of . _ ~ + / = -`);
});

const principalName = /^[A-Za-z0-9._-]{1,64}$/;
const policyForm = 'be policies of the form name:base64key:Right+Right, separated by semicolons';

const sasPolicy = z.string().transform((value, context): SasPolicySetting => {
  const [name = '', key = '', granted = '', ...rest] = value.split(':');
  if (rest.length > 0 || !principalName.test(name)) return refuse(context, policyForm);
  const parsedKey = sasKey.safeParse(key);
  if (!parsedKey.success) return refuse(context, `give policy ${name} a key that must ${messageOf(parsedKey.error)}`);
  const parsedRights = listOf(oneOf(rights), '+').safeParse(granted);
  if (!parsedRights.success || parsedRights.data.length === 0) {
    return refuse(context, `give policy ${name} rights out of ${rights.join(', ')}, joined by +`);
  }
  return { name, key, rights: parsedRights.data };
});

const operatorRole = oneOf(operatorRoleNames);

const operatorToken = z.string().transform((value, context): OperatorTokenSetting => {
  const [name = '', token = '', role = 'administrator', ...rest] = value.split(':');
  if (rest.length > 0 || !principalName.test(name)) {
    return refuse(context, 'be tokens of the form name:token or name:token:role, separated by semicolons');
  }
  const parsed = bearerToken.safeParse(token);
  if (!parsed.success) return refuse(context, `give operator ${name} a token that must ${messageOf(parsed.error)}`);
  const parsedRole = operatorRole.safeParse(role);
  if (!parsedRole.success) return refuse(context, `give operator ${name} a role that must ${messageOf(parsedRole.error)}`);
  return { name, token, role: parsedRole.data };
});

const failpoint = z.string().transform((value, context): FailpointSetting => {
  // A name may be of two words (`move:fenced`), the second of which never begins with a digit.
  const match = /^([A-Za-z0-9._-]{1,100}(?::[A-Za-z][A-Za-z0-9._-]{0,99})?)(?::([1-9]\d{0,8}))?$/.exec(value);
  if (match === null) return refuse(context, 'be points of the form name or name:nth, separated by commas');
  return { name: match[1] ?? '', nth: Number(match[2] ?? '1') };
});

/** Items are parsed one by one, so that a message names the item by its name and never shows its secret. */
function namedItems<Item extends { readonly name: string }>(
  item: z.ZodType<Item, string>,
  separator: string,
): z.ZodType<readonly Item[], string> {
  return z.string().transform((value, context) => {
    const texts = value.split(separator).filter((each) => each.trim() !== '');
    const items: Item[] = [];
    for (const each of texts.slice(0, LIST_ITEMS_MAX)) {
      const parsed = item.safeParse(each.trim());
      if (!parsed.success) return refuse(context, messageOf(parsed.error));
      if (items.some(({ name }) => name === parsed.data.name)) return refuse(context, `not name ${parsed.data.name} twice`);
      items.push(parsed.data);
    }
    return texts.length <= LIST_ITEMS_MAX ? items : refuse(context, `list at most ${LIST_ITEMS_MAX} items`);
  });
}

export const sasPolicies = namedItems(sasPolicy, ';');
export const operatorTokens = namedItems(operatorToken, ';');
export const failpoints = namedItems(failpoint, ',');

/** A connection URL may hold a password, so the message never shows it. */
export function urlWithScheme(...schemes: readonly string[]): z.ZodType<string, string> {
  return z.string().transform((value, context) => {
    const scheme = schemes.find((each) => value.startsWith(`${each}://`) && value.length > each.length + '://'.length);
    return scheme === undefined ? refuse(context, `be a URL that starts with ${schemes.join(':// or ')}://`) : value;
  });
}

export const flag = oneOf(['0', '1']);
