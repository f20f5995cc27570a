"""Writes spatial.cases: convolutions, pools, normalizations and resamplings in the forms that node
tests leave out, as `make_cases.py` writes its files.
"""
import os

import numpy as np
from onnx import helper

from make_cases import HERE, ints, normal, save

FLOAT = np.float32


def case(name, op, fed, constants=(), outputs=1, opset=18, domain="", **attributes):
    """One node whose first operands are fed, the others constant; None is left out."""
    values = list(fed) + list(constants)
    names = ["" if value is None else f"x{index}" for index, value in enumerate(values)]
    feeds = {n: v for n, v in zip(names, values[:len(fed)]) if n}
    known = {n: v for n, v in zip(names[len(fed):], constants) if n}
    results = [f"y{index}" for index in range(outputs)]
    node = helper.make_node(op, names, results, name=name, domain=domain, **attributes)
    save("spatial", name, [node], feeds, known, results, opset, [domain] if domain else [])


def typed(type, *shape):
    if np.issubdtype(type, np.integer):
        return np.round(40 * normal(*shape)).clip(np.iinfo(type).min, 127).astype(type)
    return normal(*shape).astype(type)


def write_convolutions():
    window = dict(strides=[2, 1], dilations=[1, 2], pads=[0, 1, 2, 1])
    image, weights = normal(2, 4, 9, 8), normal(6, 2, 3, 2)
    case("conv_computed", "Conv", [image, weights, normal(6)], group=2, **window)
    case("conv_computed_1d", "Conv", [normal(1, 2, 9), normal(4, 2, 3)], auto_pad="SAME_LOWER")
    case("conv_3d", "Conv", [normal(2, 4, 5, 6, 7)], [normal(6, 2, 2, 3, 2), normal(6)], group=2,
         strides=[1, 2, 2], pads=[1, 0, 1, 0, 2, 1], dilations=[2, 1, 1])
    case("conv_3d_same", "Conv", [normal(1, 2, 5, 6, 7), normal(3, 2, 3, 2, 3)],
         auto_pad="SAME_UPPER", strides=[2, 1, 3])
    case("conv_float16", "Conv", [typed(np.float16, 1, 3, 6, 5)], [typed(np.float16, 4, 3, 3, 3)],
         pads=[1] * 4)
    case("convtranspose_computed", "ConvTranspose", [image, normal(4, 3, 3, 2), normal(6)], group=2,
         output_padding=[1, 0], **window)
    case("convtranspose_3d", "ConvTranspose", [normal(2, 4, 3, 4, 2)], [normal(4, 3, 2, 3, 2)],
         strides=[2, 1, 2], pads=[0, 1, 0, 1, 0, 1])
    case("convtranspose_larger", "ConvTranspose", [normal(1, 2, 4, 5)], [normal(2, 3, 3, 3)],
         strides=[2, 2], output_shape=[10, 11])
    for groups in (1, 2):
        case(f"deformconv_{groups}", "DeformConv",
             [normal(1, 4, 7, 6), normal(4, 4 // groups, 3, 2), normal(1, groups * 12, 4, 6),
              normal(4), normal(1, groups * 6, 4, 6)],
             opset=19, group=groups, offset_group=groups, strides=[2, 1], pads=[1, 0, 1, 1])


def write_pools():
    for type in (np.float32, np.float64, np.int8, np.uint8, np.float16):
        case(f"maxpool_3d_{type.__name__}", "MaxPool", [typed(type, 2, 2, 6, 5, 7)],
             kernel_shape=[2, 3, 2], strides=[1, 2, 2], pads=[1, 0, 1, 0, 1, 0],
             dilations=[1, 1, 2], ceil_mode=1)
        case(f"maxpool_places_{type.__name__}", "MaxPool", [typed(type, 2, 2, 6, 5)], outputs=2,
             kernel_shape=[3, 2], strides=[2, 1], pads=[1, 1, 0, 0], storage_order=0)
    case("maxpool_columns", "MaxPool", [normal(2, 2, 4, 5, 3)], outputs=2, kernel_shape=[2, 2, 2],
         storage_order=1)
    for counts in (0, 1):
        case(f"averagepool_3d_{counts}", "AveragePool", [normal(1, 2, 6, 5, 7)], opset=19,
             kernel_shape=[2, 3, 2], strides=[1, 2, 2], pads=[1, 0, 1, 0, 1, 0],
             dilations=[2, 1, 1], ceil_mode=1, count_include_pad=counts)
    for exponent in (1, 2, 3):
        case(f"lppool_{exponent}", "LpPool", [normal(2, 3, 7, 6)], kernel_shape=[3, 2], p=exponent,
             strides=[2, 1], pads=[1, 0, 1, 1])
    case("globallppool", "GlobalLpPool", [normal(2, 3, 4, 5)], p=3)
    case("maxroipool", "MaxRoiPool",
         [normal(2, 3, 8, 9), np.array([[0, 1, 1, 6, 7], [1, 0, 2, 3, 2.6]], FLOAT)],
         pooled_shape=[3, 2], spatial_scale=0.8)
    regions = np.array([[0.5, 1, 6, 7.3], [2, 0, 9, 4]], FLOAT)
    for mode in ("avg", "max"):
        for samples in (0, 2):
            case(f"roialign_{mode}_{samples}", "RoiAlign", [normal(2, 3, 8, 9), regions, ints(1, 0)],
                 opset=16, mode=mode, sampling_ratio=samples, output_height=2, output_width=3,
                 spatial_scale=0.7)


def write_normalizations():
    image = normal(2, 6, 4, 5)
    for type in (np.float32, np.float16):
        case(f"instance_{type.__name__}", "InstanceNormalization", [image.astype(type)],
             [typed(type, 6), typed(type, 6)])
    for opset in (18, 21):
        count = 3 if opset == 18 else 6
        case(f"group_{opset}", "GroupNormalization", [image], [normal(count), normal(count)],
             opset=opset, num_groups=3)
    for type in (np.float32, np.float64):
        case(f"layer_statistics_{type.__name__}", "LayerNormalization", [image.astype(type)],
             [typed(type, 4, 5)], outputs=3, axis=2)
    case("layer_broadcast", "LayerNormalization", [normal(2, 3, 8)], [normal(8), normal(8)])
    case("rms", "RMSNormalization", [image], [normal(4, 5)], opset=23, axis=-2)
    case("simplified", "SimplifiedLayerNormalization", [normal(2, 3, 8), normal(8)], outputs=2)
    hidden = [normal(2, 3, 8), normal(3, 8), normal(8)]
    case("skip", "SkipLayerNormalization", hidden + [normal(8), normal(8)], domain="com.microsoft")
    case("skip_simplified", "SkipSimplifiedLayerNormalization", hidden, domain="com.microsoft")
    case("lrn", "LRN", [image], size=3, alpha=0.2, beta=0.6, bias=1.5)
    case("lrn_even", "LRN", [image], size=5)
    for exponent in (1, 2):
        case(f"lpnorm_{exponent}", "LpNormalization", [image], axis=1, p=exponent)
    case("meanvariance", "MeanVarianceNormalization", [image], opset=13)
    for type in (np.float32, np.float64, np.float16):
        case(f"batch_computed_{type.__name__}", "BatchNormalization",
             [image.astype(type)] + [typed(type, 6) for _ in range(3)]
             + [np.abs(typed(type, 6)) + type(0.5)])


def write_resampling():
    wide, narrow = normal(1, 9, 4, 5), normal(1, 2, 7, 6)
    scales = np.array([1, 1, 1.5, 0.6], FLOAT)
    for name, image in (("wide", wide), ("narrow", narrow)):
        for mode in ("nearest", "linear", "cubic"):
            case(f"resize_{mode}_{name}", "Resize", [image], [None, scales], mode=mode)
    case("resize_computed", "Resize", [narrow, None, None, ints(1, 2, 3, 9)], mode="linear")
    for mode in ("linear", "cubic"):
        case(f"resize_antialias_{mode}", "Resize", [narrow], [None, None, ints(1, 2, 3, 4)],
             mode=mode, antialias=1)
    case("resize_excluding", "Resize", [narrow], [None, None, ints(1, 2, 9, 4)], mode="cubic",
         exclude_outside=1, cubic_coeff_a=-0.5)
    region = np.array([0, 0, 0.2, -0.1, 1, 1, 0.9, 1.2], FLOAT)
    for mode in ("nearest", "linear", "cubic"):
        case(f"resize_crop_{mode}", "Resize", [narrow, region], [None, ints(1, 2, 5, 4)], mode=mode,
             coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=7.0)
    case("resize_3d", "Resize", [normal(1, 2, 3, 4, 5)], [None, None, ints(1, 2, 5, 3, 8)],
         mode="linear", coordinate_transformation_mode="align_corners")
    for policy in ("not_larger", "not_smaller"):
        case(f"resize_{policy}", "Resize", [narrow], [None, None, ints(5, 9)], axes=[2, 3],
             keep_aspect_ratio_policy=policy)
    for type in (np.uint8, np.int32):
        case(f"resize_nearest_{type.__name__}", "Resize", [typed(type, 1, 2, 3, 4)],
             [None, np.array([1, 1, 2, 1.5], FLOAT)], nearest_mode="floor")
    for padding in ("zeros", "border", "reflection"):
        for mode in ("nearest", "linear", "cubic"):
            for aligned in (0, 1):
                case(f"grid_{padding}_{mode}_{aligned}", "GridSample",
                     [normal(2, 3, 5, 4), 1.3 * normal(2, 3, 6, 2)], opset=20, mode=mode,
                     padding_mode=padding, align_corners=aligned)
        case(f"grid_{padding}_3d", "GridSample",
             [normal(1, 2, 3, 4, 5), 1.3 * normal(1, 2, 3, 4, 3)], opset=20, padding_mode=padding)
    case("affinegrid", "AffineGrid", [normal(2, 3, 4)], [ints(2, 1, 2, 3, 4)], opset=20)
    case("col2im", "Col2Im", [normal(2, 12, 12)], [ints(5, 6), ints(2, 3)], strides=[2, 1],
         pads=[1, 0, 0, 0], dilations=[1, 1])
    for mode in ("DCR", "CRD"):
        case(f"depthtospace_{mode}", "DepthToSpace", [normal(2, 12, 2, 3)], blocksize=2, mode=mode)
    case("spacetodepth", "SpaceToDepth", [normal(2, 3, 4, 6)], blocksize=2)
    case("wrap_cropped", "Pad", [normal(3, 5)], [ints(1, -1, 2, 2)], opset=19, mode="wrap")
    case("pad_computed", "Pad", [normal(2, 3), ints(1, 0, 0, 2), np.array(4, FLOAT)])
    case("centercroppad", "CenterCropPad", [normal(5, 4), ints(2, 7)])


if __name__ == "__main__":
    open(os.path.join(HERE, "spatial.cases"), "wb").close()
    write_convolutions()
    write_pools()
    write_normalizations()
    write_resampling()
