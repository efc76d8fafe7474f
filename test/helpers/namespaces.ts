import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Test } from 'tap';
import { type Config, withoutNamespace } from './bundle.ts';
import { runtime } from './runtime.ts';
import { tag, until } from './sandbox.ts';

/** Name in config.json → name under /proc/PID/ns. */
export const LINKS: Record<string, string> = {
  pid: 'pid',
  network: 'net',
  ipc: 'ipc',
  uts: 'uts',
  mount: 'mnt',
  cgroup: 'cgroup',
  user: 'user',
  time: 'time',
};

/** For a Change: joins the namespace at `path`. */
export function enter(config: Config, type: string, path: string): void {
  withoutNamespace(config, type);
  config.linux.namespaces.push({ type, path });
  if (type !== 'user' || runtime.kind !== 'runc') return;
  // runc 1.1.5 wants to be told what the namespace has already.
  config.linux.uidMappings = [{ containerID: 0, hostID: 0, size: 1 }];
  config.linux.gidMappings = [{ containerID: 0, hostID: 0, size: 1 }];
}

/** A sleeping process in new namespaces of its own; returns its pid. */
export function donor(t: Test, ...options: string[]): number {
  const child: ChildProcess = spawn('unshare', [...options, '--kill-child', 'sleep', '1000'], {
    stdio: 'ignore',
    env: { PATH: process.env.PATH, TRUNC_TEST: tag },
  });
  t.teardown(() => new Promise((resolve) => child.on('exit', resolve) && child.kill('SIGKILL')));
  const children = `/proc/${child.pid}/task/${child.pid}/children`;
  // --kill-child forks, so that a pid namespace has its init.
  const pid = Number(until('the donor', () => existsSync(children) && readFileSync(children, 'utf8').trim()));
  until('its sleep', () => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n');
  return pid;
}
