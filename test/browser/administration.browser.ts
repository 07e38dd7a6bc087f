import type { Locator, Page } from 'playwright-core';
import { TestBrowser, dashboardUrl, startBrowser } from '@test/support/browser';
import { deviceKeyOf } from '@test/support/clients';
import { RunningService, startService } from '@test/support/running-service';
import { SmallFleet } from '@test/support/small-fleet';

let service: RunningService;
let fleet: SmallFleet;
let browser: TestBrowser;
let page: Page;
let hubA: string;
let hubB: string;

beforeAll(async () => {
  service = await startService({ REHOME_LOG_LEVEL: 'warn' });
  [hubA, hubB] = service.hubs;
  fleet = await SmallFleet.enroll(service);
  browser = await startBrowser(service);
  page = await browser.signedIn();
});
afterAll(async () => {
  await browser.close();
  await service.close();
});

const button = (name: string): Locator => page.getByRole('button', { name, exact: true });
const heading = (name: string): Promise<void> => page.getByRole('heading', { level: 1, name }).waitFor();
const section = (name: string): Promise<void> =>
  page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name }).click();

describe('enrollments', () => {
  test('a group is created, with what is wrong said while it is typed', async () => {
    await section('Enrollments');
    await page.getByRole('link', { name: 'New group' }).click();
    await heading('New group');
    await page.getByLabel('Group id').fill('not an id');
    await page.getByText('1 to 128 letters, digits and - . _ : with a letter, digit or dash at the end.').waitFor();
    expect(await page.getByLabel('Group id').getAttribute('aria-invalid')).toBe('true');
    await page.getByLabel('Group id').fill('valves');
    await page.getByLabel('Initial tags').fill('{ "site": ');
    await page.getByText('A JSON object, such as { "site": "north" }.').waitFor();
    await button('Create').click();
    await heading('New group');

    await page.getByLabel('Initial tags').fill('{ "site": "south" }');
    await page.getByLabel('Which hub it gets').selectOption('static');
    await button('Create').click();
    await page.getByText('Choose exactly one.').waitFor();
    await page.getByLabel(hubB, { exact: true }).check();
    await button('Create').click();
    await heading('valves');
    const { responseBody } = await service.administrator.getEnrollmentGroup('valves');
    expect(responseBody).toMatchObject({
      iotHubs: [hubB],
      allocationPolicy: 'static',
      reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: true },
      initialTwin: { tags: { site: 'south' } },
    });
  });

  test('its keys are asked for only on request, work, and are gone again when hidden', async () => {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.reload();
    await button('Show the keys').waitFor();
    expect(asked.filter((url) => url.includes('attestationmechanism'))).toEqual([]);
    await button('Show the keys').click();
    const key = (await page.locator('dt:text-is("Primary") + dd').textContent()) ?? '';
    expect(key).toMatch(/^[A-Za-z0-9+/]{43,86}={0,2}$/);
    const registrationId = 'valve-1';
    await fleet.calls.register({ registrationId, key: deviceKeyOf(key, registrationId) });
    await button('Hide').click();
    await button('Show the keys').waitFor();
    expect(await page.content()).not.toContain(key);
  });

  test('another policy says how many devices it would move before it is saved', async () => {
    await fleet.redirect('thermostats', hubB);
    await section('Enrollments');
    await page.getByRole('link', { name: 'thermostats', exact: true }).click();
    await page.getByLabel('When a device registers again').selectOption('never');
    await page.getByText('With this policy 0 devices of 6 would move if all registered now.').waitFor();
    await page.getByLabel('When a device registers again').selectOption('reset');
    await page.getByText('With this policy 6 devices of 6 would move if all registered now.').waitFor();
    await page.getByText(`${hubA} → ${hubB}: 6`).waitFor();
    await button('Save').click();
    await page.getByText('With this policy').waitFor({ state: 'detached' });
    const { responseBody } = await service.administrator.getEnrollmentGroup('thermostats');
    expect(responseBody.reprovisionPolicy).toEqual({ updateHubAssignment: true, migrateDeviceData: false });
  });

  test('one is deleted only when somebody says so twice', async () => {
    await section('Enrollments');
    await page.getByRole('link', { name: 'Individual', exact: true }).click();
    await page.getByRole('link', { name: 'gateway-1', exact: true }).click();
    await button('Delete').click();
    await page.getByText('cannot register any more').waitFor();
    await button('No').click();
    await button('Delete').click();
    await button('Yes, delete').click();
    await page.getByText('There is no individual enrollment yet.').waitFor();
    await expect(service.administrator.getIndividualEnrollment('gateway-1')).rejects.toThrow('Not found');
  });
});

