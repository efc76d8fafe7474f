/** What a kubelet asks of containerd for a pod of a RuntimeClass, by the Container Runtime Interface. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { cgroupFile, V1 } from '../helpers/cgroup.ts';
import { IMAGE, importImage, startContainerd } from '../helpers/containerd.ts';
import { callCri, type Decoded, decode, type Fields } from '../helpers/cri.ts';
import { CGROUP, enterLab, makeImage, RUNTIME, remains, shell } from '../helpers/lab.ts';
import { temp, until } from '../helpers/sandbox.ts';

await enterLab('containerd', 'ctr', 'containerd-shim-runc-v2', 'iptables');

const isContainerd2 = /\b2\.\d+\.\d/.test(shell('containerd --version'));
const networks = join(temp, 'cni');
mkdirSync(networks);
writeFileSync(
  join(networks, '10-lab.conflist'),
  JSON.stringify({
    cniVersion: '0.4.0',
    name: 'lab',
    plugins: [
      {
        type: 'bridge',
        bridge: 'lab0',
        isGateway: true,
        ipam: { type: 'host-local', ranges: [[{ subnet: '10.94.0.0/24' }]], dataDir: join(temp, 'ipam') },
      },
    ],
  }),
);
// The machine may lack CAP_SYS_RESOURCE, which the low OOM scores of pods take.
const cri = (at: string) => `
[plugins.'${at}']
  restrict_oom_score_adj = true
[plugins.'${at}'.cni]
  bin_dir = '/usr/lib/cni'
  conf_dir = '${networks}'
[plugins.'${at}'.containerd]
  default_runtime_name = 'tested'
[plugins.'${at}'.containerd.runtimes.tested]
  runtime_type = 'io.containerd.runc.v2'
[plugins.'${at}'.containerd.runtimes.tested.options]
  BinaryName = '${RUNTIME}'
`;
const PAUSE = 'docker.io/lab/pause:1';
const daemon = isContainerd2
  ? startContainerd(
      `[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '${PAUSE}'
${cri('io.containerd.cri.v1.runtime')}`,
      3,
    )
  : startContainerd(`[plugins.'io.containerd.grpc.v1.cri']
  sandbox_image = '${PAUSE}'
${cri('io.containerd.grpc.v1.cri').replace(/^\n.*\n/, '')}`);
process.env.CONTAINERD_NAMESPACE = 'k8s.io';
importImage(makeImage(), 'lab/pause:1', ['sleep', '100000']);
shell(`ctr image import ${temp}/lab-bb:1.tar`);

const call = (method: string, request: Fields): Promise<Decoded> =>
  callCri(process.env.CONTAINERD_ADDRESS ?? '', method, request);

// Fields as kubernetes/cri-api has them, runtime.v1.
const pod: Fields = {
  1: { 1: 'web', 2: 'uid-1', 3: 'default', 4: 0 },
  2: 'web-0',
  3: join(temp, 'pods'),
  8: { 1: CGROUP },
};
const resources = (memory: number): Fields => ({ 1: 100_000, 2: 50_000, 3: 512, 4: memory });
const container: Fields = {
  1: { 1: 'main', 2: 0 },
  2: { 1: IMAGE },
  3: ['sh', '-c'],
  4: ['echo started; trap "exit 3" TERM; httpd -p 80 -h /etc; sleep 1000 & wait'],
  6: [{ 1: 'A', 2: '1' }],
  11: 'main.log',
  15: { 1: resources(64 << 20), 2: { 1: { 2: ['NET_ADMIN'] } } },
};
/** Container Device Interface: what a name of a device stands for. */
const cdi = {
  cdiVersion: '0.6.0',
  kind: 'lab.example/thing',
  devices: [
    {
      name: 'one',
      containerEdits: {
        env: ['THING=one'],
        mounts: [{ hostPath: '/etc/hostname', containerPath: '/thing', options: ['ro', 'bind'] }],
      },
    },
  ],
};
const ids = { pod: '', container: '' };

async function exec(...command: string[]): Promise<{ text: string; status: number }> {
  return execIn(ids.container, ...command);
}

async function execIn(id: string, ...command: string[]): Promise<{ text: string; status: number }> {
  const { 1: stdout, 3: status } = await call('ExecSync', { 1: id, 2: command, 3: 10 });
  return { text: String(stdout ?? '').trimEnd(), status: Number(status ?? 0) };
}

t.test('a pod of the runtime class', async (t) => {
  const { 1: id } = await call('RunPodSandbox', { 1: pod, 2: 'tested' });
  ids.pod = String(id);
  const { Runtime } = JSON.parse(shell(`ctr container info ${ids.pod}`));
  const options = Buffer.from(Runtime.Options.value, 'base64').toString('latin1');
  t.ok(options.includes(RUNTIME), 'its runtime is the one under test');
  await t.rejects(
    call('RunPodSandbox', { 1: { ...pod, 1: { 1: 'b', 2: 'b', 3: 'b' } }, 2: 'nosuch' }),
    /nosuch/,
  );
});

