import type { Device, Document } from '../config.ts';
import { each, hasNul, NUL, pathProblem, type Report, type Rule } from './rule.ts';

// dev_t of the kernel has 12 bits for the major and 20 for the minor number.
const MAX_NUMBER = { major: 0xfff, minor: 0xfffff } as const;

function checkDevice(device: Device, index: number, report: Report): void {
  const problem = pathProblem(device.path);
  if (problem) report(`linux.devices[${index}].path`, problem);
  if (device.type === 'p') return;
  for (const key of ['major', 'minor'] as const) {
    const number = device[key];
    const max = MAX_NUMBER[key];
    if (number === undefined) report(`linux.devices[${index}].${key}`, 'is missing');
    else if (number < 0 || number > max) {
      report(`linux.devices[${index}].${key}`, `must be an integer from 0 to ${max}, found ${number}`);
    }
  }
}

function devices({ linux }: Document, report: Report): void {
  each(linux?.devices, (device, index) => checkDevice(device, index, report));
}

function paths({ linux }: Document, report: Report): void {
  for (const field of ['maskedPaths', 'readonlyPaths'] as const) {
    each(linux?.[field], (path, index) => {
      const problem = pathProblem(path);
      if (problem) report(`linux.${field}[${index}]`, problem);
    });
  }
}

function cgroupsPath({ linux }: Document, report: Report): void {
  const path = linux?.cgroupsPath;
  if (path?.split('/').includes('..')) report('linux.cgroupsPath', 'must not contain ".."');
  if (hasNul(path)) report('linux.cgroupsPath', NUL);
}

export const linuxRules: readonly Rule[] = [devices, paths, cgroupsPath];
