import { constants } from 'node:os';

/** The symbolic name of an errno, such as `EPERM`; undefined when it has none. */
export function errnoName(errno: number): string | undefined {
  return Object.entries(constants.errno).find(([, value]) => value === errno)?.[0];
}
