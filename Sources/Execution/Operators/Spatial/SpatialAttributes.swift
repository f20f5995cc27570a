internal import Graphs
internal import Kernels
internal import Tensors

/// Window attributes that convolutions and pools share, for one or two spatial axes.
struct SpatialAttributes {
  enum Padding: Equatable {
    case explicit
    case sameUpper, sameLower, valid
  }

  let operatorName: String
  let nodeName: String
  let kernel: [Int]?
  let strides: [Int]
  let dilations: [Int]
  let pads: [Int]
  let padding: Padding

  /// - Throws: when an attribute is negative, zero where it must not be, or of the wrong length.
  init(_ node: Node) throws(ExecutionError) {
    operatorName = node.operatorName.description
    nodeName = node.name
    kernel = node.ints("kernel_shape").map { $0.map { Int(clamping: $0) } }
    strides = (node.ints("strides") ?? []).map { Int(clamping: $0) }
    dilations = (node.ints("dilations") ?? []).map { Int(clamping: $0) }
    pads = (node.ints("pads") ?? []).map { Int(clamping: $0) }
    switch node.string("auto_pad") ?? "NOTSET" {
    case "NOTSET": padding = .explicit
    case "SAME_UPPER": padding = .sameUpper
    case "SAME_LOWER": padding = .sameLower
    case "VALID": padding = .valid
    case let other:
      throw .invalidAttribute(
        operatorName: operatorName, node: nodeName, attribute: "auto_pad", detail: "is '\(other)'")
    }
    for (attribute, values) in [
      ("kernel_shape", kernel ?? []), ("strides", strides), ("dilations", dilations),
    ] {
      guard values.allSatisfy({ $0 > 0 && $0 <= 1 << 24 }) else {
        throw .invalidAttribute(
          operatorName: operatorName, node: nodeName, attribute: attribute,
          detail: "must be positive, but is \(values)")
      }
    }
    guard pads.allSatisfy({ $0 >= 0 && $0 <= 1 << 24 }) else {
      throw .invalidAttribute(
        operatorName: operatorName, node: nodeName, attribute: "pads",
        detail: "must not be negative, but is \(pads)")
    }
  }

  /// One spatial axis of a window that slides over an input.
  struct Axis {
    var kernel: Int
    var stride: Int
    var dilation: Int
    var padBegin: Int
    var padEnd: Int

    var span: Int { (kernel - 1) * dilation + 1 }
  }

  /// The axes for a kernel and an input of these extents, with automatic padding worked out.
  func axes(kernel: [Int], input: [Int]) throws(ExecutionError) -> [Axis] {
    let rank = kernel.count
    try check("strides", strides, count: rank)
    try check("dilations", dilations, count: rank)
    try check("pads", pads, count: 2 * rank)
    return (0..<rank).map { axis in
      var result = Axis(
        kernel: kernel[axis], stride: strides.isEmpty ? 1 : strides[axis],
        dilation: dilations.isEmpty ? 1 : dilations[axis], padBegin: 0, padEnd: 0)
      switch padding {
      case .explicit where !pads.isEmpty:
        result.padBegin = pads[axis]
        result.padEnd = pads[rank + axis]
      case .sameUpper, .sameLower:
        let outputs = (input[axis] + result.stride - 1) / result.stride
        let total = max(0, (outputs - 1) * result.stride + result.span - input[axis])
        result.padBegin = padding == .sameUpper ? total / 2 : (total + 1) / 2
        result.padEnd = total - result.padBegin
      case .explicit, .valid:
        break
      }
      return result
    }
  }

  private func check(
    _ attribute: String, _ values: [Int], count: Int
  ) throws(ExecutionError) {
    guard values.isEmpty || values.count == count else {
      throw .invalidAttribute(
        operatorName: operatorName, node: nodeName, attribute: attribute,
        detail: "has \(values.count) values where \(count) are needed")
    }
  }
}

extension ConvolutionGeometry {
  /// One axis is seen as images of height 1.
  init(
    axes: [SpatialAttributes.Axis], input: [Int], inputChannels: Int, outputChannels: Int,
    groups: Int
  ) {
    let flat = SpatialAttributes.Axis(kernel: 1, stride: 1, dilation: 1, padBegin: 0, padEnd: 0)
    let vertical = axes.count == 1 ? flat : axes[0]
    let horizontal = axes[axes.count - 1]
    self.init(
      inputHeight: axes.count == 1 ? 1 : input[0], inputWidth: input[input.count - 1],
      inputChannels: inputChannels, outputChannels: outputChannels,
      kernelHeight: vertical.kernel, kernelWidth: horizontal.kernel,
      strideHeight: vertical.stride, strideWidth: horizontal.stride,
      dilationHeight: vertical.dilation, dilationWidth: horizontal.dilation,
      padTop: vertical.padBegin, padLeft: horizontal.padBegin, padBottom: vertical.padEnd,
      padRight: horizontal.padEnd, groups: groups)
  }

  /// The logical shape of the output, `[batch, channels, spatial…]`.
  func outputShape(batch: Int, spatialRank: Int) -> Shape {
    Shape([batch, outputChannels] + (spatialRank == 1 ? [] : [outputHeight]) + [outputWidth])
  }
}
