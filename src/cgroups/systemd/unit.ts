// Pure.
import { RuntimeError } from '../../errors.ts';

/** Where systemd has a container: its unit, and the slice above it. */
export interface UnitPlace {
  /** `PREFIX-NAME.scope`, or a slice. */
  unit: string;
  slice: string;
  /** The unit's cgroup below the manager's own: `/system.slice/docker-1234.scope`. */
  path: string;
}

/** linux.cgroupsPath in systemd's form, `slice:prefix:name`; the ID under trunc's own prefix where there is none. */
export function unitPlace(cgroupsPath: string | undefined, id: string, defaultSlice: string): UnitPlace {
  const parts = (cgroupsPath || `:trunc:${id}`).split(':');
  const [slice = '', prefix = '', name = ''] = parts;
  if (parts.length !== 3 || name === '') {
    throw badPath(`must be "slice:prefix:name" with --systemd-cgroup, found ${JSON.stringify(cgroupsPath)}`);
  }
  const parent = slice || defaultSlice;
  if (name.endsWith('.slice')) return { unit: name, slice: parent, path: expandSlice(name) };
  const unit = `${prefix === '' ? '' : `${prefix}-`}${name}.scope`;
  if (unit.includes('/')) throw badPath(`the unit ${JSON.stringify(unit)} must not contain a slash`);
  const above = expandSlice(parent);
  return { unit, slice: parent, path: `${above === '/' ? '' : above}/${unit}` };
}

/** `a-b.slice` lies in `a.slice`; `-.slice` is the root. Source: systemd.slice(5). */
export function expandSlice(slice: string): string {
  if (slice === '-.slice' || slice === '-') return '/';
  const name = slice.endsWith('.slice') ? slice.slice(0, -'.slice'.length) : '';
  const parts = name.split('-');
  if (name.includes('/') || parts.includes(''))
    throw badPath(`${JSON.stringify(slice)} is no name of a slice`);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('-')}.slice`).join('');
}

function badPath(message: string): RuntimeError {
  const field = 'linux.cgroupsPath';
  const hint = 'for example "system.slice:trunc:web1"';
  return new RuntimeError(`${field}: ${message}`, { code: 'CGROUP_PATH', field, hint });
}
