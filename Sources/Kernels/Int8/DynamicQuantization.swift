internal import CKernels

/// How a scale and a zero point are chosen for values when they are known.
package enum DynamicQuantization: Hashable, Sendable {
  /// As ONNX's DynamicQuantizeLinear: codes 0...255, in float.
  case onnx
  /// As PyTorch's x86 kernels for dynamic layers: codes 0...127, in double. A value beyond all
  /// others may still round to 128.
  case reduced

  /// What the codes mean: `real = scale * (code - zeroPoint)`.
  package struct Parameters: Hashable, Sendable {
    package var scale: Float
    package var zeroPoint: UInt8

    package init(scale: Float, zeroPoint: UInt8) {
      self.scale = scale
      self.zeroPoint = zeroPoint
    }
  }

  /// Values that are not finite do not count.
  package func parameters(min: Float, max: Float) -> Parameters {
    let (low, high) = min <= max ? (Swift.min(min, 0), Swift.max(max, 0)) : (0, 0)
    switch self {
    case .onnx: return Self.onnx(low, high)
    case .reduced: return Self.torch(Double(low), Double(high), highest: 127)
    }
  }

  private static func onnx(_ low: Float, _ high: Float) -> Parameters {
    let scale = low == high ? 1 : (high - low) / 255
    let zeroPoint = Swift.min(Swift.max(0 - low / scale, 0), 255)
    return Parameters(
      scale: scale, zeroPoint: zeroPoint.isNaN ? 0 : UInt8(zeroPoint.rounded(.toNearestOrEven)))
  }

  /// The smallest scale that PyTorch uses.
  private static let leastScale = 6.1e-5

  private static func torch(_ lowest: Double, _ highest: Double, highest top: Double) -> Parameters
  {
    var (low, high) = (lowest, highest)
    var scale = (high - low) / top
    if Float(scale) == 0 || (1 / scale).isInfinite { scale = 0.1 }
    if scale < leastScale {
      let old = scale
      scale = leastScale
      if low == 0 {
        high = scale * top
      } else if high == 0 {
        low = -scale * top
      } else {
        low *= scale / old
        high *= scale / old
      }
    }
    let fromLow = -low / scale
    let fromHigh = top - high / scale
    let exact = abs(low / scale) < top + abs(high / scale) ? fromLow : fromHigh
    let zeroPoint = Swift.min(Swift.max(exact, 0), top).rounded(.toNearestOrEven)
    return Parameters(scale: Float(scale), zeroPoint: UInt8(zeroPoint))
  }

  /// Chooses parameters for `count` values and turns those into codes.
  package func quantize(
    _ input: UnsafePointer<Float>, into codes: UnsafeMutablePointer<UInt8>, count: Int,
    isa: InstructionSet, pool: ThreadPool
  ) -> Parameters {
    let extent = ObserveKernels(isa: isa).extent(input, count: count, pool: pool)
    let parameters = parameters(min: extent.min, max: extent.max)
    Int8Kernels(isa: isa).quantize(
      input, codes, count: count, scale: parameters.scale,
      zeroPoint: Int32(parameters.zeroPoint), pool: pool)
    return parameters
  }
}
