"""Makes an OCI image layout from plain tars, one for each layer.

usage: make_layout.py LAYOUT TAG TAR…
Prints the digest of the manifest. The same tars give the same digests.
"""

import gzip
import hashlib
import json
import os
import shutil
import sys

PREFIX = "application/vnd.oci.image."
PIECE = 1 << 20


def main(layout, tag, tars):
    blobs = os.path.join(layout, "blobs", "sha256")
    os.makedirs(blobs, exist_ok=True)

    def keep(path, media_type):
        digest = file_digest(path)
        os.replace(path, os.path.join(blobs, digest))
        return descriptor(digest, media_type)

    def descriptor(digest, media_type):
        size = os.stat(os.path.join(blobs, digest)).st_size
        return {"mediaType": PREFIX + media_type, "digest": "sha256:" + digest, "size": size}

    def keep_json(document, media_type):
        path = os.path.join(blobs, "document")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file)
        return keep(path, media_type)

    layers = []
    for tar in tars:
        packed = os.path.join(blobs, "layer")
        with open(tar, "rb") as source, open(packed, "wb") as raw, gzip.GzipFile(
                filename="", mode="wb", compresslevel=1, fileobj=raw, mtime=0) as target:
            shutil.copyfileobj(source, target, PIECE)
        layers.append(keep(packed, "layer.v1.tar+gzip"))
    config = keep_json({
        "created": "2023-06-10T00:00:00Z", "architecture": "amd64", "os": "linux",
        "config": {"Cmd": ["bash"], "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + file_digest(t) for t in tars]},
        "history": [{"created": "2023-06-10T00:00:00Z", "created_by": "tar"} for _ in tars],
    }, "config.v1+json")
    manifest = keep_json({"schemaVersion": 2, "mediaType": PREFIX + "manifest.v1+json",
                          "config": config, "layers": layers}, "manifest.v1+json")
    index = {"schemaVersion": 2, "manifests": [
        {**manifest, "annotations": {"org.opencontainers.image.ref.name": tag}}]}
    with open(os.path.join(layout, "index.json"), "w", encoding="utf-8") as file:
        json.dump(index, file)
    with open(os.path.join(layout, "oci-layout"), "w", encoding="utf-8") as file:
        json.dump({"imageLayoutVersion": "1.0.0"}, file)
    print(manifest["digest"])


def file_digest(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
