import { spawnSync } from 'node:child_process';
import type { Test } from 'tap';
import type { Change } from './bundle.ts';
import { cgroupFile } from './cgroup.ts';
import { type Container, type RunOptions, run, running } from './runtime.ts';
import { newId } from './sandbox.ts';

/** What makes a command use the systemd driver. */
export const globals = ['--systemd-cgroup'];

/** Names of units must not have a dash too many. */
export const unitName = (): string => newId().replaceAll('-', '_');

/** Properties of a unit, as systemctl prints them. */
export function show(unit: string, ...properties: string[]): Record<string, string> {
  const args = ['show', unit, ...properties.flatMap((name) => ['-p', name])];
  const { stdout } = spawnSync('systemctl', args, { encoding: 'utf8' });
  const lines = stdout.trim().split('\n');
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s)));
}

/** The units whose names match a pattern, as systemctl lists them; nothing when there are none. */
export const units = (pattern: string): string =>
  spawnSync('systemctl', ['list-units', '--all', '--no-legend', pattern], { encoding: 'utf8' }).stdout;

export interface Unit extends Container {
  scope: string;
  /** Its cgroup below the mount points. */
  cgroup: string;
  file(v1: string, v2: string): string;
  command(args: string[], options?: RunOptions): ReturnType<typeof run>;
}

/** A running container that is a scope of systemd. */
export function unit(t: Test, change: Change = () => {}): Unit {
  const name = unitName();
  const withUnit: Change = (config) => {
    config.linux.cgroupsPath = `system.slice:test:${name}`;
    change(config);
  };
  const container = running(t, withUnit, [], { globals });
  const scope = `test-${name}.scope`;
  const cgroup = `/system.slice/${scope}`;
  const file = (v1: string, v2: string) => cgroupFile(cgroup, v1, v2);
  return {
    ...container,
    scope,
    cgroup,
    file,
    command: (args, options) => run(args, { globals, ...options }),
  };
}
