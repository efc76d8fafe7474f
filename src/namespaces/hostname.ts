// Runs in the container's namespaces.
import { within } from '../errors.ts';
import { syscall } from '../linux/syscall.ts';

export function setHostname(name: string): void {
  const bytes = new TextEncoder().encode(name);
  within(`hostname: set "${name}"`, () => syscall('sethostname', bytes, bytes.length), {
    code: 'HOSTNAME',
    field: 'hostname',
  });
}

export function setDomainname(name: string): void {
  const bytes = new TextEncoder().encode(name);
  within(`domainname: set "${name}"`, () => syscall('setdomainname', bytes, bytes.length), {
    code: 'HOSTNAME',
    field: 'domainname',
  });
}
