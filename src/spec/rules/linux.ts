import type { Device, Document } from '../config.ts';
import { show } from '../explain.ts';
import { deviceNumbers } from './device-numbers.ts';
import { each, hasNul, NUL, pathProblem, type Report, type Rule } from './rule.ts';

function checkDevice(device: Device, index: number, report: Report): void {
  const problem = pathProblem(device.path);
  if (problem) report(`linux.devices[${index}].path`, problem);
  if (device.type !== 'p') deviceNumbers(`linux.devices[${index}]`, device, report);
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

function mountLabel({ linux }: Document, report: Report): void {
  if (hasNul(linux?.mountLabel)) report('linux.mountLabel', NUL);
}

function personality({ linux }: Document, report: Report): void {
  const flag = linux?.personality?.flags?.[0];
  if (flag !== undefined)
    report('linux.personality.flags', `must be empty: there are none yet, found ${show(flag)}`);
}

export const linuxRules: readonly Rule[] = [devices, paths, cgroupsPath, mountLabel, personality];
