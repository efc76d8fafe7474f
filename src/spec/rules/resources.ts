import type { Document } from '../config.ts';
import { child } from '../explain.ts';
import { interfaceProblem } from './net-devices.ts';
import { listProblem, MAX_CPU, MAX_NODE } from './number-list.ts';
import { each, hasNul, NUL, type Report, type Rule } from './rule.ts';

// Limits of the kernel for CFS bandwidth, in microseconds.
const MIN_PERIOD = 1_000;
const MAX_PERIOD = 1_000_000;
const MAX_SWAPPINESS = 100;

function memory({ linux }: Document, report: Report): void {
  const memory = linux?.resources?.memory;
  if (!memory) return;
  for (const key of ['limit', 'reservation', 'swap', 'kernel', 'kernelTCP'] as const) {
    const value = memory[key] ?? 0;
    if (value < -1) report(`linux.resources.memory.${key}`, `must be -1 (no limit) or more, found ${value}`);
  }
  const { limit = 0, swap = 0, swappiness = 0, useHierarchy } = memory;
  // Engines write -1 for "leave it", which is 2^64 - 1 in an unsigned field.
  if (swappiness > MAX_SWAPPINESS && swappiness < 2 ** 63)
    report('linux.resources.memory.swappiness', `must be from 0 to ${MAX_SWAPPINESS}, found ${swappiness}`);
  if (useHierarchy === false)
    report('linux.resources.memory.useHierarchy', 'must be true: Linux can do no other since 5.11');
  if (swap <= 0) return;
  const field = 'linux.resources.memory.swap';
  if (limit <= 0) report(field, 'needs linux.resources.memory.limit: it limits the sum of both');
  else if (swap < limit) report(field, `must not be below limit, found ${swap} below ${limit}`);
}

function cpu({ linux }: Document, report: Report): void {
  const cpu = linux?.resources?.cpu;
  if (!cpu) return;
  const { period = 0, quota = 0, burst = 0, idle = 0, realtimeRuntime = 0, realtimePeriod = 0 } = cpu;
  const field = 'linux.resources.cpu';
  if (period !== 0 && (period < MIN_PERIOD || period > MAX_PERIOD)) {
    report(`${field}.period`, `must be from ${MIN_PERIOD} to ${MAX_PERIOD} microseconds, found ${period}`);
  }
  if (quota < -1 || (quota > 0 && quota < MIN_PERIOD)) {
    report(`${field}.quota`, `must be -1 (no limit) or at least ${MIN_PERIOD} microseconds, found ${quota}`);
  }
  if (quota > 0 && burst > quota)
    report(`${field}.burst`, `must not be above quota, found ${burst} above ${quota}`);
  if (realtimeRuntime < -1)
    report(`${field}.realtimeRuntime`, `must be -1 (no limit) or more, found ${realtimeRuntime}`);
  if (realtimePeriod > 0 && realtimeRuntime > realtimePeriod)
    report(
      `${field}.realtimeRuntime`,
      `must not be above realtimePeriod, found ${realtimeRuntime} above ${realtimePeriod}`,
    );
  if (idle !== 0 && idle !== 1) report(`${field}.idle`, `must be 0 or 1, found ${idle}`);
  for (const key of ['cpus', 'mems'] as const) {
    const list = cpu[key]?.trim();
    const problem = list && listProblem(list, key === 'cpus' ? MAX_CPU : MAX_NODE);
    if (problem) report(`${field}.${key}`, problem);
  }
}

function pids({ linux }: Document, report: Report): void {
  const limit = linux?.resources?.pids?.limit ?? 0;
  if (limit < -1) report('linux.resources.pids.limit', `must be -1 (no limit) or more, found ${limit}`);
}

function devices({ linux }: Document, report: Report): void {
  each(linux?.resources?.devices, ({ access, major = -1, minor = -1 }, index) => {
    if (!access) report(`linux.resources.devices[${index}].access`, 'must name at least one of r, w and m');
    if (isBad(major)) report(`linux.resources.devices[${index}].major`, `${BAD}, found ${major}`);
    if (isBad(minor)) report(`linux.resources.devices[${index}].minor`, `${BAD}, found ${minor}`);
  });
}

const MAX_UINT32 = 0xffffffff;
const BAD = `must be -1 (all) or from 0 to ${MAX_UINT32}`;

function isBad(number: number): boolean {
  return number < -1 || number > MAX_UINT32;
}

function hugepages({ linux }: Document, report: Report): void {
  const seen: string[] = [];
  each(linux?.resources?.hugepageLimits, ({ pageSize }, index) => {
    if (seen.includes(pageSize))
      report(`linux.resources.hugepageLimits[${index}].pageSize`, `${pageSize} is there twice`);
    seen.push(pageSize);
  });
}

function network({ linux }: Document, report: Report): void {
  each(linux?.resources?.network?.priorities, ({ name }, index) => {
    const problem = interfaceProblem(name);
    if (problem) report(`linux.resources.network.priorities[${index}].name`, problem);
  });
}

function rdma({ linux }: Document, report: Report): void {
  const limits = linux?.resources?.rdma ?? {};
  for (const device of Object.keys(limits)) {
    const field = child('linux.resources.rdma', device);
    const { hcaHandles, hcaObjects } = limits[device] ?? {};
    // The kernel takes lines of `DEVICE NAME=VALUE ...`.
    if (!/^[^\s=\0]+$/.test(device))
      report(field, 'must be the name of a device, without "=" and white space');
    if (hcaHandles === undefined && hcaObjects === undefined)
      report(field, 'must have at least one of hcaHandles and hcaObjects');
  }
}

// Who is in the cgroup, and whether it runs, is for the runtime to say: other values would stop `create` for good.
const RUNTIMES_OWN = /^cgroup\.(freeze|kill|procs|subtree_control|threads|type)$/;

function unified({ linux }: Document, report: Report): void {
  const files = linux?.resources?.unified ?? {};
  for (const name of Object.keys(files)) {
    const field = child('linux.resources.unified', name);
    if (!/^[^./]+\.[^/]+$/.test(name)) report(field, 'must be the name of a file such as "memory.high"');
    if (RUNTIMES_OWN.test(name)) report(field, 'is written by the runtime itself');
    if (hasNul(name) || hasNul(files[name])) report(field, NUL);
  }
}

export const resourceRules: readonly Rule[] = [memory, cpu, pids, devices, hugepages, network, rdma, unified];
