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
    case crop = "tf_crop_and_resize"
  }
  enum Rounding: String {
    case preferFloor = "round_prefer_floor"
    case preferCeil = "round_prefer_ceil"
    case floor, ceil
  }

  /// One axis on its way from one extent to another.
  struct Axis {
    var input: Int
    var output: Int
    /// Outputs per input.
    var scale: Float
    /// `scale * input`, which need not be whole where the model gives scales.
    var length: Float
    /// The part of the input that is resized, in units of its extent less one.
    var region: ClosedRange<Float> = 0...1

    /// Whether every output is the input at the same place, as long as the region is everything.
    var isUnchanged: Bool { scale == 1 && input == output }
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
  func source(_ index: Int, _ axis: Axis) -> Float {
    let position = Float(index)
    let last = Float(axis.input - 1)
    switch transform {
    case .crop:
      let (start, end) = (axis.region.lowerBound, axis.region.upperBound)
      return axis.output > 1
        ? start * last + position * (end - start) * last / Float(axis.output - 1)
        : 0.5 * (start + end) * last
    case _ where axis.isUnchanged: return position
    case .halfPixel:
      return (position + 0.5) / axis.scale - 0.5
    case .halfPixelSymmetric:
      let center = Float(axis.input) / 2
      return center * (1 - Float(axis.output) / axis.length) + (position + 0.5) / axis.scale - 0.5
    case .pytorchHalfPixel:
      return axis.output > 1 ? (position + 0.5) / axis.scale - 0.5 : 0
    case .alignCorners:
      return axis.length == 1 ? 0 : position * last / (axis.length - 1)
    case .asymmetric:
      return position / axis.scale
    }
  }

  /// Whether a crop takes output `index` from outside of the input.
  func isOutside(_ index: Int, _ axis: Axis) -> Bool {
    guard transform == .crop else { return false }
    let source = source(index, axis)
    return source < 0 || source > Float(axis.input - 1)
  }

  func nearest(_ axis: Axis) -> [Int] {
    (0..<axis.output).map { index in
      let source = source(index, axis)
      let rounded: Float =
        switch rounding {
        case .preferFloor: (source - 0.5).rounded(.up)
        case .preferCeil: (source + 0.5).rounded(.down)
        case .floor: source.rounded(.down)
        case .ceil: source.rounded(.up)
        }
      return min(max(Int(rounded), 0), axis.input - 1)
    }
  }

  func linear(_ axis: Axis) -> [Resize.LinearTap] {
    (0..<axis.output).map { index in
      let clamped = min(max(source(index, axis), 0), Float(axis.input - 1))
      let first = min(Int(clamped), axis.input - 1)
      return Resize.LinearTap(
        first: first, second: min(first + 1, axis.input - 1), weight: clamped - Float(first))
    }
  }
}
