import Foundation
package import Tensors

/// A weight matrix as codes with one map for every few inputs of a channel.
///
/// As ONNX's blocked DequantizeLinear (opset 21) has it: along `axis`, which the product sums over,
/// one map serves `size` weights in a row; the last group may be short.
package struct GroupedWeights: Sendable {
  /// In the order of the float weights.
  package let codes: [Int32]
  /// `[groups, columns]` for axis 0, `[rows, groups]` for axis 1, row-major.
  package let maps: [QuantizationParameters]
  package let mapShape: Shape
  package let axis: Int
  package let size: Int
  /// Measured, in decibels; infinite when every weight is a code.
  package let sqnr: Double

  /// - Parameters:
  ///   - weights: float32, of rank 2.
  ///   - axis: 0 for MatMul and Gemm, 1 for a Gemm that transposes its weight.
  ///   - scheme: its group size is above 0; the granularity does not matter.
  /// - Throws: `ParameterError` when a weight is not finite or the scheme cannot be met.
  package init(_ weights: Tensor, axis: Int, scheme: TensorScheme) throws(ParameterError) {
    precondition(weights.shape.rank == 2 && scheme.groupSize > 0, "\(weights.shape) in groups")
    self.axis = axis
    size = min(scheme.groupSize, weights.shape[axis])
    let values = weights.array(of: Float.self)
    let groups = (weights.shape[axis] + size - 1) / size
    mapShape = axis == 0 ? [groups, weights.shape[1]] : [weights.shape[0], groups]
    maps = try Self.maps(of: values, weights.shape, axis: axis, size: size, groups, scheme)
    do throws(AffineError) {
      let range = scheme.range
      let affine = try AffineTensor(
        shape: weights.shape, layout: .blocked(axis: axis, size: size),
        scales: maps.map(\.scale), zeroPoints: maps.map(\.zeroPoint), lowest: range.lowest,
        highest: range.highest)
      codes =
        scheme.profile == .torch
        ? try affine.torchQuantize(values) : try affine.quantizeLinear(values)
      let rounded = try affine.dequantize(codes)
      var sums = ErrorSums()
      values.withUnsafeBufferPointer { values in
        rounded.withUnsafeBufferPointer { sums.add(reference: values, test: $0) }
      }
      sqnr = sums.sqnr
    } catch {
      throw .badWeightAxis(axis, shape: "\(weights.shape)")
    }
  }

  private static func maps(
    of values: [Float], _ shape: Shape, axis: Int, size: Int, _ groups: Int, _ scheme: TensorScheme
  ) throws(ParameterError) -> [QuantizationParameters] {
    var scheme = scheme
    scheme.granularity = .perTensor
    let (length, columns) = (shape[axis], shape[1])
    var maps: [QuantizationParameters] = []
    let (outer, inner) = axis == 0 ? (groups, columns) : (shape[0], groups)
    for first in 0..<outer {
      for second in 0..<inner {
        let (group, channel) = axis == 0 ? (first, second) : (second, first)
        let members = (group * size..<min((group + 1) * size, length)).map { index in
          axis == 0 ? values[index * columns + channel] : values[channel * columns + index]
        }
        maps.append(try map(of: members, scheme))
      }
    }
    return maps
  }

  private static func map(
    of members: [Float], _ scheme: TensorScheme
  ) throws(ParameterError) -> QuantizationParameters {
    guard let low = members.min(), let high = members.max(), members.allSatisfy(\.isFinite) else {
      throw .nonFiniteWeights(count: members.count { !$0.isFinite })
    }
    switch scheme.observer {
    case .minMax, .movingAverageMinMax:
      return QuantizationParameters(covering: low...high, scheme: scheme)
    case .histogram, .percentile, .entropy, .meanSquaredError, .fixed, .manual:
      var statistics = TensorStatistics(bins: 128)
      members.withUnsafeBufferPointer {
        statistics.observe(BatchView($0), using: ScalarObservationKernels())
      }
      return try statistics.parameters(for: scheme).channels[0]
    }
  }
}
