/**
 * Where the time of one command goes: its marks (programs, processes, mounts, the files that matter), each with the time since the
 * mark before. Under strace everything is slower, by some 0.1 ms for each mark; what is between marks is not.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say, stop } from '../scripts/project.mjs';
import { cleanUp, findRuntimes, temp, waitForEnd } from './runtimes.mjs';

const CALLS =
  'execve,clone,clone3,vfork,exit_group,openat,openat2,open,mkdir,mkdirat,rename,renameat,renameat2,rmdir,unlinkat,' +
  'mount,move_mount,fsopen,umount2,pivot_root,sethostname,setns,unshare,capset,kill,pidfd_send_signal,wait4';
const FILES = /\/?(config\.json|koffi\.node|cgroup\.procs|tasks|exec\.fifo|state\.json|loginuid|mountinfo)"/;
const LINE = /^(\d+) +([\d.]+) (\w+)\((.*)$/;

/** What has to be there before a command, and the command. */
const VERBS = {
  run: { line: (runtime, id) => ['run', '--bundle', runtime.short, id] },
  create: { line: (runtime, id) => ['create', '--bundle', runtime.short, id], left: true },
  start: { before: ['create'], line: (_, id) => ['start', id], left: true },
  delete: { before: ['create', 'start'], line: (_, id) => ['delete', id] },
  state: { before: ['create'], line: (_, id) => ['state', id], left: true },
  kill: { before: ['create'], line: (_, id) => ['kill', id, 'WINCH'], left: true },
  list: { before: ['create'], line: () => ['list'], left: true },
};

/** The marks of a trace: { process, at, text }, time in milliseconds. */
function marks(text) {
  const found = [];
  for (const line of text.split('\n')) {
    const [, process, seconds, call, rest = ''] = LINE.exec(line) ?? [];
    if (call === undefined || (call.startsWith('open') && !FILES.test(rest))) continue;
    const subject = /"([^"]*)"/.exec(rest)?.[1] ?? '';
    found.push({ process, at: Number(seconds) * 1000, text: `${call} ${subject}`.trim(), call });
  }
  return found;
}

/** Marks of the same call by the same process, one after the other, are one. */
function merged(all) {
  const rows = [];
  for (const mark of all) {
    const last = rows.at(-1);
    if (last && last.call === mark.call && last.process === mark.process) last.more.push(mark);
    else rows.push({ ...mark, more: [] });
  }
  return rows;
}

function show(all) {
  const [first] = all;
  let before = first.at;
  for (const { process, at, text, more } of merged(all)) {
    const times = [at - first.at, at - before].map((value) => value.toFixed(1).padStart(8));
    say(
      `${times.join('')}  ${process}  ${text.slice(0, 90)}${more.length > 0 ? `  … and ${more.length} more` : ''}`,
    );
    before = at;
  }
}

/** Waits for the end of the first process of a trace; strace itself stays as long as a container that waits. */
async function firstEnded(file) {
  for (let tries = 0; tries < 1000; tries += 1) {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const [, first] = /^(\d+) /.exec(text) ?? [];
    if (new RegExp(`^${first} .*\\+\\+\\+ exited with 0`, 'm').test(text)) return;
    await sleep(10);
  }
  stop('the command does not end, or fails');
}

export async function trace(verb, name) {
  const {
    before = [],
    line,
    left,
  } = VERBS[verb] ?? stop(`--trace takes one of ${Object.keys(VERBS).join(', ')}`);
  process.on('exit', cleanUp);
  const [runtime] = findRuntimes([name]);
  const id = `${runtime.name}-trace`;
  if (before.includes('create')) runtime.create(runtime.short, id);
  if (before.includes('start')) runtime.time('start', id);
  if (before.includes('start')) waitForEnd(runtime.pid());
  const file = join(temp, 'trace');
  const options = ['-f', '--seccomp-bpf', '-ttt', '-s', '200', '-o', file, '-e', `trace=${CALLS}`];
  const command = [...options, runtime.command, ...runtime.args(...line(runtime, id))];
  const strace = spawn('strace', command, { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(strace, 'close');
  await firstEnded(file);
  if (left) runtime.time('delete', '--force', id);
  await ended;
  say('      ms   delta  process  mark');
  show(marks(readFileSync(file, 'utf8')));
}
