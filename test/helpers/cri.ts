/** The few calls of Kubernetes' Container Runtime Interface that tests need: gRPC over a unix socket, by hand. */
import { connect as connectHttp } from 'node:http2';
import { connect } from 'node:net';

/** A message: field number to value. Strings, numbers (of zero or more), messages, and lists of them. */
export type Fields = { [number: number]: string | number | Fields | (string | Fields)[] };

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
}

/** Source: protobuf.dev, Encoding. */
function encode(fields: Fields): Buffer {
  const parts = Object.entries(fields).flatMap(([number, value]) =>
    [value].flat().map((each) => {
      const tag = Number(number) * 8;
      if (typeof each === 'number') return Buffer.from([...varint(tag), ...varint(each)]);
      const bytes = typeof each === 'string' ? Buffer.from(each) : encode(each);
      return Buffer.concat([Buffer.from([...varint(tag + 2), ...varint(bytes.length)]), bytes]);
    }),
  );
  return Buffer.concat(parts);
}

/** Field number to the last value: bytes, or a number. */
export type Decoded = Record<number, Buffer | number>;

export function decode(bytes: Buffer): Decoded {
  const found: Decoded = {};
  let at = 0;
  const read = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = read();
    const value = read();
    if (tag % 8 === 2) {
      found[tag >> 3] = bytes.subarray(at, at + value);
      at += value;
    } else found[tag >> 3] = value;
  }
  return found;
}

/** One call of runtime.v1.RuntimeService. */
export function callCri(socket: string, method: string, request: Fields): Promise<Decoded> {
  const session = connectHttp('http://localhost', { createConnection: () => connect(socket) });
  const headers = { 'content-type': 'application/grpc', te: 'trailers' };
  const path = `/runtime.v1.RuntimeService/${method}`;
  return new Promise<Decoded>((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request({ ':method': 'POST', ':path': path, ...headers });
    const body = encode(request);
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(body.length, 1);
    const parts: Buffer[] = [];
    let status: Record<string, unknown> = {};
    stream.on('response', (first) => Object.assign(status, first));
    stream.on('trailers', (last) => {
      status = { ...status, ...last };
    });
    stream.on('data', (data) => parts.push(data));
    stream.on('error', reject);
    stream.on('end', () => {
      const reason = decodeURIComponent(String(status['grpc-message'] ?? ''));
      if (status['grpc-status'] === '0') resolve(decode(Buffer.concat(parts).subarray(5)));
      else reject(new Error(`${method}: ${status['grpc-status']}: ${reason}`));
    });
    stream.end(Buffer.concat([prefix, body]));
  }).finally(() => session.close());
}
