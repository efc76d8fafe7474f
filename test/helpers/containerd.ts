import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { call, Daemon, makeImage, RUNTIME, shell } from './lab.ts';
import { tag, temp } from './sandbox.ts';

export const IMAGE = 'docker.io/lab/bb:1';

/**
 * containerd with the image IMAGE. Commands without --runc-binary find the runtime under test as `runc`; with `cri`,
 * further lines of config.toml, it serves Kubernetes, too.
 */
export function startContainerd(
  cri = 'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
  version = 2,
): Daemon {
  const socket = join(temp, 'containerd.sock');
  Object.assign(process.env, { CONTAINERD_ADDRESS: socket, CONTAINERD_NAMESPACE: tag });
  const config = join(temp, 'containerd.toml');
  writeFileSync(
    config,
    `version = ${version}
root = "${temp}/containerd"
state = "/run/containerd"
${cri}
[grpc]
address = "${socket}"
`,
  );
  mkdirSync(join(temp, 'bin'));
  symlinkSync(RUNTIME, join(temp, 'bin/runc'));
  const env = { PATH: `${temp}/bin:${process.env.PATH}` };
  const daemon = new Daemon('containerd', 'containerd', ['--config', config], env);
  daemon.waitFor('ctr', 'version');
  importImage(makeImage(), 'lab/bb:1', ['sh']);
  return daemon;
}

/** An image as `docker save` writes it: one layer, a configuration, a manifest. */
export function importImage(rootfs: string, name: string, command: string[]): void {
  const files = join(temp, name.replaceAll('/', '-'));
  mkdirSync(files);
  shell(`tar -C ${rootfs} -cf ${files}/layer.tar .`);
  const digest = createHash('sha256')
    .update(readFileSync(join(files, 'layer.tar')))
    .digest('hex');
  const config = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
    config: { Cmd: command, Env: ['PATH=/bin', 'IMAGE=bb'], WorkingDir: '/home' },
  };
  const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }];
  writeFileSync(join(files, 'config.json'), JSON.stringify(config));
  writeFileSync(join(files, 'manifest.json'), JSON.stringify(manifest));
  shell(`tar -C ${files} -cf ${files}.tar .`);
  call('ctr', ['image', 'import', `${files}.tar`]);
}