t.test('a container in it', async (t) => {
  const { 1: id } = await call('CreateContainer', { 1: ids.pod, 2: container, 3: pod });
  ids.container = String(id);
  await call('StartContainer', { 1: ids.container });
  until('its log', () => /stdout F started/.test(shell(`cat ${temp}/pods/main.log`)));
  t.same(await exec('sh', '-c', 'echo $A; hostname; exit 7'), { text: '1\nweb-0', status: 7 });
  t.match((await exec('ip', 'addr')).text, /inet 10\.94\.0\.\d+\/24/, 'in the network of its pod');
  t.match(shell('ctr task ls'), new RegExp(`${ids.container} +\\d+ +RUNNING`));
});

t.test('its limits, changed too', async (t) => {
  const pid = /^\S+ +(\d+)/m.exec(shell(`ctr task ls | grep ${ids.container}`))?.[1];
  const line = shell(`cat /proc/${pid}/cgroup`)
    .split('\n')
    .find((each) => !V1 || each.includes(':memory:'));
  const limit = () => cgroupFile(line?.split(':')[2] ?? '', 'memory/memory.limit_in_bytes', 'memory.max');
  t.equal(limit(), String(64 << 20));
  await call('UpdateContainerResources', { 1: ids.container, 2: resources(128 << 20) });
  t.equal(limit(), String(128 << 20));
});

t.test('the end', async (t) => {
  await call('StopContainer', { 1: ids.container, 2: 10 });
  const { 1: status } = await call('ContainerStatus', { 1: ids.container });
  t.ok(status, 'it is still known');
  await call('RemoveContainer', { 1: ids.container });
  await call('StopPodSandbox', { 1: ids.pod });
  await call('RemovePodSandbox', { 1: ids.pod });
  t.equal(shell('ctr task ls -q; ctr container ls -q'), '');
});

const onlyContainerd2 = { skip: !isContainerd2 && 'containerd 2 is required' };

t.test('what the kubelet is told of the runtime', onlyContainerd2, async (t) => {
  const { 3: handler } = await call('Status', {});
  const { 1: name, 2: features } = decode(handler as Buffer);
  t.equal(String(name), 'tested');
  t.same(decode(features as Buffer), { 1: 1, 2: 1 }, 'recursive read-only mounts, user namespaces');
});

t.test('a pod with users of its own', onlyContainerd2, async (t) => {
  const map = [{ 1: 300_000, 2: 0, 3: 65_536 }];
  const namespaces: Fields = { 5: { 1: 0, 2: map, 3: map } };
  const own: Fields = {
    ...pod,
    1: { 1: 'own', 2: 'uid-2', 3: 'default', 4: 0 },
    8: { 1: CGROUP, 2: { 1: namespaces } },
  };
  const [volume, tree] = ['volume', 'tree'].map((name) => join(temp, name)) as [string, string];
  mkdirSync(volume);
  writeFileSync(join(volume, 'given'), '');
  mkdirSync(join(tree, 'below'), { recursive: true });
  shell(`mount -t tmpfs below ${tree}/below`);
  mkdirSync('/etc/cdi', { recursive: true });
  writeFileSync('/etc/cdi/lab.json', JSON.stringify(cdi));
  const sandbox = String((await call('RunPodSandbox', { 1: own, 2: 'tested' }))[1]);
  const config: Fields = {
    1: { 1: 'main', 2: 0 },
    2: { 1: IMAGE },
    3: ['sleep', '1000'],
    7: [
      { 1: '/volume', 2: volume, 6: map, 7: map },
      { 1: '/tree', 2: tree, 3: 1, 6: map, 7: map, 8: 1 },
      { 1: '/image', 3: 1, 6: map, 7: map, 9: { 1: IMAGE } },
    ],
    11: 'own.log',
    15: { 2: { 3: namespaces } },
    17: [{ 1: 'lab.example/thing=one' }],
  };
  const id = String((await call('CreateContainer', { 1: sandbox, 2: config, 3: own }))[1]);
  await call('StartContainer', { 1: id });
  const says = async (script: string) => (await execIn(id, 'sh', '-c', script)).text;
  t.equal(await says('tr -s " " </proc/self/uid_map'), ' 0 300000 65536');
  t.equal(
    await says('stat -c %u /bin/busybox /home/user /volume/given /image/home/user'),
    '0\n1000\n0\n1000',
  );
  t.equal(await says('touch /volume/made /made; echo $?'), '0');
  t.equal(shell(`stat -c %u ${volume}/made`), '0', 'on the host, too');
  t.match(await says('touch /tree/below/x 2>&1; touch /image/x 2>&1'), /Read-only.*\n.*Read-only/);
  t.equal(await says('echo $THING; test -f /thing; echo $?'), 'one\n0', 'a CDI device');
  for (const method of ['StopPodSandbox', 'RemovePodSandbox']) await call(method, { 1: sandbox });
  shell(`umount ${tree}/below`);
});

t.test('nothing is left', async (t) => {
  daemon.stop();
  t.same(remains(), []);
});
