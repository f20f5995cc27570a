internal import Graphs
internal import Kernels
internal import Tensors

/// Resize of any axes: nearest on every type, linear and cubic on numbers.
///
/// Height and width of pictures without further options have kernels in channels-last order.
struct Resizing: OperatorKernel {
  private let isNearest: Bool
  private let filter: ResamplingFilter
  private let coordinates: ResizeCoordinates
  private let axes: [Int]?
  private let policy: AspectRatioPolicy
  private let extrapolated: Float

  private enum AspectRatioPolicy: String {
    case stretch
    case notLarger = "not_larger"
    case notSmaller = "not_smaller"
  }

  static let widensHalves = true

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    let mode = node.string("mode") ?? "nearest"
    let policyName = node.string("keep_aspect_ratio_policy") ?? "stretch"
    guard ["nearest", "linear", "cubic"].contains(mode) else {
      throw .unsupportedVariant(
        operatorName: "Resize", node: node.name,
        detail: "mode '\(mode)' (nearest, linear and cubic are known)")
    }
    guard let policy = AspectRatioPolicy(rawValue: policyName) else {
      throw .invalidAttribute(
        operatorName: "Resize", node: node.name, attribute: "keep_aspect_ratio_policy",
        detail: "is '\(policyName)'")
    }
    self.policy = policy
    isNearest = mode == "nearest"
    filter = ResamplingFilter(
      shape: mode == "cubic" ? .cubic(a: node.float("cubic_coeff_a") ?? -0.75) : .linear,
      antialiases: node.int("antialias") ?? 0 != 0,
      excludesOutside: node.int("exclude_outside") ?? 0 != 0)
    extrapolated = node.float("extrapolation_value") ?? 0
    coordinates = try ResizeCoordinates(node)
    axes = node.ints("axes").map { $0.map { Int(clamping: $0) } }
  }

  /// How each axis of an input of that shape changes.
  private func resized(
    _ shape: Shape, _ site: OperatorSite
  ) throws(ExecutionError) -> [ResizeCoordinates.Axis] {
    var chosen = Array(0..<shape.rank)
    if let axes {
      chosen = []
      for axis in axes { chosen.append(try site.axis(axis, of: shape)) }
    }
    var result = shape.dimensions.map {
      ResizeCoordinates.Axis(input: $0, output: $0, scale: 1, length: Float($0))
    }
    if coordinates.transform == .crop {
      let region = try site.reals(1)
      guard region.count == 2 * chosen.count, region.allSatisfy(\.isFinite) else {
        throw site.mismatch("a region \(region) for \(shape)")
      }
      for (index, axis) in chosen.enumerated() {
        let (start, end) = (region[index], region[chosen.count + index])
        guard start <= end else { throw site.unsupported("a region from \(start) to \(end)") }
        result[axis].region = start...end
      }
    }
    if site.hasInput(3) {
      let sizes = try site.integers(3)
      guard sizes.count == chosen.count, sizes.allSatisfy({ $0 > 0 && $0 < 1 << 31 }) else {
        throw site.mismatch("sizes \(sizes) for \(shape)")
      }
      let factors = zip(chosen, sizes).map { Float($1) / Float(shape[$0]) }
      for (index, axis) in chosen.enumerated() {
        switch policy {
        case .stretch: result[axis].output = sizes[index]
        case .notLarger: result[axis].resize(by: factors.min() ?? 1)
        case .notSmaller: result[axis].resize(by: factors.max() ?? 1)
        }
        if policy == .stretch { result[axis].scale = factors[index] }
        result[axis].length = Float(result[axis].output)
      }
    } else {
      let scales = try site.floats(2)
      guard scales.count == chosen.count, scales.allSatisfy({ $0 > 0 && $0 < 65_536 }) else {
        throw site.mismatch("scales \(scales) for \(shape)")
      }
      for (axis, scale) in zip(chosen, scales) {
        result[axis].scale = scale
        result[axis].length = Float(shape[axis]) * scale
        // As ONNX infers it, whatever the region is.
        result[axis].output = Int((Float(shape[axis]) * scale).rounded(.down))
      }
    }
    guard shape.elementCount > 0 || result.allSatisfy({ $0.isUnchanged }) else {
      throw site.mismatch("an input \(shape) without elements")
    }
    return result
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let axes = try resized(input.shape, site)
    let shape = Shape(axes.map(\.output))
    let isCrop = coordinates.transform == .crop
    if !isCrop, axes.allSatisfy(\.isUnchanged) {
      return site.emitAlias(of: input, shape: shape)
    }
    let isPicture =
      Layout.supportsChannelsLast(rank: shape.rank) && axes[0].isUnchanged && axes[1].isUnchanged
      && !isCrop && input.elementType.bitWidth >= 8
    if isNearest {
      guard isPicture, input.preferredLayout == .channelsLast else {
        return try compileNearest(input, axes, site)
      }
      return try compilePicture(nearest: input, axes, site)
    }
    if isPicture {
      // Rows of pixels with few channels are shorter than what turning the axes costs.
      let isThin = input.shape[1] < 8 && input.preferredLayout == .rowMajor
      if input.elementType == .float32, !filter.antialiases, !isThin, case .linear = filter.shape {
        return try compilePicture(linear: input, axes, site)
      }
    }
    try compileFiltered(input, axes, site)
  }

  /// Rows of pixels, where one-dimensional data have one row.
  private func rows(_ axes: [ResizeCoordinates.Axis]) -> ResizeCoordinates.Axis {
    axes.count == 4
      ? axes[2] : ResizeCoordinates.Axis(input: 1, output: 1, scale: 1, length: 1)
  }

  private func compilePicture(
    nearest input: Value, _ axes: [ResizeCoordinates.Axis], _ site: OperatorSite
  ) throws(ExecutionError) {
    let (rows, columns) = (rows(axes), axes[axes.count - 1])
    let (sourceRows, sourceColumns) = (coordinates.nearest(rows), coordinates.nearest(columns))
    let source = site.read(input, .channelsLast)
    let width = axes[1].input * input.elementType.bitWidth / 8
    let result = try site.output(
      0, input.elementType, Shape(axes.map(\.output)), .channelsLast)
    let target = site.write(result)
    try site.emit([result], kernel: "resize-nearest", reads: [source]) {
      (run: RunContext) throws(ExecutionError) in
      Resize.nearest(
        run.raw(source), into: run.raw(target), batch: axes[0].input, inputHeight: rows.input,
        inputWidth: columns.input, pixelByteCount: width, sourceRows: sourceRows,
        sourceColumns: sourceColumns, pool: run.pool)
    }
  }

  private func compilePicture(
    linear input: Value, _ axes: [ResizeCoordinates.Axis], _ site: OperatorSite
  ) throws(ExecutionError) {
    let (rows, columns) = (rows(axes), axes[axes.count - 1])
    let (rowTaps, columnTaps) = (coordinates.linear(rows), coordinates.linear(columns))
    let source = site.read(input, .channelsLast)
    let result = try site.output(0, .float32, Shape(axes.map(\.output)), .channelsLast)
    let target = site.write(result)
    let isa = site.isa
    try site.emit([result], kernel: "resize-linear-f32-\(isa.forBlends.rawValue)", reads: [source])
    {
      (run: RunContext) throws(ExecutionError) in
      Resize.linear(
        run.floats(source), into: run.floats(target), batch: axes[0].input,
        inputHeight: rows.input, inputWidth: columns.input, channels: axes[1].input,
        rows: rowTaps, columns: columnTaps, isa: isa, pool: run.pool)
    }
  }

  private func compileNearest(
    _ input: Value, _ axes: [ResizeCoordinates.Axis], _ site: OperatorSite
  ) throws(ExecutionError) {
    let fill = try site.elementBytes(extrapolated, input.elementType)
    let sources = axes.map { axis in
      let nearest = coordinates.nearest(axis)
      return nearest.indices.map { coordinates.isOutside($0, axis) ? -1 : nearest[$0] }
    }
    let copy = IndexedCopy(from: input.shape, sources: sources, fill: fill)
    let source = site.read(input)
    let result = try site.output(0, input.elementType, Shape(axes.map(\.output)))
    let target = site.write(result)
    try site.emit([result], kernel: "resize-nearest-plain", reads: [source]) {
      (run: RunContext) throws(ExecutionError) in
      copy.run(run.raw(source), into: run.raw(target), pool: run.pool)
    }
  }

  /// One axis after the other.
  private func compileFiltered(
    _ input: Value, _ axes: [ResizeCoordinates.Axis], _ site: OperatorSite
  ) throws(ExecutionError) {
    let type = input.elementType
    guard type == .float32 || type == .float64 else {
      return try site.compileInFloat(input, rounds: filter.antialiases) {
        (value: Value) throws(ExecutionError) in try compileFiltered(value, axes, site)
      }
    }
    let isCrop = coordinates.transform == .crop
    var changed = axes.indices.filter { isCrop || !axes[$0].isUnchanged }
    if changed.isEmpty { changed = [0] }
    var value = input
    for axis in changed {
      let weights = filter.weights(axes[axis], coordinates)
      var shape = value.shape
      shape[axis] = axes[axis].output
      let outer = shape.dimensions[..<axis].reduce(1, *)
      let inner = shape.dimensions[(axis + 1)...].reduce(1, *)
      let source = site.read(value)
      let result = try site.output(0, type, shape)
      let target = site.write(result)
      let outside = (0..<axes[axis].output).filter { coordinates.isOutside($0, axes[axis]) }
      let extrapolated = self.extrapolated
      func body<Real: RealElement>(_ type: Real.Type) -> Step.Body {
        { (run: RunContext) throws(ExecutionError) in
          let to = run.elements(target, of: type)
          weights.apply(
            run.elements(source), into: to, outer: outer, inner: inner, pool: run.pool)
          // Weights of a later axis add up to 1, so what is filled here stays.
          for index in outside {
            for row in 0..<outer {
              (to + (row * weights.output + index) * inner).update(
                repeating: Real(extrapolated), count: inner)
            }
          }
        }
      }
      try site.emitPart(
        result, isLast: axis == changed.last, kernel: "resize-filter-\(type)", reads: [source],
        sharesInputs: [], body: type == .float32 ? body(Float.self) : body(Double.self))
      value = result
    }
  }
}

extension ResizeCoordinates.Axis {
  /// Sets the output to the nearest whole number, halves upwards.
  fileprivate mutating func resize(by factor: Float) {
    scale = factor
    output = Int((Float(input) * factor + 0.5).rounded(.down))
  }
}