describe('hubs', () => {
  const card = (hub: string): Locator => page.getByRole('region', { name: hub, exact: true });

  test('a hub is cordoned, takes no new device, and is opened again', async () => {
    await section('Hubs');
    await card(hubA).getByRole('button', { name: 'Cordon', exact: true }).click();
    await card(hubA).getByText('cordoned', { exact: true }).waitFor();
    const device = await fleet.calls.enroll({ iotHubs: [hubA, hubB], allocationPolicy: 'hashed' }, 'newcomer-1');
    expect((await fleet.calls.register(device)).registrationState).toMatchObject({ assignedHub: hubB });
    await card(hubA).getByRole('button', { name: 'Uncordon' }).click();
    await card(hubA).getByText('open', { exact: true }).waitFor();
  });

  test('it drains, and its weight and capacity are set', async () => {
    await card(hubB).getByRole('button', { name: 'Drain', exact: true }).click();
    await card(hubB).getByText('draining', { exact: true }).waitFor();
    await card(hubB).getByRole('button', { name: 'Stop draining' }).click();
    await card(hubB).getByText('open', { exact: true }).waitFor();
    await card(hubB).getByRole('link', { name: 'Settings' }).click();
    await page.getByLabel('Weight').fill('7');
    await page.getByLabel('Capacity').fill('-1');
    expect(await page.getByLabel('Capacity').getAttribute('aria-invalid')).toBe('true');
    await page.getByLabel('Capacity').fill('500');
    await button('Save').click();
    await card(hubB)
      .getByText(/^\d+ of 500$/)
      .waitFor();
    const hub = (await service.manage('GET', `/linked-hubs/${hubB}`)).json();
    expect(hub).toMatchObject({ allocationWeight: 7, capacity: 500, draining: false });
  });

  test('one is linked and unlinked', async () => {
    await page.getByRole('link', { name: 'Link a hub' }).click();
    await page
      .getByLabel('Connection string')
      .fill('HostName=hub-d.localhost;SharedAccessKeyName=owner;SharedAccessKey=bm90IGEgcmVhbCBrZXksIGJ1dCBsb25nIGVub3VnaA==');
    await button('Link').click();
    await card('hub-d.localhost').getByRole('link', { name: 'hub-d.localhost' }).click();
    expect(await page.getByLabel('Connection string').inputValue()).toBe('');
    await button('Unlink').click();
    await button('Yes, unlink').click();
    await heading('Hubs');
    await card('hub-d.localhost').waitFor({ state: 'detached' });
  });
});

describe('campaigns', () => {
  test('one is previewed, planned, started and watched as its devices move, then undone', async () => {
    await section('Campaigns');
    await page.getByRole('link', { name: 'New campaign' }).click();
    await button('Preview').click();
    await page.getByText('Say which devices.').waitFor();
    await page.getByText('Choose at least one.').waitFor();
    await page.getByLabel('Name').fill('pumps to the first hub');
    await page.getByLabel('Which devices').selectOption({ label: 'Those of an enrollment group' });
    await page.getByLabel('Group', { exact: true }).fill('pumps');
    await page.getByLabel(hubA, { exact: true }).check();
    await page.getByLabel('Devices in a wave').fill('2');
    await button('Preview').click();
    await page.getByText('6 devices in 3 waves').waitFor();
    await page.getByText(`${hubB} → ${hubA}: 6`).waitFor();
    await button('Plan it').click();
    await heading('pumps to the first hub');
    await button('Start').click();
    await page.getByText('2 waiting', { exact: true }).waitFor();

    const [first, second] = fleet.pumps;
    if (first === undefined || second === undefined) throw new Error('no device');
    await fleet.calls.register(first);
    await page.getByText('1 moved', { exact: true }).waitFor();
    await button('Pause').click();
    await button('Resume').click();
    await button('Pause').waitFor();
    await button('Abort').click();
    await button('Undo').click();
    await page.getByText('where they were').waitFor();
    await section('Campaigns');
    await page.getByRole('row', { name: /^pumps to the first hub aborted / }).waitFor();
  });
});

describe('audit', () => {
  test('the log is filtered, one event shows its JSON, its hash and its neighbours', async () => {
    await section('Audit');
    await page.getByLabel('Type').fill('EnrollmentCreated');
    await button('Search').click();
    const rows = page.getByRole('region', { name: 'Events' }).getByRole('row');
    await page.getByText('Loading').waitFor({ state: 'detached' });
    await rows.filter({ hasText: 'Enrollment created' }).first().waitFor();
    expect(await rows.filter({ hasNotText: 'Enrollment created' }).count()).toBe(1);
    await rows.filter({ hasText: 'valves' }).getByRole('link').first().click();
    await page.getByRole('heading', { level: 1, name: /^Event \d+$/ }).waitFor();
    const hash = page.locator('dt:text-is("Hash") + dd');
    expect(await hash.textContent()).toMatch(/^[\w-]{43}$/);
    expect(await page.getByLabel('Data of the event', { exact: true }).textContent()).toContain('"valves"');
    const here = page.url();
    await page.getByRole('link', { name: 'in the log →' }).click();
    await page.waitForURL((url) => url.href !== here);
    await page.getByRole('link', { name: '← in the log' }).click();
    await page.waitForURL(here);
  });

  test('the log is verified', async () => {
    await page.goto(dashboardUrl(service, '/audit'));
    await button('Verify the log of this service').click();
    await page.getByText('Intact: nobody has changed anything.').waitFor();
    await button('Verify the log of the reference hubs').click();
    await page.getByText('Intact: nobody has changed anything.').waitFor();
    expect([browser.strays, browser.complaints]).toEqual([[], []]);
  });
});
