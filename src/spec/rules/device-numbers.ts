import type { Report } from './rule.ts';

// dev_t of the kernel has 12 bits for the major and 20 for the minor number.
const MAX_NUMBER = { major: 0xfff, minor: 0xfffff } as const;

/** Reports the numbers of one device that are missing or that no device can have. */
export function deviceNumbers(
  field: string,
  device: { readonly major?: number; readonly minor?: number },
  report: Report,
): void {
  for (const key of ['major', 'minor'] as const) {
    const number = device[key];
    const max = MAX_NUMBER[key];
    if (number === undefined) report(`${field}.${key}`, 'is missing');
    else if (number < 0 || number > max)
      report(`${field}.${key}`, `must be an integer from 0 to ${max}, found ${number}`);
  }
}
