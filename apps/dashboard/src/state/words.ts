const numbers = new Intl.NumberFormat('en');
const times = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const hours = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const utcDays = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });

export function number(value: number): string {
  return numbers.format(value);
}

export function time(iso: string): string {
  return times.format(new Date(iso));
}

const INSTANT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** A sentence of the service with its times as people read them. */
export function withTimes(sentence: string): string {
  return sentence.replaceAll(INSTANT, time);
}

export function hourAndMinute(iso: string): string {
  return clock.format(new Date(iso));
}

/** Such as "31 Jan, 08:00". */
export function dayAndHour(iso: string): string {
  return hours.format(new Date(iso));
}

/** The day of UTC, such as "31 Jan". */
export function utcDay(iso: string): string {
  return utcDays.format(new Date(iso));
}

const steps: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
];

/** Such as "3 minutes ago". */
export function ago(iso: string, nowMs = Date.now()): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(iso)) / 1_000));
  for (const [size, unit] of steps) {
    if (seconds < size) continue;
    const count = Math.floor(seconds / size);
    return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
  }
  return seconds < 5 ? 'just now' : `${seconds} seconds ago`;
}

export function count(value: number, thing: string): string {
  return `${number(value)} ${thing}${value === 1 ? '' : 's'}`;
}

/** `DeviceAssigned` as "Device assigned". */
export function eventWords(type: string): string {
  const words = type
    .replace(/^rehome\./, '')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function policyWord(
  policy: { readonly updateHubAssignment: boolean; readonly migrateDeviceData: boolean } | null,
): string {
  if (policy === null) return 'not set';
  if (!policy.updateHubAssignment) return 'never';
  return policy.migrateDeviceData ? 'migrate' : 'reset';
}
