// Pushes an image as Docker does, with nothing but HTTP.
import { createHash } from 'node:crypto';
import { apikey, url } from './lib.mjs';

const authorization = `Basic ${Buffer.from(`iamapikey:${apikey}`).toString('base64')}`;
const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';

const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function send(method, path, type, body) {
  const response = await fetch(url + path,
    { method, body, headers: { Authorization: authorization, 'Content-Type': type } });
  if (response.status !== 201) throw new Error(`${method} ${path}: ${await response.text()}`);
}

async function blob(repository, bytes) {
  const digest = digestOf(bytes);
  await send('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`,
    'application/octet-stream', bytes);
  return { digest, size: bytes.length };
}

// Names a file of at most 99 bytes.
function tarEntry(name, content) {
  const head = Buffer.alloc(512);
  const octal = (value, width) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  head.write(name, 0);
  head.write(octal(0o644, 8), 100);
  head.write(octal(0, 8), 108);
  head.write(octal(0, 8), 116);
  head.write(octal(content.length, 12), 124);
  head.write(octal(0, 12), 136);
  head.write('        0ustar\x0000', 148);
  head.write(`${octal(head.reduce((sum, byte) => sum + byte, 0), 7)} `, 148);
  const rest = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([head, Buffer.from(content), rest]);
}

// An image of those files ({name: text}); its digest.
export async function pushImage(repository, tag, files, config = {}) {
  const layer = Buffer.concat([
    ...Object.entries(files).map(([name, text]) => tarEntry(name, text)), Buffer.alloc(1024)]);
  const document = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux',
    created: '2022-03-21T09:10:00Z', config,
    rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } }));
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: manifestType,
    config: { mediaType: 'application/vnd.docker.container.image.v1+json',
      ...await blob(repository, document) },
    layers: [{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar',
      ...await blob(repository, layer) }] });
  await send('PUT', `/v2/${repository}/manifests/${tag}`, manifestType, manifest);
  return digestOf(manifest);
}
