/// A convolution of NHWC images with constant weights, bias and activation.
///
/// Convolutions whose channels do not mix have kernels of their own, and many of 3 × 3 taps are
/// multiplied as transformed tiles; every other one is a matrix product whose left rows are found
/// through pointers into the image, so that nothing is copied.
package struct ConvolutionFloat: Sendable {
  private enum Method: Sendable {
    case depthwise(DepthwiseFloat)
    case winograd(WinogradFloat)
    /// One set of panels per group.
    case product([PackedPanels], zeros: PackedFloats)
  }

  package let geometry: ConvolutionGeometry
  private let method: Method
  private let activation: FloatActivation
  private let isa: InstructionSet

  /// - `weights`: `[outputChannels, inputChannels / groups, kernelHeight, kernelWidth]`.
  /// - `bias`: one per output channel.
  package init(
    geometry: ConvolutionGeometry, weights: [Float], bias: [Float]? = nil,
    activation: FloatActivation = .none, isa: InstructionSet = .best
  ) {
    precondition(
      weights.count == geometry.weightCount,
      "\(weights.count) weights where the convolution has \(geometry.weightCount)")
    precondition(
      bias.map { $0.count == geometry.outputChannels } ?? true,
      "a bias for each of \(geometry.outputChannels) channels")
    if WinogradFloat.pays(geometry, isa: isa) {
      self.init(
        geometry: geometry,
        method: .winograd(
          WinogradFloat(
            geometry: geometry, weights: weights, bias: bias, activation: activation, isa: isa)),
        activation: activation, isa: isa)
      return
    }
    self.init(unfilled: geometry, activation: activation, isa: isa)
    weights.withUnsafeBufferPointer { weights in
      guard let base = weights.baseAddress else { preconditionFailure("no weights") }
      guard let bias else { return fill(weights: base, bias: nil) }
      bias.withUnsafeBufferPointer { fill(weights: base, bias: $0.baseAddress) }
    }
  }

  /// A convolution whose weights are zero until they are filled in, as often as they change; none
  /// are transformed for that.
  package init(
    unfilled geometry: ConvolutionGeometry, activation: FloatActivation = .none,
    isa: InstructionSet = .best
  ) {
    let method: Method
    if geometry.isDepthwise && geometry.groups > 1 {
      method = .depthwise(DepthwiseFloat(geometry: geometry, activation: activation, isa: isa))
    } else {
      let panels = (0..<geometry.groups).map { _ in
        PackedPanels(
          taps: geometry.kernelHeight * geometry.kernelWidth,
          channels: geometry.inputChannelsPerGroup, columns: geometry.outputChannelsPerGroup,
          isa: isa)
      }
      method = .product(
        panels, zeros: PackedFloats(count: geometry.kernelWidth * geometry.inputChannelsPerGroup))
    }
    self.init(geometry: geometry, method: method, activation: activation, isa: isa)
  }

  private init(
    geometry: ConvolutionGeometry, method: Method, activation: FloatActivation,
    isa: InstructionSet
  ) {
    self.geometry = geometry
    self.method = method
    self.activation = activation
    self.isa = isa
  }

  /// Packs weights and a bias over those that were there; the convolution was made unfilled and is
  /// not running.
  /// - `weights`: `[outputChannels, inputChannels / groups, kernelHeight, kernelWidth]`.
  /// - `bias`: one per output channel; what was there stays where it is nil.
  package func fill(weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?) {
    switch method {
    case .depthwise(let depthwise): depthwise.fill(weights: weights, bias: bias)
    case .winograd: preconditionFailure("the weights of \(geometry) are transformed for good")
    case .product(let groups, _):
      for (group, panels) in groups.enumerated() {
        let first = group * panels.columns
        panels.fill(
          from: PackedPanels.Source(
            base: weights + first * panels.depth, tapStride: 1, channelStride: panels.taps,
            columnStride: panels.depth))
        if let bias { panels.fill(bias: bias + first) }
      }
    }
  }

  /// Packs the weights of the convolution whose gradient this one takes back to its input: taps in
  /// reverse, and outputs for inputs.
  /// - `weights`: `[inputChannels, outputChannels / groups, kernelHeight, kernelWidth]`.
  func fill(turned weights: UnsafePointer<Float>) {
    guard case .product(let groups, _) = method else {
      preconditionFailure("\(geometry) is not a product of panels")
    }
    for (group, panels) in groups.enumerated() {
      panels.fill(
        from: PackedPanels.Source(
          base: weights + group * panels.depth * panels.columns,
          taps: (0..<panels.taps).reversed(), tapStride: 1,
          channelStride: panels.columns * panels.taps, columnStride: panels.taps))
    }
  }

  /// Bytes of the weights that a run reads.
  package var weightByteCount: Int {
    if case .winograd(let winograd) = method { return winograd.weightByteCount }
    return 4 * geometry.weightCount
  }

  /// The kernel that runs.
  package var kernelName: String {
    switch method {
    case .depthwise: "f32-depthwise-\(isa.forFloats.rawValue)"
    case .winograd(let winograd): winograd.kernelName
    case .product where geometry.isPointwise && geometry.groups == 1:
      "f32-gemm-\(isa.floatTile)-\(isa.forFloats.rawValue)"
    case .product: "f32-igemm-\(isa.floatTile)-\(isa.forFloats.rawValue)"
    }
  }

  /// Bytes of scratch memory that `run` needs on so many threads.
  package func scratchByteCount(threads: Int) -> Int {
    switch method {
    case .depthwise(let depthwise): threads * depthwise.byteCount
    case .winograd(let winograd): winograd.scratchByteCount(threads: threads)
    case .product where geometry.isPointwise:
      threads
        * PointwiseRun.byteCount(
          depth: geometry.inputChannelsPerGroup, columns: geometry.outputChannelsPerGroup)
    case .product: threads * WindowRows(geometry).byteCount
    }
  }

  /// - `input`: `[batch, inputHeight, inputWidth, inputChannels]`.
  /// - `addend`: laid out as `output`, added before the activation; may be `output`.
  /// - `output`: `[batch, outputHeight, outputWidth, outputChannels]`.
  /// - `scratch`: `scratchByteCount(threads:)` bytes, aligned to 64.
  package func run(
    _ input: UnsafePointer<Float>, addend: UnsafePointer<Float>? = nil,
    into output: UnsafeMutablePointer<Float>, batch: Int, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool
  ) {
    switch method {
    case .depthwise(let depthwise):
      depthwise.run(
        input, addend: addend, into: output, batch: batch, scratch: scratch, pool: pool)
    case .winograd(let winograd):
      winograd.run(
        input, addend: addend, into: output, batch: batch, scratch: scratch, pool: pool)
    case .product(let groups, let zeros):
      for (group, panels) in groups.enumerated() {
        let first = group * geometry.outputChannelsPerGroup
        let place = BlockOutput(
          base: output + first, rowStride: geometry.outputChannels,
          addend: addend.map { $0 + first })
        let source = input + group * geometry.inputChannelsPerGroup
        if geometry.isPointwise {
          PointwiseRun(
            input: source, inputStride: geometry.inputChannels,
            rows: batch * geometry.inputHeight * geometry.inputWidth, panels: panels.view,
            output: place, activation: activation, isa: isa
          ).run(scratch: scratch, pool: pool)
        } else {
          runWindows(
            source, panels: panels.view, zeros: zeros, into: place, batch: batch,
            scratch: scratch, pool: pool)
        }
      }
    }
  }

  private func runWindows(
    _ input: UnsafePointer<Float>, panels: PanelView, zeros: PackedFloats,
    into output: BlockOutput, batch: Int, scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let windows = WindowRows(geometry)
    let pixels = geometry.outputHeight * geometry.outputWidth
    let plan = BlockPlan(
      rows: pixels, depth: panels.depth, fresh: windows.fresh,
      columns: geometry.outputChannelsPerGroup,
      taps: windows.taps, panels: panels.panels.count, threads: pool.threadCount)
    pool.dynamic(plan.taskCount * batch) { tasks, worker in
      let memory = scratch + worker * windows.byteCount
      for index in tasks {
        let image = index / max(plan.taskCount, 1)
        let task = plan.task(index % max(plan.taskCount, 1))
        let table = windows.table(
          of: input + image * geometry.inputCount, pixels: task.rows,
          zeros: UnsafePointer(zeros.base), memory: memory)
        let first = (image * pixels + task.rows.lowerBound) * output.rowStride
        panels.multiply(
          table, rowCount: task.rows.count, panels: task.panels, nextPanel: task.nextPanel,
          into: BlockOutput(
            base: output.base + first, rowStride: output.rowStride,
            addend: output.addend.map { $0 + first }),
          activation: activation, isa: isa)
      }
    }
  }
}
