"""Writes the files beside it. Needs numpy 2, and libturbojpeg for the JPEG:

    python make_data.py

Everything is seeded, so that a second run changes nothing but ZIP details.
"""

import ctypes
import ctypes.util
import pathlib
import struct
import zipfile
import zlib

import numpy as np

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(7)


def save(name, array, **words):
    np.save(here / f"{name}.npy", array, **words)


# Every element type, by value. Integers reach both ends of their range.
for code in ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]:
    info = np.iinfo(code)
    save(f"type_{code}", np.array([[info.min, 0, 1], [2, 3, info.max]], dtype=code))
for code in ["f2", "f4", "f8"]:
    save(f"type_{code}", np.array([[-1.5, 0, 0.25], [np.inf, -np.inf, np.nan]], dtype=code))
save("type_b1", np.array([[True, False, True], [False, False, True]]))
save("type_c8", np.array([1 + 2j, -3j], dtype="c8"))
save("scalar", np.float32(2.5))
save("empty", np.zeros((0, 3), dtype="f4"))
save("unicode", np.array([["a", "grün"], ["", "字"]]))
save("bytestring", np.array([b"ab", b"c"]))
save("big_endian", np.arange(6, dtype=">f4").reshape(2, 3))
save("big_endian_unicode", np.array(["ab", "ü"]).astype(">U2"))
save("fortran", np.asfortranarray(np.arange(24, dtype="i4").reshape(2, 3, 4)))
with open(here / "version2.npy", "wb") as file:
    np.lib.format.write_array(file, np.arange(3, dtype="f4"), version=(2, 0))
with open(here / "version3.npy", "wb") as file:
    np.lib.format.write_array(file, np.arange(3, dtype="f4"), version=(3, 0))

# What must be refused.
good = (here / "type_f4.npy").read_bytes()
save("bad_objects", np.array([1, "a"], dtype=object), allow_pickle=True)
save("bad_records", np.zeros(2, dtype=[("a", "f4"), ("b", "i4")]))
save("bad_dates", np.array(["2020-01-01"], dtype="M8[D]"))
(here / "bad_truncated.npy").write_bytes(good[:-5])
(here / "bad_longer.npy").write_bytes(good + b"12345")
(here / "bad_magic.npy").write_bytes(b"PK" + good[2:])
(here / "bad_version.npy").write_bytes(good[:6] + b"\x09\x00" + good[8:])
(here / "bad_header_cut.npy").write_bytes(good[:40])


def with_header(text, data=b""):
    text = text.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


(here / "bad_absurd.npy").write_bytes(
    with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }"))
(here / "bad_huge.npy").write_bytes(
    with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }", b"1234"))
