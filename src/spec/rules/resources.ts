import type { Document } from '../config.ts';
import { each, type Report, type Rule } from './rule.ts';

// Limits of the kernel for CFS bandwidth, in microseconds.
const MIN_PERIOD = 1_000;
const MAX_PERIOD = 1_000_000;
const LIST = /^\d+(-\d+)?(,\d+(-\d+)?)*$/;

function memory({ linux }: Document, report: Report): void {
  const memory = linux?.resources?.memory;
  if (!memory) return;
  for (const key of ['limit', 'reservation', 'swap'] as const) {
    const value = memory[key] ?? 0;
    if (value < -1) report(`linux.resources.memory.${key}`, `must be -1 (no limit) or more, found ${value}`);
  }
  const { limit = 0, swap = 0 } = memory;
  if (swap <= 0) return;
  const field = 'linux.resources.memory.swap';
  if (limit <= 0) report(field, 'needs linux.resources.memory.limit: it limits the sum of both');
  else if (swap < limit) report(field, `must not be below limit, found ${swap} below ${limit}`);
}

function cpu({ linux }: Document, report: Report): void {
  const cpu = linux?.resources?.cpu;
  if (!cpu) return;
  const { period = 0, quota = 0, idle = 0 } = cpu;
  const field = 'linux.resources.cpu';
  if (period !== 0 && (period < MIN_PERIOD || period > MAX_PERIOD)) {
    report(`${field}.period`, `must be from ${MIN_PERIOD} to ${MAX_PERIOD} microseconds, found ${period}`);
  }
  if (quota < -1 || (quota > 0 && quota < MIN_PERIOD)) {
    report(`${field}.quota`, `must be -1 (no limit) or at least ${MIN_PERIOD} microseconds, found ${quota}`);
  }
  if (idle !== 0 && idle !== 1) report(`${field}.idle`, `must be 0 or 1, found ${idle}`);
  for (const key of ['cpus', 'mems'] as const) {
    const list = cpu[key];
    if (list && !LIST.test(list.trim())) {
      report(`${field}.${key}`, `must be a list such as "0-3,7", found ${JSON.stringify(list)}`);
    }
  }
}

function pids({ linux }: Document, report: Report): void {
  const limit = linux?.resources?.pids?.limit ?? 0;
  if (limit < -1) report('linux.resources.pids.limit', `must be -1 (no limit) or more, found ${limit}`);
}

function devices({ linux }: Document, report: Report): void {
  each(linux?.resources?.devices, ({ access, major = -1, minor = -1 }, index) => {
    if (!access) report(`linux.resources.devices[${index}].access`, 'must name at least one of r, w and m');
    if (major < -1)
      report(`linux.resources.devices[${index}].major`, `must be -1 (all) or more, found ${major}`);
    if (minor < -1)
      report(`linux.resources.devices[${index}].minor`, `must be -1 (all) or more, found ${minor}`);
  });
}

export const resourceRules: readonly Rule[] = [memory, cpu, pids, devices];
