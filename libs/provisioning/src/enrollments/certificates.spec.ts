import { CERTIFICATE_CHARACTERS_MAX, certificateInfo, readCertificate } from './certificates';

/** Self-signed, of version 3 and of version 1; what they say was read with OpenSSL. */
const version3 = [
  '-----BEGIN CERTIFICATE-----',
  'MIIBtDCCAVmgAwIBAgICChswCgYIKoZIzj0EAwIwNzELMAkGA1UEBhMCREUxFTAT',
  'BgNVBAoMDFJlaG9tZSBUZXN0czERMA8GA1UEAwwIZGV2aWNlLTMwIBcNMjYxMTI0',
  'MTE1NzA3WhgPMjEyNjEwMzExMTU3MDdaMDcxCzAJBgNVBAYTAkRFMRUwEwYDVQQK',
  'DAxSZWhvbWUgVGVzdHMxETAPBgNVBAMMCGRldmljZS0zMFkwEwYHKoZIzj0CAQYI',
  'KoZIzj0DAQcDQgAE/cMMbDjwZE2n83SLaNlLx5KX1ts8VlGi+CLLsL4+b8WhcmZt',
  'McjudEW4WnPvoxOPA0AdAY16fbcKnseOQlSJ9KNTMFEwHQYDVR0OBBYEFO2SRFYb',
  'jHyDNFW8R3rxSBzu6+tXMB8GA1UdIwQYMBaAFO2SRFYbjHyDNFW8R3rxSBzu6+tX',
  'MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAN59yq7z7+hBtsMV',
  'ZvZN3QvQSg/uPiVw6fPSXeXafPI6AiEAr0gVxat2C16mg+tjcwa7QZGEGrZJ/RVj',
  '/nLZSYy7mOM=',
  '-----END CERTIFICATE-----',
].join('\n');
const version1 = [
  '-----BEGIN CERTIFICATE-----',
  'MIIBDzCBtgIBfzAKBggqhkjOPQQDAjATMREwDwYDVQQDDAhkZXZpY2UtMTAgFw0y',
  'NjExMjQxMTU3MDdaGA8yMTI2MTAzMTExNTcwN1owEzERMA8GA1UEAwwIZGV2aWNl',
  'LTEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAT9wwxsOPBkTafzdIto2UvHkpfW',
  '2zxWUaL4Isuwvj5vxaFyZm0xyO50Rbhac++jE48DQB0BjXp9twqex45CVIn0MAoG',
  'CCqGSM49BAMCA0gAMEUCIQD/N4qMfLt2W+n3OdBf9KErFRcAaxhiZZMhN67YX+7e',
  'vQIgJYscwMT3EMG1llL3StovvQL084fjLL+1LehI7hnU/wY=',
  '-----END CERTIFICATE-----',
].join('\n');

const der = (pem: string): string => pem.replace(/-----.*-----|\n/g, '');
const infoOf = (text: string) => {
  const certificate = readCertificate(text);
  return certificate === undefined ? undefined : certificateInfo(certificate);
};

describe('a certificate', () => {
  it('is described as clients know it', () => {
    expect(infoOf(version3)).toEqual({
      subjectName: 'CN=device-3, O=Rehome Tests, C=DE',
      issuerName: 'CN=device-3, O=Rehome Tests, C=DE',
      sha1Thumbprint: 'B9B43AAE2F8A36AE5CE07998202E8A6B67D9AFB3',
      sha256Thumbprint: 'E5E14CB526E1A97749E968364A314296D6AB9E30AA1D1EF7BBBA7FC84271B88B',
      notBeforeUtc: '2026-11-24T11:57:07.000Z',
      notAfterUtc: '2126-10-31T11:57:07.000Z',
      serialNumber: '0A1B',
      version: 3,
    });
    expect(infoOf(version1)).toMatchObject({ subjectName: 'CN=device-1', serialNumber: '7F', version: 1 });
  });

  it.each([
    ['PEM', version3],
    ['PEM with other lines around it', `Bag Attributes\n${version3}\n\n`],
    ['PEM with the line ends of Windows', version3.replaceAll('\n', '\r\n')],
    ['base64 of PEM', Buffer.from(version3).toString('base64')],
    ['base64 of DER', der(version3)],
  ])('is read as %s', (_encoding, text) => {
    expect(infoOf(text)).toEqual(infoOf(version3));
  });

  it.each([
    ['nothing', ''],
    ['text', 'no certificate'],
    ['base64 of something else', Buffer.from('no certificate').toString('base64')],
    ['a certificate cut short', der(version3).slice(0, 200)],
    ['PEM that is no certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'],
    ['a key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----'],
    ['something endless', 'A'.repeat(CERTIFICATE_CHARACTERS_MAX + 1)],
  ])('is not read from %s', (_what, text) => {
    expect(readCertificate(text)).toBeUndefined();
  });
});
