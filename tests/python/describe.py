"""Prints what zarr-python finds in an artifact's folder: the peer that tests hold our Zarr against."""

import hashlib
import json
import sys

import zarr

group = zarr.open_group(sys.argv[1], mode="r")
tensors = {}
for path, array in group.members(max_depth=None):
    if not isinstance(array, zarr.Array):
        continue
    values = array[...]
    little = values.astype(values.dtype.newbyteorder("<"), order="C", copy=False)
    tensors[path] = {
        "dtype": str(values.dtype),
        "shape": list(values.shape),
        "sha256": hashlib.sha256(little.tobytes(order="C")).hexdigest(),
        "attributes": dict(array.attrs),
    }
print(json.dumps({"attributes": dict(group.attrs), "tensors": tensors}))
