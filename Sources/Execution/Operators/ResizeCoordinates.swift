internal import Graphs
internal import Kernels

/// Which input positions an output position of Resize looks at. Source: ONNX Resize-19.
struct ResizeCoordinates {
  enum Transform: String {
    case halfPixel = "half_pixel"
    case halfPixelSymmetric = "half_pixel_symmetric"
    case pytorchHalfPixel = "pytorch_half_pixel"
    case alignCorners = "align_corners"
    case asymmetric
  }
  enum Rounding: String {
    case preferFloor = "round_prefer_floor"
    case preferCeil = "round_prefer_ceil"
    case floor, ceil
  }

  let transform: Transform
  let rounding: Rounding

  init(_ node: Node) throws(ExecutionError) {
    let transform = node.string("coordinate_transformation_mode") ?? "half_pixel"
    let rounding = node.string("nearest_mode") ?? "round_prefer_floor"
    guard let transform = Transform(rawValue: transform),
      let rounding = Rounding(rawValue: rounding)
    else {
      throw .unsupportedVariant(
        operatorName: "Resize", node: node.name,
        detail: "coordinates '\(transform)' with rounding '\(rounding)'")
    }
    self.transform = transform
    self.rounding = rounding
  }

  /// The input coordinate of output `index`, in float32 as ONNX Runtime computes it.
  func source(_ index: Int, input: Int, output: Int, scale: Float) -> Float {
    let position = Float(index)
    switch transform {
    case .halfPixel:
      return (position + 0.5) / scale - 0.5
    case .halfPixelSymmetric:
      let adjustment = Float(output) / (scale * Float(input))
      let center = Float(input) / 2
      return center * (1 - adjustment) + (position + 0.5) / scale - 0.5
    case .pytorchHalfPixel:
      return output > 1 ? (position + 0.5) / scale - 0.5 : 0
    case .alignCorners:
      return output == 1 ? 0 : position * Float(input - 1) / Float(output - 1)
    case .asymmetric:
      return position / scale
    }
  }

  func nearest(input: Int, output: Int, scale: Float) -> [Int] {
    (0..<output).map { index in
      if scale == 1 { return min(index, input - 1) }
      let source = source(index, input: input, output: output, scale: scale)
      let rounded: Float =
        switch rounding {
        case .preferFloor: (source - 0.5).rounded(.up)
        case .preferCeil: (source + 0.5).rounded(.down)
        case .floor: source.rounded(.down)
        case .ceil: source.rounded(.up)
        }
      return min(max(Int(rounded), 0), input - 1)
    }
  }

  func linear(input: Int, output: Int, scale: Float) -> [Resize.LinearTap] {
    (0..<output).map { index in
      let source =
        scale == 1 ? Float(index) : source(index, input: input, output: output, scale: scale)
      let clamped = min(max(source, 0), Float(input - 1))
      let first = min(Int(clamped), input - 1)
      return Resize.LinearTap(
        first: first, second: min(first + 1, input - 1), weight: clamped - Float(first))
    }
  }
}
