package import Conversion
package import Execution
package import Graphs
package import Kernels
package import Tensors

/// One model to be measured.
package struct BenchmarkSubject {
  package let name: String
  package let model: Model
  package let mode: ExecutionMode
  /// Whose nodes the model holds, so that times can be told by layer; `nil` to tell them by step.
  package let layers: LayerGraph?
  package let isPrepared: Bool

  package init(
    name: String, model: Model, mode: ExecutionMode, layers: LayerGraph? = nil,
    isPrepared: Bool = false
  ) {
    self.name = name
    self.model = model
    self.mode = mode
    self.layers = layers
    self.isPrepared = isPrepared
  }
}

/// Measures models in turn, run by run, so that all see the same weather.
package struct BenchmarkRunner {
  package var runs: Int
  package var warmUp: Int
  package var threads: Int
  package var instructionSet: InstructionSet
  /// Whether int8 models are asked what saturating kernels would have done.
  package var countsSaturation: Bool
  package var dynamicQuantization: DynamicQuantization

  package init(
    runs: Int = 30, warmUp: Int = 3, threads: Int = 1, instructionSet: InstructionSet = .best,
    countsSaturation: Bool = false, dynamicQuantization: DynamicQuantization = .onnx
  ) {
    self.runs = max(runs, 1)
    self.warmUp = max(warmUp, 0)
    self.threads = threads
    self.instructionSet = instructionSet
    self.countsSaturation = countsSaturation
    self.dynamicQuantization = dynamicQuantization
  }

  /// - Parameter inputs: by graph input; the same for every subject.
  package func run(
    _ subjects: [BenchmarkSubject], inputs: [String: Tensor],
    control: JobControl = JobControl(), progress: (JobProgress) -> Void = { _ in }
  ) throws -> BenchmarkReport {
    var measurements = try subjects.map { subject in
      Measurement(
        subject: subject,
        executor: try Executor(
          model: subject.model,
          options: ExecutionOptions(
            mode: subject.mode, instructionSet: instructionSet, threads: threads,
            dynamicQuantization: dynamicQuantization),
          isPrepared: subject.isPrepared))
    }
    for measurement in measurements where warmUp > 0 {
      try control.checkpoint()
      _ = try measurement.executor.profile(inputs, runs: 1, warmUp: warmUp - 1)
    }
    var gate = ProgressGate()
    for run in 0..<runs {
      for index in measurements.indices {
        try control.checkpoint()
        // Each subject once before its turn, so that another's weights are out of the cache.
        let profile = try measurements[index].executor.profile(
          inputs, runs: 1, warmUp: measurements.count > 1 ? 1 : 0)
        measurements[index].add(profile)
      }
      if gate.opens(isFinal: run + 1 == runs) {
        progress(
          JobProgress(done: run + 1, total: runs, elapsed: gate.elapsed, label: "benchmark"))
      }
    }
    let results = try measurements.map { measurement in
      var result = measurement.result(threads: threads, instructionSet: instructionSet)
      if countsSaturation, measurement.subject.mode == .integer {
        result.saturation = try measurement.saturation(inputs)
      }
      return result
    }
    return BenchmarkReport(results: results)
  }
}

/// The runs of one subject.
private struct Measurement {
  let subject: BenchmarkSubject
  let executor: Executor
  private var plan: Plan?
  /// Seconds.
  private var totals: [Double] = []
  /// Microseconds, by step and run.
  private var steps: [[Double]] = []

  init(subject: BenchmarkSubject, executor: Executor) {
    self.subject = subject
    self.executor = executor
  }

  mutating func add(_ profile: Profile) {
    if plan == nil {
      plan = profile.plan
      steps = Array(repeating: [], count: profile.plan.steps.count)
    }
    totals += profile.totals.map(\.seconds)
    for step in steps.indices {
      steps[step] += profile.stepDurations[step].map { $0.seconds * 1e6 }
    }
  }

  func result(threads: Int, instructionSet: InstructionSet) -> BenchmarkResult {
    let times = Quantiles(totals.map { $0 * 1e3 })
    return BenchmarkResult(
      model: subject.name, mode: subject.mode.rawValue, instructionSet: instructionSet.rawValue,
      threads: threads, runs: totals.count, medianMilliseconds: times.median,
      minimumMilliseconds: times.minimum, percentile90Milliseconds: times.at(0.9),
      percentile99Milliseconds: times.at(0.99), totals: totals.map { $0 * 1e3 },
      macs: plan?.multiplyAccumulates ?? 0, arenaByteCount: plan?.arenaByteCount ?? 0,
      packedWeightByteCount: plan?.packedWeightByteCount ?? 0, layers: timings, saturation: [])
  }

  private var timings: [LayerTiming] {
    guard let plan else { return [] }
    var groups: [(layer: Layer?, steps: [Int])] = []
    var positions: [Layer.ID: Int] = [:]
    for (index, step) in plan.steps.enumerated() {
      let layer = subject.layers.flatMap { layers in
        step.nodes.lazy.compactMap { layers.layer(containing: $0) }.first
      }
      if let layer, let position = positions[layer.id] {
        groups[position].steps.append(index)
      } else {
        if let layer { positions[layer.id] = groups.count }
        groups.append((layer, [index]))
      }
    }
    return groups.map { timing(of: $0.layer, $0.steps, plan) }
  }

  private func timing(of layer: Layer?, _ indices: [Int], _ plan: Plan) -> LayerTiming {
    // The step with the most work gives the layer its kernel.
    let members = indices.map { plan.steps[$0] }
    let main = members.max { $0.multiplyAccumulates < $1.multiplyAccumulates } ?? members[0]
    let sums = (0..<totals.count).map { run in indices.reduce(0) { $0 + steps[$1][run] } }
    let times = Quantiles(sums.isEmpty ? [0] : sums)
    return LayerTiming(
      name: layer?.id ?? main.name, operator: layer?.title ?? main.operatorName,
      kernel: main.kernel, medianMicroseconds: times.median, minimumMicroseconds: times.minimum,
      macs: members.reduce(0) { $0 + $1.multiplyAccumulates }, isInteger: main.isInteger,
      bytesMoved: members.reduce(0) { $0 + $1.bytesMoved },
      outputShape: main.outputShape.dimensions, safeRun: main.safeRun)
  }

  func saturation(_ inputs: [String: Tensor]) throws -> [SaturationFinding] {
    try executor.saturationReport(inputs).map { step in
      let layer = subject.layers.flatMap { layers in
        step.nodes.lazy.compactMap { layers.layer(containing: $0) }.first
      }
      return SaturationFinding(
        name: layer?.id ?? step.step, pairs: step.pairs, saturated: step.saturated,
        decibels: step.sqnr.isFinite ? step.sqnr : nil)
    }
  }
}
