internal import Execution
internal import Kernels
internal import Tensors

/// Rounds a value to codes and back; gradients pass straight through where codes do not saturate.
final class FakeQuantizationStep: TrainingStep {
  var worksInPlace: Bool { true }
  private let module: FakeQuantizationModule
  private let input: Operand
  private let output: Product
  private let extent: (outer: Int, channels: Int, inner: Int)
  private let kernels: FakeQuantizationFloat
  private let store: ParameterStore
  /// Of trained scales.
  private let scales: Int?

  private init(
    _ module: FakeQuantizationModule, _ input: Operand, _ output: Product,
    _ extent: (outer: Int, channels: Int, inner: Int), _ builder: PlanBuilder
  ) {
    self.module = module
    self.input = input
    self.output = output
    self.extent = extent
    store = builder.store
    kernels = FakeQuantizationFloat(
      outer: extent.outer, channels: extent.channels, inner: extent.inner, isa: builder.isa)
    scales =
      module.learnsScale
      ? builder.store.add(
        module.name + ".scale", Tensor(.float32, shape: [extent.channels]), isTrained: true,
        kind: .scale) : nil
  }

  /// Adds the rounding of `value`, which the caller makes known.
  static func emit(
    _ module: FakeQuantizationModule, behind value: PlanValue, in builder: PlanBuilder
  ) throws(TrainingError) -> PlanValue {
    var extent = (outer: 1, channels: 1, inner: value.shape.elementCount)
    if let axis = module.axis {
      guard let resolved = value.shape.resolved(axis: axis) else {
        throw .quantizer("'\(module.name)' has no axis \(axis): its shape is \(value.shape).")
      }
      let place = value.layout.memoryAxis(resolved, rank: value.shape.rank)
      let sizes = value.layout.memoryShape(of: value.shape).dimensions
      extent = (
        sizes[..<place].reduce(1, *), sizes[place], sizes[(place + 1)...].reduce(1, *)
      )
    }
    let use = value.gradient.map { _ in builder.makeSlot(value.shape.elementCount) }
    let made = builder.makeValue(
      name: "", shape: value.shape, layout: value.layout, needsGradient: use != nil)
    let input = Operand(slot: value.slot, gradient: use, shape: value.shape, layout: value.layout)
    let output = Product(
      slot: made.slot, gradient: made.gradient, shape: made.shape, layout: made.layout)
    builder.emit(
      FakeQuantizationStep(module, input, output, extent, builder), operands: [value],
      uses: use.map { [(value, $0)] } ?? [], made: [made], keeps: [value.slot], scratch: [])
    return made
  }

  func forward(_ run: StepRun) {
    let values = UnsafePointer(run.floats(input.slot))
    if run.mode.observes, module.follows { observe(values, run) }
    if let scales, !module.maps.isEmpty {
      module.setScales(UnsafeBufferPointer(store.values(scales)))
    }
    if isRounding(run) {
      kernels.run(values, into: run.floats(output.slot), maps: module.maps, pool: run.pool)
    } else {
      run.floats(output.slot).update(from: values, count: input.count)
    }
  }

  private func isRounding(_ run: StepRun) -> Bool {
    run.mode.quantizes && module.quantizes && !module.maps.isEmpty
  }

  private func observe(_ values: UnsafePointer<Float>, _ run: StepRun) {
    let observer = ObserveKernels(isa: run.isa)
    if extent.channels == 1 {
      let found = observer.extent(values, count: input.count, pool: run.pool)
      guard found.min <= found.max else { return }
      module.observe(minima: [found.min], maxima: [found.max])
    } else {
      var minima = [Float](repeating: .infinity, count: extent.channels)
      var maxima = [Float](repeating: -.infinity, count: extent.channels)
      minima.withUnsafeMutableBufferPointer { low in
        maxima.withUnsafeMutableBufferPointer { high in
          guard let low = low.baseAddress, let high = high.baseAddress else { return }
          _ = observer.channelExtents(
            values, outer: extent.outer, channels: extent.channels, inner: extent.inner,
            minima: low, maxima: high, pool: run.pool)
        }
      }
      guard zip(minima, maxima).allSatisfy({ $0 <= $1 }) else { return }
      module.observe(minima: minima, maxima: maxima)
    }
    if let scales {
      for (index, map) in module.maps.enumerated() { store.values(scales)[index] = map.scale }
    }
  }

  func backward(_ run: StepRun) {
    guard let gradient = run.floats(input.gradient), let from = run.floats(output.gradient) else {
      return
    }
    guard isRounding(run) else {
      gradient.update(from: from, count: input.count)
      return
    }
    let values = run.floats(input.slot)
    if let scales { leaveScaleGradients(scales, values, from) }
    kernels.gradient(
      input: values, outputGradient: from, into: gradient, maps: module.maps, pool: run.pool)
  }

  private func leaveScaleGradients(
    _ scales: Int, _ values: UnsafePointer<Float>, _ gradient: UnsafePointer<Float>
  ) {
    let sums = kernels.scaleGradients(
      input: values, outputGradient: gradient, maps: module.maps)
    let codes = Double(module.maps[0].highest - module.maps[0].zeroPoint)
    let factor = 1 / (Double(input.count / extent.channels) * max(codes, 1)).squareRoot()
    // Edges that share codes share a scale, whose gradients add up.
    let isFirst = !store.entries[scales].hasGradient
    for (index, sum) in sums.enumerated() {
      store.gradients(scales)[index] =
        Float(sum * factor) + (isFirst ? 0 : store.gradients(scales)[index])
    }
    store.markReached(scales)
  }
}