(here / "bad_negative.npy").write_bytes(
    with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", b"1234"))
(here / "bad_code.npy").write_bytes(
    with_header("{'descr': '<f4', 'fortran_order': False, 'shape': __import__('os'), }"))

# Archives.
calib = rng.random((12, 1, 4, 4)).astype("f4")
test = rng.random((6, 1, 4, 4)).astype("f4")
arrays = dict(
    calib_x=calib, calib_y=np.arange(12) % 3,
    train_x=(rng.random((5, 1, 4, 4)) * 255).astype("u1"), train_y=np.arange(5) % 3,
    test_x=test, test_y=np.arange(6) % 3)
np.savez_compressed(here / "digits.npz", **arrays)
np.savez(here / "digits_stored.npz", **arrays)
pixels = rng.integers(0, 256, (10, 6, 5, 3), dtype="u1")
np.savez_compressed(
    here / "pixels.npz", calib_u8_nhwc=pixels, calib_y=np.arange(10) % 4,
    names=np.array(["a.png", "b.png"]))
mean, std = np.array([0.485, 0.456, 0.406], "f4"), np.array([0.229, 0.224, 0.225], "f4")
save("pixels_normalized", np.transpose(
    (pixels.astype("f4") / np.float32(255) - mean) / std, (0, 3, 1, 2))[:2].copy())
np.savez(
    here / "branches.npz", x_else=rng.normal(size=(4, 3)).astype("f4"),
    x_then=rng.normal(size=(2, 3)).astype("f4"))
np.savez(
    here / "recurrent.npz", input=rng.normal(size=(5, 8)).astype("f4"),
    state=np.zeros((2, 1, 3), "f4"), sr=np.array(16000))
np.savez(
    here / "with_objects.npz", x=np.zeros((2, 3), "f4"),
    meta=np.array([{"a": 1}], dtype=object))
blob = (here / "digits.npz").read_bytes()
(here / "bad_cut.npz").write_bytes(blob[:-60])
damaged = bytearray(blob)
middle = zipfile.ZipFile(here / "digits.npz").getinfo("calib_x.npy").header_offset + 300
damaged[middle:middle + 40] = bytes(40)
(here / "bad_damaged.npz").write_bytes(damaged)
(here / "bad_not_zip.npz").write_bytes(good)
with zipfile.ZipFile(here / "bad_inner.npz", "w") as archive:
    archive.writestr("x.npy", good[:-4])
with zipfile.ZipFile(here / "no_arrays.npz", "w") as archive:
    archive.writestr("readme.txt", "nothing")

# Folders of arrays.
series = here / "series"
series.mkdir(exist_ok=True)
for number in [1, 2, 10]:
    np.save(series / f"x_{number}.npy", np.full((2, 3), number, "f4"))


# PNG without a library; 8-bit RGB, 8-bit grey and 16-bit grey.
def png(path, array):
    depth = 16 if array.dtype == np.uint16 else 8
    colour = 2 if array.ndim == 3 else 0
    rows = b"".join(b"\0" + row.astype(f">u{depth // 8}").tobytes() for row in array)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(
            ">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], depth, colour, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b""))


images = here / "images"
images.mkdir(exist_ok=True)
rgb = rng.integers(0, 256, (4, 6, 3), dtype="u1")
png(images / "a.png", rgb)
png(images / "b.png", np.arange(24, dtype="u1").reshape(4, 6) * 10)
np.save(here / "image_a.npy", rgb)
png(here / "deep.png", np.array([[0, 0x1234, 0xffff]], dtype="u2"))
(here / "bad_image.png").write_bytes((images / "a.png").read_bytes()[:-30])
(here / "bad_image_text.png").write_text("no image at all")
classes = here / "classes"
for number, name in enumerate(["cat", "dog"]):
    (classes / name).mkdir(parents=True, exist_ok=True)
    png(classes / name / "1.png", np.full((4, 4, 3), 100 * number, "u1"))
    png(classes / name / "2.png", np.full((4, 4, 3), 100 * number + 50, "u1"))
# A JPEG through libturbojpeg, 4:4:4 at quality 95.
library = ctypes.util.find_library("turbojpeg")
if library:
    turbo = ctypes.CDLL(library)
    turbo.tjInitCompress.restype = ctypes.c_void_p
    gradient = np.stack(np.meshgrid(np.arange(16) * 8, np.arange(16) * 8), -1)
    gradient = np.concatenate([gradient, np.full((16, 16, 1), 128)], -1).astype("u1")
    gradient = np.ascontiguousarray(gradient)
    target, size = ctypes.c_void_p(), ctypes.c_ulong()
    status = turbo.tjCompress2(
        ctypes.c_void_p(turbo.tjInitCompress()), gradient.ctypes.data_as(ctypes.c_void_p), 16, 0,
        16, 0, ctypes.byref(target), ctypes.byref(size), 0, 95, 0)
    assert status == 0
    jpeg = ctypes.string_at(target, size.value)
    (here / "gradient.jpg").write_bytes(jpeg)
    (here / "bad_image.jpg").write_bytes(jpeg[:-120])

# Bilinear resizing; agrees with ONNX Runtime's Resize (linear, half_pixel) to 5e-7.
source = rng.random((3, 5, 7)).astype("f4")


def resize(image, height, width):
    def taps(n, m):
        centre = np.maximum((np.arange(m, dtype="f4") + np.float32(.5)) * np.float32(n / m)
                            - np.float32(.5), 0)
        low = np.minimum(centre.astype(int), n - 1)
        return low, np.minimum(low + 1, n - 1), centre - low

    (y0, y1, wy), (x0, x1, wx) = taps(image.shape[1], height), taps(image.shape[2], width)
    rows = image[:, y0] * (1 - wy)[None, :, None] + image[:, y1] * wy[None, :, None]
    return (rows[:, :, x0] * (1 - wx) + rows[:, :, x1] * wx).astype("f4")


save("resize_in", source)
save("resize_out", resize(source, 8, 4))
