internal import Execution
internal import Graphs
internal import Kernels
internal import Tensors

extension WindowAttributes {
  /// The windows of a pool, whose channels do not mix.
  static func pool(
    _ site: TrainingSite
  ) throws(TrainingError) -> (geometry: ConvolutionGeometry, uncounted: (Int, Int)) {
    let shape = try site.outputShape()
    let input = try site.shape(0)
    guard let kernel = site.node.ints("kernel_shape")?.map({ Int($0) }) else {
      throw site.unsupported("it has no kernel_shape")
    }
    let attributes = try WindowAttributes(site, kernel: kernel) { strides, dilations in
      needed(
        input: input.dimensions[2...], output: shape.dimensions[2...], kernel: kernel, strides,
        dilations)
    }
    var geometry = attributes.geometry(input: input, outputChannels: input[1])
    geometry.groups = input[1]
    // ceil_mode: padding at the end that only makes the last window fit.
    let isFlat = kernel.count == 1
    let wanted = (isFlat ? 1 : shape[2], shape[kernel.count + 1])
    let bottom = max(
      0,
      (wanted.0 - 1) * geometry.strideHeight + (geometry.kernelHeight - 1)
        * geometry.dilationHeight + 1 - geometry.inputHeight - geometry.padTop
        - geometry.padBottom)
    let right = max(
      0,
      (wanted.1 - 1) * geometry.strideWidth + (geometry.kernelWidth - 1) * geometry.dilationWidth
        + 1 - geometry.inputWidth - geometry.padLeft - geometry.padRight)
    geometry.padBottom += bottom
    geometry.padRight += right
    return (geometry, (bottom, right))
  }
}

/// MaxPool; the gradient goes to the first of the largest values under a window.
enum MaximumPoolOperator: DifferentiableOperator {
  static func compile(_ site: TrainingSite) throws(TrainingError) {
    if site.node.outputs.count > 1 { throw site.unsupported("its indices are an output") }
    let (geometry, _) = try WindowAttributes.pool(site)
    let input = try site.input(0, .channelsLast)
    let output = site.output(0, try site.outputShape(), .channelsLast)
    let step = MaximumPoolStep(geometry, input, output, site)
    site.emit(step, keeps: [input.slot, output.slot])
  }
}

private final class MaximumPoolStep: TrainingStep {
  private let input: Operand
  private let output: Product
  private let pool: PoolingFloat
  private let gradient: MaximumPoolGradient

  init(
    _ geometry: ConvolutionGeometry, _ input: Operand, _ output: Product, _ site: TrainingSite
  ) {
    self.input = input
    self.output = output
    pool = PoolingFloat(kind: .maximum, geometry: geometry, isa: site.isa)
    gradient = MaximumPoolGradient(geometry: geometry, isa: site.isa)
  }

  func forward(_ run: StepRun) {
    pool.run(
      run.floats(input.slot), into: run.floats(output.slot), batch: input.shape[0],
      pool: run.pool)
  }

  func backward(_ run: StepRun) {
    guard let to = run.floats(input.gradient), let from = run.floats(output.gradient) else {
      return
    }
    gradient.run(
      input: run.floats(input.slot), output: run.floats(output.slot), outputGradient: from,
      into: to, batch: input.shape[0], pool: run.pool)
  }
}

extension ConvolutionGeometry {
  /// Calls `body` with the place of every input pixel under the window of an output pixel.
  @inline(__always)
  fileprivate func eachPixel(_ y: Int, _ x: Int, _ body: (Int) -> Void) {
    for ky in 0..<kernelHeight {
      let row = y &* strideHeight &+ ky &* dilationHeight &- padTop
      guard row >= 0, row < inputHeight else { continue }
      for kx in 0..<kernelWidth {
        let column = x &* strideWidth &+ kx &* dilationWidth &- padLeft
        guard column >= 0, column < inputWidth else { continue }
        body((row &* inputWidth &+ column) &* inputChannels)
      }
    }
  }
}

/// AveragePool over one or two axes.
enum AveragePoolOperator: DifferentiableOperator {
  static func compile(_ site: TrainingSite) throws(TrainingError) {
    let (geometry, uncounted) = try WindowAttributes.pool(site)
    let input = try site.input(0, .channelsLast)
    let output = site.output(0, try site.outputShape(), .channelsLast)
    let step = AveragePoolStep(
      geometry, uncounted, includesPad: site.node.int("count_include_pad") ?? 0 != 0, input,
      output, site)
    site.emit(step, keeps: [])
  }
}

private final class AveragePoolStep: TrainingStep {
  private let geometry: ConvolutionGeometry
  private let input: Operand
  private let output: Product
  private let pool: PoolingFloat
  /// What every output pixel multiplies its sum with.
  private let factors: [Float]

  init(
    _ geometry: ConvolutionGeometry, _ uncounted: (Int, Int), includesPad: Bool,
    _ input: Operand, _ output: Product, _ site: TrainingSite
  ) {
    self.geometry = geometry
    self.input = input
    self.output = output
    pool = PoolingFloat(
      kind: .average(includesPad: includesPad), geometry: geometry, uncountedBottom: uncounted.0,
      uncountedRight: uncounted.1, isa: site.isa)
    factors = Self.factors(geometry, uncounted, includesPad: includesPad)
  }

  /// The pool of a picture of ones is the factor times the number of its pixels.
  private static func factors(
    _ geometry: ConvolutionGeometry, _ uncounted: (Int, Int), includesPad: Bool
  ) -> [Float] {
    var single = geometry
    single.inputChannels = 1
    single.outputChannels = 1
    single.groups = 1
    let pool = PoolingFloat(
      kind: .average(includesPad: includesPad), geometry: single, uncountedBottom: uncounted.0,
      uncountedRight: uncounted.1, isa: .scalar)
    let ones = [Float](repeating: 1, count: single.inputCount)
    var means = [Float](repeating: 0, count: single.outputCount)
    let threads = ThreadPool(threads: 1)
    ones.withUnsafeBufferPointer { ones in
      means.withUnsafeMutableBufferPointer { means in
        guard let ones = ones.baseAddress, let means = means.baseAddress else { return }
        pool.run(ones, into: means, batch: 1, pool: threads)
      }
    }
    for y in 0..<single.outputHeight {
      for x in 0..<single.outputWidth {
        var count: Float = 0
        single.eachPixel(y, x) { _ in count += 1 }
        means[y * single.outputWidth + x] /= max(count, 1)
      }
    }
    return means
  }

  func forward(_ run: StepRun) {
    pool.run(
      run.floats(input.slot), into: run.floats(output.slot), batch: input.shape[0],
      pool: run.pool)
  }

  func backward(_ run: StepRun) {
    guard let to = run.floats(input.gradient), let from = run.floats(output.gradient) else {
      return
    }
    let channels = geometry.inputChannels
    run.pool.parallel(input.shape[0]) { [geometry, factors] images in
      for image in images {
        let start = to + image * geometry.inputCount
        start.update(repeating: 0, count: geometry.inputCount)
        var source = from + image * geometry.outputHeight * geometry.outputWidth * channels
        for y in 0..<geometry.outputHeight {
          for x in 0..<geometry.outputWidth {
            let factor = factors[y * geometry.outputWidth + x]
            geometry.eachPixel(y, x) { pixel in
              let place = start + pixel
              for channel in 0..<channels { place[channel] += factor * source[channel] }
            }
            source += channels
          }
        }
      }
    }
  }
}
